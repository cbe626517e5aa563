"""Checks of what all services share: HTTP itself, capabilities, refusals (PS3.18 chapter 8)."""
