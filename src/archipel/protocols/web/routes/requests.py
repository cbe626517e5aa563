"""Requests for reading between organisations: ask, follow, answer for both sides."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from archipel.access.model import Permission, Visitor
from archipel.kernel.errors import Malformed, NotFound
from archipel.kernel.identifiers import TenantId
from archipel.protocols.web.ladder_views import rung_views
from archipel.protocols.web.models.base import Problem
from archipel.protocols.web.models.base import Urgency as UrgencyName
from archipel.protocols.web.models.request import (
    AskBody,
    NoteCreate,
    PartnersView,
    PriorChoice,
    ReasonBody,
    ReconcileBody,
    RequestBoard,
    RequestCreate,
    RequestView,
)
from archipel.protocols.web.request_views import CONSENT, request_views
from archipel.protocols.web.routes.exams import exam_id
from archipel.protocols.web.services import Services, WebServices
from archipel.protocols.web.visitors import AsksReading, ChoosesReading, WritesReports
from archipel.reading.model import ExamId, Urgency
from archipel.reading.request import ask, passing
from archipel.reading.request.awaited import Awaited
from archipel.reading.request.model import (
    Contact,
    Justification,
    Professional,
    Referrer,
    RequestId,
    Standing,
)
from archipel.results.model import MailAddress, Recipient

routes = APIRouter(prefix="/requests", tags=["requests for reading"])
CONFLICTS: dict[int | str, dict[str, Any]] = {409: {"model": Problem}}
_CONSENTS = {name: kind for kind, name in CONSENT.items()}


@routes.get("", operation_id="list_requests")
def list_requests(visitor: AsksReading, services: Services) -> RequestBoard:
    """Give the board: requests made by the visitor's organisation or to it.

    Who sees no exams (a referrer) sees the requests they made themselves.
    """
    now = services.clock()
    views = request_views(visitor, services)
    board = services.asking.requests.board(scope=visitor.scope, now=now)
    return RequestBoard(
        rows=[views.row(one) for one in board if _theirs(one, visitor, services)], as_of=now
    )


@routes.post("", operation_id="place_request", status_code=201, responses=CONFLICTS)
def place_request(wanted: RequestCreate, visitor: AsksReading, services: Services) -> RequestView:
    """Ask; audited. 409 where a request for this exam is under way."""
    held = ask.place(
        typed(exam_id(wanted.exam), wanted),
        by=professional(visitor),
        desk=services.asking_desk(visitor),
        now=services.clock(),
    )
    return request_views(visitor, services).whole(held)


@routes.get("/partners", operation_id="list_partners")
def list_partners(
    exam: Annotated[str, Query(max_length=128)],
    visitor: AsksReading,
    services: Services,
    urgency: Annotated[UrgencyName, Query()] = "urgent",
) -> PartnersView:
    """Who could read this exam now, and why not the others; priors; requests under way."""
    return partners_view(exam_id(exam), urgency, visitor, services)


def partners_view(
    this: ExamId | Awaited, urgency: UrgencyName, visitor: Visitor, services: WebServices
) -> PartnersView:
    """Return who could read an exam, acquired or awaited, and what else its form needs."""
    desk, now = services.asking_desk(visitor), services.clock()
    rungs = ask.look(this, Urgency[urgency.upper()], desk=desk, now=now)
    agreements = desk.agreements.of(desk.site.tenant, scope=desk.scope)
    found, priors = ask.case(this, desk=desk, now=now)
    best = ask.relevant(found, priors)
    views = request_views(visitor, services)
    return PartnersView(
        exam=str(this) if isinstance(this, ExamId) else None,
        rungs=rung_views(rungs, agreements),
        priors=[
            PriorChoice(
                exam=str(one.id),
                study_at=one.studied,
                modalities=list(one.modalities),
                description=one.description,
                chosen=one.id in best,
            )
            for one in priors
            if one.id.tenant == found.id.tenant
        ],
        near=[
            views.row(one)
            for one in ask.near(this, desk=desk, now=now)
            if _theirs(one, visitor, services)
        ],
    )


@routes.get("/{request}", operation_id="get_request")
def get_request(request: str, visitor: AsksReading, services: Services) -> RequestView:
    """All of one request with its exchange log; audited."""
    this = seen(request, visitor, services)
    desk, now = services.asking_desk(visitor), services.clock()
    held = ask.read(this, desk=desk, now=now)
    found = ask.awaited_by(held, desk=desk, now=now)
    ours = held.request.asking.tenant == desk.site.tenant and passing.unclaimed(held, now=now)
    following = passing.next_of(held, desk=desk, now=now) if ours else None
    return request_views(visitor, services).whole(held, found, following)


@routes.post("/{request}/note", operation_id="note_request")
def note_request(
    request: str, wanted: NoteCreate, visitor: AsksReading, services: Services
) -> RequestView:
    """Add a line to the thread; both sides see it."""
    held = ask.note(
        seen(request, visitor, services),
        wanted.text,
        by=professional(visitor),
        desk=services.asking_desk(visitor),
        now=services.clock(),
    )
    return request_views(visitor, services).whole(held)


@routes.post("/{request}/cancel", operation_id="cancel_request", responses=CONFLICTS)
def cancel_request(
    request: str, wanted: ReasonBody, visitor: AsksReading, services: Services
) -> RequestView:
    """Take a request back. 403 for who did not ask, 409 once it is answered."""
    held = ask.cancel(
        seen(request, visitor, services),
        wanted.reason,
        by=professional(visitor),
        desk=services.asking_desk(visitor),
        now=services.clock(),
    )
    return request_views(visitor, services).whole(held)


@routes.post(
    "/{request}/pass-on", operation_id="pass_on_request", status_code=201, responses=CONFLICTS
)
def pass_on_request(
    request: str, wanted: ReasonBody, visitor: AsksReading, services: Services
) -> RequestView:
    """Ask the next of the ladder where nobody claims; the new request. 409 before it is late."""
    held = passing.pass_on(
        seen(request, visitor, services),
        wanted.reason,
        by=professional(visitor),
        desk=services.asking_desk(visitor),
        now=services.clock(),
    )
    return request_views(visitor, services).whole(held)


@routes.post("/{request}/decline", operation_id="decline_request", responses=CONFLICTS)
def decline_request(
    request: str, wanted: ReasonBody, visitor: WritesReports, services: Services
) -> RequestView:
    """Say that it will not be read here, and why. 403 for who was not asked."""
    held = ask.decline(
        seen(request, visitor, services),
        wanted.reason,
        by=professional(visitor),
        desk=services.asking_desk(visitor),
        now=services.clock(),
    )
    return request_views(visitor, services).whole(held)


@routes.post("/{request}/acknowledge", operation_id="acknowledge_request", responses=CONFLICTS)
def acknowledge_request(request: str, visitor: AsksReading, services: Services) -> RequestView:
    """Say that the answer was read. 409 before there is a validated one."""
    held = ask.acknowledge(
        seen(request, visitor, services),
        by=professional(visitor),
        desk=services.asking_desk(visitor),
        now=services.clock(),
    )
    return request_views(visitor, services).whole(held)


@routes.post("/{request}/reconcile", operation_id="reconcile_request", responses=CONFLICTS)
def reconcile_request(
    request: str, wanted: ReconcileBody, visitor: ChoosesReading, services: Services
) -> RequestView:
    """Choose which reading is the principal one, having seen them. 409 where none is to choose."""
    held = ask.reconcile(
        seen(request, visitor, services),
        wanted.document,
        by=professional(visitor),
        desk=services.asking_desk(visitor),
        now=services.clock(),
    )
    return request_views(visitor, services).whole(held)


def seen(text: str, visitor: Visitor, services: WebServices) -> RequestId:
    """Read the name of a request that the visitor may know. Raises `NotFound`."""
    unknown = NotFound("there is no request of this name within your organisations")
    try:
        request = RequestId(text)
    except Malformed:
        raise unknown from None
    held = services.asking.requests.standing(request, scope=visitor.scope)
    if not _theirs(held, visitor, services):
        raise unknown
    return request


def _theirs(held: Standing, visitor: Visitor, services: WebServices) -> bool:
    """Tell whether it is the visitor's to follow: a referrer's own, everybody else's all."""
    author, person = held.request.asked_by, visitor.person
    own = (author.login, author.tenant) == (person.login, person.tenant)
    here = held.request.id.home == services.asking.node
    return visitor.may(Permission.SEE_EXAMS) or (own and here)


