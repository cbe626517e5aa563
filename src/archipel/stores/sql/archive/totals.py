"""Figures of what is kept, for the node page."""

from dataclasses import dataclass

from sqlalchemy import func, select

from archipel.stores.sql.schema.archive import quarantine, series, study
from archipel.stores.sql.session import Database


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
