"""The tables, one module per domain; `metadata` knows them all."""

from archipel.stores.sql.schema import (
    access,
    archive,
    commitment,
    events,
    exchange,
    hooks,
    hosts,
    identity,
    keeping,
    orders,
    quality,
    reading,
    requests,
    results,
    steps,
    transfers,
)
from archipel.stores.sql.schema.base import metadata

__all__ = [
    "access",
    "archive",
    "commitment",
    "events",
    "exchange",
    "hooks",
    "hosts",
    "identity",
    "keeping",
    "metadata",
    "orders",
    "quality",
    "reading",
    "requests",
    "results",
    "steps",
    "transfers",
]
