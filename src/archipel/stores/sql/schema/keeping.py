"""Tables of the keeping room: damage that was found, and the scrubs that look for it."""

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, String, Table, Text, text

from archipel.stores.sql.schema.base import Instant, RowId, metadata

damage = Table(
    "damage",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("kind", String(8), nullable=False, comment="pack, record or aside"),
    Column("tenant", String(48), nullable=False, comment="the owner"),
    Column("name", Text, nullable=False, comment="a pack's key, or segment/offset"),
    Column("study_id", BigInteger, comment="our number of the study; it may be gone by now"),
    Column("entries", JSON, nullable=False, comment="positions in the pack; empty: all of it"),
    Column("instance_count", Integer, nullable=False),
    Column("detail", Text, nullable=False),
    Column("found_at", Instant, nullable=False),
    Column("tried", Text, nullable=False, comment="why the last try did not help"),
    Column("tried_at", Instant),
    Column("mended_by", String(16)),
    Column("mended_at", Instant),
)
Index(
    "ix_damage_open",
    damage.c.kind,
    damage.c.name,
    unique=True,
    sqlite_where=text("mended_at IS NULL"),
    postgresql_where=text("mended_at IS NULL"),
)

scrub = Table(
    "scrub",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("began_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("cursor", BigInteger, nullable=False, comment="number of the last series read"),
    Column("object_count", BigInteger, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("damaged_count", Integer, nullable=False),
    Column("stray_count", Integer, nullable=False, comment="packs that nothing points to"),
)
