"""Counts and digests of every table, the same on every engine, to prove a move by."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from blake3 import blake3
from sqlalchemy import Table, select

from archipel.stores.sql.schema import metadata
from archipel.stores.sql.session import Database

_AT_ONCE = 2000
_DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class Sum:
    """How many rows a table has, and the sum of their digests: engines order text differently."""

    rows: int
    digest: str


def sums(database: Database) -> Mapping[str, Sum]:
    """Read every table. Node-wide: a database as a whole."""
    return {table.name: _sum(database, table) for table in metadata.sorted_tables}


def _sum(database: Database, table: Table) -> Sum:
    count, total = 0, 0
    with database.read() as connection:
        rows = connection.execution_options(yield_per=_AT_ONCE).execute(select(table))
        for row in rows:
            said = json.dumps([_plain(value) for value in row], sort_keys=True).encode()
            total += int.from_bytes(blake3(said).digest(length=_DIGEST_BYTES), "big")
            count += 1
    bounded = total % (1 << 8 * _DIGEST_BYTES)
    return Sum(count, bounded.to_bytes(_DIGEST_BYTES, "big").hex())


def _plain(value: Any) -> Any:
    """Give a value that JSON has, and that tells its kind."""
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    if isinstance(value, bytes | memoryview):
        return {"bytes": bytes(value).hex()}
    return value
