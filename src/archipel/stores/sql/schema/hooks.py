"""Tables of webhooks. A webhook's secret is in none: it follows from a key of the node."""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Integer, String, Table, Text

from archipel.stores.sql.schema.base import Instant, metadata

webhook = Table(
    "webhook",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("tenant", String(48), nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("kinds", JSON, nullable=False),
    Column("cursor", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("state", String(8), nullable=False),
    Column("due", Boolean, nullable=False),
    Column("run", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("failing_since", Instant),
    Column("reason", Text, nullable=False),
)

webhook_delivery = Table(  # the last ones of each
    "webhook_delivery",
    metadata,
    Column("webhook", String(16), ForeignKey("webhook.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("changes", Integer, nullable=False),
    Column("status", Integer, nullable=False),
    Column("duration_ms", Integer, nullable=False),
    Column("reason", Text, nullable=False),
)
