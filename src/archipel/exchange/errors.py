"""Failures only exchange knows."""

from archipel.kernel.errors import Conflict, Malformed, NotFound, Refused


class NotEnrolled(Refused):
    """This node, or that one, is no member of the archipelago."""


class TokenRefused(Refused):
    """A one-time token that is unknown, used, late, or does not sign what was sent."""


class AuthorityMismatch(Refused):
    """The authority shown is not the one the token pins: somebody may stand in the middle."""


class AssertionRefused(Refused):
    """A person's assertion that does not hold for this node, request, time or patient."""


class ChainBroken(Malformed):
    """A fact whose hash, number or predecessor is not what its log says."""


class NoLog(Conflict):
    """This node has not opened a log yet; `archipel serve` opens it."""


class Superseded(NotFound):
    """A study has a newer manifest at its home: what was asked for is gone."""
