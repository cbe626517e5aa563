"""Facts written with the change that made them true, read later by each subscriber in order.

A fact is announced inside the writer's own transaction, so it is there if and only if the change
is. Subscribers keep a position each; what all have passed is swept after a while.
"""

import secrets
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, and_, delete, func, insert, select, update

from archipel.kernel.errors import Malformed
from archipel.kernel.events import Event
from archipel.kernel.identifiers import TenantId
from archipel.stores.sql.schema.events import dead_letter, outbox, outbox_era, outbox_position
from archipel.stores.sql.session import alone, upsert

GONE, SWEPT = "swept", "feed-swept"
"""Under these names `outbox_position` says up to where facts are gone, and those of the feed."""


@dataclass(frozen=True, slots=True)
class Announced:
    """One row of the outbox. `position` orders all facts of this node; it is never reused."""

    position: int
    kind: str
    tenant: TenantId
    at: datetime
    body: dict[str, Any]

    def event(self) -> Event:
        """Make the fact again. Raises `Malformed` when this release does not know its kind."""
        return decode(self.kind, self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A fact that a subscriber failed to handle, `attempts` times."""

    position: int
    subscriber: str
    kind: str
    body: Mapping[str, Any]
    attempts: int
    reason: str
    at: datetime
    asked_at: datetime | None = None  # somebody wants it delivered once more


def kind_of(event: type[Event]) -> str:
    """Name a kind of fact for the outbox: its domain and its class, as `archive.StudySealed`."""
    domain = event.__module__.removeprefix("archipel.").removesuffix(".events")
    return f"{domain}.{event.__qualname__}"


def encode(event: Event) -> dict[str, Any]:
    """Write a fact as plain JSON values."""
    body: dict[str, Any] = msgspec.to_builtins(event)
    return body


def decode(kind: str, body: dict[str, Any]) -> Event:
    """Read a fact. Raises `Malformed`."""
    known = next((k for k in _descendants(Event) if kind_of(k) == kind), None)
    if known is None:
        raise Malformed(f"no such kind of fact: {kind[:80]!r}")
    try:
        return msgspec.convert(body, known)
    except msgspec.ValidationError as unreadable:
        raise Malformed(f"a fact of kind {kind} cannot be read: {unreadable}") from None


def announce(connection: Connection, event: Event) -> int:
    """Write `event` in the caller's transaction; returns its position.

    On PostgreSQL writers pass here one at a time until they commit: otherwise a later number
    could become visible first and a subscriber would step over the earlier one.
    """
    alone(connection, "outbox")
    row = {
        "kind": kind_of(type(event)),
        "tenant": event.tenant.value,
        "at": event.at,
        "body": encode(event),
    }
    position: int = connection.execute(insert(outbox).returning(outbox.c.id), row).scalar_one()
    return position


def after(
    connection: Connection, position: int, *, limit: int, kinds: Iterable[str] | None = None
) -> Sequence[Announced]:
    """Return the facts behind `position`, oldest first; only of these `kinds` where given."""
    query = select(outbox).where(outbox.c.id > position).order_by(outbox.c.id).limit(limit)
    if kinds is not None:
        query = query.where(outbox.c.kind.in_(list(kinds)))
    return [
        Announced(row.id, row.kind, TenantId(row.tenant), row.at, row.body)
        for row in connection.execute(query)
    ]


def last_position(connection: Connection) -> int:
    """Return the position of the newest fact, 0 when there has been none."""
    newest: int | None = connection.execute(select(func.max(outbox.c.id))).scalar()
    return newest or 0


def position_of(connection: Connection, subscriber: str) -> int:
    """Return how far `subscriber` has read; 0 when it never did."""
    found: int | None = connection.execute(
        select(outbox_position.c.position).where(outbox_position.c.subscriber == subscriber)
    ).scalar()
    return found or 0


def positions(connection: Connection) -> Mapping[str, int]:
    """Return how far each subscriber has read; one that never did is absent."""
    query = select(outbox_position.c.subscriber, outbox_position.c.position)
    return dict(connection.execute(query).all())


def advance(connection: Connection, subscriber: str, position: int) -> None:
    """Remember that `subscriber` needs nothing up to `position` any more. Never goes back."""
    row = upsert(connection, outbox_position).values(subscriber=subscriber, position=position)
    connection.execute(
        row.on_conflict_do_update(
            index_elements=["subscriber"],
            set_={"position": position},
            where=outbox_position.c.position < position,
        )
    )


def sweep(
    connection: Connection,
    subscribers: Iterable[str],
    *,
    before: datetime,
    told: Collection[str] = (),
    told_before: datetime | None = None,
) -> int:
    """Forget facts older than `before` that all `subscribers` have passed; returns how many.

    Those of the kinds `told` are kept until `told_before`; how far any of them are gone is the
    position of `SWEPT`.
    """
    passed = min((position_of(connection, name) for name in subscribers), default=0)
    old = and_(outbox.c.id <= passed, outbox.c.at < before, outbox.c.kind.not_in(told))
    newest: int | None = connection.execute(select(func.max(outbox.c.id)).where(old)).scalar()
    if newest is not None:
        advance(connection, GONE, newest)
    gone = connection.execute(delete(outbox).where(old)).rowcount
    if told_before is None:
        return gone
    older = and_(outbox.c.id <= passed, outbox.c.at < told_before)
    last: int | None = connection.execute(select(func.max(outbox.c.id)).where(older)).scalar()
    if last is None:
        return gone
    # Clocks step back: what lies before the last one goes with it, so that one number tells all.
    advance(connection, SWEPT, last)
    return gone + connection.execute(delete(outbox).where(outbox.c.id <= last)).rowcount


def era(connection: Connection) -> str:
    """Name this incarnation of the outbox, where positions are unique. Needs a writer."""
    row = upsert(connection, outbox_era).values(id=1, era=secrets.token_hex(4))
    connection.execute(row.on_conflict_do_nothing(index_elements=["id"]))
    name: str = connection.execute(select(outbox_era.c.era)).scalar_one()
    return name


def bury(connection: Connection, letter: DeadLetter) -> None:
    """Keep a fact that a subscriber could not handle, for somebody to look at."""
    row = {
        "kind": letter.kind,
        "body": dict(letter.body),
        "attempts": letter.attempts,
        "reason": letter.reason,
        "at": letter.at,
        "asked_at": None,
    }
    connection.execute(
        upsert(connection, dead_letter)
        .values(fact=letter.position, subscriber=letter.subscriber, **row)
        .on_conflict_do_update(index_elements=["fact", "subscriber"], set_=row)
    )


def ask_again(connection: Connection, position: int, subscriber: str, *, at: datetime) -> bool:
    """Ask for a dead letter to be delivered once more; False where there is none."""
    asked = connection.execute(
        update(dead_letter)
        .where(dead_letter.c.fact == position, dead_letter.c.subscriber == subscriber)
        .values(asked_at=at)
    )
    return bool(asked.rowcount)


def asked_again(connection: Connection, *, limit: int = 200) -> Sequence[DeadLetter]:
    """Return dead letters that somebody wants delivered once more, in the order of asking."""
    query = select(dead_letter).where(dead_letter.c.asked_at.is_not(None))
    found = connection.execute(query.order_by(dead_letter.c.asked_at).limit(limit))
    return [_letter(row) for row in found]


def unbury(connection: Connection, position: int, subscriber: str) -> None:
    """Take a dead letter away."""
    connection.execute(
        delete(dead_letter).where(
            dead_letter.c.fact == position, dead_letter.c.subscriber == subscriber
        )
    )


def dead_letters(connection: Connection, *, limit: int = 200) -> Sequence[DeadLetter]:
    """Return what could not be handled, latest first: for whoever keeps the node."""
    query = select(dead_letter).order_by(dead_letter.c.at.desc()).limit(limit)
    return [_letter(row) for row in connection.execute(query)]


def dead_letter_of(connection: Connection, position: int, subscriber: str) -> DeadLetter | None:
    """Return one dead letter."""
    row = connection.execute(
        select(dead_letter).where(
            dead_letter.c.fact == position, dead_letter.c.subscriber == subscriber
        )
    ).one_or_none()
    return _letter(row) if row else None


def _letter(row: Row[Any]) -> DeadLetter:
    return DeadLetter(
        position=row.fact,
        subscriber=row.subscriber,
        kind=row.kind,
        body=row.body,
        attempts=row.attempts,
        reason=row.reason,
        at=row.at,
        asked_at=row.asked_at,
    )


def _descendants(parent: type[Event]) -> Iterator[type[Event]]:
    for child in parent.__subclasses__():
        # `dataclass(slots=True)` leaves the class it replaced among the subclasses for a while.
        if getattr(sys.modules[child.__module__], child.__qualname__, None) is child:
            yield child
        yield from _descendants(child)
