"""Bring a database to this release's schema: Alembic, run from inside the package.

The first revision is data definition text, one file per engine in `ddl/`, rendered from the
metadata by ``scripts/migration``; later revisions are ordinary Alembic modules.
"""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_mock_engine
from sqlalchemy.sql.ddl import ExecutableDDLElement

from archipel.stores.sql.schema import metadata
from archipel.stores.sql.session import Database, alone

_HERE = Path(__file__).parent
_URLS = {"sqlite": "sqlite://", "postgresql": "postgresql+psycopg://"}
_BETWEEN = "\n\n"


def migrate(database: Database) -> None:
    """Bring `database` up to date, in one transaction. Doing it again changes nothing."""
    with database.write() as connection:
        alone(connection, "migrate")
        config = Config()
        config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def rendered(engine_name: str) -> str:
    """Render the whole metadata as the statements of one engine."""
    statements: list[str] = []

    def keep(statement: ExecutableDDLElement, *_arguments: object, **_options: object) -> None:
        lines = str(statement.compile(dialect=engine.dialect)).strip().splitlines()
        statements.append("\n".join(line.rstrip() for line in lines if line.strip()))

    engine = create_mock_engine(_URLS[engine_name], keep)
    metadata.create_all(engine, checkfirst=False)
    # A table keeps its indexes in a set: tables in order of dependence, then indexes by name.
    statements.sort(key=lambda said: said if " INDEX " in said.partition("\n")[0] else "")
    return _BETWEEN.join(f"{statement};" for statement in statements) + "\n"


def statements_of(revision: str, engine_name: str) -> Iterator[str]:
    """Give the statements of a revision that is kept as text."""
    text = files(__package__).joinpath("ddl", f"{revision}.{engine_name}.sql").read_text("utf-8")
    for statement in text.strip().split(_BETWEEN):
        yield statement.strip().removesuffix(";")
