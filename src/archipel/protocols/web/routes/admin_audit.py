"""The audit: search within scope, and whether its chain holds."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query

from archipel.access.model import Action, AuditQuery, Permission
from archipel.access.model import AuditRow as KeptRow
from archipel.kernel.errors import Malformed
from archipel.protocols.web.models.admin import AuditFilters, AuditPage, AuditRow, ChainState
from archipel.protocols.web.services import Services
from archipel.protocols.web.visitors import SeesAudit

routes = APIRouter(prefix="/admin", tags=["administration"])


@routes.get("/audit", operation_id="search_audit")
def search_audit(
    filters: Annotated[AuditFilters, Query()], visitor: SeesAudit, services: Services
) -> AuditPage:
    """Rows of the audit within scope, newest first."""
    wanted = AuditQuery(
        actor=filters.actor,
        action=_action(filters.action),
        subject=filters.subject,
        door=filters.door,
        since=_aware(filters.since),
        before=_sequence(filters.before),
        limit=filters.limit + 1,
    )
    node = visitor.may(Permission.ADMINISTER_NODE)
    rows = services.trail.search(wanted, scope=visitor.scope, node=node)
    shown = rows[: filters.limit]
    return AuditPage(
        rows=[_row(row) for row in shown],
        next=str(shown[-1].sequence) if len(rows) > filters.limit else None,
    )


@routes.get("/audit/chain", operation_id="get_audit_chain")
def get_audit_chain(_visitor: SeesAudit, services: Services) -> ChainState:
    """Check the hash chain from its first row."""
    found = services.trail.verify()
    return ChainState(
        intact=found.intact,
        rows=found.rows,
        head=found.head.hex(),
        first_broken=found.first_broken,
        checked_at=services.clock(),
    )


def _action(text: str) -> Action | None:
    if not text:
        return None
    try:
        return Action(text)
    except ValueError:
        raise Malformed(f"no action {text[:32]!r} is audited") from None


def _sequence(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()):
        raise Malformed("`before` is the `next` of a former page")
    return int(text)


def _aware(moment: datetime | None) -> datetime | None:
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=UTC)


def _row(row: KeptRow) -> AuditRow:
    entry = row.entry
    return AuditRow(
        sequence=row.sequence,
        at=entry.at,
        organisation=entry.tenant.value if entry.tenant else None,
        actor=entry.actor.name,
        actor_kind=entry.actor.kind.value,
        action=entry.action.value,
        subject=entry.subject,
        door=entry.door,
        detail=entry.detail,
        hash=row.hash.hex(),
    )
