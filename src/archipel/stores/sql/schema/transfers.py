"""Tables of what travels: manifests and pack digests offered, transfers wanted, provenance."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    text,
)

from archipel.stores.sql.schema.base import Instant, metadata

_TENANT = String(48)
_UID = String(64)
_NODE = String(64)
_DIGEST = String(64)

offered_study = Table(
    "offered_study",
    metadata,
    Column("manifest", _DIGEST, primary_key=True),
    Column("tenant", _TENANT, nullable=False, comment="the owner"),
    Column("study_instance_uid", _UID, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("current", Boolean, nullable=False, comment="false: another one supersedes it"),
)
Index(
    "ix_offered_study_current",
    offered_study.c.tenant,
    offered_study.c.study_instance_uid,
    unique=True,
    sqlite_where=text("current"),
    postgresql_where=text("current"),
)

offered_pack = Table(
    "offered_pack",
    metadata,
    Column("root", _DIGEST, primary_key=True),
    Column("tenant", _TENANT, nullable=False, comment="the owner"),
    Column("study_instance_uid", _UID, nullable=False),
    Column("pack_key", Text, nullable=False),
    Column("part", Integer, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("written_us", BigInteger, nullable=False, comment="as the pack's head says"),
    Column("entry", LargeBinary, nullable=False, comment="as the manifest has it"),
    Column("leaves", LargeBinary, nullable=False, comment="digests of all chunks"),
    Column("current", Boolean, nullable=False, comment="named by the study's current manifest"),
)
Index("ix_offered_pack_key", offered_pack.c.pack_key)
Index("ix_offered_pack_study", offered_pack.c.tenant, offered_pack.c.study_instance_uid)

transfer = Table(
    "transfer",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("tenant", _TENANT, nullable=False, comment="the owner"),
    Column("study_instance_uid", _UID, nullable=False),
    Column("from_node", _NODE, nullable=False),
    Column("wanted_by", _TENANT, nullable=False, comment="the organisation that will see it"),
    Column("of_class", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("wanted_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("first", JSON, nullable=False, comment="series a reader asks for"),
    Column("manifest", _DIGEST),
    Column("manifest_content", LargeBinary),
    Column("size_bytes", BigInteger, nullable=False),
    Column("done_bytes", BigInteger, nullable=False),
    Column("low_whole", Boolean, nullable=False),
    Column("detail", Text, nullable=False),
    Column("lease_holder", String(64)),
    Column("lease_until", Instant),
)
Index("ix_transfer_state", transfer.c.state, transfer.c.wanted_at)
Index("ix_transfer_wanted_by", transfer.c.wanted_by, transfer.c.changed_at)
Index("ix_transfer_study", transfer.c.tenant, transfer.c.study_instance_uid)

provenance = Table(
    "provenance",
    metadata,
    Column("tenant", _TENANT, primary_key=True, comment="the owner"),
    Column("study_instance_uid", _UID, primary_key=True),
    Column("manifest", _DIGEST, primary_key=True),
    Column("from_node", _NODE, nullable=False),
    Column("transfer", String(32), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    sqlite_with_rowid=False,
)

adopted_pack = Table(
    "adopted_pack",
    metadata,
    Column("root", _DIGEST, primary_key=True),
    Column("tenant", _TENANT, nullable=False, comment="the owner"),
    Column("pack_key", Text, nullable=False),
    Column("part", Integer, nullable=False),
)

link_window = Table(
    "link_window",
    metadata,
    Column("node", _NODE, primary_key=True),
    Column("rate_bytes_per_s", Float, nullable=False),
    Column("rtt_s", Float, nullable=False),
    Column("at", Instant, nullable=False),
)
