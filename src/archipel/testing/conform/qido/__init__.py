"""Checks of the search transaction, QIDO-RS (PS3.18 section 10.6)."""
