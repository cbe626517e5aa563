"""Signed reports and the archive: key images out of it, documents into it."""
