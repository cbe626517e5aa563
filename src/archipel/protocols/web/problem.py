"""Failures as problem documents (RFC 9457), by the one table of this tongue.

Every kind of `archipel.kernel.errors` has a status here; a test proves the table total. A failure
that is not one of them is a bug: it is logged with its reference and told as 500 without detail.
"""

import logging
import secrets
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from archipel.access.errors import NotSignedIn, SignInDelayed, SignInFailed
from archipel.kernel.errors import (
    ArchipelError,
    Conflict,
    Exhausted,
    Malformed,
    NotFound,
    Refused,
    Unavailable,
)
from archipel.reading.errors import ChecksOpen, ClaimHeld, ClaimLost, ClaimNeedsLine
from archipel.results.errors import CodeRefused, EntryDelayed, EntryRefused, NotEntered

LOG = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"


class ForgeryRefused(Refused):
    """A write with a session cookie came without the session's X-CSRF-Token."""

    def __init__(self) -> None:
        super().__init__("the write lacks the X-CSRF-Token of this session: read /api/session")


STATUS: dict[type[ArchipelError], int] = {
    Malformed: 422,
    Refused: 403,
    NotFound: 404,
    Conflict: 409,
    Exhausted: 503,
    Unavailable: 503,
    NotSignedIn: 401,
    SignInFailed: 401,
    SignInDelayed: 429,
    EntryRefused: 401,
    CodeRefused: 401,
    NotEntered: 401,
    EntryDelayed: 429,
}
TITLE: dict[int, str] = {
    400: "Wrong request",
    401: "Sign in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Too large",
    422: "Wrong values",
    428: "If-Match is needed",
    429: "Too many tries",
    500: "Internal error",
    503: "Unavailable",
}


def status_of(error: ArchipelError) -> int:
    """Return the HTTP status of a failure: that of the nearest kind in the table."""
    for kind in type(error).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    raise AssertionError(f"{type(error).__name__} has no status")  # the table's test forbids it


def problem(
    status: int, kind: str, detail: str, *, retryable: bool = False, **more: Any
) -> JSONResponse:
    """Build a problem document; `more` are its extension members."""
    return JSONResponse(
        {
            "type": kind,
            "title": TITLE.get(status, "Failed"),
            "status": status,
            "detail": detail,
            "reference": secrets.token_hex(4),
            "retryable": retryable,
            **more,
        },
        status_code=status,
        media_type=MEDIA_TYPE,
    )


def _kind(error: ArchipelError) -> str:
    name = type(error).__name__
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in name).lstrip("-")


def _spoken(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ArchipelError)  # noqa: S101  (registered for this kind only)
    status = status_of(error)
    answer = problem(
        status, _kind(error), str(error), retryable=error.retryable, **_members(error)
    )
    if isinstance(error, SignInDelayed | EntryDelayed):
        answer.headers["Retry-After"] = str(error.retry_after_s)
    elif error.retryable:
        answer.headers["Retry-After"] = "5"
    return answer


def _members(error: ArchipelError) -> dict[str, Any]:
    """Return what the front end needs beside the sentence: open checks, who holds a claim."""
    if isinstance(error, ChecksOpen):
        return {"rules": list(error.rules)}
    if isinstance(error, ClaimNeedsLine):
        since = error.since.isoformat() if error.since else None
        return {"node": error.node, "since": since}
    if isinstance(error, EntryRefused | CodeRefused):
        return {"tries_left": error.tries_left}
    if not isinstance(error, ClaimHeld | ClaimLost):
        return {}
    claim = error.claim
    if claim is None:
        return {"claim": None}
    return {
        "claim": {
            "exam": str(claim.exam),
            "login": claim.reader.login,
            "name": claim.reader.name,
            "since": claim.since.isoformat(),
            "until": claim.until.isoformat(),
        }
    }


def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  (registered for it only)
    # The offending values are left out: they may be a password or a patient's name.
    wrong = [{"where": list(e["loc"]), "what": e["msg"]} for e in error.errors()]
    detail = "; ".join(f"{'.'.join(map(str, w['where']))}: {w['what']}" for w in wrong[:5])
    return problem(422, "malformed", detail, wrong=wrong)


def _framework(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  (registered for it only)
    return problem(error.status_code, "http", str(error.detail))


def _bug(request: Request, error: Exception) -> JSONResponse:
    answer = problem(500, "internal", "an internal error; its reference stands in the log")
    # The route's pattern, never the path or query: they may name somebody.
    route = getattr(request.scope.get("route"), "path", "?")
    LOG.error("bug in %s %s", request.method, route, exc_info=error)
    return answer


def speak_problems(app: FastAPI) -> None:
    """Make every failure below /api a problem document."""
    app.add_exception_handler(ArchipelError, _spoken)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _framework)
    app.add_exception_handler(Exception, _bug)
