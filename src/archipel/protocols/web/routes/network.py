"""The network page: the nodes, the lines between them, what works here; live, at most each second.

Administrators see all of it, those who see exams see what concerns their work. The switch of a
demonstration's simulated lines is there only where the node was told of a switchboard.
"""

import asyncio
import time
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from archipel.access.model import Action, AuditEntry, Permission, Visitor
from archipel.kernel.errors import ArchipelError, NotFound, Unavailable
from archipel.protocols.web.models.network import LineSwitch, NetworkView
from archipel.protocols.web.services import DOOR, Services, WebServices
from archipel.protocols.web.visitors import SeesNetwork, SeesNode, sees_network

routes = APIRouter(prefix="/network", tags=["network"])
LOOK_S = 1.0
HEARTBEAT_S = 15.0


@routes.get("", operation_id="get_network")
def get_network(visitor: SeesNetwork, services: Services) -> NetworkView:
    """Nodes, lines with their figures and queues, what works on site, the journal."""
    return _seen(visitor, services)


@routes.get(
    "/events",
    operation_id="stream_network",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def stream_network(
    request: Request, visitor: SeesNetwork, services: Services
) -> StreamingResponse:
    """Send the whole page as an event `network` whenever something on it changed."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    told = _tell(request, visitor, services)
    return StreamingResponse(told, media_type="text/event-stream", headers=headers)


@routes.post("/lines/{a}/{b}", operation_id="switch_line", status_code=204)
def switch_line(
    a: str, b: str, wanted: LineSwitch, visitor: SeesNode, services: Services
) -> None:
    """Cut or heal a simulated line of a demonstration. There is no such line elsewhere."""
    if services.switchboard is None:
        raise NotFound("this node is no demonstration: its lines are real")
    if frozenset((a, b)) not in services.switchboard.lines():
        raise NotFound("the demonstration has no such line")
    ends = "-".join(sorted((a, b)))
    services.desk.audit.record(
        [
            AuditEntry(
                tenant=None,
                at=services.clock(),
                actor=visitor.scope.actor,
                action=Action.CHANGE,
                subject=f"line:{ends}",
                door=DOOR,
                detail="cut, simulated" if wanted.cut else "healed, simulated",
            )
        ]
    )
    services.switchboard.turn(a, b, cut=wanted.cut)


async def _tell(
    request: Request, visitor: Visitor, services: WebServices
) -> AsyncIterator[str]:
    said, at_s = None, time.monotonic()
    yield "retry: 2000\n\n"
    while True:
        try:
            view = await run_in_threadpool(_seen, visitor, services)
        except Unavailable:  # the database is away for a while: the page says since when
            view = None
        if view is not None and (told := _steady(view)) != said:
            said, at_s = told, time.monotonic()
            yield f"event: network\ndata: {view.model_dump_json()}\n\n"
        elif time.monotonic() - at_s > HEARTBEAT_S:
            at_s = time.monotonic()
            try:
                visitor = await run_in_threadpool(sees_network, request, services)
            except ArchipelError:
                return  # signed out elsewhere
            yield ": heartbeat\n\n"
        await asyncio.sleep(LOOK_S)


def _seen(visitor: Visitor, services: WebServices) -> NetworkView:
    view = services.network(visitor.may(Permission.SEE_NODE))
    if services.switchboard is None or not view.complete:
        return view
    try:
        lines = services.switchboard.lines()
    except Unavailable:
        return view
    for link in view.links:
        cut = lines.get(frozenset((link.a, link.b)))
        if cut is not None:
            link.switch = "cut" if cut else "open"
    view.switches = bool(lines)
    return view


def _steady(view: NetworkView) -> str:
    """Return what must differ for the page to be drawn again: not the time of looking."""
    nodes = [one.model_copy(update={"last_heard": None}) for one in view.nodes]
    links = [one.model_copy(update={"as_of": None}) for one in view.links]
    return view.model_copy(
        update={"as_of": None, "nodes": nodes, "links": links}
    ).model_dump_json(warnings=False)
