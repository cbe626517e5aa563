"""Transactions on both engines."""

import os
import threading

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

from archipel.kernel.errors import ArchipelError, Unavailable
from archipel.stores.sql.schema.events import outbox_position
from archipel.stores.sql.session import Database, Durability, alone, open_database


def _put(database: Database, name: str, position: int = 1) -> None:
    with database.write() as connection:
        connection.execute(insert(outbox_position).values(subscriber=name, position=position))


def _names(database: Database) -> list[str]:
    with database.read() as connection:
        return sorted(connection.scalars(select(outbox_position.c.subscriber)))


def test_what_the_block_ends_well_is_there(database: Database) -> None:
    _put(database, "a")

    assert _names(database) == ["a"]


def test_a_block_that_fails_leaves_no_trace(database: Database) -> None:
    with pytest.raises(KeyError), database.write() as connection:
        connection.execute(insert(outbox_position).values(subscriber="a", position=1))
        raise KeyError

    assert _names(database) == []


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises((DBAPIError, ArchipelError)), database.read() as connection:
        connection.execute(insert(outbox_position).values(subscriber="a", position=1))

    assert _names(database) == []


def test_a_reader_sees_one_moment(database: Database) -> None:
    with database.read() as connection:
        before = connection.scalars(select(outbox_position.c.subscriber)).all()
        _put(database, "later")

        assert connection.scalars(select(outbox_position.c.subscriber)).all() == before

    assert _names(database) == ["later"]


def test_read_then_write_loses_no_update_between_threads(database: Database) -> None:
    _put(database, "counter", 0)

    def add(times: int) -> None:
        for _ in range(times):
            with database.write() as connection:
                alone(connection, "counter")
                now = connection.scalars(select(outbox_position.c.position)).one()
                connection.execute(outbox_position.update().values(position=now + 1))

    threads = [threading.Thread(target=add, args=(25,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    with database.read() as connection:
        assert connection.scalars(select(outbox_position.c.position)).one() == 100


def test_a_child_after_fork_has_connections_of_its_own(database: Database) -> None:
    _put(database, "parent")

    child = os.fork()
    if child == 0:
        status = 1
        try:
            if _names(database) == ["parent"]:
                _put(database, "child")
                status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)

    assert status == 0
    _put(database, "parent again")
    assert _names(database) == ["child", "parent", "parent again"]


def test_a_database_that_is_not_there_is_unavailable() -> None:
    lost = open_database("sqlite:////nowhere/at/all/index.db")

    with pytest.raises(Unavailable, match="unable to open"), lost.read():
        pass


@pytest.mark.parametrize(
    ("durability", "synchronous"), [(Durability.FULL, 2), (Durability.REPLAYED, 1)]
)
def test_sqlite_syncs_as_promised(tmp_path, durability: Durability, synchronous: int) -> None:
    opened = open_database(f"sqlite:///{tmp_path / 'x.db'}", durability=durability)

    with opened.write() as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar() == synchronous
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
    opened.close()
