"""Tables of reading: leases, urgencies, reports.

They name an exam by its owner and Study Instance UID, never by the row id of ``study``: the
index can be rebuilt from packs and journal, and what people wrote must find its exam again.
"""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

from archipel.stores.sql.schema.archive import study
from archipel.stores.sql.schema.base import Instant, metadata

Index("ix_study_arrived", study.c.received_first_at, study.c.id)
# What was not sent as history; the condition is that of sql.reading_filters, word for word. On
# PostgreSQL it is no constant function of a row and the whole is indexed.
Index(
    "ix_study_fresh",
    study.c.received_first_at,
    sqlite_where=text(
        "moment = '' OR moment >= strftime('%Y%m%d', received_first_at, '-30 days')"
    ),
)

_LOGIN, _TENANT, _UID = String(64), String(48), String(64)
_DIGEST, _WORD = String(64), String(16)


def _exam() -> tuple[Column[str], Column[str]]:
    """Return the two columns that name an exam, part of the primary key."""
    return (
        Column("tenant", _TENANT, primary_key=True),
        Column("study_instance_uid", _UID, primary_key=True),
    )


exam_claim = Table(
    "exam_claim",
    metadata,
    *_exam(),
    Column("fence", Integer, primary_key=True, autoincrement=False),
    Column("login", _LOGIN, nullable=False),
    Column("name", Text, nullable=False),
    Column("reader_tenant", _TENANT, nullable=False),
    Column("since", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("reason", Text, nullable=False),
)
Index("ix_exam_claim_login", exam_claim.c.login, exam_claim.c.until)

exam_urgency = Table(
    "exam_urgency",
    metadata,
    *_exam(),
    Column("urgency", SmallInteger, nullable=False),
    Column("set_by", _LOGIN, nullable=False),
    Column("set_at", Instant, nullable=False),
)

report = Table(
    "report",
    metadata,
    *_exam(),
    Column("version", Integer, nullable=False),
    Column("author_login", _LOGIN, nullable=False),
    Column("author_name", Text, nullable=False),
    Column("author_tenant", _TENANT, nullable=False),
    Column("saved_at", Instant, nullable=False),
    Column("signed", _DIGEST),  # the document that closed this draft
)
Index("ix_report_author", report.c.author_login, report.c.saved_at)

report_version = Table(
    "report_version",
    metadata,
    *_exam(),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("author_login", _LOGIN, nullable=False),
    Column("author_name", Text, nullable=False),
    Column("author_tenant", _TENANT, nullable=False),
    Column("saved_at", Instant, nullable=False),
    Column("template", Text),
    Column("sections", JSON, nullable=False),
    Column("key_images", JSON, nullable=False),
    Column("plain_words", Text, nullable=False),
    Column("important", Boolean, nullable=False),
    Column("purpose", _WORD, nullable=False),
    Column("reason", Text, nullable=False),
)

report_preview = Table(  # the last version whose preview somebody saw
    "report_preview",
    metadata,
    *_exam(),
    Column("login", _LOGIN, primary_key=True),
    Column("version", Integer, nullable=False),
)

# Signed versions, for good. `content` is the canonical bytes that `digest` names.
report_document = Table(
    "report_document",
    metadata,
    *_exam(),
    Column("digest", _DIGEST, primary_key=True),
    Column("state", _WORD, nullable=False),
    Column("parents", JSON, nullable=False),
    Column("signer_login", _LOGIN, nullable=False),
    Column("signer_name", Text, nullable=False),
    Column("signer_tenant", _TENANT, nullable=False),
    Column("signed_at", Instant, nullable=False),
    Column("stale", Boolean, nullable=False),
    Column("release_at", Instant),
    Column("released_at", Instant),
    Column("withdrawn_at", Instant),
    Column("content", LargeBinary, nullable=False),
)
Index("ix_report_document_digest", report_document.c.digest)

# Which reading answers a request for it, as its facts were last folded.
report_choice = Table(
    "report_choice",
    metadata,
    *_exam(),
    Column("digest", _DIGEST, nullable=False),
    Column("settled", Boolean, nullable=False),
)

# What `reading.versions.fold` says of an exam's documents, for the lists; made again with each.
report_standing = Table(
    "report_standing",
    metadata,
    *_exam(),
    Column("digest", _DIGEST, nullable=False),
    Column("state", _WORD, nullable=False),
    Column("signer_login", _LOGIN, nullable=False),
    Column("signer_name", Text, nullable=False),
    Column("signer_tenant", _TENANT, nullable=False),
    Column("signed_at", Instant, nullable=False),
    Column("contested", Boolean, nullable=False),
)
Index("ix_report_standing_signer", report_standing.c.signer_login, report_standing.c.signed_at)
