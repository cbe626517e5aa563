"""Checks of the retrieve transaction, WADO-RS (PS3.18 section 10.4)."""
