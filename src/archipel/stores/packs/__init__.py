"""Packs: one immutable object per sealed series generation."""
