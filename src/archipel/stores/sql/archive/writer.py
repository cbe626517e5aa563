"""The index writer's transactions: what a batch asks of the index, and how it is written.

Reads see rows by key only. On PostgreSQL the series that a batch touches are locked, because a
pack may be published meanwhile; on SQLite a writer is alone.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, select, update

from archipel.archive.model import (
    Arrival,
    AttributeConflict,
    Reception,
    Series,
    SeriesKey,
    Study,
    StudyKey,
)
from archipel.archive.ports import Changes
from archipel.archive.quality.model import Note
from archipel.identity.model import Appearance, PersonId, SourceKey, SourcePatient
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.sql.archive import rows
from archipel.stores.sql.archive import statements as say
from archipel.stores.sql.archive.names import name_ids
from archipel.stores.sql.archive.packed import sealed
from archipel.stores.sql.archive.quality import keep, noted, refresh, rejected
from archipel.stores.sql.archive.whole import everything_of
from archipel.stores.sql.audit import append
from archipel.stores.sql.identity import seen
from archipel.stores.sql.outbox import announce
from archipel.stores.sql.schema.archive import segment
from archipel.stores.sql.session import Database, alone

_AT_ONCE = 1000
INDEX = "index"  # the turn of the index writers of several hosts
_Key = TypeVar("_Key", StudyKey, SeriesKey)


class SqlIndex:
    """`archive.ports.Index`. Opened `REPLAYED` by the index writer, whose journal replays."""

    def __init__(self, database: Database, *, host: int = 0) -> None:
        """`host` is this home's number where several share the database."""
        self._database, self._host = database, host

    @contextmanager
    def transaction(self) -> Iterator["SqlIndexTransaction"]:
        """Begin one. Node-wide: the index writer serves every organisation.

        On PostgreSQL each host has a writer for its own journal: they take turns, as on SQLite.
        """
        with self._database.write() as connection:
            alone(connection, INDEX)
            yield SqlIndexTransaction(connection, host=self._host)

    def adopt_segments(self, numbers: Collection[int]) -> None:
        """Say that these segments lie in this home. Node-wide: a segment serves all."""
        mine = sorted(numbers)
        with self._database.write() as connection:
            for some in (mine[at : at + _AT_ONCE] for at in range(0, len(mine), _AT_ONCE)):
                connection.execute(
                    update(segment)
                    .where(segment.c.id.in_(some), segment.c.host != self._host)
                    .values(host=self._host)
                )

    def applied(self) -> Mapping[int, int]:
        """Give the applied offset of every segment. Node-wide: a segment serves all."""
        with self._database.read() as connection:
            found = connection.execute(select(segment.c.id, segment.c.applied))
            return dict(found.all())


