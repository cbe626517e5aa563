"""Changes as other systems are told of them, and the cursor that says how far one has read."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Self

from archipel.archive.events import (
    DifferentBytesRefused,
    ExpiredSentAgain,
    InstancesRejected,
    InstancesRestored,
    InstancesStored,
    SeriesReceived,
    SeriesSealed,
    StudyCompleted,
    StudySettled,
)
from archipel.exchange.events import StudyShownAgain, StudyWithheld, TransferPublished
from archipel.kernel.errors import Conflict, Malformed
from archipel.kernel.events import Event
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.reading.events import ReportReceived, ReportReleased, ReportSigned, ReportWithdrawn
from archipel.results.events import LinkRevoked, LinkShared, ResultReleased

KINDS: Mapping[type[Event], str] = MappingProxyType(
    {
        InstancesStored: "instances.stored",
        InstancesRejected: "instances.rejected",
        InstancesRestored: "instances.restored",
        DifferentBytesRefused: "instance.refused",
        ExpiredSentAgain: "instances.kept",
        SeriesReceived: "series.received",
        SeriesSealed: "series.sealed",
        StudyCompleted: "study.completed",
        StudySettled: "study.corrected",
        StudyWithheld: "study.withheld",
        StudyShownAgain: "study.shown",
        TransferPublished: "study.fetched",
        ReportSigned: "report.signed",
        ReportWithdrawn: "report.withdrawn",
        ReportReleased: "report.released",
        ReportReceived: "report.received",
        ResultReleased: "result.released",
        LinkShared: "result.shared",
        LinkRevoked: "result.unshared",
    }
)
"""Facts that the feed tells, each by a name that is kept for good."""

OF_OWNER = frozenset({"instance.refused", "report.signed", "report.withdrawn"})
"""Kinds that are told to the owner of the exam alone: what others may not know of yet."""

NAMES = frozenset(KINDS.values())
MOST = 1000  # changes of one page
_CURSOR = re.compile(r"([0-9a-f]{1,16})\.([0-9]{1,18})\.([0-9a-f]{8})")


class FeedGone(Conflict):
    """The feed cannot go on from this cursor: it is too old, or the node was rebuilt or restored.

    Who reads begins again without a cursor and takes changes it knows as told twice.
    """

    def __init__(self) -> None:
        super().__init__(
            "the feed cannot go on from here: the node was rebuilt or restored, or the cursor is "
            "too old; begin again without one"
        )


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far somebody has read: opaque to them.

    `era` names the incarnation of the node's outbox, `check` the change at `position`: a node
    restored from a backup counts the same positions again for other changes.
    """

    era: str
    position: int
    check: str = "0" * 8

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a cursor as it was given out. Raises `Malformed`."""
        found = _CURSOR.fullmatch(text)
        if found is None:
            raise Malformed("this is no cursor of the feed: give back `next` as it was given out")
        return cls(found[1], int(found[2]), found[3])

    def __str__(self) -> str:
        return f"{self.era}.{self.position}.{self.check}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that happened to one study. `cursor` is that of a reader who has read it."""

    cursor: Cursor
    kind: str
    at: datetime
    tenant: TenantId  # the owner
    study: Uid
    series: Uid | None = None
    instances: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPage:
    """Some changes in order. `more`: the next page has some already."""

    changes: Sequence[Change]
    next: Cursor
    more: bool


def wanted(kinds: Sequence[str]) -> frozenset[str]:
    """Read names of kinds; none means all. Raises `Malformed`."""
    unknown = [kind for kind in kinds if kind not in NAMES]
    if unknown:
        raise Malformed(f"no such kind of change: {unknown[0][:40]!r}; known: {sorted(NAMES)}")
    return frozenset(kinds) or NAMES
