"""Checks of the Storage Commitment Service (PS3.18 chapter 13)."""
