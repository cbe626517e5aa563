"""Several hosts over one database: what one process holds alone, and what may not come back."""

from sqlalchemy import BigInteger, Column, String, Table, Text

from archipel.stores.sql.schema.base import Instant, metadata

lease = Table(
    "lease",
    metadata,
    Column("name", String(64), primary_key=True, comment="work-3: the worker of host 3"),
    Column("holder", String(128), nullable=False, comment="empty: nobody"),
    Column("fence", BigInteger, nullable=False, comment="grows with each taking"),
    Column("until", Instant, nullable=False),
)

condemned_pack = (
    Table(  # nothing pointed to it, so it is deleted: it may not be published any more
        "condemned_pack",
        metadata,
        Column("pack_key", Text, primary_key=True),
        Column("at", Instant, nullable=False, index=True),
    )
)
