"""The ports of reading, in memory and on each database, and exams to put into them."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.identifiers import TenantId
from archipel.reading.model import Exam, Reader, SeriesSummary
from archipel.reading.ports import Changes, Claims, Drafts, Exams
from archipel.stores.sql.migrations import migrate
from archipel.stores.sql.reading import SqlChanges, SqlClaims, SqlDrafts
from archipel.stores.sql.reading_exams import SqlExams
from archipel.stores.sql.session import Database, open_database
from archipel.testing.exams import drawing, hold
from archipel.testing.memory_access import MemoryAudit
from archipel.testing.memory_reading import MemoryReading

NORTH, SOUTH = TenantId("north"), TenantId("south")
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
READER = Reader(login="letchimy", name="Dr TEST-LETCHIMY", tenant=NORTH)
OTHER = Reader(login="zobda", name="Dr TEST-ZOBDA", tenant=NORTH)


def scope_of(*tenants: TenantId, login: str = "letchimy") -> Scope:
    return Scope(Actor(ActorKind.PERSON, login), frozenset(tenants))


@dataclass(frozen=True)
class Room:
    """The ports, and how an exam comes to be there."""

    exams: Exams
    claims: Claims
    drafts: Drafts
    changes: Changes
    given: Callable[..., None]
    database: Database | None = None


@pytest.fixture
def exam() -> Callable[..., Exam]:
    return drawing(NORTH, now=NOW)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Path of an empty migrated SQLite database, to be copied: migrating takes half a second."""
    path = tmp_path_factory.mktemp("reading") / "index.db"
    database = open_database(f"sqlite:///{path}")
    migrate(database)
    database.close()
    return path


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def room(request: pytest.FixtureRequest, tmp_path: Path, migrated: Path) -> Iterator[Room]:
    if request.param == "memory":
        memory = MemoryReading()
        yield Room(memory, memory, memory, memory, memory.given)
        return
    if request.param == "sqlite":
        shutil.copy(migrated, tmp_path / "index.db")
        database = open_database(f"sqlite:///{tmp_path / 'index.db'}")
    else:
        database = open_database(request.getfixturevalue("fresh_postgresql"))
        migrate(database)
    yield sql_room(database)
    database.close()


def sql_room(database: Database) -> Room:
    def given(
        exam: Exam,
        *,
        shared_with: Sequence[TenantId] = (),
        series: Sequence[SeriesSummary] = (),
    ) -> None:
        hold(database, exam, shared_with, series)

    return Room(
        SqlExams(database),
        SqlClaims(database),
        SqlDrafts(database),
        SqlChanges(database),
        given,
        database,
    )


@pytest.fixture
def sqlite_room(tmp_path: Path, migrated: Path) -> Iterator[Room]:
    """Give the ports on SQLite, for what has no twin in memory."""
    shutil.copy(migrated, tmp_path / "index.db")
    database = open_database(f"sqlite:///{tmp_path / 'index.db'}")
    yield sql_room(database)
    database.close()


@pytest.fixture
def north() -> Scope:
    return scope_of(NORTH)


@pytest.fixture
def south() -> Scope:
    return scope_of(SOUTH)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def reader() -> Reader:
    return READER


@pytest.fixture
def other() -> Reader:
    return OTHER


@pytest.fixture
def audit() -> MemoryAudit:
    return MemoryAudit()
