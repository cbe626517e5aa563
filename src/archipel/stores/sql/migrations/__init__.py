"""Bring a database to this release's schema: Alembic, run from inside the package.

The first revision is data definition text, one file per engine in `ddl/`, rendered from the
metadata by ``scripts/migration``; later revisions are ordinary Alembic modules.
"""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from sqlalchemy import Connection, create_mock_engine, inspect, text
from sqlalchemy.sql.ddl import ExecutableDDLElement

from archipel.stores.sql.schema import metadata
from archipel.stores.sql.session import Database, alone

_HERE = Path(__file__).parent
_URLS = {"sqlite": "sqlite://", "postgresql": "postgresql+psycopg://"}
_BETWEEN = "\n\n"


def migrate(database: Database) -> None:
    """Bring `database` up to date, in one transaction. Doing it again changes nothing."""
    with database.read() as connection:
        if _is_newest(connection):
            return
    # Only now: at every other start of a node it would be read, and stay in memory, for nothing.
    from alembic import command  # noqa: PLC0415  (as just said)
    from alembic.config import Config  # noqa: PLC0415  (as above)

    with database.write() as connection:
        alone(connection, "migrate")
        config = Config()
        config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def newest() -> str:
    """Return the last revision: their modules are named in the order in which they follow."""
    revisions = (path.stem.partition("_")[0] for path in (_HERE / "versions").glob("[0-9]*.py"))
    return max(revisions)


def _is_newest(connection: Connection) -> bool:
    if not inspect(connection).has_table("alembic_version"):
        return False
    return connection.scalars(text("SELECT version_num FROM alembic_version")).all() == [newest()]


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
