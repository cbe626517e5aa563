"""Tables of exchange: logs and their links, signed heads, peers, agreements, invitations.

A link is a fact with its canonical content, or only a stub where the content is withheld from
this node. Nothing is ever changed but a stub that becomes its fact.
"""

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
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

from archipel.stores.sql.schema.base import Instant, RowId, metadata

_PLAIN = Text().with_variant(Text(collation="C"), "postgresql")  # ranges and order by code point
_LOG = String(48).with_variant(String(48, collation="C"), "postgresql")
_HASH = String(64)

own_log = Table(
    "own_log",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True),
    Column("log", _LOG, nullable=False, comment="of this incarnation of the node"),
    Column("opened_at", Instant, nullable=False),
)

fact_log = Table(
    "fact_log",
    metadata,
    Column("log", _LOG, primary_key=True),
    Column("next", RowId, nullable=False, comment="the sequence that is needed next"),
    Column("hash", _HASH, nullable=False, comment="of the last link"),
    Column("clock", _PLAIN, nullable=False, comment="the latest reading in it"),
    Column("frozen", Boolean, nullable=False, comment="it forked: nothing more is taken in"),
)

fact = Table(
    "fact",
    metadata,
    Column("id", RowId, primary_key=True, comment="in the order they came to this node"),
    Column("log", _LOG, nullable=False),
    Column("sequence", RowId, nullable=False),
    Column("clock", _PLAIN, nullable=False),
    Column("hash", _HASH, nullable=False),
    Column("previous", _HASH, nullable=False),
    Column("digest", _HASH, nullable=False),
    Column("kind", Text, comment="null with all below: a stub"),
    Column("subject", _PLAIN),
    Column("home", String(32)),
    Column("tenant", String(48)),
    Column("patient", _PLAIN),
    Column("content", LargeBinary),
    sqlite_autoincrement=True,
)
Index("ix_fact_place", fact.c.log, fact.c.sequence, unique=True)
Index("ix_fact_clock", fact.c.clock, fact.c.log, fact.c.sequence)
Index("ix_fact_subject", fact.c.subject)
Index("ix_fact_kind", fact.c.kind, fact.c.id)
Index("ix_fact_patient", fact.c.patient)
Index(
    "ix_fact_stub",
    fact.c.log,
    fact.c.sequence,
    sqlite_where=text("kind IS NULL"),
    postgresql_where=text("kind IS NULL"),
)

fact_head = Table(  # signed by the writer; a relay can only cut where one stands
    "fact_head",
    metadata,
    Column("log", _LOG, primary_key=True),
    Column("sequence", RowId, primary_key=True, autoincrement=False),
    Column("hash", _HASH, nullable=False),
    Column("at", Instant, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("certificate", Text, nullable=False),
    sqlite_with_rowid=False,
)

fact_objection = Table(  # facts that are held, passed on, and count for nothing
    "fact_objection",
    metadata,
    Column("log", _LOG, primary_key=True),
    Column("sequence", RowId, primary_key=True, autoincrement=False),
    Column("tenant", String(48), nullable=False),
    Column("why", String(16), nullable=False),
    Column("at", Instant, nullable=False),
    sqlite_with_rowid=False,
)
Index(None, fact_objection.c.tenant)

organisation_home = Table(  # what the facts `node.homed` say
    "organisation_home",
    metadata,
    Column("tenant", String(48), primary_key=True),
    Column("node", String(32), nullable=False),
    Column("clock", _PLAIN, nullable=False, comment="of the fact it was taken from"),
)

peer = Table(
    "peer",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("address", Text, nullable=False),
    Column("standing", String(8), nullable=False),
    Column("authority", _HASH, nullable=False),
    Column("certificate", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("note", Text, nullable=False),
)

peer_authority = Table(  # who signs the certificates of the nodes, and which node keeps its key
    "peer_authority",
    metadata,
    Column("fingerprint", _HASH, primary_key=True),
    Column("certificate", Text, nullable=False),
    Column("keeper", String(32), nullable=False),
)

peer_invitation = Table(
    "peer_invitation",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("key", LargeBinary, nullable=False),
    Column("node", String(32), nullable=False),
    Column("organisations", JSON, comment="what it may be the home of; null: what nobody has"),
    Column("expires_at", Instant, nullable=False),
)

peer_agreement = Table(  # what the facts `node.agreed` say, for the filter of the feed
    "peer_agreement",
    metadata,
    Column("home", String(32), primary_key=True),
    Column("tenant", String(48), primary_key=True),
    Column("peer", String(32), primary_key=True),
    Column("capabilities", JSON, nullable=False),
    Column("purposes", JSON, nullable=False),
    Column("clock", _PLAIN, nullable=False, comment="of the fact it was taken from"),
)
Index(None, peer_agreement.c.peer)

line_change = Table(  # the journal of the lines to the peers, its oldest rows let go
    "line_change",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("peer", String(32), nullable=False),
    Column("line", String(16), nullable=False),
    Column("lasted_s", Float, comment="of the state before"),
    Column("detail", Text, nullable=False),
    sqlite_autoincrement=True,
)
Index("ix_line_change_peer", line_change.c.peer, line_change.c.id)
