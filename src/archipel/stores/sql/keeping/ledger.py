"""`archive.keeping.ports.Ledger` and `Originals`: the book of damage, and what was whole once."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from archipel.access.model import Action, AuditEntry
from archipel.archive.keeping.model import Damage, DamagedKind, Found, MendedBy, ScrubPass
from archipel.exchange.manifest import root_of, spine_of
from archipel.kernel.actors import Actor, ActorKind
from archipel.kernel.identifiers import TenantId
from archipel.stores.sql.audit import append
from archipel.stores.sql.schema.keeping import damage, scrub
from archipel.stores.sql.schema.transfers import adopted_pack, offered_pack
from archipel.stores.sql.session import Database, alone

_SCRUBBER = Actor(ActorKind.NODE, "scrub")
_DETAIL = 500


class SqlLedger:
    """Opened `FULL`: what was found, and that it is mended, survives a power cut."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, found: Collection[Found], *, now: datetime) -> Collection[Damage]:
        """Enter damage, with a row of the audit each; gives what is new. Node-wide: as found."""
        with self._database.write() as connection:
            alone(connection, "damage")
            known = {
                (row.kind, row.name)
                for row in connection.execute(
                    select(damage.c.kind, damage.c.name).where(damage.c.mended_at.is_(None))
                )
            }
            fresh = [one for one in found if (one.kind.value, one.name) not in known]
            rows = [
                connection.execute(insert(damage).returning(damage), _values(one, now)).one()
                for one in fresh
            ]
            if fresh:
                append(connection, [_audited(one, f"damaged: {one.detail}", now) for one in fresh])
        return [_damage(row) for row in rows]

    def open_damage(self, *, limit: int = 1000) -> Sequence[Damage]:
        """Give what is not mended, oldest first. Node-wide: for the operator of the machine."""
        query = select(damage).where(damage.c.mended_at.is_(None)).order_by(damage.c.id)
        with self._database.read() as connection:
            return [_damage(row) for row in connection.execute(query.limit(limit))]

    def open_count(self) -> tuple[int, datetime | None]:
        """Count what is not mended, and say since when. Node-wide: as `open_damage`."""
        query = select(func.count(), func.min(damage.c.found_at))
        with self._database.read() as connection:
            row = connection.execute(query.where(damage.c.mended_at.is_(None))).one()
            return row[0], row[1]

    def latest(self, *, limit: int = 100) -> Sequence[Damage]:
        """Give the latest damage, newest first. Node-wide: as `open_damage`."""
        with self._database.read() as connection:
            query = select(damage).order_by(damage.c.id.desc()).limit(limit)
            return [_damage(row) for row in connection.execute(query)]

    def tried(self, number: int, why_not: str, *, now: datetime) -> None:
        """Remember what was tried in vain. Node-wide: a damage is asked for by its number."""
        with self._database.write() as connection:
            connection.execute(
                update(damage)
                .where(damage.c.id == number)
                .values(tried=why_not[:_DETAIL], tried_at=now)
            )

    def mended(self, number: int, by: MendedBy, *, now: datetime) -> None:
        """Close a damage, with a row of the audit. Node-wide: as `tried`."""
        with self._database.write() as connection:
            closed = connection.execute(
                update(damage)
                .where(damage.c.id == number, damage.c.mended_at.is_(None))
                .values(mended_by=by.value, mended_at=now, tried="")
                .returning(damage)
            ).one_or_none()
            if closed is not None:
                found = _damage(closed).found
                append(connection, [_audited(found, f"mended: {by.value}", now)])

    def begin(self, *, now: datetime, fresh: bool = False) -> ScrubPass:
        """Go on with the pass that is open, or begin one. Node-wide: a scrub reads everything.

        `fresh`: what was interrupted is given up, and everything read from the beginning.
        """
        with self._database.write() as connection:
            alone(connection, "scrub")
            query = select(scrub).where(scrub.c.ended_at.is_(None)).order_by(scrub.c.id.desc())
            row = connection.execute(query.limit(1)).one_or_none()
            if row is not None and fresh:
                connection.execute(delete(scrub).where(scrub.c.ended_at.is_(None)))
                row = None
            if row is None:
                zero = dict.fromkeys(
                    ("cursor", "object_count", "size_bytes", "damaged_count", "stray_count"), 0
                )
                row = connection.execute(
                    insert(scrub).returning(scrub), {"began_at": now, **zero}
                ).one()
        return _pass(row)

    def progress(self, scrubbed: ScrubPass) -> None:
        """Keep how far a pass is. Node-wide: as `begin`."""
        with self._database.write() as connection:
            connection.execute(
                update(scrub)
                .where(scrub.c.id == scrubbed.number)
                .values(
                    ended_at=scrubbed.ended_at,
                    cursor=scrubbed.cursor,
                    object_count=scrubbed.objects,
                    size_bytes=scrubbed.size_bytes,
                    damaged_count=scrubbed.damaged,
                    stray_count=scrubbed.strays,
                )
            )

    def last(self) -> ScrubPass | None:
        """Give the pass that was begun last. Node-wide: as `begin`."""
        with self._database.read() as connection:
            row = connection.execute(
                select(scrub).order_by(scrub.c.id.desc()).limit(1)
            ).one_or_none()
        return _pass(row) if row else None


