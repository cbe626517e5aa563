"""Shared by all tests: a fresh database on each engine."""

import gc
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import settings
from sqlalchemy import create_engine, make_url

from archipel.stores.sql.migrations import migrate
from archipel.stores.sql.session import Database, open_database
from archipel.testing import postgresql

settings.register_profile("busy", deadline=None)  # a busy machine is not a counterexample
settings.load_profile("busy")


def pytest_collection_finish() -> None:
    """Take what was imported out of the collector's way: it took a sixth of the suite's time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """URL of a PostgreSQL server of this test run, or a skip that says why there is none."""
    why = postgresql.missing()
    if why:
        pytest.skip(why)
    with postgresql.server() as url:
        yield url


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: str) -> str:
    """Name of a migrated database to copy: sooner than to migrate each."""
    name = "migrated"
    _execute(postgresql_server, f"CREATE DATABASE {name}")
    opened = open_database(make_url(postgresql_server).set(database=name).render_as_string())
    migrate(opened)
    opened.close()
    return name


@pytest.fixture
def fresh_postgresql(postgresql_server: str, postgresql_template: str) -> str:
    """URL of a migrated database of PostgreSQL, empty."""
    name = f"t{uuid4().hex}"
    _execute(postgresql_server, f"CREATE DATABASE {name} TEMPLATE {postgresql_template}")
    return make_url(postgresql_server).set(database=name).render_as_string()


def _execute(url: str, statement: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a database that is empty; on SQLite not yet migrated."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'index.db'}"
    url: str = request.getfixturevalue("fresh_postgresql")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Open a migrated database, on each engine in turn."""
    opened = open_database(database_url)
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """File of a migrated database to copy: sooner than to migrate each."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    opened = open_database(f"sqlite:///{path}")
    migrate(opened)
    opened.close()
    return path


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """Open a migrated SQLite database, for what need not run twice."""
    opened = open_database(f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'index.db')}")
    yield opened
    opened.close()


@pytest.fixture
def postgresql_database(fresh_postgresql: str) -> Iterator[Database]:
    """Open a migrated PostgreSQL database, or skip where there is no server."""
    opened = open_database(fresh_postgresql)
    migrate(opened)
    yield opened
    opened.close()
