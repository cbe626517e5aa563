"""Tables of identity: source patients, how they appeared, and the links between them.

Nothing is overwritten: a person is the `person` of its oldest source, a link that was taken back
keeps its row.
"""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from archipel.stores.sql.schema.base import Instant, RowId, metadata

_PLAIN = Text().with_variant(Text(collation="C"), "postgresql")  # ranges and order by code point

source_patient = Table(
    "source_patient",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("issuer", _PLAIN, nullable=False),
    Column("value", _PLAIN, nullable=False),
    Column("alone", _PLAIN, nullable=False, comment="the study, where there is no identifier"),
    Column("own_person", String(32), nullable=False, comment="while it is linked with nobody"),
    Column("person", String(32), nullable=False, index=True),
    Column("doubted", Boolean, nullable=False),
    Column("first_study", _PLAIN, nullable=False, comment="organisation/Study UID that named it"),
    Column("again", Boolean, nullable=False, comment="another study named it too"),
    Column("vouched", Boolean, nullable=False, comment="the identity desk looked"),
    Column("standing", String(16), nullable=False, comment="see identity.standing"),
    UniqueConstraint("value", "issuer", "alone"),
    sqlite_autoincrement=True,
)
Index(
    "ix_source_patient_doubted",
    source_patient.c.id,
    sqlite_where=text("doubted"),
    postgresql_where=text("doubted"),
)

appearance = Table(
    "appearance",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("source_id", RowId, ForeignKey("source_patient.id"), nullable=False),
    Column("tenant", String(48), nullable=False),
    Column("name", _PLAIN, nullable=False),
    Column("birth_date", _PLAIN, nullable=False),
    Column("sex", _PLAIN, nullable=False),
    Column("folded_birth_date", _PLAIN, nullable=False, index=True),
    Column("first_seen", Instant, nullable=False),
    Column("last_seen", Instant, nullable=False),
    UniqueConstraint("source_id", "tenant", "name", "birth_date", "sex"),
)

appearance_word = Table(
    "appearance_word",
    metadata,
    Column("word", _PLAIN, primary_key=True),
    Column("appearance_id", RowId, ForeignKey("appearance.id"), primary_key=True),
    sqlite_with_rowid=False,
)

source_link = Table(
    "source_link",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("one_id", RowId, ForeignKey("source_patient.id"), nullable=False, index=True),
    Column("other_id", RowId, ForeignKey("source_patient.id"), nullable=False, index=True),
    Column("by", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("undone_by", Text),
    Column("undone_at", Instant),
)
