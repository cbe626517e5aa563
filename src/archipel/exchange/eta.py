"""When a study will be here, told from what is ahead of it and from what the link gives."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from archipel.exchange.schedule import TransferClass

UNKNOWN = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One transfer of a link, as far as waiting goes."""

    id: str
    of_class: TransferClass
    wanted_at: datetime
    remaining_bytes: int


def eta(
    of: Due,
    others: Iterable[Due],
    *,
    rate_bytes_per_s: float,
    rtt_s: float = 0.0,
    cap_bytes_per_s: float | None = None,
) -> timedelta | None:
    """Return how long until `of` is whole while the link is up; None when no rate is known.

    Ahead of it: all of the higher classes, and what was wanted earlier in its own.
    """
    rate = min(rate_bytes_per_s, cap_bytes_per_s or rate_bytes_per_s)
    if rate <= 0:
        return UNKNOWN
    ahead = sum(one.remaining_bytes for one in others if one.id != of.id and _before(one, of))
    return timedelta(seconds=(ahead + of.remaining_bytes) / rate + rtt_s)


def _before(one: Due, other: Due) -> bool:
    return (one.of_class.rank, one.wanted_at, one.id) < (
        other.of_class.rank, other.wanted_at, other.id,
    )  # fmt: skip
