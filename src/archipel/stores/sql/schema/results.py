"""Tables of results: links, what is released, who stands at the portal, mails that are due.

No secret is here: a session and a challenge are found by the SHA-256 of 256 random bits, a
patient's code and birth date by an HMAC whose key is a file of the node, and the secrets that are
mailed follow from that key alone. Exams are named as in ``schema.reading``.
"""

from sqlalchemy import (
    Boolean,
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

_TENANT, _UID, _LINK = String(48), String(64), String(16)


result_link = Table(
    "result_link",
    metadata,
    Column("id", _LINK, primary_key=True),
    Column("tenant", _TENANT, nullable=False),
    Column("study_instance_uid", _UID, nullable=False),
    Column("audience", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("mail", Text, nullable=False),  # lower case
    Column("language", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("content", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("code", LargeBinary),
    Column("birth", LargeBinary),
    Column("uses", Integer, nullable=False),
    Column("uses_allowed", Integer),
    Column("revoked_at", Instant),
    Column("revoked_by", Text, nullable=False),
    Column("opened_at", Instant),
    Column("acknowledged_at", Instant),
)
Index(None, result_link.c.tenant, result_link.c.study_instance_uid)
Index(None, result_link.c.code)
Index(None, result_link.c.mail)

portal_challenge = Table(
    "portal_challenge",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("link", _LINK, ForeignKey("result_link.id"), nullable=False, index=True),
    Column("generation", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("tries", Integer, nullable=False),
)

portal_session = Table(
    "portal_session",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("id", Text, nullable=False),
    Column("link", _LINK, ForeignKey("result_link.id"), nullable=False, index=True),
    Column("generation", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("address", Text, nullable=False),
    Column("agent", Text, nullable=False),
    UniqueConstraint("id"),
)

portal_try = Table(
    "portal_try",
    metadata,
    Column("subject", LargeBinary, primary_key=True),
    Column("since", Instant, nullable=False),  # of the window that runs
    Column("failures", Integer, nullable=False),  # in it
    Column("in_all", Integer, nullable=False),
    Column("last_at", Instant, nullable=False),
)
Index(None, portal_try.c.last_at)

release_rule = Table(
    "release_rule",
    metadata,
    Column("tenant", _TENANT, primary_key=True),
    Column("patient_after_s", Integer),  # null: after the referrer has spoken only
)

result_release = Table(
    "result_release",
    metadata,
    Column("tenant", _TENANT, primary_key=True),
    Column("study_instance_uid", _UID, primary_key=True),
    Column("version", String(64), nullable=False),  # digest of the signed report
    Column("final", Boolean, nullable=False),
    Column("released_at", Instant, nullable=False),
    Column("patient_at", Instant),
    Column("announced_at", Instant),
    Column("announced_by", Text, nullable=False),
)

questioned_access = Table(
    "questioned_access",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("tenant", _TENANT, nullable=False),
    Column("study_instance_uid", _UID, nullable=False),
    Column("link", _LINK, nullable=False),
    Column("sequence", RowId, nullable=False),  # of the audit row
    Column("words", Text, nullable=False),
    Column("at", Instant, nullable=False),
)
Index(None, questioned_access.c.tenant, questioned_access.c.study_instance_uid)

correspondent = Table(
    "correspondent",
    metadata,
    Column("tenant", _TENANT, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("mail", Text, nullable=False),
    Column("language", Text, nullable=False),
)

outgoing_mail = Table(
    "outgoing_mail",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("once", Text, nullable=False),
    Column("link", _LINK, ForeignKey("result_link.id"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("challenge", LargeBinary),
    Column("created_at", Instant, nullable=False),
    Column("begun_at", Instant),  # a try runs since then
    Column("sent_at", Instant),
    Column("tries", Integer, nullable=False),
    UniqueConstraint("once"),
)