class SqlOriginals:
    """What was written down of packs when they were described, or adopted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def same(self, pack: str, sizes_and_leaves: Sequence[tuple[int, bytes]]) -> bool | None:
        """Hold a pack's files against their roots. Node-wide: a pack is asked for by its key.

        None when nothing was written down, or of another number of files.
        """
        with self._database.read() as connection:
            offered = connection.execute(
                select(offered_pack.c.part, offered_pack.c.root).where(
                    offered_pack.c.pack_key == pack, offered_pack.c.current
                )
            ).all()
            adopted = connection.execute(
                select(adopted_pack.c.part, adopted_pack.c.root).where(
                    adopted_pack.c.pack_key == pack
                )
            ).all()
        named: dict[int, set[str]] = {}
        for part, root in [*offered, *adopted]:
            named.setdefault(part, set()).add(root)
        if sorted(named) != list(range(len(sizes_and_leaves))):
            return None
        return all(
            root_of(size, spine_of(leaves)) in named[part]
            for part, (size, leaves) in enumerate(sizes_and_leaves)
        )


def _values(one: Found, now: datetime) -> dict[str, Any]:
    return {
        "kind": one.kind.value,
        "tenant": one.tenant.value,
        "name": one.name,
        "study_id": one.study,
        "entries": list(one.entries),
        "instance_count": one.instances,
        "detail": one.detail[:_DETAIL],
        "found_at": now,
        "tried": "",
    }


def _audited(one: Found, detail: str, now: datetime) -> AuditEntry:
    return AuditEntry(
        tenant=one.tenant,
        at=now,
        actor=_SCRUBBER,
        action=Action.CHANGE,
        subject=f"{one.kind.value} {one.name}",
        door="worker",
        detail=detail[:200],
    )


def _damage(row: Row[Any]) -> Damage:
    return Damage(
        number=row.id,
        found=Found(
            kind=DamagedKind(row.kind),
            tenant=TenantId(row.tenant),
            name=row.name,
            study=row.study_id,
            entries=tuple(row.entries),
            instances=row.instance_count,
            detail=row.detail,
        ),
        found_at=row.found_at,
        tried=row.tried,
        tried_at=row.tried_at,
        mended_by=MendedBy(row.mended_by) if row.mended_by else None,
        mended_at=row.mended_at,
    )


def _pass(row: Row[Any]) -> ScrubPass:
    return ScrubPass(
        number=row.id,
        began_at=row.began_at,
        ended_at=row.ended_at,
        cursor=row.cursor,
        objects=row.object_count,
        size_bytes=row.size_bytes,
        damaged=row.damaged_count,
        strays=row.stray_count,
    )
