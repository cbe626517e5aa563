"""Tables of rejection: notes, what they name, and what is therefore hidden (archive/quality).

``hidden_instance`` is a projection of the notes of its study, made again whenever one of them, or
an instance that one names, comes in. An instance may be named before it is held.
"""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from archipel.stores.sql.schema.base import Instant, RowId, metadata

rejection_note = Table(
    "rejection_note",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("tenant", String(48), nullable=False, comment="the owner of the study"),
    Column("sop_instance_uid", String(64), nullable=False),
    Column("series_instance_uid", String(64), nullable=False, comment="of the note itself"),
    Column("study_instance_uid", String(64), nullable=False),
    Column("reason", String(16), comment="null: it takes rejections back"),
    Column("why", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("at", Instant, nullable=False, comment="when the note was received"),
    Column("undoes", Text, nullable=False, comment="notes it takes back, between backslashes"),
    UniqueConstraint("tenant", "sop_instance_uid"),
)
Index(
    "ix_rejection_note_study",
    rejection_note.c.tenant,
    rejection_note.c.study_instance_uid,
)

rejection_note_instance = Table(
    "rejection_note_instance",
    metadata,
    Column("note_id", RowId, ForeignKey("rejection_note.id"), primary_key=True),
    Column("sop_instance_uid", String(64), primary_key=True),
    Column("series_instance_uid", String(64), nullable=False),
    sqlite_with_rowid=False,
)

hidden_instance = Table(
    "hidden_instance",
    metadata,
    Column("tenant", String(48), primary_key=True, comment="the owner of the study"),
    Column("study_instance_uid", String(64), primary_key=True),
    Column("sop_instance_uid", String(64), primary_key=True),
    Column("hidden", SmallInteger, nullable=False, comment="archive.quality.model.Hidden"),
    Column("reason", String(16), comment="null: it is a note"),
    Column("note", String(64), nullable=False, comment="the one that decides"),
    Column("held", Boolean, nullable=False),
    sqlite_with_rowid=False,
)
Index("ix_hidden_instance_uid", hidden_instance.c.sop_instance_uid, hidden_instance.c.tenant)

correction = Table(
    "correction",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("tenant", String(48), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("source", String(64), nullable=False, comment="Study Instance UID"),
    Column("target", String(64), nullable=False, comment="Study Instance UID of the copies"),
    Column("series", JSON, nullable=False, comment="Series Instance UIDs; empty: all"),
    Column("texts", JSON, nullable=False, comment="what the copies say, by tag"),
    Column("why", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("login", String(64), nullable=False),
    Column("institution", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("state", String(8), nullable=False),
    Column("detail", Text, nullable=False, comment="why it failed"),
    Column("settled_at", Instant),
    Column("note", String(64), nullable=False, comment="that rejects the originals"),
    Column("gone", String(64), nullable=False, comment="that rejects the copies, once undone"),
)
Index("ix_correction_at", correction.c.tenant, correction.c.at)
