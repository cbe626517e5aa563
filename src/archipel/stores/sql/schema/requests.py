"""Tables of requests for reading: where each stands as it was last folded, and who sees it.

The facts are the truth (`schema.exchange`); these rows are made again from them.
"""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
)

from archipel.stores.sql.schema.base import Instant, metadata

_ID, _TENANT, _UID = String(64), String(48), String(64)

reading_request = Table(
    "reading_request",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("tenant", _TENANT, nullable=False),  # who asked
    Column("exam_tenant", _TENANT),
    Column("study_instance_uid", _UID),
    Column("stage", String(16), nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("grants", Boolean, nullable=False, comment="its readers see its images"),
    Column("due", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("standing", JSON, nullable=False),
)
Index(
    "ix_reading_request_exam", reading_request.c.exam_tenant, reading_request.c.study_instance_uid
)
Index("ix_reading_request_open", reading_request.c.is_open, reading_request.c.due)

reading_request_party = Table(
    "reading_request_party",
    metadata,
    Column("request", _ID, ForeignKey(reading_request.c.id, ondelete="CASCADE"), primary_key=True),
    Column("tenant", _TENANT, primary_key=True),
)
Index("ix_reading_request_party_tenant", reading_request_party.c.tenant)

reading_request_exam = Table(  # what a request lets its readers see, or did
    "reading_request_exam",
    metadata,
    Column("request", _ID, ForeignKey(reading_request.c.id, ondelete="CASCADE"), primary_key=True),
    Column("tenant", _TENANT, primary_key=True, comment="the owner of the exam"),
    Column("study_instance_uid", _UID, primary_key=True),
)
Index(
    "ix_reading_request_exam_study",
    reading_request_exam.c.tenant,
    reading_request_exam.c.study_instance_uid,
)

reading_agreement = Table(
    "reading_agreement",
    metadata,
    Column("asking", _TENANT, primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("agreement", JSON, nullable=False),
    Column("name", Text, nullable=False),
)
