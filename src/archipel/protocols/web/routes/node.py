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

routes = APIRouter(prefix="/node", tags=["node"])


@routes.get("", operation_id="get_node")
def get_node() -> NodeStatus:
    """Doors, processes, disk, lag, sealing, alarms, read-only state."""
    raise waiting


@routes.get("/quarantine", operation_id="list_quarantine")
def list_quarantine(
    after: Annotated[str | None, Query(max_length=64)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> QuarantinePage:
    """Instances kept aside because other bytes are held under their UID."""
    raise waiting


@routes.post("/quarantine/{instance}/resolve", operation_id="resolve_quarantine")
def resolve_quarantine(instance: str, decision: QuarantineDecision) -> QuarantinedInstance:
    """Decide, with audit: the first stays, the alarm is closed."""
    raise waiting
