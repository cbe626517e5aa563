"""How much an administrator lets leave for another node: by node, class and time of day.

Read from `peer.caps`, words such as ``gf=8``, ``gf=8@07:00-19:00``, ``gf/backfill=2``,
``*/backfill=4@06:00-20:00`` (`*`: each node). Where several hold, the least counts. The sender
keeps them: packs wait in its queue, by class, and facts and requests are never held back.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import time

from archipel.exchange.manifest import CHUNK_BYTES
from archipel.exchange.model import NodeName
from archipel.exchange.schedule import SHAPED, Bucket, TransferClass
from archipel.kernel.errors import Malformed

EVERY = "*"
LEAST_MBIT, MOST_MBIT = 0.5, 100_000.0
"""Below the least a receiver would wait so long for a chunk that it gives the line up."""

_BYTES_IN_MBIT = 125_000
_WORD = re.compile(
    r"(?P<node>\*|[^/=@\s]+)(?:/(?P<of_class>[a-z]+))?=(?P<mbit>[0-9]{1,6}(?:\.[0-9]{1,3})?)"
    r"(?:@(?P<since>\d\d:\d\d)-(?P<until>\d\d:\d\d))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """Never more than `mbit` megabits a second to a node."""

    node: str  # its short name, or `EVERY`
    mbit: float
    of_class: TransferClass | None = None  # None: all classes together
    since: time | None = None  # of the day; None: always
    until: time | None = None

    def holds(self, at: time) -> bool:
        """Tell whether it counts at a time of day; from 19:00 to 07:00 passes midnight."""
        if self.since is None or self.until is None:
            return True
        if self.since <= self.until:
            return self.since <= at < self.until
        return at >= self.since or at < self.until

    def concerns(self, node: str) -> bool:
        """Tell whether it is about the line to a node."""
        return self.node in (EVERY, node)


def caps_of(text: str) -> tuple[Cap, ...]:
    """Read `peer.caps`. Raises `Malformed` and names the word at fault."""
    return tuple(_cap(word) for word in text.replace(",", " ").split())


def _cap(word: str) -> Cap:
    found = _WORD.fullmatch(word)
    if found is None:
        raise Malformed(
            f"peer.caps: {word[:80]!r} is no cap: write node=Mbit, such as gf=8, "
            "gf=8@07:00-19:00 or gf/backfill=2"
        )
    mbit, named = float(found["mbit"]), found["of_class"]
    if not LEAST_MBIT <= mbit <= MOST_MBIT:
        raise Malformed(f"peer.caps: {word!r}: at least {LEAST_MBIT} Mbit/s, or nothing arrives")
    try:
        hours = [time.fromisoformat(one) if one else None for one in found.group("since", "until")]
        node = found["node"] if found["node"] == EVERY else NodeName(found["node"]).value
        of_class = TransferClass(named) if named else None
    except ValueError as error:
        raise Malformed(f"peer.caps: {word!r}: {error}") from None
    return Cap(node=node, mbit=mbit, of_class=of_class, since=hours[0], until=hours[1])


@dataclass(slots=True)
class Limits:
    """The caps as buckets: one for each node, and for each class that has a cap of its own.

    `time_of_day` is asked each time: a cap begins and ends by itself.
    """

    caps: Sequence[Cap] = ()
    time_of_day: Callable[[], time] = time  # midnight, where nobody tells
    _buckets: dict[tuple[str, TransferClass | None], Bucket] = field(default_factory=dict)

    def __call__(self, node: str, of_class: TransferClass) -> Sequence[Bucket]:
        """Return what bounds a class that leaves for a node now."""
        if not self.caps:
            return ()
        at, found = self.time_of_day(), []
        for named in (None, of_class):
            mbit = least_mbit(self.caps, node, named, at=at)
            if mbit is not None:
                bucket = self._buckets.setdefault((node, named), Bucket(None, CHUNK_BYTES))
                # Of what the line carries, a few percent are frames, TLS and headers.
                bucket.rate_bytes_per_s = mbit * _BYTES_IN_MBIT * SHAPED
                found.append(bucket)
        return found


def least_mbit(
    caps: Sequence[Cap], node: str, of_class: TransferClass | None, *, at: time
) -> float | None:
    """Return the least cap that holds at a time of day; None: there is none.

    `of_class` None asks for those on all classes together.
    """
    return min(
        (
            one.mbit
            for one in caps
            if one.of_class is of_class and one.concerns(node) and one.holds(at)
        ),
        default=None,
    )
