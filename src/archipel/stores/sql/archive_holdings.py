"""`archive.ports.Holdings`: everything the index says is kept, for those who check it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select

from archipel.archive.model import Held, JournalPlace, SetAside
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.sql.archive_answers import PACK_COLUMNS, images
from archipel.stores.sql.archive_packed import sealed
from archipel.stores.sql.schema.archive import instance, quarantine, series, study
from archipel.stores.sql.session import Database

_SERIES_AT_ONCE = 20
_RECORDS_AT_ONCE = 1000


class SqlHoldings:
    """Reads page by page: a check takes hours and must hold no snapshot open."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def everything(self) -> Iterator[Held]:
        """Give every instance held. Node-wide: a damaged disk asks nobody whose it is."""
        last = 0
        while True:
            query = _rows().where(series.c.id > last).order_by(series.c.id).limit(_SERIES_AT_ONCE)
            with self._database.read() as connection:
                rows = connection.execute(query).all()
                held = [one for _row, one, _said in images(connection, rows)]
            if not rows:
                return
            yield from held
            last = rows[-1].series_key

    def held(self, tenant: TenantId, sop_instance: Uid) -> Held | None:
        """Give one instance as it is held now."""
        query = (
            _rows()
            .join(instance, instance.c.series_id == series.c.id)
            .where(
                instance.c.tenant == tenant.value,
                instance.c.sop_instance_uid == sop_instance.value,
            )
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
            for _row, one, _said in images(connection, rows):
                if one.key.sop_instance == sop_instance:
                    return one
            return next(sealed(connection, [sop_instance], tenant=tenant), None)

    def set_aside(self) -> Iterator[SetAside]:
        """Give every record in quarantine. Node-wide: as `everything`."""
        last = (0, 0)
        place = (quarantine.c.segment, quarantine.c.offset)
        while True:
            segment, offset = last
            query = (
                select(quarantine)
                .where(
                    (quarantine.c.segment > segment)
                    | (quarantine.c.segment == segment) & (quarantine.c.offset > offset)
                )
                .order_by(*place)
                .limit(_RECORDS_AT_ONCE)
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


def _rows() -> Select[Any]:
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
            aside = connection.execute(select(func.count()).select_from(quarantine)).scalar_one()
        return Totals(
            studies=studies,
            series=count,
            instances=instances,
            open_series=open_series,
            quarantined=aside,
            sealed_bytes=sealed_bytes,
        )
