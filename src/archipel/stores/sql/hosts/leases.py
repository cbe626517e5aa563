"""Leases with a fence: who may write as a host's worker or index writer, by the database's clock.

Each taking raises the fence. A process compares its own with the row in the very transaction that
writes (`guard`), so one that was stopped, given up and woken can change nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select, type_coerce, update

from archipel.kernel.errors import Conflict
from archipel.stores.sql.schema.base import Instant
from archipel.stores.sql.schema.hosts import lease
from archipel.stores.sql.session import upsert


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease as it was taken."""

    name: str
    holder: str
    fence: int


def take(connection: Connection, name: str, holder: str, *, length: timedelta) -> Lease:
    """Take a lease that is free, lapsed, or our own of before. Node-wide: hosts serve all.

    Raises `Conflict` while another holder's runs.
    """
    moment = _moment(connection)
    connection.execute(
        upsert(connection, lease)
        .values(name=name, holder="", fence=0, until=moment)
        .on_conflict_do_nothing(index_elements=["name"])
    )
    row = connection.execute(select(lease).where(lease.c.name == name).with_for_update()).one()
    if row.holder not in {"", holder} and row.until > moment:
        raise Conflict(f"{name} is held by another host of this database")
    fence = int(row.fence) + 1
    connection.execute(
        update(lease)
        .where(lease.c.name == name)
        .values(holder=holder, fence=fence, until=moment + length)
    )
    return Lease(name, holder, fence)


def renew(connection: Connection, held: Lease, *, length: timedelta) -> bool:
    """Hold on to a lease; False when it was taken away. Node-wide: as above."""
    changed = connection.execute(
        update(lease)
        .where(lease.c.name == held.name, lease.c.fence == held.fence)
        .values(until=_moment(connection) + length)
    )
    return changed.rowcount == 1


def guard(connection: Connection, held: Lease) -> bool:
    """Tell whether a lease is still ours, and keep it so until this transaction ends.

    Node-wide: as above.
    """
    fence = connection.execute(
        select(lease.c.fence).where(lease.c.name == held.name).with_for_update(read=True)
    ).scalar_one_or_none()
    return fence == held.fence


def release(connection: Connection, held: Lease) -> None:
    """Give a lease back. Node-wide: as above."""
    _vacate(connection, held.name, held.fence)


def lapsed(connection: Connection, prefix: str) -> Sequence[str]:
    """Name the leases that somebody holds and does not renew. Node-wide: as above."""
    found = connection.execute(
        select(lease.c.name).where(
            lease.c.name.startswith(prefix, autoescape=True),
            lease.c.holder != "",
            lease.c.until < _moment(connection),
        )
    )
    return list(found.scalars())


def cut_off(connection: Connection, name: str) -> int | None:
    """Take a lapsed lease away from its holder; return the new fence. Node-wide: as above.

    None when it was renewed meanwhile. The holder stays named until `mark_done`, so that whoever
    cuts it off and dies is followed by another.
    """
    fence: int | None = connection.execute(
        update(lease)
        .where(lease.c.name == name, lease.c.holder != "", lease.c.until < _moment(connection))
        .values(fence=lease.c.fence + 1)
        .returning(lease.c.fence)
    ).scalar_one_or_none()
    return fence


def mark_done(connection: Connection, name: str, fence: int) -> None:
    """Say that what a holder that was cut off had begun is in other hands. Node-wide: as above."""
    _vacate(connection, name, fence)


def running(connection: Connection, prefix: str) -> Sequence[str]:
    """Name the leases that are held and renewed. Node-wide: as above."""
    found = connection.execute(
        select(lease.c.name).where(
            lease.c.name.startswith(prefix, autoescape=True),
            lease.c.holder != "",
            lease.c.until >= _moment(connection),
        )
    )
    return list(found.scalars())


def _vacate(connection: Connection, name: str, fence: int) -> None:
    connection.execute(
        update(lease).where(lease.c.name == name, lease.c.fence == fence).values(holder="")
    )


def _moment(connection: Connection) -> datetime:
    """Return the database's time: the hosts' clocks need not agree."""
    clock = (
        func.clock_timestamp()
        if connection.dialect.name == "postgresql"
        else func.strftime("%Y-%m-%d %H:%M:%f", "now")
    )
    moment: datetime = connection.execute(select(type_coerce(clock, Instant))).scalar_one()
    return moment
