"""A clock that never goes back and never before what was seen (hybrid logical clock).

Written ``2026-11-24T02:41:07.113Z-0001-gp``: physical time to the millisecond, a counter for what
falls into one, the writer. It sorts as text in the order that respects causes.
"""

import re
from datetime import UTC, datetime, timedelta

from archipel.exchange.model import NodeName
from archipel.kernel.errors import Malformed

AHEAD = timedelta(hours=24)
"""A fact from further in the future is not taken in: its writer's clock is wrong."""

_FORM = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})Z-([0-9a-f]{4})-[a-z][a-z0-9-]*")
_COUNTS = 0xFFFF


def after(last: str, node: NodeName, *, now: datetime) -> str:
    """Return the next reading of `node`'s clock: behind `now` and behind `last`."""
    moment, count = _written(now), 0
    if last:
        seen, seen_count = _parts(last)
        if seen >= moment:
            moment, count = seen, seen_count + 1
            if count > _COUNTS:
                later = datetime.fromisoformat(seen).replace(tzinfo=UTC)
                moment, count = _written(later + timedelta(milliseconds=1)), 0
    return f"{moment}Z-{count:04x}-{node}"


def moment_of(reading: str) -> datetime:
    """Return the physical time of a reading. Raises `Malformed`."""
    moment, _ = _parts(reading)
    try:
        return datetime.fromisoformat(moment).replace(tzinfo=UTC)
    except ValueError:
        raise Malformed(f"no such time: {reading[:64]!r}") from None


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")[:23]


def _parts(reading: str) -> tuple[str, int]:
    found = _FORM.fullmatch(reading)
    if found is None:
        raise Malformed(f"not a reading of a node's clock: {reading[:64]!r}")
    return found[1], int(found[2], 16)
