"""The node page and the quarantine."""

from typing import Annotated

from fastapi import APIRouter, Query

from archipel.protocols.web.models.node import (
    NodeStatus,
    QuarantineDecision,
    QuarantinedInstance,
    QuarantinePage,
)
from archipel.protocols.web.routes.waiting import waiting
from archipel.protocols.web.services import Services
from archipel.protocols.web.visitors import Administers, SeesNode

routes = APIRouter(prefix="/node", tags=["node"])


@routes.get("", operation_id="get_node")
def get_node(_visitor: SeesNode, services: Services) -> NodeStatus:
    """Doors, processes, disk, lag, sealing, alarms, read-only state."""
    return services.status()


@routes.get("/quarantine", operation_id="list_quarantine")
def list_quarantine(
    visitor: SeesNode,
    services: Services,
    after: Annotated[str | None, Query(max_length=64)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> QuarantinePage:
    """Instances kept aside because other bytes are held under their UID."""
    raise waiting


@routes.post("/quarantine/{instance}/resolve", operation_id="resolve_quarantine")
def resolve_quarantine(
    instance: str, decision: QuarantineDecision, visitor: Administers, services: Services
) -> QuarantinedInstance:
    """Decide, with audit: the first stays, the alarm is closed."""
    raise waiting
