"""Come in: a link or a code, then the one-time code; and go out again."""

from fastapi import APIRouter, Request, Response

from archipel.protocols.web.portal.models import (
    CodeKnock,
    Confirmation,
    KnockAnswered,
    LinkKnock,
    PortalSessionView,
    PortalWelcome,
)
from archipel.protocols.web.portal.services import Services
from archipel.protocols.web.portal.views import session_view
from archipel.protocols.web.portal.visitors import (
    CameIn,
    cookie_of,
    drop_cookie,
    keep_cookie,
    seat_of,
)
from archipel.results import enter
from archipel.results.enter import Asked

routes = APIRouter(tags=["portal"])


@routes.get("/welcome", operation_id="portal_welcome")
def welcome(services: Services) -> PortalWelcome:
    """Give what the first page shows."""
    return PortalWelcome(
        community=services.community,
        demo=services.demo,
        time_zone=services.time_zone,
        languages=["fr", "en", "es"],
        server_time=services.clock(),
    )


@routes.post("/entry/link", operation_id="portal_knock_link")
def knock_link(knock: LinkKnock, request: Request, services: Services) -> KnockAnswered:
    """Bring a link; its one-time code is mailed to the referrer."""
    return _answered(
        enter.knock_referrer(
            knock.link,
            knock.secret,
            seat=seat_of(request, services),
            door=services.door(),
            now=services.clock(),
        )
    )


@routes.post("/entry/code", operation_id="portal_knock_code")
def knock_code(knock: CodeKnock, request: Request, services: Services) -> KnockAnswered:
    """Bring a patient's code and date of birth; a one-time code is mailed to them."""
    return _answered(
        enter.knock_patient(
            knock.code,
            f"{knock.birth_date:%Y%m%d}",
            seat=seat_of(request, services),
            door=services.door(),
            now=services.clock(),
        )
    )


@routes.post("/entry/confirm", operation_id="portal_confirm", status_code=201)
def confirm(
    confirmation: Confirmation, request: Request, response: Response, services: Services
) -> PortalSessionView:
    """Bring the one-time code; a session of one's own comes back."""
    cookie, guest = enter.confirm(
        confirmation.challenge,
        confirmation.one_time_code,
        seat=seat_of(request, services),
        door=services.door(),
        now=services.clock(),
    )
    keep_cookie(request, response, cookie, secure=services.secure)
    return session_view(guest, services)


@routes.get("/session", operation_id="portal_session")
def session(guest: CameIn, services: Services) -> PortalSessionView:
    """Who came in. 401 when nobody did, or when the link was cut."""
    return session_view(guest, services)


@routes.delete("/session", operation_id="portal_leave", status_code=204)
def leave(_guest: CameIn, request: Request, response: Response, services: Services) -> None:
    """End the session."""
    cookie = cookie_of(request, secure=services.secure)
    if cookie is not None:
        enter.leave(cookie, door=services.door(), now=services.clock())
    drop_cookie(request, response, secure=services.secure)


def _answered(asked: Asked) -> KnockAnswered:
    return KnockAnswered(
        challenge=asked.challenge, sent_to=asked.sent_to, expires_at=asked.expires_at
    )
