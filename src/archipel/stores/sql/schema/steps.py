"""Unified procedure steps, who watches them, and the reports that wait (PS3.4 Annex CC)."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from archipel.stores.sql.schema.base import Instant, RowId, metadata

_TENANT, _UID, _TITLE = String(48), String(64), String(16)
_PLAIN = Text().with_variant(Text(collation="C"), "postgresql")

workitem = Table(
    "workitem",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("tenant", _TENANT, nullable=False),
    Column("uid", _UID, nullable=False),
    Column("state", String(16), nullable=False),
    Column("transaction_uid", _UID),
    Column("patient_id", _PLAIN, nullable=False),
    Column("start", _PLAIN, nullable=False, comment="scheduled, as it is written"),
    Column("modified_at", Instant, nullable=False),
    Column("content", LargeBinary, nullable=False, comment="DICOM JSON"),
    UniqueConstraint("tenant", "uid"),
)
Index("ix_workitem_start", workitem.c.tenant, workitem.c.state, workitem.c.start)

step_watch = Table(  # of steps to come
    "step_watch",
    metadata,
    Column("tenant", _TENANT, primary_key=True),
    Column("subscriber", _TITLE, primary_key=True),
    Column("target", _UID, primary_key=True, comment="a well-known UID"),
    Column("lock", Boolean, nullable=False),
    Column("keys", JSON, nullable=False, comment="pairs of path and key; none: every step"),
    sqlite_with_rowid=False,
)

step_subscription = Table(
    "step_subscription",
    metadata,
    Column("workitem_id", RowId, ForeignKey("workitem.id"), primary_key=True),
    Column("subscriber", _TITLE, primary_key=True),
    Column("lock", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

step_report = Table(
    "step_report",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("tenant", _TENANT, nullable=False),
    Column("subscriber", _TITLE, nullable=False),
    Column("content", LargeBinary, nullable=False, comment="DICOM JSON"),
    Column("at", Instant, nullable=False),
)
Index("ix_step_report_waiting", step_report.c.tenant, step_report.c.subscriber, step_report.c.id)
