"""A study whose instances say two things: somebody decides which one it is, and may undo it.

The bytes of the instances stay as they came (PS3.4 section B.4.1 forbids a store to alter them);
what changes is the one value that the study is listed and found under. Whose study it is, its
Patient ID and issuer, is no attribute to choose: the identity desk says it by a link (ADR 0093).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from archipel.access.model import Action, AuditEntry, Permission, Visitor
from archipel.access.ports import Audit
from archipel.archive.arrival import ISSUER_OF_PATIENT_ID, PATIENT_ID
from archipel.archive.model import StudyKey
from archipel.kernel.actors import Scope
from archipel.kernel.errors import Conflict, NotFound

WHOSE = frozenset({PATIENT_ID, ISSUER_OF_PATIENT_ID})
PATIENT_TAGS = WHOSE | {0x00100010, 0x00100030, 0x00100040}
"""Two values of one of these make the identity of the study one to be checked."""


class Kept(Enum):
    """Which of the two values stands."""

    HELD = "held"  # the one that came first
    OFFERED = "offered"  # the one that came later


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One attribute of a study that a later instance said otherwise."""

    key: StudyKey
    tag: int
    held: str
    offered: str
    source: str  # who sent the later one
    at: datetime
    kept: Kept | None  # None: nobody has decided
    settled_by: str | None
    settled_at: datetime | None


class Differences(Protocol):
    """What instances of one study say differently."""

    def open(self, *, scope: Scope, limit: int) -> Sequence[Difference]:
        """Those that nobody decided on, latest first, of studies in scope."""

    def of_study(self, key: StudyKey, *, scope: Scope) -> Sequence[Difference]:
        """Those of one study, decided or not, by tag; none when it is out of scope."""

    def unidentified(self, *, scope: Scope, limit: int) -> Sequence[StudyKey]:
        """Studies in scope without Patient ID that nobody linked, latest first."""

    def decide(self, one: Difference, kept: Kept, *, by: str, scope: Scope, now: datetime) -> None:
        """Keep a decision and what follows from it, in one step: the study's value and person."""

    def undo(self, one: Difference, *, scope: Scope, now: datetime) -> None:
        """Make all as it was before. Raises `Conflict` when it was decided anew meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What settling needs."""

    differences: Differences
    audit: Audit


def settle(
    key: StudyKey,
    tag: int,
    offered: str,
    kept: Kept,
    *,
    visitor: Visitor,
    desk: Desk,
    now: datetime,
) -> Difference:
    """Say which value stands; audited. Saying the same again changes nothing.

    Raises `Refused`, `NotFound`, `Conflict`: it was decided otherwise, or is not to be chosen.
    """
    one = _found(key, tag, offered, visitor, desk)
    if one.kept is kept:
        return one
    if one.kept is not None:
        raise Conflict("it is decided otherwise already: undo that first")
    if kept is Kept.OFFERED and tag in WHOSE:
        raise Conflict("whose study it is, the identity desk says by a link")
    _say(one, f"{kept.value} value kept", visitor, desk, now)
    desk.differences.decide(one, kept, by=visitor.person.login, scope=visitor.scope, now=now)
    return _found(key, tag, offered, visitor, desk)


def undo(
    key: StudyKey, tag: int, offered: str, *, visitor: Visitor, desk: Desk, now: datetime
) -> Difference:
    """Take a decision back; audited. Raises `Refused`, `NotFound`, `Conflict`."""
    one = _found(key, tag, offered, visitor, desk)
    if one.kept is not None:
        _say(one, "decision taken back", visitor, desk, now)
        desk.differences.undo(one, scope=visitor.scope, now=now)
    return _found(key, tag, offered, visitor, desk)


def _found(key: StudyKey, tag: int, offered: str, visitor: Visitor, desk: Desk) -> Difference:
    visitor.require(Permission.SETTLE_ARRIVALS)
    if visitor.scope.sees(key.tenant):  # the owner's to decide, not of whom it is shared with
        for one in desk.differences.of_study(key, scope=visitor.scope):
            if (one.tag, one.offered) == (tag, offered):
                return one
    raise NotFound("there is no such difference within your organisations")


def _say(one: Difference, what: str, visitor: Visitor, desk: Desk, now: datetime) -> None:
    entry = AuditEntry(
        tenant=one.key.tenant,
        at=now,
        actor=visitor.scope.actor,
        action=Action.CHANGE,
        subject=one.key.study.value,
        door="web",
        detail=f"study attribute {one.tag:08X}: {what}",  # never the value: it may be a name
    )
    desk.audit.record([entry])
