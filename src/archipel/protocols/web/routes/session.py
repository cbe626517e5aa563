"""Signing in and out, first use, own preferences."""

from fastapi import APIRouter, Request, Response

from archipel.access import authenticate
from archipel.access.model import Person, Role, Visitor
from archipel.kernel.errors import Malformed
from archipel.kernel.identifiers import TenantId
from archipel.protocols.web.models.session import (
    FirstUse,
    NodeBrief,
    PersonView,
    Preferences,
    Session,
    SignIn,
    Welcome,
)
from archipel.protocols.web.services import Services, WebServices
from archipel.protocols.web.views import Sites
from archipel.protocols.web.visitors import (
    SignedIn,
    cookie_name,
    drop_cookie,
    keep_cookie,
    seat_of,
)

routes = APIRouter(tags=["session"])


@routes.get("/welcome", operation_id="welcome")
def welcome(services: Services) -> Welcome:
    """Give what the sign-in page shows; open to anybody."""
    return Welcome(
        node=node_brief(services),
        first_use=services.desk.credentials.administrator_awaited(),
        languages=["fr", "en", "es"],
        server_time=services.clock(),
    )


@routes.post("/session", operation_id="sign_in", status_code=201)
def sign_in(
    credentials: SignIn, request: Request, response: Response, services: Services
) -> Session:
    """Sign in with a local account; the session cookie comes back."""
    cookie, visitor = authenticate.sign_in(
        credentials.login,
        credentials.password,
        seat=seat_of(request, secure=services.secure),
        desk=services.desk,
        now=services.clock(),
    )
    keep_cookie(request, response, cookie, secure=services.secure)
    return _session(visitor, services)


@routes.post("/session/first-use", operation_id="first_use", status_code=201)
def first_use(
    first: FirstUse, request: Request, response: Response, services: Services
) -> Session:
    """Turn a one-time token into a password, and sign in."""
    cookie, visitor = authenticate.first_use(
        first.token,
        first.password,
        person=_named(first),
        seat=seat_of(request, secure=services.secure),
        desk=services.desk,
        now=services.clock(),
    )
    keep_cookie(request, response, cookie, secure=services.secure)
    return _session(visitor, services)


@routes.get("/session", operation_id="get_session")
def get_session(visitor: SignedIn, services: Services) -> Session:
    """Who is signed in. 401 when nobody is."""
    return _session(visitor, services)


@routes.delete("/session", operation_id="sign_out", status_code=204)
def sign_out(visitor: SignedIn, request: Request, response: Response, services: Services) -> None:
    """End the session."""
    cookie = request.cookies.get(cookie_name(request, secure=services.secure))
    if visitor.session is None or cookie is None:
        raise Malformed("a bearer token has no session to end: revoke it")
    authenticate.sign_out(cookie, desk=services.desk, now=services.clock())
    drop_cookie(request, response, secure=services.secure)


@routes.put("/me", operation_id="set_preferences")
def set_preferences(
    preferences: Preferences, visitor: SignedIn, services: Services
) -> Preferences:
    """Keep language, theme, density and keys of the person signed in."""
    services.desk.accounts.set_preferences(visitor.person.login, preferences.model_dump())
    return preferences


def node_brief(services: WebServices) -> NodeBrief:
    """Return the node as every page names it."""
    return NodeBrief(
        name=services.node.name,
        community=services.node.community,
        version=services.node.version,
        demo=services.node.demo,
        time_zone=services.node.time_zone,
    )


def _named(first: FirstUse) -> Person | None:
    if first.login is None or first.name is None:
        return None
    # Organisation and role are the invitation's, whatever stands here.
    return Person(
        login=first.login.strip().casefold(),
        name=first.name.strip(),
        tenant=TenantId("unknown"),
        role=Role.REFERRER,
    )


def _session(visitor: Visitor, services: WebServices) -> Session:
    sites = Sites(services.desk.organisations)
    account = services.desk.accounts.account(visitor.person.login)
    within = services.desk.organisations.within(visitor.scope)
    return Session(
        person=PersonView(login=visitor.person.login, name=visitor.person.name),
        organisation=sites.of(visitor.person.tenant),
        role=visitor.person.role.value,
        permissions=sorted(permission.value for permission in visitor.permissions),
        organisations=[sites.of(organisation.key) for organisation in within],
        preferences=Preferences.model_validate(dict(account.preferences) if account else {}),
        csrf_token=visitor.csrf or "",
        server_time=services.clock(),
        expires_at=visitor.expires_at,
        node=node_brief(services),
    )
