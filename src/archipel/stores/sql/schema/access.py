"""Tables of access: organisations, devices, people, what they hold in hand, the audit.

Secrets are never here: a cookie, a token or an invitation is found by the SHA-256 of its 256
random bits, a password is kept as argon2id.
"""

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from archipel.stores.sql.schema.base import Instant, RowId, metadata

organisation = Table(
    "organisation",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("finess", Text),
)

called_title = Table(
    "called_title",
    metadata,
    Column("ae_title", Text, primary_key=True),  # one owner on the whole node
    Column("tenant", Text, ForeignKey("organisation.tenant"), nullable=False, index=True),
    Column("rank", Integer, nullable=False),
)

device = Table(
    "device",
    metadata,
    Column("tenant", Text, ForeignKey("organisation.tenant"), primary_key=True),
    Column("ae_title", Text, primary_key=True),
    Column("host", Text),
    Column("port", Integer),
    Column("may", JSON, nullable=False),  # sorted names of services
    Column("duties", JSON, nullable=False),  # sorted names
    Column("certificate", Text),  # SHA-256 fingerprint, hexadecimal
)

unknown_caller = Table(
    "unknown_caller",
    metadata,
    Column("calling", Text, primary_key=True),
    Column("called", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("first_seen", Instant, nullable=False),
    Column("last_seen", Instant, nullable=False),
    Column("knocks", RowId, nullable=False),
)
Index(None, unknown_caller.c.last_seen)

account = Table(
    "account",
    metadata,
    Column("login", Text, primary_key=True),
    Column("tenant", Text, ForeignKey("organisation.tenant"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("rpps", Text),  # French register of health professionals
    Column("active", Boolean, nullable=False),
    Column("password_hash", Text),
    Column("last_sign_in_at", Instant),
    Column("preferences", JSON, nullable=False),
)

browser_session = Table(
    "browser_session",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("id", Text, nullable=False),
    Column("login", Text, ForeignKey("account.login"), nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("address", Text, nullable=False),
    Column("agent", Text, nullable=False),
    UniqueConstraint("id"),
)

machine_token = Table(
    "machine_token",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("id", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("login", Text, ForeignKey("account.login"), nullable=False, index=True),
    Column("scopes", JSON, nullable=False),  # sorted names of permissions
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("last_used_at", Instant),
    Column("revoked", Boolean, nullable=False),
    UniqueConstraint("id"),
)

invitation = Table(
    "invitation",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("login", Text, ForeignKey("account.login"), unique=True),  # null: makes an account
    Column("tenant", Text, ForeignKey("organisation.tenant"), nullable=False),
    Column("role", Text, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

sign_in_failure = Table(
    "sign_in_failure",
    metadata,
    Column("login", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", Instant, nullable=False),
)
Index(None, sign_in_failure.c.last_at)

audit = Table(
    "audit",
    metadata,
    Column("sequence", RowId, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),  # ISO 8601, UTC, microseconds: the very text sealed
    Column("tenant", Text),
    Column("actor_kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("door", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
Index(None, audit.c.tenant, audit.c.sequence)
Index(None, audit.c.subject)

audit_head = Table(  # the newest row once more: a tail cut off is missed
    "audit_head",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True),
    Column("sequence", RowId, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
