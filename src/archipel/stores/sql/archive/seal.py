"""`archive.ports.SealIndex` and `Holdings`: what is kept, what to seal, and how it is published.

Opened `FULL`: a segment may go only when the pack that replaces it is published for good.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, func, select, update

from archipel.archive.events import SeriesSealed
from archipel.archive.model import Held, JournalPlace, Sealed, SeriesKey, SetAside, ToSeal
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.sql.archive.answers import PACK_COLUMNS, images
from archipel.stores.sql.archive.packed import sealed as sealed_instances
from archipel.stores.sql.archive.quarantine import DISCARDED
from archipel.stores.sql.archive.rows import uid_hash
from archipel.stores.sql.outbox import announce
from archipel.stores.sql.schema.archive import (
    instance,
    quarantine,
    sealed_instance,
    segment,
    series,
    study,
)
from archipel.stores.sql.session import Database, upsert

_AT_ONCE = 1000
_SERIES_AT_ONCE = 20


class SqlSealIndex:
    """The index as sealing and reclaiming use it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def quiet_series(self, *, before: datetime, limit: int) -> Sequence[SeriesKey]:
        """Give open series that are quiet. Node-wide: every organisation's are sealed alike."""
        query = (
            select(series.c.tenant, study.c.study_instance_uid, series.c.series_instance_uid)
            .join(study, study.c.id == series.c.study_id)
            .where(~series.c.sealed, series.c.received_last_at < before)
            .order_by(series.c.received_last_at)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [
                SeriesKey(TenantId(tenant), Uid(study_uid), Uid(series_uid))
                for tenant, study_uid, series_uid in connection.execute(query)
            ]

    def to_seal(self, key: SeriesKey) -> ToSeal | None:
        """Give the whole series at one moment; None when nothing of it lies in the journal."""
        query = _series(key).where(~series.c.sealed)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
            if row is None:
                return None
            held = tuple(one for _row, one, _said in images(connection, [row], scope=None))
        return ToSeal(key=key, generation=row.generation, instances=held)

    def publish(self, sealed: Sealed, *, now: datetime) -> bool:
        """Say that the series lies in this pack. Node-wide: the series names its tenant.

        False, and nothing changed, when the series is of another generation by now.
        """
        with self._database.write() as connection:
            return publish(connection, sealed, now=now)

    def packs_in_use(self, packs: Collection[str]) -> Collection[str]:
        """Give those that some series lies in. Node-wide: a pack is asked for by its key."""
        wanted, used = list(packs), set[str]()
        with self._database.read() as connection:
            for start in range(0, len(wanted), _AT_ONCE):
                query = select(series.c.pack_key).where(
                    series.c.pack_key.in_(wanted[start : start + _AT_ONCE])
                )
                used.update(connection.execute(query).scalars())
        return used

    def idle_segments(self) -> Mapping[int, int]:
        """Give segments nothing lies in. Node-wide: a segment serves every organisation."""
        query = select(segment.c.id, segment.c.applied).where(segment.c.live == 0)
        with self._database.read() as connection:
            return dict(connection.execute(query).all())

    def forget_segments(self, segments: Collection[int]) -> None:
        """Drop the rows of segments that are gone. Node-wide: as above."""
        with self._database.write() as connection:
            connection.execute(
                delete(segment).where(segment.c.id.in_(segments), segment.c.live == 0)
            )


def publish(connection: Connection, sealed: Sealed, *, now: datetime) -> bool:
    """Do what `SqlSealIndex.publish` does, in the caller's transaction. Node-wide: as there."""
    key = sealed.key
    row = connection.execute(_series(key).with_for_update(of=series)).one_or_none()
    if row is None or row.sealed or row.generation != sealed.generation:
        return False
    _leave_journal(connection, row.series_key)
    connection.execute(
        upsert(connection, sealed_instance).on_conflict_do_nothing(),
        [
            {"uid_hash": uid_hash(held.key.sop_instance.value), "series_id": row.series_key}
            for held in sealed.instances
        ],
    )
    connection.execute(
        update(series)
        .where(series.c.id == row.series_key)
        .values(
            sealed=True,
            pack_key=sealed.pack,
            pack_bytes=sealed.size_bytes,
            pack_index=sealed.index,
        )
    )
    announce(
        connection,
        SeriesSealed(
            tenant=key.tenant,
            at=now,
            study=key.study,
            series=key.series,
            generation=sealed.generation,
        ),
    )
    return True


def _leave_journal(connection: Connection, series_key: int) -> None:
    gone = connection.execute(
        delete(instance).where(instance.c.series_id == series_key).returning(instance.c.segment)
    ).scalars()
    for number, records in Counter(gone).items():
        connection.execute(
            update(segment).where(segment.c.id == number).values(live=segment.c.live - records)
        )


def _series(key: SeriesKey) -> Select[Any]:
    return (
        select(
            study.c.tenant,
            study.c.study_instance_uid,
            series.c.id.label("series_key"),
            series.c.series_instance_uid,
            series.c.generation,
            series.c.sealed,
            *PACK_COLUMNS,
        )
        .select_from(series)
        .join(study, study.c.id == series.c.study_id)
        .where(
            study.c.tenant == key.tenant.value,
            study.c.study_instance_uid == key.study.value,
            series.c.series_instance_uid == key.series.value,
        )
    )


class SqlHoldings:
    """Reads page by page: a check takes hours and must hold no snapshot open."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def everything(self) -> Iterator[Held]:
        """Give every instance held. Node-wide: a damaged disk asks nobody whose it is."""
        last = 0
        while True:
            query = _kept().where(series.c.id > last).order_by(series.c.id).limit(_SERIES_AT_ONCE)
            with self._database.read() as connection:
                rows = connection.execute(query).all()
                held = [one for _row, one, _said in images(connection, rows, scope=None)]
            if not rows:
                return
            yield from held
            last = rows[-1].series_key

    def held(self, tenant: TenantId, sop_instance: Uid) -> Held | None:
        """Give one instance as it is held now."""
        query = (
            _kept()
            .join(instance, instance.c.series_id == series.c.id)
            .where(
                instance.c.tenant == tenant.value,
                instance.c.sop_instance_uid == sop_instance.value,
            )
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
            for _row, one, _said in images(connection, rows, scope=None):
                if one.key.sop_instance == sop_instance:
                    return one
            return next(sealed_instances(connection, [sop_instance], tenant=tenant), None)

    def set_aside(self) -> Iterator[SetAside]:
        """Give every record in quarantine. Node-wide: as `everything`."""
        last = (0, 0)
        place = (quarantine.c.segment, quarantine.c.offset)
        while True:
            segment, offset = last
            query = (
                select(quarantine)
                .where(quarantine.c.decision.is_distinct_from(DISCARDED))
                .where(
                    (quarantine.c.segment > segment)
                    | (quarantine.c.segment == segment) & (quarantine.c.offset > offset)
                )
                .order_by(*place)
                .limit(_AT_ONCE)
            )
            with self._database.read() as connection:
                rows = connection.execute(query).all()
            if not rows:
                return
            for row in rows:
                yield SetAside(
                    tenant=TenantId(row.tenant),
                    sop_instance=Uid(row.sop_instance_uid),
                    size_bytes=row.size_bytes,
                    place=JournalPlace(row.segment, row.offset),
                )
            last = (rows[-1].segment, rows[-1].offset)


def _kept() -> Select[Any]:
    return (
        select(
            study.c.tenant,
            study.c.study_instance_uid,
            series.c.id.label("series_key"),
            series.c.series_instance_uid,
            *PACK_COLUMNS,
        )
        .select_from(series)
        .join(study, study.c.id == series.c.study_id)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What the index says is kept."""

    studies: int
    series: int
    instances: int
    open_series: int
    quarantined: int
    sealed_bytes: int


class SqlTotals:
    """Figures of the whole index."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def totals(self) -> Totals:
        """Count what is kept. Node-wide: figures for the node page, of no patient."""
        with self._database.read() as connection:
            studies, instances = connection.execute(
                select(func.count(), func.coalesce(func.sum(study.c.instance_count), 0))
            ).one()
            count, sealed_bytes = connection.execute(
                select(func.count(), func.coalesce(func.sum(series.c.pack_bytes), 0))
            ).one()
            open_series = connection.execute(
                select(func.count()).where(~series.c.sealed)
            ).scalar_one()
            aside = connection.execute(
                select(func.count()).where(quarantine.c.resolved_at.is_(None))
            ).scalar_one()
        return Totals(
            studies=studies,
            series=count,
            instances=instances,
            open_series=open_series,
            quarantined=aside,
            sealed_bytes=sealed_bytes,
        )
