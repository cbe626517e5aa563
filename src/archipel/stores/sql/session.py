"""One door to the database: SQLite (WAL) or PostgreSQL, a reader's side and a writer's side.

Readers get a snapshot and cannot write; writers queue (SQLite: BEGIN IMMEDIATE, because a deferred
transaction that turns into a writer fails at once instead of waiting). Only the ``with`` commits.
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any, cast

from sqlalchemy import Connection, Engine, Table, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql as postgresql_dialect
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from archipel.kernel.errors import ArchipelError, Exhausted, Unavailable

BUSY_TIMEOUT_S = 30
IDLE_S = 30.0  # within a transaction, before the server ends the session
_POOL: dict[str, Any] = {"pool_size": 8, "max_overflow": 56, "pool_timeout": BUSY_TIMEOUT_S}
_PATIENCE = {  # with a server that does not answer: libpq waits for ever by itself
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # ms
}
_IDLE_ENDED = "25P03"  # SQLSTATE of a session that slept within a transaction
_FULL_DISK = ("database or disk is full", "No space left on device")


class Durability(Enum):
    """What a commit promises.

    `REPLAYED` may, on SQLite, lose its last commits in a power cut, whole and in order: only for
    the index writer, which replays the journal when it starts. A later `FULL` commit makes all
    earlier ones durable. PostgreSQL can crash while the index writer lives, so there every commit
    is `FULL` (docs/adr/0135).
    """

    REPLAYED = "replayed"
    FULL = "full"


class Database:
    """Transactions on one database. Usable from any thread and on both sides of a fork."""

    def __init__(self, url: str, durability: Durability, idle_s: float = IDLE_S) -> None:
        self._url, self._durability = url, durability
        self._lock, self._pid = threading.Lock(), os.getpid()
        self._reader, self._writer = _engines(url, durability, idle_s)
        self.guards: list[Callable[[Connection], None]] = []  # asked before each write

    @property
    def engine_name(self) -> str:
        """Tell `sqlite` or `postgresql`."""
        return self._writer.dialect.name

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a read-only snapshot. Keep it short: on SQLite it holds the checkpoint back.

        Raises `Unavailable`.
        """
        with _said_plainly(), self._engine(writer=False).connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that commits at the end of the block, or leaves no trace.

        Raises `Unavailable`, or `Exhausted` when the disk is full.
        """
        with _said_plainly(), self._engine(writer=True).begin() as connection:
            for guard in self.guards:
                guard(connection)
            yield connection

    def close(self) -> None:
        """Let every idle connection go."""
        self._reader.dispose()
        self._writer.dispose()

    def _engine(self, *, writer: bool) -> Engine:
        if self._pid != os.getpid():
            with self._lock:
                if self._pid != os.getpid():
                    # The parent's connections stay the parent's: dropped here, never closed.
                    self._reader.dispose(close=False)
                    self._writer.dispose(close=False)
                    self._pid = os.getpid()
        return self._writer if writer else self._reader


def open_database(
    url: str, *, durability: Durability = Durability.FULL, idle_s: float = IDLE_S
) -> Database:
    """Open `url`: `sqlite:////path/index.db` or `postgresql+psycopg://...`. Connects lazily.

    PostgreSQL ends a session that does nothing within a transaction for `idle_s`.
    """
    return Database(url, durability, idle_s)


def alone(connection: Connection, name: str) -> None:
    """Let one transaction at a time pass this point, over all processes, until it ends.

    On SQLite the writer is alone already.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name}
        )


def upsert(connection: Connection, table: Table) -> sqlite_dialect.Insert:
    """Begin an INSERT that knows ON CONFLICT in the words of this engine."""
    return upsert_of(connection.dialect.name, table)


def upsert_of(engine_name: str, table: Table) -> sqlite_dialect.Insert:
    """Begin one for an engine by name, to be kept: building it costs more than running it."""
    if engine_name == "postgresql":
        # The two engines' classes offer the same methods; the annotation names one of them.
        return cast("sqlite_dialect.Insert", postgresql_dialect.insert(table))
    return sqlite_dialect.insert(table)


@contextmanager
def _said_plainly() -> Iterator[None]:
    try:
        yield
    except PoolTimeout as timeout:
        raise Unavailable("the database: no free connection within 30 s") from timeout
    except (OperationalError, InterfaceError) as failure:
        raise _kind_of(failure) from failure
    except InternalError as failure:
        if getattr(failure.orig, "sqlstate", None) != _IDLE_ENDED:
            raise
        raise _kind_of(failure) from failure


def _kind_of(failure: DBAPIError) -> ArchipelError:
    # The statement and its parameters are left out: they may name a patient.
    said = str(failure.orig).splitlines()[0] if failure.orig else "no answer"
    if any(words in said for words in _FULL_DISK):
        return Exhausted(f"the database: {said}")
    return Unavailable(f"the database does not answer: {said}")


def _engines(url: str, durability: Durability, idle_s: float) -> tuple[Engine, Engine]:
    if make_url(url).get_backend_name() == "sqlite":
        return _sqlite(url, durability, writer=False), _sqlite(url, durability, writer=True)
    return (
        _postgresql(url, idle_s, writer=False),
        _postgresql(url, idle_s, writer=True),
    )


def _postgresql(url: str, idle_s: float, *, writer: bool) -> Engine:
    # A process that is stopped in the middle of a transaction keeps its locks only so long; when
    # it wakes, its session is gone and what it had begun with it.
    idle = f"-c idle_in_transaction_session_timeout={int(idle_s * 1000)}ms"
    side = "-c synchronous_commit=on" if writer else "-c default_transaction_read_only=on"
    return create_engine(
        url,
        isolation_level="READ COMMITTED" if writer else "REPEATABLE READ",
        connect_args={"options": f"{idle} {side}", **_PATIENCE},
        pool_pre_ping=True,
        hide_parameters=True,
        **_POOL,
    )


def _sqlite(url: str, durability: Durability, *, writer: bool) -> Engine:
    engine = create_engine(
        url,
        connect_args={"timeout": BUSY_TIMEOUT_S, "isolation_level": None},
        hide_parameters=True,
        **_POOL,
    )
    synchronous = "NORMAL" if durability is Durability.REPLAYED else "FULL"
    opening = [f"PRAGMA synchronous={synchronous}", "PRAGMA foreign_keys=ON"]
    opening += ["PRAGMA journal_mode=WAL"] if writer else ["PRAGMA query_only=ON"]

    @event.listens_for(engine, "connect")
    def _open(raw: sqlite3.Connection, _record: object) -> None:
        for pragma in opening:
            raw.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # The driver is told to keep out (isolation_level=None): it would begin deferred.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")

    return engine
