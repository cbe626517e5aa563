"""The node page and the quarantine."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from archipel.archive.model import JournalPlace, QuarantineEntry
from archipel.archive.quarantine import keep_first
from archipel.kernel.errors import Malformed, NotFound
from archipel.kernel.identifiers import TenantId
from archipel.protocols.web.models.node import (
    DropWork,
    NodeStatus,
    QuarantineDecision,
    QuarantinedInstance,
    QuarantinePage,
    StuckWorkPage,
)
from archipel.protocols.web.services import Services
from archipel.protocols.web.views import Sites
from archipel.protocols.web.visitors import Administers, SeesNode
from archipel.reading.model import ExamId

routes = APIRouter(prefix="/node", tags=["node"])
LARGEST = 2**63 - 1  # as the index keeps a number; a segment is named by any up to it
DIGITS = len(str(LARGEST))


@routes.get("", operation_id="get_node")
def get_node(_visitor: SeesNode, services: Services) -> NodeStatus:
    """Doors, processes, disk, lag, sealing, alarms, read-only state."""
    return services.status()


@routes.get("/stuck-work", operation_id="list_stuck_work")
def list_stuck_work(visitor: SeesNode, services: Services) -> StuckWorkPage:
    """Work that failed for good, with its error in words and whose it is by name."""
    sites, stuck = Sites(services.desk.organisations), services.letters.listed(scope=visitor.scope)
    return StuckWorkPage(
        work=[
            one.model_copy(update={"organisation": sites.of(TenantId(one.organisation)).name})
            if one.organisation
            else one
            for one in stuck
        ]
    )


@routes.post("/stuck-work/{work}/retry", operation_id="retry_work", status_code=202)
def retry_work(work: str, visitor: Administers, services: Services) -> None:
    """Ask for one more try; audited. The worker takes it up when it runs."""
    services.letters.retry(work, scope=visitor.scope)


@routes.post("/stuck-work/{work}/drop", operation_id="drop_work", status_code=204)
def drop_work(work: str, why: DropWork, visitor: Administers, services: Services) -> None:
    """Forget it for a reason; audited."""
    services.letters.drop(work, reason=why.reason, scope=visitor.scope)


@routes.get("/quarantine", operation_id="list_quarantine")
def list_quarantine(
    visitor: SeesNode,
    services: Services,
    after: Annotated[str | None, Query(max_length=64)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> QuarantinePage:
    """Instances kept aside: other bytes are held under their UID, or they name no place."""
    found = services.quarantine.entries(scope=visitor.scope, after=_cursor(after), limit=limit + 1)
    sites = Sites(services.desk.organisations)
    shown = found[:limit]
    return QuarantinePage(
        instances=[quarantined_view(one, sites) for one in shown],
        next=_name(shown[-1].place) if len(found) > limit else None,
    )


@routes.post("/quarantine/{instance}/resolve", operation_id="resolve_quarantine")
def resolve_quarantine(
    instance: str,
    decision: QuarantineDecision,  # noqa: ARG001 (there is one; the body says that it is meant)
    visitor: Administers,
    services: Services,
) -> QuarantinedInstance:
    """Decide, with audit: the first stays, the alarm is closed."""
    place = place_of(instance)
    if place is None:
        raise NotFound("there is nothing of this name in quarantine")
    decided = keep_first(
        place,
        by=visitor.person.login,
        scope=visitor.scope,
        desk=services.quarantine,
        audit=services.desk.audit,
        now=services.clock(),
    )
    return quarantined_view(decided, Sites(services.desk.organisations))


def quarantined_view(one: QuarantineEntry, sites: Sites) -> QuarantinedInstance:
    """Return one record that was set aside."""
    return QuarantinedInstance(
        id=_name(one.place),
        organisation=sites.of(one.tenant),
        study_instance_uid=one.study.value if one.study else "",
        sop_instance_uid=one.sop_instance.value,
        exam=str(ExamId(one.tenant, one.study)) if one.study else None,
        received_at=one.received_at,
        source=one.source,
        reason=one.reason.value,
        held_digest=one.held_digest.hex() if one.held_digest else None,
        offered_digest=one.offered_digest.hex(),
        size_bytes=one.size_bytes,
        state=_state(one),
    )


def _state(one: QuarantineEntry) -> Literal["open", "resolved", "discarded"]:
    if one.discarded:
        return "discarded"
    return "open" if one.resolved_at is None else "resolved"


def _name(place: JournalPlace) -> str:
    return f"{place.segment}-{place.offset}"


def place_of(name: str) -> JournalPlace | None:
    """Read the name of a record in quarantine; None for what names none."""
    segment, _, offset = name.partition("-")
    if not all(
        part.isascii() and part.isdigit() and len(part) <= DIGITS and int(part) <= LARGEST
        for part in (segment, offset)
    ):
        return None
    return JournalPlace(int(segment), int(offset))


def _cursor(after: str | None) -> JournalPlace | None:
    place = place_of(after) if after else None
    if after and place is None:
        raise Malformed("`after` is the `next` of a former page")
    return place
