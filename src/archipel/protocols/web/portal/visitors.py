"""Who sends a request to the portal: its own cookie, and what a write must prove.

The cookie is HttpOnly and SameSite=Strict; over TLS its prefix keeps anybody else from planting
it (RFC 6265bis). A write repeats the session's token in X-CSRF-Token. A request that the browser
itself says comes from another site is refused (Fetch Metadata), also before anybody came in, so
that nobody is signed in to somebody else's result unawares.
"""

from ipaddress import ip_address
from typing import Annotated

from fastapi import Depends, Request, Response

from archipel.access import secret
from archipel.access.model import Seat
from archipel.protocols.web.portal.services import PortalServices, Services
from archipel.protocols.web.problem import ForgeryRefused
from archipel.protocols.web.visitors import CSRF_HEADER, SAFE
from archipel.results.enter import guest_of
from archipel.results.model import Guest

_OURS = frozenset({"", "same-origin", "none"})


def cookie_name(request: Request, *, secure: bool) -> str:
    """Name the portal's cookie; no other door reads it, nor another node of this machine."""
    return "__Host-archipel-portal" if secure else f"archipel-portal-{request.url.port or 80}"


def cookie_of(request: Request, *, secure: bool) -> str | None:
    """Return what the browser brought."""
    return request.cookies.get(cookie_name(request, secure=secure))


def keep_cookie(request: Request, response: Response, cookie: str, *, secure: bool) -> None:
    """Hand the cookie of a new session to the browser."""
    response.set_cookie(
        cookie_name(request, secure=secure),
        cookie,
        httponly=True,
        secure=secure,
        samesite="strict",
        path="/",
    )


def drop_cookie(request: Request, response: Response, *, secure: bool) -> None:
    """Take the cookie back."""
    response.delete_cookie(
        cookie_name(request, secure=secure),
        path="/",
        secure=secure,
        httponly=True,
        samesite="strict",
    )


def seat_of(request: Request, services: PortalServices) -> Seat:
    """Return where a visitor comes from, through the proxies that are known."""
    return Seat(
        address=address_of(request, services),
        agent=request.headers.get("User-Agent", ""),
        cookie=cookie_of(request, secure=services.secure),
    )


def address_of(request: Request, services: PortalServices) -> str:
    """Return the nearest address that is no proxy of ours: only our own proxies are believed."""
    chain = [one.strip() for one in request.headers.get("X-Forwarded-For", "").split(",")]
    address = request.client.host if request.client else ""
    while chain and _is_proxy(address, services):
        said = chain.pop()
        if not _is_address(said):
            break
        address = said
    return address


def same_site(request: Request) -> None:
    """Refuse a write that another site's page sends."""
    if (
        request.method not in SAFE
        and request.headers.get("Sec-Fetch-Site", "").lower() not in _OURS
    ):
        raise ForgeryRefused


def guest(request: Request, services: Services) -> Guest:
    """Recognise the guest; a write must bring the session's token. Raises `NotEntered`."""
    cookie = cookie_of(request, secure=services.secure)
    found = guest_of(cookie, door=services.door(), now=services.clock())
    if request.method not in SAFE and not secret.same(
        request.headers.get(CSRF_HEADER, ""), found.csrf
    ):
        raise ForgeryRefused
    return found


def _is_proxy(address: str, services: PortalServices) -> bool:
    return _is_address(address) and any(
        ip_address(address) in network for network in services.proxies
    )


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


CameIn = Annotated[Guest, Depends(guest)]
