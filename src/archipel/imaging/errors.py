"""Failures only imaging knows."""

from archipel.kernel.errors import Malformed, Refused


class NotAnImage(Refused):
    """There is nothing to see: no pixels, or a kind that is not drawn (video, waveform, text)."""


class Undecodable(Malformed):
    """The pixels contradict their description, or their codestream is broken."""
