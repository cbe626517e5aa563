"""A study on its way here. The receiver owns its transfer: one row, one lease, one state.

WANTED -> PLANNED -> FETCHING <-> STALLED, PAUSED -> WHOLE -> PUBLISHED; or QUARANTINED, CANCELLED.
A process that dies leaves the state as it is: what lies in the part files is hashed again and the
fetching goes on. Until PUBLISHED no list shows the study.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from archipel.archive.model import StudyKey
from archipel.exchange.schedule import TransferClass
from archipel.kernel.errors import Conflict
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid

LEASE = timedelta(seconds=30)
KEPT = timedelta(days=1)  # what was called off or set aside may be wanted again so long
BACKOFF_S = (0.2, 0.4, 0.7, 1.0)  # a healed link is found within a second
WRONG_TWICE = 2


class TransferState(StrEnum):
    """Where a transfer stands."""

    WANTED = "wanted"  # nothing is known but that somebody wants it
    PLANNED = "planned"  # its manifest is here
    FETCHING = "fetching"
    STALLED = "stalled"  # no byte comes: tried again without end
    PAUSED = "paused"  # no room here
    WHOLE = "whole"  # every pack is here, checked and durable; the index writer takes it in
    PUBLISHED = "published"
    QUARANTINED = "quarantined"  # wrong bytes twice: somebody must look
    CANCELLED = "cancelled"


class Happening(StrEnum):
    """What can happen to a transfer."""

    MANIFEST = "manifest"  # it came, or a new one did because the study changed at home
    BYTE = "byte"
    SILENCE = "silence"
    WRONG_BYTES = "wrong-bytes"  # a second time
    NO_ROOM = "no-room"
    ROOM = "room"
    ALL_WHOLE = "all-whole"
    COMMITTED = "committed"
    WITHDRAWN = "withdrawn"  # by a person, a recall or a denial
    RETRIED = "retried"  # by a person: out of quarantine, or what was called off


class Withholding(StrEnum):
    """Why a study may not travel, nor be shown where it is a guest."""

    RECALLED = "recalled"  # by its home
    OPPOSED = "opposed"  # by its patient


_S, _H = TransferState, Happening
UNDER_WAY = frozenset({_S.WANTED, _S.PLANNED, _S.FETCHING, _S.STALLED, _S.PAUSED})
ENDED = frozenset({_S.PUBLISHED, _S.QUARANTINED, _S.CANCELLED})
RESUMABLE = frozenset({_S.CANCELLED, _S.QUARANTINED})
CANCELLABLE = UNDER_WAY | {_S.WHOLE, _S.QUARANTINED}
_STEPS: Mapping[tuple[TransferState, Happening], TransferState] = {
    (_S.WANTED, _H.MANIFEST): _S.PLANNED,
    (_S.WANTED, _H.SILENCE): _S.STALLED,
    (_S.PLANNED, _H.BYTE): _S.FETCHING,
    (_S.PLANNED, _H.SILENCE): _S.STALLED,
    (_S.STALLED, _H.BYTE): _S.FETCHING,
    (_S.FETCHING, _H.BYTE): _S.FETCHING,
    (_S.FETCHING, _H.SILENCE): _S.STALLED,
    (_S.STALLED, _H.SILENCE): _S.STALLED,
    (_S.PAUSED, _H.SILENCE): _S.PAUSED,
    (_S.PAUSED, _H.NO_ROOM): _S.PAUSED,
    (_S.PAUSED, _H.BYTE): _S.FETCHING,  # the disk took it
    (_S.PAUSED, _H.ROOM): _S.PLANNED,
    (_S.WHOLE, _H.ALL_WHOLE): _S.WHOLE,  # told again after a restart
    (_S.WHOLE, _H.COMMITTED): _S.PUBLISHED,
    (_S.PUBLISHED, _H.COMMITTED): _S.PUBLISHED,
    (_S.WHOLE, _H.WRONG_BYTES): _S.QUARANTINED,  # the packs contradict what is held
    (_S.QUARANTINED, _H.RETRIED): _S.WANTED,
    (_S.CANCELLED, _H.RETRIED): _S.WANTED,
    (_S.CANCELLED, _H.WITHDRAWN): _S.CANCELLED,
    (_S.WHOLE, _H.WITHDRAWN): _S.CANCELLED,
    (_S.QUARANTINED, _H.WITHDRAWN): _S.CANCELLED,
}
_ANYWHERE: Mapping[Happening, TransferState] = {  # while it is under way
    _H.MANIFEST: _S.PLANNED,
    _H.WRONG_BYTES: _S.QUARANTINED,
    _H.NO_ROOM: _S.PAUSED,
    _H.ALL_WHOLE: _S.WHOLE,
    _H.WITHDRAWN: _S.CANCELLED,
}


def after(state: TransferState, happening: Happening) -> TransferState:
    """Return the state that follows. Raises `Conflict` when this cannot happen here."""
    following = _STEPS.get((state, happening))
    if following is None and state in UNDER_WAY:
        following = _ANYWHERE.get(happening)
    if following is None:
        raise Conflict(f"a transfer that is {state} cannot meet {happening}")
    return following


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Which process works on a transfer, and until when unless it says so again."""

    holder: str
    until: datetime


def taken(lease: Lease | None, holder: str, *, now: datetime) -> Lease:
    """Take or renew a lease. Raises `Conflict` while somebody else holds it."""
    if lease is not None and lease.holder != holder and lease.until > now:
        raise Conflict(f"the transfer is worked on by {lease.holder}")
    return Lease(holder=holder, until=now + LEASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One study that is wanted here. `done_bytes` and `low_whole` are told while it is fetched."""

    id: str
    key: StudyKey
    from_node: str
    wanted_by: TenantId  # the organisation that will see it
    of_class: TransferClass
    reason: str  # why it travels: a request's id, a person's login; never a patient's name
    state: TransferState
    wanted_at: datetime
    changed_at: datetime
    first: tuple[Uid, ...] = ()  # series a reader asks for
    manifest: str | None = None  # digest
    size_bytes: int = 0
    done_bytes: int = 0
    low_whole: bool = False  # every frame is here at low resolution
    detail: str = ""  # for the operator; no patient data
    lease: Lease | None = None

    @property
    def remaining_bytes(self) -> int:
        """Return what is still to come."""
        return max(0, self.size_bytes - self.done_bytes)

    @property
    def percent(self) -> int:
        """Return how much is here; 100 only when all is."""
        if self.state in {TransferState.WHOLE, TransferState.PUBLISHED}:
            return 100
        return min(99, self.done_bytes * 100 // self.size_bytes) if self.size_bytes else 0


@dataclass(slots=True)
class WrongBytes:
    """Counts wrong chunks: one is asked for again, a second time is an alarm."""

    _seen: dict[tuple[str, int], int]

    @classmethod
    def none(cls) -> "WrongBytes":
        """Begin with none."""
        return cls({})

    def again(self, root: str, chunk: int) -> bool:
        """Note a wrong chunk; tell whether to ask for it once more."""
        seen = self._seen.get((root, chunk), 0) + 1
        self._seen[root, chunk] = seen
        return seen < WRONG_TWICE


def backoff_s(failures: int) -> float:
    """Say how long to wait after so many failures in a row, the first being 1."""
    return BACKOFF_S[min(max(failures, 1), len(BACKOFF_S)) - 1]