class SqlIndexTransaction:
    """`archive.ports.IndexTransaction` on one connection. Node-wide: its keys name the tenant."""

    def __init__(self, connection: Connection, *, host: int = 0) -> None:
        self._connection, self._host = connection, host
        self._study_rows: dict[StudyKey, tuple[int, Study]] = {}
        self._series_ids: dict[SeriesKey, int] = {}

    def seen(
        self,
        key: SourceKey,
        appearance: Appearance,
        *,
        study: str,
        fresh: PersonId,
        doubtful: Callable[[tuple[Appearance, ...]], bool],
    ) -> SourcePatient:
        """Note an appearance of a patient. Node-wide: the appearance names its tenant."""
        return seen(self._connection, key, appearance, study=study, fresh=fresh, doubtful=doubtful)

    def applied(self, segments: Collection[int]) -> Mapping[int, int]:
        """Give applied offsets. Node-wide: a segment serves every organisation."""
        found = self._connection.execute(say.APPLIED, {"segments": list(segments)})
        return dict(found.all())

    def studies(self, keys: Collection[StudyKey]) -> Mapping[StudyKey, Study]:
        """Give those that are known."""
        for tenant, some in _by_tenant(keys):
            for uids in _pieces([key.study.value for key in some]):
                self._keep_studies(say.STUDIES, {"tenant": tenant.value, "uids": uids})
        return {key: self._study_rows[key][1] for key in keys if key in self._study_rows}

    def series(self, keys: Collection[SeriesKey]) -> Mapping[SeriesKey, Series]:
        """Give those that are known, locked."""
        found: dict[SeriesKey, Series] = {}
        for tenant, some in _by_tenant(keys):
            wanted = {(key.study.value, key.series.value): key for key in some}
            for uids in _pieces([key.series.value for key in some]):
                asked = {"tenant": tenant.value, "uids": uids}
                for row in self._connection.execute(say.SERIES, asked):
                    key = wanted.get((row.study_instance_uid, row.series_instance_uid))
                    if key is not None:
                        found[key] = rows.series_of(row, key)
                        self._series_ids[key] = row.id
        return found

    def digests(
        self, instances: Collection[tuple[TenantId, Uid]]
    ) -> Mapping[tuple[TenantId, Uid], bytes]:
        """Give the digests of those held. Node-wide: each pair names its tenant."""
        found: dict[tuple[TenantId, Uid], bytes] = {}
        wanted: dict[TenantId, dict[str, Uid]] = defaultdict(dict)
        for tenant, uid in instances:
            wanted[tenant][uid.value] = uid
        for tenant, uids in wanted.items():
            # Open rows first: an instance that is being sealed meanwhile is seen in one of two.
            for some in _pieces(list(uids)):
                asked = {"tenant": tenant.value, "uids": some}
                for uid, digest in self._connection.execute(say.DIGESTS, asked):
                    found[tenant, uids[uid]] = digest
            for held in sealed(self._connection, list(uids.values()), tenant=tenant):
                found.setdefault((tenant, held.key.sop_instance), held.digest)
        return found

    def rejected(
        self, instances: Collection[tuple[TenantId, Uid]]
    ) -> Mapping[tuple[TenantId, Uid], Note]:
        """Give the notes that stand against those rejected. Node-wide: each names its tenant."""
        return rejected(self._connection, instances)

    def heard(
        self, receptions: Collection[tuple[StudyKey, str]]
    ) -> Collection[tuple[StudyKey, str]]:
        """Give the pairs known already."""
        by_id = {
            self._study_rows[key][0]: key for key, _said in receptions if key in self._study_rows
        }
        asked = {"studies": list(by_id), "associations": list({said for _key, said in receptions})}
        found = self._connection.execute(say.HEARD, asked)
        return {(by_id[number], said) for number, said in found}

    def incomplete(self) -> Sequence[Study]:
        """Give studies that are not complete. Node-wide: quiet is looked for everywhere."""
        return self._keep_studies(say.INCOMPLETE, {})

    def write(self, changes: Changes) -> None:
        """Write one batch. Node-wide: every value in it names its tenant."""
        connection = self._connection
        self._write_studies(changes.studies)
        self._write_series(changes.series)
        if changes.instances:
            connection.execute(
                say.INSERT_INSTANCE,
                [
                    rows.instance_values(arrival, self._series_ids[_series_key(arrival)])
                    for arrival in changes.instances
                ],
            )
        self._write_conflicts(changes.conflicts)
        self._write_receptions(changes.receptions)
        if changes.quarantined:
            connection.execute(
                say.INSERT_QUARANTINE, [rows.quarantine_values(q) for q in changes.quarantined]
            )
        self._note(changes)
        self._write_segments(changes)
        for event in changes.events:
            announce(connection, event)
        if changes.audit:
            append(connection, changes.audit)

    def _note(self, changes: Changes) -> None:
        """Keep notes, and work out again what is hidden of every study they bear on."""
        keep(self._connection, changes.notes)
        touched = {_study_key(one) for one in changes.instances}
        for key in noted(self._connection, touched):
            refresh(self._connection, key, everything_of(self._connection, key))

    def _keep_studies(self, query: Select[Any], asked: dict[str, Any]) -> list[Study]:
        found: list[Study] = []
        for row in self._connection.execute(query, asked):
            known = rows.study_of(row)
            self._study_rows[known.key] = (row.id, known)
            found.append(known)
        return found

    def _write_studies(self, studies: Sequence[Study]) -> None:
        names = name_ids(
            self._connection, [rows.folded_name(one) for one in studies if self._news(one)]
        )
        for one in studies:
            known = self._study_rows.get(one.key)
            if known is None:
                number = self._insert_study(one, names[rows.folded_name(one)])
            else:
                number = known[0]
                self._update_study(number, known[1], one, names)
            self._study_rows[one.key] = (number, one)

    def _news(self, one: Study) -> bool:
        """Tell whether more than the counters of a study is new."""
        known = self._study_rows.get(one.key)
        return known is None or _described(known[1]) != _described(one)

    def _insert_study(self, one: Study, name_id: int) -> int:
        number: int = self._connection.execute(
            say.INSERT_STUDY, rows.study_values(one, name_id)
        ).scalar_one()
        self._connection.execute(
            say.INSERT_OWNER,
            {
                "study_id": number,
                "tenant": one.key.tenant.value,
                "role": say.OWNER,
                **rows.study_listing(one),
            },
        )
        return number

    def _update_study(
        self, number: int, known: Study, one: Study, names: Mapping[str, int]
    ) -> None:
        if not self._news(one):
            self._connection.execute(
                say.UPDATE_STUDY, {"number": number, **rows.study_counters(one)}
            )
            return
        values = rows.study_values(one, names[rows.folded_name(one)])
        if one.person == known.person:
            del values["person"]  # a link may be moving the study meanwhile (ADR 0093)
        self._connection.execute(say.UPDATE_STUDY, {"number": number, **values})
        if rows.study_listing(known) != rows.study_listing(one):
            listing = {"number": number, **rows.study_listing(one)}
            self._connection.execute(say.UPDATE_LISTING, listing)

    def _write_series(self, changed: Sequence[Series]) -> None:
        for one in changed:
            values = rows.series_values(one)
            number = self._series_ids.get(one.key)
            if number is not None:
                self._connection.execute(say.UPDATE_SERIES, {"series_key": number, **values})
                continue
            key = one.key
            values |= {
                "study_id": self._study_rows[StudyKey(key.tenant, key.study)][0],
                "tenant": key.tenant.value,
                "series_instance_uid": key.series.value,
            }
            self._series_ids[key] = self._connection.execute(
                say.INSERT_SERIES, values
            ).scalar_one()

    def _write_conflicts(self, conflicts: Sequence[AttributeConflict]) -> None:
        if conflicts:
            self._connection.execute(
                say.conflict(self._connection.dialect.name),
                [
                    {
                        "study_id": self._study_rows[conflict.key][0],
                        "tag": conflict.tag,
                        "offered": conflict.offered,
                        "held": conflict.held,
                        "source": conflict.source,
                        "at": conflict.at,
                    }
                    for conflict in conflicts
                ],
            )

    def _write_receptions(self, receptions: Sequence[Reception]) -> None:
        if not receptions:
            return
        self._connection.execute(
            say.reception_counts(self._connection.dialect.name),
            [
                {
                    "study_id": self._study_rows[one.key][0],
                    "association": one.association,
                    "source": one.source,
                    "peer": one.peer,
                    "door": one.door,
                    "instance_count": one.instances,
                    "duplicate_count": one.duplicates,
                    "quarantined_count": one.quarantined,
                    "first_at": one.first,
                    "last_at": one.last,
                }
                for one in receptions
            ],
        )

    def _write_segments(self, changes: Changes) -> None:
        if not changes.applied:
            return
        self._connection.execute(
            say.segment_applied(self._connection.dialect.name),
            [
                {
                    "id": number,
                    "applied": end,
                    "live": changes.live.get(number, 0),
                    "host": self._host,
                }
                for number, end in changes.applied.items()
            ],
        )


def _by_tenant(keys: Collection[_Key]) -> Iterator[tuple[TenantId, list[_Key]]]:
    grouped: dict[TenantId, list[_Key]] = defaultdict(list)
    for key in keys:
        grouped[key.tenant].append(key)
    yield from grouped.items()


def _pieces(values: list[str]) -> Iterator[list[str]]:
    return (values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE))


def _described(known: Study) -> tuple[object, ...]:
    """Give what else than counters a study row holds."""
    return known.attributes, known.accession, known.modalities, known.person, known.patient


def _study_key(arrival: Arrival) -> StudyKey:
    return StudyKey(arrival.receipt.tenant, arrival.key.study)


def _series_key(arrival: Arrival) -> SeriesKey:
    return SeriesKey(arrival.receipt.tenant, arrival.key.study, arrival.key.series)
