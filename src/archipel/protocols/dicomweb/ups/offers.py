"""The resources of this service: for who routes and who describes them."""

from dataclasses import dataclass

from archipel.access.model import Permission
from archipel.protocols.dicomweb.capabilities import Offer
from archipel.protocols.dicomweb.negotiation import RELATED, XML
from archipel.protocols.dicomweb.ups import bodies, subscribers, workitems
from archipel.protocols.dicomweb.ups.endpoint import TakingWork

SERVICE = "UPS-RS"
WORKITEM = "/workitems/{workitem}"
SUBSCRIBER = WORKITEM + "/subscribers/{subscriber}"
ANSWERS = (*bodies.TAKEN, f'{RELATED}; type="{XML}"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A resource that is written to: its work, and who may."""

    offer: Offer
    work: TakingWork
    needed: Permission
    most_bytes: int = bodies.MOST_BYTES


def _taken(method: str, path: str, work: TakingWork, *parameters: str, body: bool = True) -> Taken:
    offer = Offer(
        path=path,
        method=method,
        service=SERVICE,
        takes=bodies.TAKEN if body else (),
        answers=(),
        parameters=parameters,
    )
    watching = work in {subscribers.subscribe, subscribers.unsubscribe, subscribers.suspend}
    needed = Permission.SEE_EXAMS if watching else Permission.PERFORM_STEPS
    return Taken(offer=offer, work=work, needed=needed)


TAKEN: tuple[Taken, ...] = (
    _taken("POST", "/workitems", workitems.create, "workitem"),
    _taken("POST", WORKITEM, workitems.update, "transaction-uid"),
    _taken("PUT", f"{WORKITEM}/state", workitems.change_state),
    _taken("POST", f"{WORKITEM}/cancelrequest", workitems.request_cancel),
    _taken("POST", f"{WORKITEM}/cancelrequest/{{requester}}", workitems.request_cancel),
    _taken("POST", SUBSCRIBER, subscribers.subscribe, "deletionlock", "filter", body=False),
    _taken("DELETE", SUBSCRIBER, subscribers.unsubscribe, body=False),
    _taken("POST", f"{SUBSCRIBER}/suspend", subscribers.suspend, body=False),
)
CHANNEL = Offer(
    path="/subscribers/{subscriber}",
    method="GET",
    service=f"{SERVICE} events, by WebSocket",
    answers=(bodies.TAKEN[0],),
)
