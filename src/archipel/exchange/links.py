"""The link board: how each neighbour is reached, for the network page and for planning.

One `LinkState` for each peer. The peer process keeps the board and writes it down; others read.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Any

from archipel.exchange.model import NodeName

_KEPT_CUTS = 20


class Line(Enum):
    """Whether a neighbour answers."""

    UP = "up"
    DOWN = "down"
    REFUSED = "refused"  # it answers, and does not let us in
    UNREACHED = "unreached"  # not tried yet, or it only calls us


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A time without an answer. `until` None: it lasts."""

    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What waits to be fetched from a peer in one class."""

    bytes: int
    oldest_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkState:
    """All that is known of the line to one peer. A figure is None while it was not measured."""

    peer: NodeName
    state: Line = Line.UNREACHED
    since: datetime | None = None
    rtt_ms: float | None = None  # of a request and its answer, now
    rtt_min_ms: float | None = None
    loss_pct: float | None = None  # segments sent again, from the kernel (TCP_INFO)
    goodput_bps: float | None = None  # what pixels arrived at lately
    cap_bps: float | None = None
    congestion: str = ""  # of our socket: bbr, or what the kernel gave
    feed_behind: int = 0  # links that the last answer announced and that are not here
    feed_at: datetime | None = None  # the last answer of its feed
    facts_taken: int = 0  # since the process began
    feed_bytes: int = 0
    waiting: int = 0
    withheld: int = 0
    incarnation: str = ""
    certificate_days: int | None = None
    last_error: str = ""
    cuts: Sequence[Cut] = ()
    queues: Mapping[str, Queue] = field(default_factory=dict)


class Board:
    """The states of all links, changed from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._states: dict[NodeName, LinkState] = {}

    def of(self, peer: NodeName) -> LinkState:
        """Return the state of one link."""
        with self._lock:
            return self._states.get(peer, LinkState(peer=peer))

    def all(self) -> Sequence[LinkState]:
        """Return every link, by name."""
        with self._lock:
            return [self._states[name] for name in sorted(self._states)]

    def note(self, peer: NodeName, **figures: Any) -> None:
        """Set figures of one link, by the names of `LinkState`."""
        self.change(peer, lambda state: replace(state, **figures))

    def change(self, peer: NodeName, change: Callable[[LinkState], LinkState]) -> None:
        """Change one link's state in one step."""
        with self._lock:
            self._states[peer] = change(self._states.get(peer, LinkState(peer=peer)))

    def line(self, peer: NodeName, line: Line, *, now: datetime, error: str = "") -> None:
        """Say whether a peer answers; keeps the history of cuts."""
        self.change(peer, lambda state: moved(state, line, now=now, error=error))

    def forget(self, peer: NodeName) -> None:
        """Take a link off the board."""
        with self._lock:
            self._states.pop(peer, None)


def moved(state: LinkState, line: Line, *, now: datetime, error: str = "") -> LinkState:
    """Return the state after a try that ended in `line`."""
    if line is state.state:
        return replace(state, last_error=error)
    cuts = list(state.cuts)
    if line is Line.DOWN:
        cuts.append(Cut(since=now, until=None))
    elif cuts and cuts[-1].until is None:
        cuts[-1] = replace(cuts[-1], until=now)
    return replace(state, state=line, since=now, last_error=error, cuts=tuple(cuts[-_KEPT_CUTS:]))
