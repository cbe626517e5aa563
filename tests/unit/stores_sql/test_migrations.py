"""The migrated database is the one the code expects."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from archipel.stores.sql import migrations
from archipel.stores.sql.migrations import migrate, newest, rendered
from archipel.stores.sql.schema import metadata
from archipel.stores.sql.session import Database, open_database


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


def test_the_newest_revision_is_the_one_alembic_ends_at() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))

    assert ScriptDirectory.from_config(config).get_heads() == [newest()]


def test_a_node_that_is_up_to_date_starts_without_alembic(tmp_path: Path) -> None:
    """What is read before the roles fork stays in the memory of each."""
    url = f"sqlite:///{tmp_path / 'index.db'}"
    migrate(open_database(url))
    program = (
        "import sys\n"
        "from archipel.app import index_process\n"
        "from archipel.stores.sql.session import open_database\n"
        f"index_process.migrate(open_database({url!r}))\n"
        "sys.exit('alembic' in sys.modules)\n"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
