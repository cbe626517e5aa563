"""The journal: append-only segments of what was acknowledged."""
