"""Copies every table of one database into another, of the same or another engine.

The source does not change meanwhile: whoever calls keeps the node stopped and names the source's
state by a `token`. Each step is one transaction of the target that says how far it has come, so a
copy that was killed goes on where it was; one of another state of the source begins again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    MetaData,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    text,
)

from archipel.kernel.errors import Conflict
from archipel.stores.sql.schema import metadata
from archipel.stores.sql.session import Database, upsert

_AT_ONCE = 1000
_state = Table(
    "moving",
    MetaData(),  # not of the schema: it is there only while a copy is under way
    Column("name", Text, primary_key=True),
    Column("rows", BigInteger, nullable=False),
    Column("token", Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Copied:
    """How far a table has come."""

    table: str
    rows: int


def begin(target: Database, token: str) -> None:
    """Make the target ready, or find it as it was left. Node-wide: a database as a whole.

    What was copied of another state of the source is deleted. Raises `Conflict` when the target
    holds anything else.
    """
    with target.write() as connection:
        _state.create(connection, checkfirst=True)
        tokens = set(connection.execute(select(_state.c.token)).scalars())
        if tokens and tokens != {token}:
            for table in reversed(metadata.sorted_tables):
                connection.execute(delete(table))
            connection.execute(delete(_state))
        elif not tokens:
            _refuse_others(connection)
        _note(connection, "", 0, token)


def copied(source: Database, target: Database, token: str) -> Iterator[Copied]:
    """Copy what is not copied yet, step by step. Node-wide: a database as a whole."""
    with target.read() as connection:
        done = dict(connection.execute(select(_state.c.name, _state.c.rows)).all())
    for table in metadata.sorted_tables:
        at = done.get(table.name, 0)
        query = select(table).order_by(*table.primary_key.columns).offset(at)
        with source.read() as reading:
            streamed = reading.execution_options(yield_per=_AT_ONCE).execute(query)
            for some in streamed.mappings().partitions(_AT_ONCE):
                with target.write() as connection:
                    connection.execute(insert(table), [dict(row) for row in some])
                    at += len(some)
                    _note(connection, table.name, at, token)
                yield Copied(table.name, at)


def rewind(target: Database, positions: Mapping[str, int]) -> int:
    """Let subscribers begin again where work of theirs was still due; returns how many do.

    Node-wide: the outbox serves all. A handler that is called again with the same has the same
    effect.
    """
    changed = 0
    with target.write() as connection:
        for subscriber, position in positions.items():
            moved = connection.execute(
                text(
                    "UPDATE outbox_position SET position = :position "
                    "WHERE subscriber = :subscriber AND position > :position"
                ),
                {"subscriber": subscriber, "position": position},
            )
            changed += moved.rowcount
    return changed


def finish(source: Database, target: Database) -> None:
    """Let numbers go on behind those that were used. Node-wide: a database as a whole."""
    used = _used(source)
    with target.write() as connection:
        if connection.dialect.name == "postgresql":
            for table in metadata.sorted_tables:
                _go_on(connection, table, used.get(table.name, 0))
        _state.drop(connection, checkfirst=True)


def _used(source: Database) -> Mapping[str, int]:
    """Return the highest numbers that were ever given, also to rows that are gone."""
    with source.read() as connection:
        if connection.dialect.name != "sqlite":
            return {}
        there = connection.execute(
            text("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_sequence'")
        ).scalar_one()
        if not there:
            return {}
        return dict(connection.execute(text("SELECT name, seq FROM sqlite_sequence")).all())


def _go_on(connection: Connection, table: Table, used: int) -> None:
    column = table.autoincrement_column
    if column is None:
        return
    sequence = connection.execute(
        select(func.pg_get_serial_sequence(table.name, column.name))
    ).scalar_one()
    highest = connection.execute(select(func.coalesce(func.max(column), 0))).scalar_one()
    last = max(int(highest), used)
    if sequence is not None and last:
        connection.execute(select(func.setval(sequence, last)))


def _refuse_others(connection: Connection) -> None:
    for table in metadata.sorted_tables:
        if connection.execute(select(table).limit(1)).first() is not None:
            raise Conflict(
                f"the database to move into holds rows already (table {table.name}): "
                "name an empty one"
            )


def _note(connection: Connection, name: str, rows: int, token: str) -> None:
    said: dict[str, Any] = {"rows": rows, "token": token}
    connection.execute(
        upsert(connection, _state)
        .values(name=name, **said)
        .on_conflict_do_update(index_elements=["name"], set_=said)
    )
