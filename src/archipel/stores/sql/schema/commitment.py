"""Storage commitment transactions, both ways (PS3.4 Annex J), and who was told what."""

from sqlalchemy import JSON, Column, Index, Integer, String, Table, UniqueConstraint

from archipel.stores.sql.schema.base import Instant, RowId, metadata

commitment = Table(
    "commitment",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("tenant", String(48), nullable=False),
    Column("asker", String(8), nullable=False, comment="peer or us"),
    Column("peer", String(16), nullable=False, comment="its AE title"),
    Column("transaction_uid", String(64), nullable=False),
    Column("own", String(16), nullable=False, comment="our AE title in it"),
    Column("instances", JSON, nullable=False, comment="pairs of SOP class and instance"),
    Column("instance_count", Integer, nullable=False),
    Column("failed", JSON, nullable=False, comment="(0008,1197) by SOP instance"),
    Column("asked_at", Instant, nullable=False),
    Column("decided_at", Instant),
    Column("told_at", Instant),
    UniqueConstraint("tenant", "asker", "peer", "transaction_uid"),
)
Index("ix_commitment_asked", commitment.c.tenant, commitment.c.asked_at)
