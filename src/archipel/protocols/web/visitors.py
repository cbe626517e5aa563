"""Who sends a request: the session cookie or a bearer token, and what a write must prove.

The cookie is HttpOnly and SameSite=Strict; a write that relies on it repeats the session's token
in X-CSRF-Token, which no other site can read. The same function serves the DICOMweb door.
"""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request, Response

from archipel.access import secret
from archipel.access.authenticate import Desk, visitor_of
from archipel.access.model import Permission, Seat, Visitor
from archipel.kernel.clock import Clock
from archipel.protocols.web.problem import ForgeryRefused
from archipel.protocols.web.services import Services, WebServices

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_HEADER = "X-CSRF-Token"
BEARER = "bearer "


def cookie_name(request: Request, *, secure: bool) -> str:
    """Name the session cookie; over TLS the prefix forbids anybody to plant it (RFC 6265bis).

    A cookie knows no port (RFC 6265 8.5): in clear, several nodes of one machine are told apart.
    """
    return "__Host-archipel" if secure else f"archipel-{request.url.port or 80}"


def bearer_of(request: Request) -> str | None:
    """Return the token of `Authorization: Bearer`, None where there is none (RFC 6750)."""
    said = request.headers.get("Authorization", "")
    return said[len(BEARER) :].strip() if said[: len(BEARER)].lower() == BEARER else None


def recogniser(desk: Desk, *, clock: Clock, secure: bool) -> Callable[[Request], Visitor]:
    """Build the function that tells who sends a request, for every HTTP door of the node.

    It raises `NotSignedIn`, and `ForgeryRefused` for a write by cookie without its token.
    """

    def recognise(request: Request) -> Visitor:
        cookie = request.cookies.get(cookie_name(request, secure=secure))
        visitor = visitor_of(cookie=cookie, bearer=bearer_of(request), desk=desk, now=clock())
        if visitor.csrf is not None and request.method not in SAFE:
            said = request.headers.get(CSRF_HEADER, "")
            if not secret.same(said, visitor.csrf):
                raise ForgeryRefused
        return visitor

    return recognise


def seat_of(request: Request, *, secure: bool) -> Seat:
    """Return where somebody signs in from."""
    return Seat(
        address=request.client.host if request.client else "",
        agent=request.headers.get("User-Agent", ""),
        cookie=request.cookies.get(cookie_name(request, secure=secure)),
    )


def keep_cookie(request: Request, response: Response, cookie: str, *, secure: bool) -> None:
    """Hand the session cookie to the browser."""
    response.set_cookie(
        cookie_name(request, secure=secure),
        cookie,
        httponly=True,
        secure=secure,
        samesite="strict",
        path="/",
    )


def drop_cookie(request: Request, response: Response, *, secure: bool) -> None:
    """Take the session cookie back."""
    response.delete_cookie(
        cookie_name(request, secure=secure),
        path="/",
        secure=secure,
        httponly=True,
        samesite="strict",
    )


def anyone(request: Request, services: Services) -> Visitor:
    """Let anybody in who is signed in."""
    return services.recognise(request)


def may(permission: Permission) -> Callable[[Request, WebServices], Visitor]:
    """Let in whoever has `permission`; the others are told that they may not."""

    def entitled(request: Request, services: Services) -> Visitor:
        visitor = services.recognise(request)
        visitor.require(permission)
        return visitor

    return entitled


def sees_network(request: Request, services: Services) -> Visitor:
    """Let in administrators, and those whose work the lines carry."""
    visitor = services.recognise(request)
    if not visitor.may(Permission.SEE_NODE):
        visitor.require(Permission.SEE_EXAMS)
    return visitor


SignedIn = Annotated[Visitor, Depends(anyone)]
SeesExams = Annotated[Visitor, Depends(may(Permission.SEE_EXAMS))]
WritesReports = Annotated[Visitor, Depends(may(Permission.WRITE_REPORTS))]
SignsReports = Annotated[Visitor, Depends(may(Permission.SIGN_REPORTS))]
ReadsReports = Annotated[Visitor, Depends(may(Permission.READ_REPORTS))]
SharesResults = Annotated[Visitor, Depends(may(Permission.SHARE_RESULTS))]
AsksReading = Annotated[Visitor, Depends(may(Permission.ASK_READING))]
ChoosesReading = Annotated[Visitor, Depends(may(Permission.CHOOSE_READING))]
SearchesPatients = Annotated[Visitor, Depends(may(Permission.SEARCH_PATIENTS))]
Administers = Annotated[Visitor, Depends(may(Permission.ADMINISTER_ORGANISATION))]
AdministersNode = Annotated[Visitor, Depends(may(Permission.ADMINISTER_NODE))]
ExportsDeidentified = Annotated[Visitor, Depends(may(Permission.EXPORT_DEIDENTIFIED))]
RecordsOpposition = Annotated[Visitor, Depends(may(Permission.RECORD_OPPOSITION))]
ResolvesIdentity = Annotated[Visitor, Depends(may(Permission.RESOLVE_IDENTITY))]
Settles = Annotated[Visitor, Depends(may(Permission.SETTLE_ARRIVALS))]
Corrects = Annotated[Visitor, Depends(may(Permission.CORRECT_EXAMS))]
SeesNode = Annotated[Visitor, Depends(may(Permission.SEE_NODE))]
SeesNetwork = Annotated[Visitor, Depends(sees_network)]
SeesAudit = Annotated[Visitor, Depends(may(Permission.SEE_AUDIT))]
