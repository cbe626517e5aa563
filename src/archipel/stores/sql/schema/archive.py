"""Tables of the archive: studies, series, open instances, what is sealed, what is set aside.

An open series has a row for each instance, with its place in the journal. A sealed one has a
packed index in its own row and, for each instance, only a 64-bit hash of its SOP Instance UID
(``sealed_instance``), so that duplicates and look-ups by UID work without a row per instance.
Texts that are searched by prefix collate by code point.
"""

from collections.abc import Iterator

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from archipel.stores.sql.schema.base import Instant, RowId, metadata

_PLAIN = Text().with_variant(Text(collation="C"), "postgresql")  # ranges and order by code point
_UID = String(64).with_variant(String(64, collation="C"), "postgresql")
_TENANT = String(48).with_variant(String(48, collation="C"), "postgresql")


def _attributes() -> "Column[bytes]":
    """Return the column of all indexed attributes of a level: msgpack of {tag: text}."""
    return Column("attributes", LargeBinary, nullable=False)


def _hidden(*levels: str) -> "Iterator[Column[int]]":
    """Give the counters of what is rejected: of all there is below, hidden from whom."""
    for of in levels:
        for whom in ("people", "all"):
            yield Column(f"hidden_{of}_from_{whom}", Integer, nullable=False, default=0)


patient_name = Table(
    "patient_name",
    metadata,
    Column("id", RowId, primary_key=True),
    Column(
        "name", _PLAIN, nullable=False, unique=True, comment="as matching.normalise_name has it"
    ),
)
name_token = Table(
    "name_token",
    metadata,
    Column("whole", Boolean, primary_key=True, comment="a component group, else one word of it"),
    Column("token", _PLAIN, primary_key=True),
    Column("name_id", RowId, ForeignKey("patient_name.id"), primary_key=True),
    sqlite_with_rowid=False,
)
Index("ix_name_token_name", name_token.c.name_id)

study = Table(
    "study",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("tenant", _TENANT, nullable=False, comment="the owner"),
    Column("study_instance_uid", _UID, nullable=False),
    Column("person", String(64), index=True),
    Column("patient_id", _PLAIN, nullable=False),
    Column("patient_issuer", _PLAIN, nullable=False),
    Column("name_id", RowId, ForeignKey("patient_name.id"), nullable=False, index=True),
    Column("patient_birth_date", _PLAIN, nullable=False),
    Column("patient_sex", _PLAIN, nullable=False),
    Column("moment", _PLAIN, nullable=False, comment="study date and time, 20 digits, or empty"),
    Column("study_time", _PLAIN, nullable=False, comment="as matching.normalise_time has it"),
    Column("accession_number", _PLAIN, nullable=False),
    Column("accession_issuer", _PLAIN, nullable=False),
    Column("study_id", _PLAIN, nullable=False),
    Column("description", _PLAIN, nullable=False),
    Column("referring_physician", _PLAIN, nullable=False, comment="normalised"),
    Column("modalities", _PLAIN, nullable=False, comment=r"\CT\SR\ : between backslashes"),
    Column(
        "said_urgency", SmallInteger, nullable=False, comment="what (0040,1003) says, as a rank"
    ),
    Column("series_count", Integer, nullable=False),
    Column("instance_count", Integer, nullable=False),
    *_hidden("instances", "series"),
    Column("announced_count", Integer, nullable=False),
    Column("announced_at", Instant, nullable=False),
    Column("received_first_at", Instant, nullable=False),
    Column("received_last_at", Instant, nullable=False),
    Column("completed_at", Instant),
    _attributes(),
    UniqueConstraint("tenant", "study_instance_uid"),
)
Index("ix_study_uid", study.c.study_instance_uid)
Index("ix_study_patient", study.c.patient_id, study.c.patient_issuer)
Index("ix_study_accession", study.c.accession_number)
Index("ix_study_birth_date", study.c.patient_birth_date)
Index(
    "ix_study_hidden",
    study.c.id,
    sqlite_where=text("hidden_instances_from_people > 0"),
    postgresql_where=text("hidden_instances_from_people > 0"),
)
Index("ix_study_moment", study.c.moment, study.c.id)
Index(
    "ix_study_incomplete",
    study.c.received_first_at,
    sqlite_where=text("completed_at IS NULL"),
    postgresql_where=text("completed_at IS NULL"),
)

withheld_study = Table(  # guests of other nodes that may not be shown any more, nor for now
    "withheld_study",
    metadata,
    Column("tenant", String(48), primary_key=True, comment="the owner"),
    Column("study_instance_uid", String(64), primary_key=True),
    Column("why", String(16), nullable=False),
    Column("at", Instant, nullable=False),
    sqlite_with_rowid=False,
)

study_organisation = Table(
    "study_organisation",
    metadata,
    Column("study_id", RowId, ForeignKey("study.id"), primary_key=True),
    Column("tenant", _TENANT, primary_key=True),
    Column("role", String(8), nullable=False, comment="owner or shared"),
    Column("moment", _PLAIN, nullable=False, comment="copy of study.moment, for the worklist"),
    Column("modalities", _PLAIN, nullable=False, comment="copy of study.modalities, likewise"),
    sqlite_with_rowid=False,
)
Index(
    "ix_study_organisation_worklist",
    study_organisation.c.tenant,
    study_organisation.c.moment,
    study_organisation.c.study_id,
    study_organisation.c.modalities,  # these two so that counting reads nothing else
    study_organisation.c.role,
)

