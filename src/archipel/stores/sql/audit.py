"""The audit's rows and head. Appending is one at a time over all processes of the node."""

from collections.abc import Generator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Insert, Row, Select, insert, or_, select

from archipel.access.audit import NOTHING, chained, check, written
from archipel.access.model import Action, AuditEntry, AuditQuery, AuditRow, ChainState
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.errors import Malformed
from archipel.kernel.identifiers import TenantId
from archipel.stores.sql.schema.access import audit, audit_head
from archipel.stores.sql.session import Database, alone, upsert_of

_AT_ONCE = 2000


class SqlAudit:
    """`access.ports.Audit` and `access.ports.AuditTrail`. Needs a database opened `FULL`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, entries: Sequence[AuditEntry]) -> None:
        """Append in one transaction, durable on return."""
        if entries:
            with self._database.write() as connection:
                append(connection, entries)

    def search(self, wanted: AuditQuery, *, scope: Scope, node: bool) -> Sequence[AuditRow]:
        """Find rows, newest first."""
        within = audit.c.tenant.in_([tenant.value for tenant in scope.tenants])
        query = select(audit).where(or_(within, audit.c.tenant.is_(None)) if node else within)
        query = _narrowed(query, wanted).order_by(audit.c.sequence.desc()).limit(wanted.limit)
        with self._database.read() as connection:
            return [_row(row) for row in connection.execute(query)]

    def verify(self, anchor: tuple[int, bytes] | None = None) -> ChainState:
        """Recompute the whole chain. Node-wide: it runs through all organisations' rows."""
        with self._database.read() as connection:
            head = _head(connection)
            with closing(_all(connection)) as rows:
                return check(rows, head=head, anchor=anchor)

    def head(self) -> tuple[int, bytes]:
        """Give sequence and hash of the newest row. Node-wide: there is one chain."""
        with self._database.read() as connection:
            return _head(connection)


def append(connection: Connection, entries: Sequence[AuditEntry]) -> None:
    """Append in the caller's transaction, for what must be audited or not happen at all."""
    alone(connection, "audit")
    sequence, previous = _head(connection)
    rows = list(chained(entries, sequence=sequence, previous=previous))
    if not rows:
        return
    connection.execute(_APPEND, [_columns(row) for row in rows])
    head = {"id": 1, "sequence": rows[-1].sequence, "hash": rows[-1].hash}
    connection.execute(_move_head(connection.dialect.name), head)


_APPEND = insert(audit)  # built once: every search and every read waits for its row
_HEAD = select(audit_head.c.sequence, audit_head.c.hash)


@lru_cache
def _move_head(engine_name: str) -> Insert:
    new = upsert_of(engine_name, audit_head)
    return new.on_conflict_do_update(
        index_elements=["id"],
        set_={"sequence": new.excluded.sequence, "hash": new.excluded.hash},
    )


def _head(connection: Connection) -> tuple[int, bytes]:
    row = connection.execute(_HEAD).one_or_none()
    return (row[0], row[1]) if row else (0, NOTHING)


def _all(connection: Connection) -> Generator[AuditRow]:
    query = select(audit).order_by(audit.c.sequence)
    with connection.execution_options(yield_per=_AT_ONCE).execute(query) as result:
        for row in result:
            yield _row(row)


def _narrowed(query: Select[Any], wanted: AuditQuery) -> Select[Any]:
    if wanted.actor:
        query = query.where(audit.c.actor == wanted.actor)
    if wanted.action:
        query = query.where(audit.c.action == wanted.action.value)
    if wanted.subject:
        query = query.where(audit.c.subject == wanted.subject)
    if wanted.door:
        query = query.where(audit.c.door == wanted.door)
    if wanted.since:
        query = query.where(audit.c.at >= written(wanted.since))
    if wanted.before is not None:
        query = query.where(audit.c.sequence < wanted.before)
    return query


def _columns(row: AuditRow) -> dict[str, Any]:
    entry = row.entry
    return {
        "sequence": row.sequence,
        "at": written(entry.at),
        "tenant": entry.tenant.value if entry.tenant else None,
        "actor_kind": entry.actor.kind.value,
        "actor": entry.actor.name,
        "action": entry.action.value,
        "subject": entry.subject,
        "door": entry.door,
        "detail": entry.detail,
        "hash": row.hash,
    }


def _row(row: Row[Any]) -> AuditRow:
    try:
        entry = AuditEntry(
            tenant=None if row.tenant is None else TenantId(row.tenant),
            at=datetime.fromisoformat(row.at),
            actor=Actor(ActorKind(row.actor_kind), str(row.actor)),
            action=Action(row.action),
            subject=str(row.subject),
            door=str(row.door),
            detail=str(row.detail),
        )
    except (ValueError, TypeError, Malformed):
        entry = _UNREADABLE  # somebody wrote past this module: no hash will fit it
    return AuditRow(sequence=row.sequence, entry=entry, hash=row.hash)


_UNREADABLE = AuditEntry(
    tenant=None,
    at=datetime.fromtimestamp(0, UTC),
    actor=Actor(ActorKind.NODE, "?"),
    action=Action.CHANGE,
    subject="?",
    door="?",
    detail="this row cannot be read: it was altered",
)
