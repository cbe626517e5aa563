"""The outbox: facts announced in the transaction that made them true, and who has read them."""

from sqlalchemy import JSON, CheckConstraint, Column, Index, Integer, Table, Text

from archipel.stores.sql.schema.base import Instant, RowId, metadata

outbox = Table(
    "outbox",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("kind", Text, nullable=False),  # archive.SeriesReceived
    Column("tenant", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("body", JSON, nullable=False),
    # Numbers are never used again, not even those of rows swept away: positions rely on it.
    sqlite_autoincrement=True,
)
Index(None, outbox.c.at)

outbox_position = Table(
    "outbox_position",
    metadata,
    Column("subscriber", Text, primary_key=True),
    Column("position", RowId, nullable=False),
)

dead_letter = Table(
    "dead_letter",
    metadata,
    Column("fact", RowId, primary_key=True, autoincrement=False),  # may outlive the outbox's row
    Column("subscriber", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("body", JSON, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("asked_at", Instant, comment="somebody wants it delivered once more"),
)

outbox_era = Table(  # a database made again counts from 1 again: its facts are not the former ones
    "outbox_era",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True),
    Column("era", Text, nullable=False),
)
