"""Rows of the keeping room: damage, scrubs, holds, disposals."""
