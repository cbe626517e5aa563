"""Tables of reading: leases, urgencies, reports.

They name an exam by its owner and Study Instance UID, never by the row id of ``study``: the
index can be rebuilt from packs and journal, and what people wrote must find its exam again.
"""

from sqlalchemy import JSON, Column, Index, Integer, SmallInteger, String, Table, Text, text

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
)