withheld_share = Table(  # of our own studies to others of this node, while the patient opposes
    "withheld_share",
    metadata,
    Column("owner", _TENANT, primary_key=True),
    Column("study_instance_uid", _UID, primary_key=True),
    Column("tenant", _TENANT, primary_key=True, comment="who was let in, or would have been"),
)

study_conflict = Table(
    "study_conflict",
    metadata,
    Column("study_id", RowId, ForeignKey("study.id"), primary_key=True),
    Column("tag", Integer, primary_key=True),
    Column("offered", Text, primary_key=True),
    Column("held", Text, nullable=False),
    Column("source", Text, nullable=False, comment="empty: noted when a decision was taken"),
    Column("at", Instant, nullable=False),
    Column("kept", String(8), comment="held or offered, once somebody decided"),
    Column("settled_by", String(64)),
    Column("settled_at", Instant),
)
Index(
    "ix_study_conflict_open",
    study_conflict.c.study_id,
    sqlite_where=text("kept IS NULL"),
    postgresql_where=text("kept IS NULL"),
)

reception = Table(
    "reception",
    metadata,
    Column("study_id", RowId, ForeignKey("study.id"), primary_key=True),
    Column("association", _PLAIN, primary_key=True),
    Column("source", Text, nullable=False),
    Column("peer", Text, nullable=False),
    Column("door", Text, nullable=False),
    Column("instance_count", Integer, nullable=False),
    Column("duplicate_count", Integer, nullable=False),
    Column("quarantined_count", Integer, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
)

series = Table(
    "series",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("study_id", RowId, ForeignKey("study.id"), nullable=False),
    Column("tenant", _TENANT, nullable=False, comment="the owner"),
    Column("series_instance_uid", _UID, nullable=False),
    Column("modality", _PLAIN, nullable=False),
    Column("number", BigInteger, comment="(0020,0011) where it is a number"),
    Column("sop_classes", Text, nullable=False),
    Column("instance_count", Integer, nullable=False),
    *_hidden("instances"),
    Column("generation", Integer, nullable=False),
    Column("sealed", Boolean, nullable=False),
    Column("received_first_at", Instant, nullable=False),
    Column("received_last_at", Instant, nullable=False),
    Column("pack_key", Text, comment="of the last pack published; later instances may be open"),
    Column("pack_bytes", BigInteger),
    Column("pack_index", LargeBinary, comment="what the pack holds, see stores.packs.index"),
    _attributes(),
    UniqueConstraint("study_id", "series_instance_uid"),
)
Index("ix_series_uid", series.c.series_instance_uid)
Index(
    "ix_series_open",
    series.c.received_last_at,
    sqlite_where=text("NOT sealed"),
    postgresql_where=text("NOT sealed"),
)
Index("ix_series_pack", series.c.pack_key)

instance = Table(
    "instance",
    metadata,
    Column("sop_instance_uid", _UID, primary_key=True),
    Column("tenant", _TENANT, primary_key=True),
    Column("series_id", RowId, ForeignKey("series.id"), nullable=False, index=True),
    Column("sop_class", _UID, nullable=False),
    Column("transfer_syntax", _UID, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("number", BigInteger),
    Column("frames", Integer, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("source", Text, nullable=False),
    Column("segment", BigInteger, nullable=False),
    Column("offset", BigInteger, nullable=False),
    _attributes(),
    sqlite_with_rowid=False,
)

sealed_instance = Table(
    "sealed_instance",
    metadata,
    Column("uid_hash", BigInteger, primary_key=True, autoincrement=False),
    Column("series_id", RowId, ForeignKey("series.id"), primary_key=True),
    sqlite_with_rowid=False,
)
Index("ix_sealed_instance_series", sealed_instance.c.series_id)

quarantine = Table(
    "quarantine",
    metadata,
    Column("segment", BigInteger, primary_key=True, autoincrement=False),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("tenant", _TENANT, nullable=False),
    Column("reason", String(16), nullable=False),
    Column("study_instance_uid", _UID),
    Column("sop_instance_uid", _UID, nullable=False),
    Column("sop_class", _UID, nullable=False),
    Column("transfer_syntax", _UID, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("source", Text, nullable=False),
    Column("association", _PLAIN, nullable=False),
    Column("detail", Text, nullable=False),
    Column("resolved_by", String(64)),
    Column("resolved_at", Instant),
    Column("decision", String(16), comment="first or discarded, once somebody decided"),
    Column("why", Text, comment="of a discarded one"),
)
Index("ix_quarantine_tenant", quarantine.c.tenant, quarantine.c.received_at)

segment = Table(
    "segment",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=False),
    Column(
        "applied", BigInteger, nullable=False, comment="records below this offset are decided upon"
    ),
    Column("live", Integer, nullable=False, comment="records that are the only copy of something"),
    Column("host", Integer, nullable=False, comment="node.number of the home it lies in, or 0"),
)
