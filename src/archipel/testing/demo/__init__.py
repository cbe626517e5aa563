"""Demonstrations: whole nodes on loopback, invented people, phantoms that arrive."""
