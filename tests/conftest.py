"""Shared by all tests: a fresh database on each engine."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url

from archipel.stores.sql.migrations import migrate
from archipel.stores.sql.session import Database, open_database
from archipel.testing import postgresql


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """URL of a PostgreSQL server of this test run, or a skip that says why there is none."""
    why = postgresql.missing()
    if why:
        pytest.skip(why)
    with postgresql.server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'index.db'}"
    server = request.getfixturevalue("postgresql_server")
    name = f"t{uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return make_url(server).set(database=name).render_as_string()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Open a migrated database, on each engine in turn."""
    opened = open_database(database_url)
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Iterator[Database]:
    """Open a migrated SQLite database, for what need not run twice."""
    opened = open_database(f"sqlite:///{tmp_path / 'index.db'}")
    migrate(opened)
    yield opened
    opened.close()
