"""Whose facts count here, and what they hide."""
