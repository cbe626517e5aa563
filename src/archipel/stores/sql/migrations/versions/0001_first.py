"""The first schema, as text: see `ddl/0001.*.sql`, renewed by ``scripts/migration``."""

from alembic import op
from sqlalchemy import text

from archipel.stores.sql.migrations import statements_of

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    connection = op.get_bind()
    for statement in statements_of("0001", connection.dialect.name):
        connection.execute(text(statement.replace(":", r"\:")))
