"""From messages to orders, whatever the sequence in which they come.

An order is a pure function of the set of changes said of it: they are sorted by when their sender
says they were said, so that a cancellation that overtakes its order still cancels it.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from datetime import datetime

from archipel.kernel.identifiers import TenantId
from archipel.orders.model import (
    Change,
    Control,
    Order,
    OrderId,
    OrderNumber,
    OrderStatus,
    Said,
    Start,
    Step,
)
from archipel.orders.ports import Held, OrderBook

CHANGES_KEPT = 200
"""Of one order. Older ones are folded into one: only among those does the sequence count."""

_ENDED = {
    Control.CANCEL: OrderStatus.CANCELLED,
    Control.DISCONTINUE: OrderStatus.DISCONTINUED,
}


def place(
    change: Change, *, tenant: TenantId, book: OrderBook, now: datetime
) -> Sequence[OrderId]:
    """Take in what a message says of an order; return the orders that it touches.

    The filler's number names an order; the placer's does where no filler has given one. What a
    placer says by its number alone goes to all that came of it.
    """
    found = book.holding(placer=change.placer, filler=change.filler, tenant=tenant)
    mine = _meant(found, change)
    if not mine:
        mine = [[]]
    kept: list[OrderId] = []
    for together in mine:
        said = {change, *(one for held in together for one in held.changes)}
        changes = compacted(said)
        name = together[0].order.id if together else OrderId(secrets.token_hex(12))
        book.keep(Held(fold(changes, name=name, tenant=tenant), changes), now=now)
        for other in together[1:]:
            book.absorb(other.order.id, tenant=tenant)
        kept.append(name)
    return kept


def fold(changes: Iterable[Change], *, name: OrderId, tenant: TenantId) -> Order:
    """Make an order of all that was said of it, in whatever sequence it came."""
    placer: OrderNumber | None = None
    filler: OrderNumber | None = None
    status, said = OrderStatus.ORDERED, Said()
    for change in in_sequence(changes):
        placer, filler = placer or change.placer, filler or change.filler
        said = _together(said, change.said)
        status = _status(status, change, said)
    return Order(id=name, tenant=tenant, placer=placer, filler=filler, status=status, said=said)


def in_sequence(changes: Iterable[Change]) -> list[Change]:
    """Sort changes as they were said; of the same moment, the stronger comes last."""
    return sorted(changes, key=lambda one: (one.at, one.control.value, one.control_id))


def compacted(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Keep the changes, the oldest of very many as one."""
    ordered = in_sequence(changes)
    if len(ordered) <= CHANGES_KEPT:
        return tuple(ordered)
    old, young = ordered[: CHANGES_KEPT // 2], ordered[CHANGES_KEPT // 2 :]
    base = fold(old, name=OrderId(""), tenant=TenantId("any"))
    first = replace(
        old[-1],
        control=Control.NEW,
        placer=base.placer,
        filler=base.filler,
        status=base.status,
        said=base.said,
    )
    return (first, *young)


def _meant(found: Sequence[Held], change: Change) -> list[list[Held]]:
    """Group the orders that a change is about: each group is one order."""
    if change.filler is not None:
        own = [one for one in found if one.order.filler == change.filler]
        waiting = [
            one
            for one in found
            if one.order.filler is None
            and change.placer is not None
            and one.order.placer == change.placer
        ]
        return [own + waiting] if own or waiting else []
    return [[one] for one in found if one.order.placer == change.placer]


def _together(before: Said, said: Said) -> Said:
    stated = {one.name: getattr(said, one.name) for one in fields(Said)}
    merged = replace(before, **{key: value for key, value in stated.items() if value is not None})
    if said.start is None or merged.steps is None:
        return merged
    steps = tuple(replace(step, start=said.start) for step in merged.steps)
    return replace(merged, steps=steps)


def _status(before: OrderStatus, change: Change, said: Said) -> OrderStatus:
    if change.control in _ENDED:
        return _ENDED[change.control]
    ended = before in _ENDED.values() and change.control is not Control.NEW
    if ended:
        return before
    if change.status is not None:
        return change.status
    if change.control is not Control.NEW and before not in {
        OrderStatus.ORDERED,
        OrderStatus.SCHEDULED,
    }:
        return before
    return OrderStatus.SCHEDULED if _has_date(said.steps, said.start) else OrderStatus.ORDERED


def _has_date(steps: tuple[Step, ...] | None, start: Start | None) -> bool:
    dated = any(step.start.date for step in steps or ())
    return dated or bool(start and start.date)
