"""What can go wrong, in six kinds, said once for every protocol.

A domain raises one of these or a subclass of its own. Only ``protocols`` turns a kind into a
status (PS3.7 Annex C, PS3.18 section 8.5): each keeps one table and a test that it is total.
Anything that is not an `ArchipelError` is a bug and is logged as one.
"""

from typing import ClassVar


class ArchipelError(Exception):
    """Root of every expected failure. The message tells an operator what, where and what to do."""

    retryable: ClassVar[bool] = False


class Malformed(ArchipelError):
    """The bytes or values make no sense, whoever sends them."""


class Refused(ArchipelError):
    """Understood, but this actor may not, or a policy forbids it."""


class NotFound(ArchipelError):
    """No such thing within the actor's scope."""


class Conflict(ArchipelError):
    """It clashes with what is already held."""


class Exhausted(ArchipelError):
    """No room left: disk, quota, queue or time granted."""

    retryable: ClassVar[bool] = True


class Unavailable(ArchipelError):
    """A store, a neighbour or a link does not answer; trying again may help."""

    retryable: ClassVar[bool] = True
