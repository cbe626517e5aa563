"""Exams of other nodes: having one fetched, how far each is, calling one off or back."""

from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from archipel.access.model import Action, AuditEntry, Permission, Visitor
from archipel.archive.model import StudyKey
from archipel.exchange.schedule import TransferClass
from archipel.exchange.timeline import ForeignStudy
from archipel.exchange.transfer import Transfer
from archipel.exchange.want import Wish, want
from archipel.kernel.errors import NotFound
from archipel.kernel.uid import Uid
from archipel.protocols.web.models.transfer import FetchRequest, TransferList, TransferView
from archipel.protocols.web.routes.exams import exam_id
from archipel.protocols.web.services import DOOR, Services, WebServices
from archipel.protocols.web.transfer_views import TransferViews
from archipel.protocols.web.views import Sites
from archipel.protocols.web.visitors import SearchesPatients, SeesExams, may
from archipel.protocols.web.watched import Watched, streamed

routes = APIRouter(tags=["transfers"])


@routes.get("/transfers", operation_id="list_transfers")
def list_transfers(visitor: SeesExams, services: Services) -> TransferList:
    """List what organisations in scope want of other nodes, with state, progress and time left."""
    return _listed(visitor, services)


@routes.get(
    "/transfers/events",
    operation_id="stream_transfers",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
def stream_transfers(
    request: Request, visitor: SeesExams, services: Services
) -> StreamingResponse:
    """Send the whole list as an event `transfers` when something changed, at most each second."""
    watched = Watched(
        event="transfers",
        look=partial(_listed, services=services),
        steady=_steady,
        admit=partial(may(Permission.SEE_EXAMS), request, services),
    )
    return streamed(watched, visitor)


@routes.post("/exams/{exam}/fetch", operation_id="fetch_exam", status_code=202)
def fetch_exam(
    exam: str, wanted: FetchRequest, visitor: SearchesPatients, services: Services
) -> TransferView:
    """Have an exam of another node fetched for the visitor's organisation; audited.

    Only an exam of a person who has one within scope: `person` names them. 404 otherwise, 403
    when it was recalled or the patient opposes sharing. One under way is given back.
    """
    visitor.require(Permission.SEE_EXAMS)
    found, now = _found(exam, wanted.person, visitor, services), services.clock()
    services.desk.audit.record(
        [
            AuditEntry(
                tenant=visitor.person.tenant,
                at=now,
                actor=visitor.scope.actor,
                action=Action.READ,
                subject=found.key.study.value,
                door=DOOR,
                detail=f"fetched from node {found.home} of {found.key.tenant}",
            )
        ]
    )
    wish = Wish(
        study=found.key,
        from_node=found.home.value,
        of_class=TransferClass(wanted.of_class),
        reason=visitor.person.login,
        wanted_by=visitor.person.tenant,
    )
    held = want(
        wish,
        transfers=services.elsewhere.transfers,
        owners=services.elsewhere.owners,
        now=now,
    )
    return _viewed(held, services)


@routes.post("/transfers/{transfer}/cancel", operation_id="cancel_transfer")
def cancel_transfer(transfer: str, visitor: SeesExams, services: Services) -> TransferView:
    """Call a transfer off. `resume` takes that back; what had come may have to come again."""
    held = services.elsewhere.transfers.withdraw(
        transfer, scope=visitor.scope, now=services.clock(), detail="cancelled"
    )
    return _changed(held, "cancelled", visitor, services)


@routes.post("/transfers/{transfer}/resume", operation_id="resume_transfer")
def resume_transfer(transfer: str, visitor: SeesExams, services: Services) -> TransferView:
    """Go on with a transfer that was called off, or set aside for wrong bytes.

    403 when the study was recalled or the patient opposes sharing.
    """
    held = services.elsewhere.transfers.retry(transfer, scope=visitor.scope, now=services.clock())
    return _changed(held, "resumed", visitor, services)


def views_of(services: WebServices) -> TransferViews:
    """Return what turns transfers into views."""
    return TransferViews(services.elsewhere, Sites(services.desk.organisations))


def _found(exam: str, person: str, visitor: Visitor, services: WebServices) -> ForeignStudy:
    """Find a foreign exam of a person within scope. Raises `NotFound`."""
    named = exam_id(exam)
    exams = services.exams.of_person(person, scope=visitor.scope, now=services.clock())
    key = StudyKey(named.tenant, Uid(named.study.value))
    for one in services.elsewhere.studies({one.patient for one in exams}):
        if one.key == key:
            return one
    raise NotFound("no other node that shares with this one announced such an exam")


def _changed(held: Transfer, what: str, visitor: Visitor, services: WebServices) -> TransferView:
    services.desk.audit.record(
        [
            AuditEntry(
                tenant=held.wanted_by,
                at=services.clock(),
                actor=visitor.scope.actor,
                action=Action.CHANGE,
                subject=f"transfer:{held.id}",
                door=DOOR,
                detail=f"{what}: study {held.key.study} from {held.from_node}",
            )
        ]
    )
    return _viewed(held, services)


def _viewed(held: Transfer, services: WebServices) -> TransferView:
    return views_of(services).transfers([held])[0]


def _listed(visitor: Visitor, services: WebServices) -> TransferList:
    wanted = services.elsewhere.transfers.visible(scope=visitor.scope)
    return TransferList(transfers=views_of(services).transfers(wanted), as_of=services.clock())


def _steady(view: TransferList) -> str:
    """Return what must differ for the list to be sent again: not the time of looking."""
    return view.model_copy(update={"as_of": None}).model_dump_json(warnings=False)
