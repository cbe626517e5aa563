"""Tables of the keeping room: damage that was found, and the scrubs that look for it."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    text,
)

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

retention_rule = Table(
    "retention_rule",
    metadata,
    Column("tenant", String(48), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("body", JSON, nullable=False, comment="as archive.keeping.retention.rule_of reads it"),
    Column("set_by", String(64), nullable=False),
    Column("set_at", Instant, nullable=False),
)

legal_hold = Table(
    "legal_hold",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("tenant", String(48), nullable=False, index=True),
    Column("study_instance_uid", String(64), comment="null: all exams of the patient"),
    Column("patient_id", Text),
    Column("patient_issuer", Text),
    Column("reason", Text, nullable=False),
    Column("set_by", String(64), nullable=False),
    Column("set_at", Instant, nullable=False),
    Column("lifted_by", String(64)),
    Column("lifted_at", Instant),
)

patient_death = Table(
    "patient_death",
    metadata,
    Column("tenant", String(48), primary_key=True),
    Column("patient_id", Text, primary_key=True),
    Column("patient_issuer", Text, primary_key=True),
    Column("died_on", String(8), nullable=False, comment="YYYYMMDD"),
    Column("noted_by", String(64), nullable=False),
    Column("noted_at", Instant, nullable=False),
)

disposal = Table(
    "disposal",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("tenant", String(48), nullable=False, index=True),
    Column("stage", String(16), nullable=False),
    Column("proposed_by", String(64), nullable=False),
    Column("proposed_at", Instant, nullable=False),
    Column("decided_by", String(64)),
    Column("decided_at", Instant),
    Column("why", Text, nullable=False),
    Column("ended_at", Instant),
)

disposal_item = Table(
    "disposal_item",
    metadata,
    Column("disposal_id", RowId, ForeignKey("disposal.id"), primary_key=True),
    Column("study_instance_uid", String(64), primary_key=True),
    Column("rule", String(64), nullable=False),
    Column("keep_until", String(8), nullable=False, comment="YYYYMMDD"),
    Column("size_bytes", BigInteger, nullable=False),
    Column("instance_count", Integer, nullable=False),
    Column("outcome", String(8), comment="binned, gone or kept"),
    Column("detail", Text, nullable=False),
    Column("at", Instant),
)
