"""Checks of the URI service, WADO-URI (PS3.18 chapter 9)."""
