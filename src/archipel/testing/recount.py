"""The index counted again from its rows: every counter must say what the rows say."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from sqlalchemy import Connection, select

from archipel.archive.model import SeriesKey
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.packs.index import unpack_index
from archipel.stores.sql.schema.archive import (
    instance,
    quarantine,
    sealed_instance,
    segment,
    series,
    study,
    study_organisation,
)
from archipel.stores.sql.session import Database


def drift(database: Database) -> list[str]:
    """Name every counter of the index that its rows do not bear out."""
    with database.read() as connection:
        return [*_of_series(connection), *_of_studies(connection), *_of_segments(connection)]


def digests(database: Database) -> dict[tuple[str, str], bytes]:
    """Give tenant, SOP Instance UID and digest of everything held, open or sealed."""
    with database.read() as connection:
        found = {
            (row.tenant, row.sop_instance_uid): row.digest
            for row in connection.execute(select(instance))
        }
        for tenant, held in _sealed(connection):
            found.update(((tenant, uid), digest) for uid, digest in held.items())
    return found


def _sealed(connection: Connection) -> Iterator[tuple[str, dict[str, bytes]]]:
    for row in connection.execute(select(series).where(series.c.pack_index.is_not(None))):
        # Only digests are read: the study does not matter here.
        key = SeriesKey(TenantId(row.tenant), Uid("1.2"), Uid(row.series_instance_uid))
        packed = unpack_index(row.pack_index, key=key, pack=row.pack_key)
        yield row.tenant, {str(p.held.key.sop_instance): p.held.digest for p in packed}


def _of_series(connection: Connection) -> Iterator[str]:
    opened = Counter(connection.execute(select(instance.c.series_id)).scalars())
    hashed = Counter(connection.execute(select(sealed_instance.c.series_id)).scalars())
    for row in connection.execute(select(series)):
        if opened[row.id] + hashed[row.id] != row.instance_count:
            yield f"series {row.id}: {row.instance_count} counted, {opened[row.id]} open"
        if row.sealed and opened[row.id]:
            yield f"series {row.id} is sealed but has open instances"


def _of_studies(connection: Connection) -> Iterator[str]:
    counts: Counter[int] = Counter()
    instances: Counter[int] = Counter()
    modalities: dict[int, set[str]] = {}
    for row in connection.execute(select(series)):
        counts[row.study_id] += 1
        instances[row.study_id] += row.instance_count
        modalities.setdefault(row.study_id, set()).update({row.modality} - {""})
    owners = Counter(
        connection.execute(
            select(study_organisation.c.study_id).where(study_organisation.c.role == "owner")
        ).scalars()
    )
    listings: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for one in connection.execute(select(study_organisation)):
        listings[one.study_id].append((one.moment, one.modalities))
    for row in connection.execute(select(study)):
        said = (row.series_count, row.instance_count, {*row.modalities.split("\\")} - {""})
        real = (counts[row.id], instances[row.id], modalities.get(row.id, set()))
        if said != real:
            yield f"study {row.id}: {said} counted, {real} there"
        if stray := [one for one in listings[row.id] if one != (row.moment, row.modalities)]:
            yield f"study {row.id} is listed as {stray[0]}"
        if owners[row.id] != 1:
            yield f"study {row.id} has {owners[row.id]} owners"
        if row.announced_count > row.instance_count:
            yield f"study {row.id}: {row.announced_count} announced of {row.instance_count}"


def _of_segments(connection: Connection) -> Iterator[str]:
    live = Counter(connection.execute(select(instance.c.segment)).scalars())
    live.update(connection.execute(select(quarantine.c.segment)).scalars())
    for row in connection.execute(select(segment)):
        if row.live != live[row.id]:
            yield f"segment {row.id}: {row.live} live counted, {live[row.id]} there"
