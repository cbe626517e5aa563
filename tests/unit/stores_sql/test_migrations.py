"""The migrated database is the one the code expects."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from archipel.stores.sql import migrations
from archipel.stores.sql.migrations import migrate, rendered
from archipel.stores.sql.schema import metadata
from archipel.stores.sql.session import Database


def _ours(thing: object, name: str | None, kind: str, reflected: bool, _other: object) -> bool:
    # Full-text tables are made by statements of their own, not by the metadata.
    return not (kind == "table" and reflected and "_fts" in (name or ""))


def test_migrated_equals_metadata(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": _ours})

        assert compare_metadata(context, metadata) == []


def test_migrating_again_changes_nothing(database: Database) -> None:
    migrate(database)


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_the_first_revision_is_renewed(engine: str) -> None:
    kept = Path(migrations.__file__).parent / "ddl" / f"0001.{engine}.sql"

    assert kept.read_text("utf-8") == rendered(engine), "run scripts/migration"
