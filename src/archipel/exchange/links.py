"""The link board: how each neighbour is reached, for the network page and for planning.

One `LinkState` for each peer. The peer process keeps the board and writes it down; others read.
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from archipel.exchange.model import NodeName

_KEPT_CUTS = 20
_METER_S = 10.0
_SAMPLED, _SAMPLE_EVERY = timedelta(hours=1), timedelta(seconds=30)


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
class Sample:
    """What a line was like at one time. `bps` None: nothing was carried to tell."""

    at: datetime
    rtt_ms: float | None
    bps: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineChange:
    """A row of the journal of lines: a peer was lost, found, or refused us."""

    at: datetime
    peer: NodeName
    line: Line
    lasted_s: float | None = None  # the state before, where its beginning is known
    detail: str = ""


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
    states_compared_at: datetime | None = None  # with what it makes of the same facts
    states_since: datetime | None = None  # since when they agree, or differ
    states_withheld: bool = False  # facts are kept from one of the two: they cannot be compared
    states_differing: Sequence[str] = ()  # kinds of subjects of which it makes something else
    cuts: Sequence[Cut] = ()
    queues: Mapping[str, Queue] = field(default_factory=dict)
    samples: Sequence[Sample] = ()  # of the last hour


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


@dataclass(slots=True)
class Meter:
    """What one line carries: bytes that were counted, as a rate over the last ten seconds."""

    _counts: deque[tuple[float, int]] = field(default_factory=deque)

    def read(self, total_bytes: int, *, now_s: float) -> float:
        """Note a running total; return bits per second."""
        if self._counts and total_bytes < self._counts[-1][1]:
            self._counts.clear()  # the counter began anew
        self._counts.append((now_s, total_bytes))
        while len(self._counts) > 1 and now_s - self._counts[0][0] > _METER_S:
            self._counts.popleft()
        first_s, before = self._counts[0]
        passed = now_s - first_s
        return (total_bytes - before) * 8 / passed if passed > 0 else 0.0


def sampled(state: LinkState, *, now: datetime) -> LinkState:
    """Return the state with one more point of its last hour; one each half minute."""
    held = [one for one in state.samples if now - one.at < _SAMPLED]
    if held and now - held[-1].at < _SAMPLE_EVERY:
        return state
    up = state.state is Line.UP
    rtt_ms = state.rtt_ms if up else None
    fresh = Sample(at=now, rtt_ms=rtt_ms, bps=(state.goodput_bps or None) if up else 0.0)
    return replace(state, samples=(*held, fresh))


def change_between(before: LinkState, after: LinkState) -> LineChange | None:
    """Tell what the journal says when a line's state became another; None: nothing."""
    if before.state is after.state or after.since is None:
        return None
    lasted_s = (after.since - before.since).total_seconds() if before.since else None
    detail = after.last_error if after.state is not Line.UP else ""
    return LineChange(
        at=after.since, peer=after.peer, line=after.state, lasted_s=lasted_s, detail=detail
    )


def compared(
    state: LinkState, differing: Sequence[str] | None, *, withheld: bool, now: datetime
) -> LinkState:
    """Return the state after what two nodes make of the same facts was laid side by side.

    `differing` names the kinds of subjects; None: they could not be compared now, because one of
    them has more facts or, `withheld`, may not know all. What was found before then stands.
    """
    if differing is None:
        return replace(state, states_withheld=withheld)
    first = state.states_compared_at is None
    turned = first or bool(differing) != bool(state.states_differing)
    return replace(
        state,
        states_compared_at=now,
        states_since=now if turned else state.states_since,
        states_differing=tuple(differing),
        states_withheld=False,
    )


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
