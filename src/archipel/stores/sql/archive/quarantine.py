"""`archive.ports.QuarantineDesk`: what was set aside, and who decided upon it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, select, tuple_, update

from archipel.archive.model import JournalPlace, QuarantineEntry, QuarantineReason
from archipel.kernel.actors import Scope
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.sql.schema.archive import instance, quarantine, segment
from archipel.stores.sql.session import Database

FIRST, DISCARDED = "first", "discarded"


class SqlQuarantine:
    """Reads and marks rows of ``quarantine``; the bytes stay where they are."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def entries(
        self, *, scope: Scope, after: JournalPlace | None = None, limit: int = 50
    ) -> Sequence[QuarantineEntry]:
        """See the port."""
        place = (quarantine.c.segment, quarantine.c.offset)
        query = _rows(scope).order_by(*(column.desc() for column in place)).limit(limit)
        if after is not None:
            query = query.where(tuple_(*place) < tuple_(after.segment, after.offset))
        with self._database.read() as connection:
            return [_entry(row) for row in connection.execute(query)]

    def entry(self, place: JournalPlace, *, scope: Scope) -> QuarantineEntry | None:
        """See the port."""
        with self._database.read() as connection:
            row = connection.execute(_rows(scope).where(_at(place))).one_or_none()
        return _entry(row) if row else None

    def resolve(self, place: JournalPlace, *, by: str, scope: Scope, now: datetime) -> None:
        """See the port."""
        this = and_(_at(place), _within(scope), quarantine.c.resolved_at.is_(None))
        with self._database.write() as connection:
            connection.execute(
                update(quarantine)
                .where(this)
                .values(resolved_by=by, resolved_at=now, decision=FIRST)
            )

    def reopen(self, place: JournalPlace, *, scope: Scope) -> None:
        """See the port."""
        this = and_(_at(place), _within(scope), quarantine.c.decision == FIRST)
        with self._database.write() as connection:
            connection.execute(
                update(quarantine)
                .where(this)
                .values(resolved_by=None, resolved_at=None, decision=None)
            )

    def discard(
        self, place: JournalPlace, *, by: str, why: str, scope: Scope, now: datetime
    ) -> None:
        """See the port."""
        kept = quarantine.c.decision.is_distinct_from(DISCARDED)
        given_up = {"resolved_by": by, "resolved_at": now, "decision": DISCARDED, "why": why}
        with self._database.write() as connection:
            changed = connection.execute(
                update(quarantine).where(_at(place), _within(scope), kept).values(**given_up)
            )
            if changed.rowcount:
                connection.execute(
                    update(segment)
                    .where(segment.c.id == place.segment)
                    .values(live=segment.c.live - 1)
                )


def _rows(scope: Scope) -> Select[Any]:
    same = and_(
        instance.c.tenant == quarantine.c.tenant,
        instance.c.sop_instance_uid == quarantine.c.sop_instance_uid,
    )
    return (
        select(quarantine, instance.c.digest.label("held_digest"))
        .select_from(quarantine.outerjoin(instance, same))
        .where(_within(scope))
    )


def _within(scope: Scope) -> Any:
    return quarantine.c.tenant.in_(sorted(tenant.value for tenant in scope.tenants))


def _at(place: JournalPlace) -> Any:
    return and_(quarantine.c.segment == place.segment, quarantine.c.offset == place.offset)


def _entry(row: Any) -> QuarantineEntry:
    return QuarantineEntry(
        place=JournalPlace(row.segment, row.offset),
        tenant=TenantId(row.tenant),
        reason=QuarantineReason(row.reason),
        study=Uid(row.study_instance_uid) if row.study_instance_uid else None,
        sop_instance=Uid(row.sop_instance_uid),
        received_at=row.received_at,
        source=row.source,
        offered_digest=row.digest,
        held_digest=row.held_digest,
        detail=row.detail,
        resolved_by=row.resolved_by,
        resolved_at=row.resolved_at,
        size_bytes=row.size_bytes,
        sop_class=Uid(row.sop_class),
        transfer_syntax=Uid(row.transfer_syntax),
        discarded=row.decision == DISCARDED,
    )
