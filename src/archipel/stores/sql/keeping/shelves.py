"""`archive.keeping.ports.Shelves`: all that is kept, series by series, and where it lies."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, select, update

from archipel.archive.events import SeriesSealed
from archipel.archive.keeping.model import Shelf
from archipel.archive.model import JournalPlace, Sealed, SeriesKey, SetAside
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.sql.archive.answers import PACK_COLUMNS, in_order
from archipel.stores.sql.archive.answers import held as instances_of
from archipel.stores.sql.archive.seal import SqlHoldings, away_from, segment_of
from archipel.stores.sql.outbox import announce
from archipel.stores.sql.schema.archive import instance, segment, series, study
from archipel.stores.sql.schema.transfers import adopted_pack, offered_pack
from archipel.stores.sql.session import Database


class SqlShelves:
    """Reads page by page: a scrub takes days and must hold no snapshot open."""

    def __init__(self, database: Database, *, host: int | None = None) -> None:
        """Of several hosts each scrubs packs and its own journal: `host` is its number."""
        self._database, self._host = database, host

    def after(self, cursor: int, *, limit: int) -> Sequence[Shelf]:
        """Give the next shelves. Node-wide: a damaged disk asks nobody whose it is."""
        return self._found(
            _shelves().where(series.c.id > cursor).order_by(series.c.id).limit(limit)
        )

    def shelf(self, cursor: int) -> Shelf | None:
        """Give one shelf as it is now. Node-wide: as `after`."""
        found = self._found(_shelves().where(series.c.id == cursor))
        return found[0] if found else None

    def of_pack(self, pack: str) -> Shelf | None:
        """Give the shelf a pack belongs to. Node-wide: as `after`."""
        found = self._found(_shelves().where(series.c.pack_key == pack))
        return found[0] if found else None

    def of_study(self, study: int) -> Sequence[Shelf]:
        """Give the shelves of one study. Node-wide: as `after`."""
        return self._found(_shelves().where(series.c.study_id == study).order_by(series.c.id))

    def set_aside(self) -> Iterator[SetAside]:
        """Give what is in quarantine. Node-wide: as `after`."""
        return SqlHoldings(self._database, host=self._host).set_aside()

    def move(
        self, tenant: TenantId, sop_instance: Uid, old: JournalPlace, new: JournalPlace
    ) -> bool:
        """Say that an instance lies elsewhere in the journal; False when it left `old`."""
        moved = (
            update(instance)
            .where(
                instance.c.tenant == tenant.value,
                instance.c.sop_instance_uid == sop_instance.value,
                instance.c.segment == old.segment,
                instance.c.offset == old.offset,
            )
            .values(segment=new.segment, offset=new.offset)
        )
        with self._database.write() as connection:
            if not connection.execute(moved).rowcount:
                return False
            _live(connection, old.segment, -1)
            _live(connection, new.segment, 1)
        return True

    def repack(self, old: str, new: str) -> None:
        """Say that what lay in one pack lies in another. Node-wide: packs are asked for by key."""
        if old == new:
            return
        with self._database.write() as connection:
            for table in (series, offered_pack, adopted_pack):
                connection.execute(
                    update(table).where(table.c.pack_key == old).values(pack_key=new)
                )

    def rebuilt(self, old: str, sealed: Sealed, *, now: datetime) -> None:
        """Say that a pack was built again: its root is another. Node-wide: the series names its.

        What is known of the old file is forgotten, and the study is offered anew.
        """
        self.repack(old, sealed.pack)
        key = sealed.key
        with self._database.write() as connection:
            connection.execute(
                update(offered_pack)
                .where(offered_pack.c.pack_key == sealed.pack)
                .values(current=False)
            )
            connection.execute(delete(adopted_pack).where(adopted_pack.c.pack_key == sealed.pack))
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

    def _found(self, query: Select[Any]) -> Sequence[Shelf]:
        with self._database.read() as connection:
            rows = connection.execute(query).all()
            held = list(instances_of(connection, rows, scope=None))
            away = away_from(connection, self._host)
        by_series: dict[tuple[str, Uid, Uid], list[Any]] = {}
        for one in held:
            if segment_of(one) in away:
                continue
            key = (one.tenant.value, one.key.study, one.key.series)
            by_series.setdefault(key, []).append(one)
        return [_shelf(row, by_series) for row in rows]


def _shelf(row: Row[Any], held: dict[tuple[str, Uid, Uid], list[Any]]) -> Shelf:
    key = SeriesKey(
        TenantId(row.tenant), Uid(row.study_instance_uid), Uid(row.series_instance_uid)
    )
    mine = held.get((row.tenant, key.study, key.series), [])
    return Shelf(
        cursor=row.series_key,
        study=row.study_id,
        key=key,
        generation=row.generation,
        sealed=row.sealed,
        held=tuple(sorted(mine, key=in_order)),
    )


def _live(connection: Connection, number: int, more: int) -> None:
    connection.execute(
        update(segment).where(segment.c.id == number).values(live=segment.c.live + more)
    )


def _shelves() -> Select[Any]:
    return (
        select(
            study.c.tenant,
            study.c.study_instance_uid,
            series.c.study_id,
            series.c.id.label("series_key"),
            series.c.series_instance_uid,
            series.c.generation,
            series.c.sealed,
            *PACK_COLUMNS,
        )
        .select_from(series)
        .join(study, study.c.id == series.c.study_id)
    )
