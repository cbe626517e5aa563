"""Instances of sealed series: found by a hash of their UID, read from the series' packed index."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from sqlalchemy import Connection, select

from archipel.archive.model import Held, SeriesKey
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.packs.index import Packed, unpack_index
from archipel.stores.sql.archive.rows import uid_hash
from archipel.stores.sql.archive.statements import SEALED_SERIES
from archipel.stores.sql.schema.archive import series, study

_AT_ONCE = 1000


@lru_cache(maxsize=32)
def packed(content: bytes, key: SeriesKey, pack: str) -> Sequence[Packed]:
    """Read the packed index of one series, in the order of its pack. Raises `Malformed`."""
    return tuple(unpack_index(content, key=key, pack=pack))


def sealed(connection: Connection, uids: Sequence[Uid], *, tenant: TenantId) -> Iterator[Held]:
    """Find those of `uids` that lie in sealed series of `tenant`."""
    hashes = [uid_hash(uid.value) for uid in uids]
    candidates: set[int] = set()
    for start in range(0, len(hashes), _AT_ONCE):
        some = {"hashes": hashes[start : start + _AT_ONCE]}
        candidates.update(connection.execute(SEALED_SERIES, some).scalars())
    asked = frozenset(uids)
    for number in candidates:
        query = (
            select(series, study.c.study_instance_uid)
            .join(study, study.c.id == series.c.study_id)
            .where(series.c.id == number, series.c.tenant == tenant.value)
        )
        row = connection.execute(query).one_or_none()
        if row is not None and row.pack_index is not None:
            key = SeriesKey(tenant, Uid(row.study_instance_uid), Uid(row.series_instance_uid))
            for one in packed(row.pack_index, key, row.pack_key):
                if one.held.key.sop_instance in asked:
                    yield one.held
