"""`archive.ports.SealIndex`: what to seal, and the one short transaction that publishes a pack.

Opened `FULL`: a segment may go only when the pack that replaces it is published for good.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, select, update

from archipel.archive.events import SeriesSealed
from archipel.archive.model import Sealed, SeriesKey, ToSeal
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.sql.archive_answers import PACK_COLUMNS, images
from archipel.stores.sql.archive_rows import uid_hash
from archipel.stores.sql.outbox import announce
from archipel.stores.sql.schema.archive import (
    instance,
    sealed_instance,
    segment,
    series,
    study,
)
from archipel.stores.sql.session import Database, upsert

_AT_ONCE = 1000


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
            held = tuple(one for _row, one, _said in images(connection, [row]))
        return ToSeal(key=key, generation=row.generation, instances=held)

    def publish(self, sealed: Sealed, *, now: datetime) -> bool:
        """Say that the series lies in this pack. Node-wide: the series names its tenant.

        False, and nothing changed, when the series is of another generation by now.
        """
        key = sealed.key
        with self._database.write() as connection:
            row = connection.execute(_series(key).with_for_update(of=series)).one_or_none()
            if row is None or row.sealed or row.generation != sealed.generation:
                return False
            self._leave_journal(connection, row.series_key)
            connection.execute(
                upsert(connection, sealed_instance).on_conflict_do_nothing(),
                [
                    {"uid_hash": uid_hash(held.key.sop_instance), "series_id": row.series_key}
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

    @staticmethod
    def _leave_journal(connection: Connection, series_key: int) -> None:
        gone = connection.execute(
            delete(instance)
            .where(instance.c.series_id == series_key)
            .returning(instance.c.segment)
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
