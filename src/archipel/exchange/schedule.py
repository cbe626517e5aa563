"""Who goes next: strict classes with a floor, caps by link and class, peers in turn.

Both ends use it: the receiver to choose what to ask for, the sender to choose what to let go, so
that an urgent study overtakes a backlog of gigabytes at either end.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

FLOOR = 20
"""One grant in so many goes to a lower class, so that none starves."""

SHAPED = 0.94
"""Of a link's known rate: the backlog then waits here, by class, and in no router's queue."""

Item = TypeVar("Item")


class TransferClass(StrEnum):
    """Classes of what travels, most urgent first."""

    CONTROL = "control"
    STAT = "stat"
    ON_CALL = "oncall"
    PRIOR = "prior"
    ROUTINE = "routine"
    BACKFILL = "backfill"

    @property
    def rank(self) -> int:
        """Return its place, 0 the most urgent."""
        return _RANKS[self]


_RANKS = {each: rank for rank, each in enumerate(TransferClass)}


@dataclass(slots=True)
class Turns:
    """Counts grants, and says of which class the next one is."""

    floor: int = FLOOR
    _count: int = 0
    _lower: int = 0

    def choose(self, waiting: Collection[TransferClass]) -> TransferClass:
        """Choose among the classes that wait (at least one); this counts as a grant."""
        ordered = sorted(waiting, key=lambda one: one.rank)
        self._count += 1
        if self._count % self.floor == 0 and len(ordered) > 1:
            self._lower += 1
            return ordered[1 + self._lower % (len(ordered) - 1)]
        return ordered[0]


@dataclass(slots=True)
class Bucket:
    """A token bucket: `rate` bytes a second, at most `burst` at once. None: no limit."""

    rate_bytes_per_s: float | None
    burst_bytes: float = 64 << 10
    _tokens: float = 0.0
    _at_s: float | None = None

    def wait_s(self, size_bytes: int, *, now_s: float) -> float:
        """Say how long until `size_bytes` may go; 0 when now. More than a burst waits for debt."""
        if self.rate_bytes_per_s is None:
            return 0.0
        self._refill(now_s)
        short = min(size_bytes, self.burst_bytes) - self._tokens
        return max(0.0, short / self.rate_bytes_per_s)

    def spend(self, size_bytes: int, *, now_s: float) -> None:
        """Take tokens, into debt where a piece is larger than a burst."""
        if self.rate_bytes_per_s is not None:
            self._refill(now_s)
            self._tokens -= size_bytes

    def _refill(self, now_s: float) -> None:
        if self._at_s is None:
            self._tokens, self._at_s = self.burst_bytes, now_s
        passed = max(0.0, now_s - self._at_s)
        rate = self.rate_bytes_per_s or 0.0
        self._tokens = min(self.burst_bytes, self._tokens + passed * rate)
        self._at_s = max(now_s, self._at_s)


@dataclass(slots=True, eq=False)
class Waiting(Generic[Item]):
    """Something that waits to be let go."""

    peer: str
    of_class: TransferClass
    size_bytes: int
    item: Item


@dataclass(slots=True)
class Egress(Generic[Item]):
    """What a sender lets go. `line` is shared by all peers; `limits` gives what else bounds one.

    Within a class the peer that was given least goes first.
    """

    line: Bucket = field(default_factory=lambda: Bucket(None))
    limits: Callable[[str, TransferClass], Iterable[Bucket]] = lambda _peer, _class: ()
    turns: Turns = field(default_factory=Turns)
    _queues: dict[tuple[TransferClass, str], deque[Waiting[Item]]] = field(default_factory=dict)
    _given: dict[str, float] = field(default_factory=dict)
    queued_bytes: int = 0

    def put(self, one: Waiting[Item]) -> None:
        """Queue something behind its like."""
        active = {peer for _class, peer in self._queues}
        if one.peer not in active:  # who was away has no credit from the time it was away
            least = min((self._given.get(peer, 0.0) for peer in active), default=0.0)
            self._given[one.peer] = max(self._given.get(one.peer, 0.0), least)
        self._queues.setdefault((one.of_class, one.peer), deque()).append(one)
        self.queued_bytes += one.size_bytes

    def next(self, *, now_s: float) -> Waiting[Item] | float | None:
        """Give what may go now, or in how many seconds to ask again, or None: nothing waits."""
        if not self._queues:
            return None
        waits = {key: self._wait_s(queue[0], now_s=now_s) for key, queue in self._queues.items()}
        free = [key for key, wait_s in waits.items() if wait_s <= 0]
        if not free:
            return min(waits.values())
        chosen = self.turns.choose({of_class for of_class, _peer in free})
        peer = min(
            (peer for of_class, peer in free if of_class is chosen),
            key=lambda one: (self._given.get(one, 0.0), one),
        )
        return self._go(chosen, peer, now_s=now_s)

    def drop(self, one: Waiting[Item]) -> None:
        """Take something away that no longer waits; what has gone already is left."""
        queue = self._queues.get((one.of_class, one.peer))
        if queue is None or one not in queue:
            return
        queue.remove(one)
        self.queued_bytes -= one.size_bytes
        if not queue:
            del self._queues[one.of_class, one.peer]

    def backlog(self) -> dict[str, dict[TransferClass, int]]:
        """Give how many bytes wait, by peer and class."""
        found: dict[str, dict[TransferClass, int]] = {}
        for (of_class, peer), queue in self._queues.items():
            found.setdefault(peer, {})[of_class] = sum(one.size_bytes for one in queue)
        return found

    def _wait_s(self, one: Waiting[Item], *, now_s: float) -> float:
        return max(bucket.wait_s(one.size_bytes, now_s=now_s) for bucket in self._buckets(one))

    def _go(self, of_class: TransferClass, peer: str, *, now_s: float) -> Waiting[Item]:
        queue = self._queues[of_class, peer]
        one = queue.popleft()
        if not queue:
            del self._queues[of_class, peer]
        for bucket in self._buckets(one):
            bucket.spend(one.size_bytes, now_s=now_s)
        self._given[peer] = self._given.get(peer, 0.0) + one.size_bytes
        self.queued_bytes -= one.size_bytes
        return one

    def _buckets(self, one: Waiting[Item]) -> list[Bucket]:
        return [self.line, *self.limits(one.peer, one.of_class)]
