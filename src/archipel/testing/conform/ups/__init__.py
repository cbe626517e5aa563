"""Checks of UPS-RS (PS3.18 chapter 11)."""
