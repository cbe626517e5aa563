"""When a transfer will be whole: from what is ahead of it and what its link was measured at."""

from collections.abc import Sequence

from archipel.app.transfer.packs import BYTES_IN_MBIT
from archipel.app.wiring import Node
from archipel.exchange.eta import Due, eta
from archipel.exchange.transfer import UNDER_WAY, Transfer, TransferState

STILL = frozenset({TransferState.STALLED, TransferState.PAUSED, TransferState.QUARANTINED})
"""States in which nothing comes: no time can be told."""


def rate_of(node: Node, source: str) -> tuple[float, float] | None:
    """Return bytes a second and answer time of the link from `source`; None when unknown."""
    line = node.settings.peer.line_in_mbit * BYTES_IN_MBIT or None
    measured = node.transfers.window(source)
    if measured is None:
        return (line, 0.0) if line else None
    return min(measured[0], line or measured[0]), measured[1]


def due_in_s(node: Node, one: Transfer, every: Sequence[Transfer]) -> float | None:
    """Return in how many seconds `one` is whole; `every` are all under way."""
    if one.state is TransferState.WHOLE:
        return 0.0
    rate = rate_of(node, one.from_node) or _pace(one)
    if not one.size_bytes or rate is None or one.state in STILL or one.state not in UNDER_WAY:
        return None
    ahead = [_due(other) for other in every if _ahead(other, one)]
    left = eta(_due(one), ahead, rate_bytes_per_s=rate[0], rtt_s=rate[1])
    return None if left is None else left.total_seconds()


def _pace(one: Transfer) -> tuple[float, float] | None:
    """Return bytes a second since it was wanted, where nothing else is known of the link."""
    taken_s = (one.changed_at - one.wanted_at).total_seconds()
    return (one.done_bytes / taken_s, 0.0) if one.done_bytes and taken_s > 0 else None


def _ahead(other: Transfer, one: Transfer) -> bool:
    return other.from_node == one.from_node and other.state in UNDER_WAY - STILL


def _due(one: Transfer) -> Due:
    return Due(
        id=one.id,
        of_class=one.of_class,
        wanted_at=one.wanted_at,
        remaining_bytes=one.remaining_bytes,
    )