def typed(exam: ExamId | Awaited, wanted: AskBody) -> ask.Asking:
    """Read what somebody typed. Raises `Malformed`."""
    told = wanted.referrer
    if told is not None:
        Recipient(name=told.name, mail=MailAddress(told.mail), language=told.language)
    return ask.Asking(
        exam=exam,
        priors=_priors(wanted.priors),
        question=wanted.question,
        urgency=Urgency[wanted.urgency.upper()],
        justification=Justification(
            reason=wanted.justification.reason, substitution=wanted.justification.substitution
        ),
        information=_CONSENTS[wanted.consent.kind],
        informed_by=wanted.consent.by,
        informed_at=wanted.consent.at,
        contact=Contact(
            name=wanted.callback.name,
            phone=wanted.callback.phone,
            verified_at=wanted.callback.verified_at,
        ),
        partner=TenantId(wanted.partner) if wanted.partner else None,
        override=wanted.override,
        referrer=Referrer(name=told.name, mail=told.mail, language=told.language)
        if told
        else None,
    )


def professional(visitor: Visitor) -> Professional:
    """Return the visitor as requests name people."""
    person = visitor.person
    return Professional(login=person.login, name=person.name, tenant=person.tenant)


def _priors(named: list[str] | None) -> tuple[ExamId, ...] | None:
    return None if named is None else tuple(ExamId.parse(one) for one in named)
