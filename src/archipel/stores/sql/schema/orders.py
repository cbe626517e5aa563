"""Tables of orders: who sends messages, the messages whole, what they ask for, its steps."""

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from archipel.stores.sql.schema.base import Instant, RowId, metadata

_TENANT, _PLAIN = String(48), Text().with_variant(Text(collation="C"), "postgresql")

hl7_site = Table(
    "hl7_site",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("tenant", _TENANT, ForeignKey("organisation.tenant"), nullable=False),
    Column("application", Text, nullable=False, comment="MSH-3; empty: any"),
    Column("facility", Text, nullable=False, comment="MSH-4; empty: any"),
    Column("host", Text, nullable=False, comment="network address; empty: any"),
    Column("told", JSON, nullable=False),
    UniqueConstraint("application", "facility", "host"),
)

hl7_message = Table(
    "hl7_message",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("tenant", _TENANT, nullable=False),
    Column("site", Text, nullable=False),
    Column("application", _PLAIN, nullable=False),
    Column("facility", _PLAIN, nullable=False),
    Column("control_id", _PLAIN, nullable=False),
    Column("digest", LargeBinary(32), nullable=False, comment="of the body"),
    Column("kind", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("answers", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("settled_at", Instant, nullable=False),
    UniqueConstraint("tenant", "control_id", "application", "facility", "digest"),
    sqlite_autoincrement=True,
)
Index("ix_hl7_message_state", hl7_message.c.tenant, hl7_message.c.state, hl7_message.c.id)

imaging_order = Table(
    "imaging_order",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("tenant", _TENANT, nullable=False),
    Column("placer", _PLAIN),
    Column("placer_issuer", _PLAIN),
    Column("filler", _PLAIN),
    Column("filler_issuer", _PLAIN),
    Column("accession", _PLAIN),
    Column("accession_issuer", _PLAIN),
    Column("status", String(16), nullable=False),
    Column("standing", Text, nullable=False, comment="the order, as folded"),
    Column("changes", Text, nullable=False, comment="all that was said of it"),
    Column("changed_at", Instant, nullable=False),
)
Index("ix_imaging_order_placer", imaging_order.c.tenant, imaging_order.c.placer)
Index("ix_imaging_order_filler", imaging_order.c.tenant, imaging_order.c.filler)
Index("ix_imaging_order_accession", imaging_order.c.tenant, imaging_order.c.accession)

scheduled_step = Table(
    "scheduled_step",
    metadata,
    Column(
        "order_id",
        String(32),
        ForeignKey("imaging_order.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("number", Integer, primary_key=True),
    Column("tenant", _TENANT, nullable=False),
    Column("date", String(8), nullable=False),
    Column("time", String(16), nullable=False),
    Column("modality", String(16), nullable=False),
    Column("patient", _PLAIN, nullable=False, comment="identifier that goes on images"),
    sqlite_with_rowid=False,
)
Index("ix_scheduled_step_date", scheduled_step.c.tenant, scheduled_step.c.date)
