"""`archive.ports.AdoptionTransaction`: the index writer's transaction that publishes as well.

Opened `FULL`, unlike the index writer's others: no journal would replay what is lost.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection, select

from archipel.archive.model import Sealed, SeriesKey
from archipel.stores.sql.archive.seal import publish
from archipel.stores.sql.archive.writer import INDEX, SqlIndexTransaction
from archipel.stores.sql.schema.archive import series, study
from archipel.stores.sql.session import Database, alone


class SqlAdoptionTransaction(SqlIndexTransaction):
    """Takes packs in. Node-wide: its keys name the tenant."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.connection = connection

    def packs_of(self, keys: Collection[SeriesKey]) -> Mapping[SeriesKey, tuple[int, str]]:
        """Give generation and pack of those that are sealed."""
        found: dict[SeriesKey, tuple[int, str]] = {}
        for key in keys:
            query = (
                select(series.c.generation, series.c.pack_key)
                .join(study, study.c.id == series.c.study_id)
                .where(
                    study.c.tenant == key.tenant.value,
                    study.c.study_instance_uid == key.study.value,
                    series.c.series_instance_uid == key.series.value,
                    series.c.sealed,
                )
            )
            row = self.connection.execute(query).one_or_none()
            if row is not None:
                found[key] = (row.generation, row.pack_key)
        return found

    def publish(self, sealed: Sealed, *, now: datetime) -> bool:
        """Publish a pack in this transaction. Node-wide: the series names its tenant."""
        return publish(self.connection, sealed, now=now)


@contextmanager
def adopting(database: Database) -> Iterator[SqlAdoptionTransaction]:
    """Begin one. Node-wide: as above."""
    with database.write() as connection:
        alone(connection, INDEX)
        yield SqlAdoptionTransaction(connection)
