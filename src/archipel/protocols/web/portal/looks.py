"""What a patient decides: who looked, which links stand, cut one, ask about an access."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from archipel.protocols.web.portal.models import LookView, PatientLinkView, Question
from archipel.protocols.web.portal.services import Services
from archipel.protocols.web.portal.views import link_view, look_view
from archipel.protocols.web.portal.visitors import CameIn, drop_cookie
from archipel.results import portal

routes = APIRouter(tags=["portal"])
LinkName = Annotated[str, Path(max_length=64)]


@routes.get("/looks", operation_id="portal_looks")
def list_looks(guest: CameIn, services: Services) -> list[LookView]:
    """Who looked at the patient's exam, latest first."""
    found = portal.who_looked(guest, portal=services.portal, now=services.clock())
    return [look_view(one) for one in found]


@routes.post("/looks/{sequence}/question", operation_id="portal_question", status_code=204)
def ask(
    sequence: Annotated[int, Path(ge=1, le=1 << 60)],
    question: Question,
    guest: CameIn,
    services: Services,
) -> None:
    """Say that a visit was not expected."""
    portal.question(guest, sequence, question.words, portal=services.portal, now=services.clock())


@routes.get("/links", operation_id="portal_links")
def list_links(guest: CameIn, services: Services) -> list[PatientLinkView]:
    """Standing links to the patient's exam."""
    found = portal.links_of(guest, portal=services.portal, now=services.clock())
    return [link_view(one, guest) for one in found]


@routes.delete("/links/{link}", operation_id="portal_cut_link", status_code=204)
def cut_link(
    link: LinkName, guest: CameIn, request: Request, response: Response, services: Services
) -> None:
    """Cut a link; with the own one the page is closed."""
    portal.cut_link(guest, link, portal=services.portal, now=services.clock())
    if link == guest.link.id:
        drop_cookie(request, response, secure=services.secure)


@routes.post("/links/{link}/extension", operation_id="portal_extend_link")
def extend_link(link: LinkName, guest: CameIn, services: Services) -> PatientLinkView:
    """Let a standing link live 30 days more."""
    longer = portal.extend_link(guest, link, portal=services.portal, now=services.clock())
    return link_view(longer, guest)
