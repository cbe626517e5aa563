"""Requests for an exam that is not acquired yet: ask ahead, attach it, take that back."""

from typing import Annotated

from fastapi import APIRouter, Query

from archipel.access.model import Permission
from archipel.kernel.identifiers import Issuer, PatientIdentifier
from archipel.protocols.web.models.base import Urgency as UrgencyName
from archipel.protocols.web.models.request import (
    AttachBody,
    AwaitedBody,
    AwaitedCreate,
    PartnersView,
    RequestView,
)
from archipel.protocols.web.request_views import request_views
from archipel.protocols.web.routes.exams import exam_id
from archipel.protocols.web.routes.requests import (
    CONFLICTS,
    partners_view,
    professional,
    seen,
    typed,
)
from archipel.protocols.web.services import Services
from archipel.protocols.web.visitors import AsksReading
from archipel.reading.request import ask
from archipel.reading.request.awaited import Awaited

routes = APIRouter(prefix="/requests", tags=["requests for reading"])


@routes.post(
    "/awaited", operation_id="place_awaited_request", status_code=201, responses=CONFLICTS
)
def place_awaited_request(
    wanted: AwaitedCreate, visitor: AsksReading, services: Services
) -> RequestView:
    """Ask before the exam is acquired; audited. 409 where such a request waits already."""
    visitor.require(Permission.SEARCH_PATIENTS)
    held = ask.place(
        typed(_awaited(wanted.awaited), wanted),
        by=professional(visitor),
        desk=services.asking_desk(visitor),
        now=services.clock(),
    )
    return request_views(visitor, services).whole(held)


@routes.get("/awaited/partners", operation_id="list_awaited_partners")
def list_awaited_partners(
    person: Annotated[str, Query(min_length=1, max_length=256)],
    identifier: Annotated[str, Query(min_length=1, max_length=64)],
    issuer: Annotated[str, Query(min_length=1, max_length=128)],
    visitor: AsksReading,
    services: Services,
    modality: Annotated[str, Query(pattern="^[A-Z]{2,16}$")] = "CT",
    urgency: Annotated[UrgencyName, Query()] = "urgent",
) -> PartnersView:
    """Who could read such an exam of this person, and why not the others; what waits already."""
    visitor.require(Permission.SEARCH_PATIENTS)
    awaited = Awaited(
        person=person,
        patient=PatientIdentifier(identifier, Issuer(issuer)),
        modality=modality,
        procedure=modality,
    )
    return partners_view(awaited, urgency, visitor, services)


@routes.post("/{request}/attach", operation_id="attach_exam", responses=CONFLICTS)
def attach_exam(
    request: str, wanted: AttachBody, visitor: AsksReading, services: Services
) -> RequestView:
    """Say which exam a request awaited: it travels at once. 403 for an exam that cannot be it."""
    visitor.require(Permission.SEE_EXAMS)
    held = ask.attach(
        seen(request, visitor, services),
        exam_id(wanted.exam),
        by=professional(visitor),
        desk=services.asking_desk(visitor),
        now=services.clock(),
    )
    return request_views(visitor, services).whole(held)


@routes.post("/{request}/detach", operation_id="detach_exam", responses=CONFLICTS)
def detach_exam(request: str, visitor: AsksReading, services: Services) -> RequestView:
    """Take an exam back that was attached by mistake. 409 once it is being read."""
    visitor.require(Permission.SEE_EXAMS)
    desk, now = services.asking_desk(visitor), services.clock()
    held = ask.detach(
        seen(request, visitor, services), by=professional(visitor), desk=desk, now=now
    )
    found = ask.awaited_by(held, desk=desk, now=now)
    return request_views(visitor, services).whole(held, found)


def _awaited(told: AwaitedBody) -> Awaited:
    return Awaited(
        person=told.person,
        patient=PatientIdentifier(told.identifier, Issuer(told.issuer)),
        modality=told.modality,
        procedure=told.procedure,
        accession=told.accession,
    )
