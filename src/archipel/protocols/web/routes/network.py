"""The network page: the nodes, the lines between them, what works here; live, at most each second.

Administrators see all of it, those who see exams see what concerns their work. The switch of a
demonstration's simulated lines is there only where the node was told of a switchboard.
"""

from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from archipel.access.model import Action, AuditEntry, Permission, Visitor
from archipel.kernel.errors import NotFound, Unavailable
from archipel.protocols.web.models.network import LineSwitch, NetworkView
from archipel.protocols.web.services import DOOR, Services, WebServices
from archipel.protocols.web.visitors import SeesNetwork, SeesNode, sees_network
from archipel.protocols.web.watched import Watched, streamed

routes = APIRouter(prefix="/network", tags=["network"])


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
def stream_network(
    request: Request, visitor: SeesNetwork, services: Services
) -> StreamingResponse:
    """Send the whole page as an event `network` whenever something on it changed."""
    watched = Watched(
        event="network",
        look=partial(_seen, services=services),
        steady=_steady,
        admit=partial(sees_network, request, services),
    )
    return streamed(watched, visitor)


@routes.post("/lines/{a}/{b}", operation_id="switch_line", status_code=204)
def switch_line(a: str, b: str, wanted: LineSwitch, visitor: SeesNode, services: Services) -> None:
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
    return view.model_copy(update={"as_of": None, "nodes": nodes, "links": links}).model_dump_json(
        warnings=False
    )
