"""Archipel: the software of a regional medical-imaging network."""

__version__ = "0.1.0"
