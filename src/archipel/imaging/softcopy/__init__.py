"""Presentation states: how somebody wants an image seen (PS3.3 A.33, PS3.4 Annex N)."""
