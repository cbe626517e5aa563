"""The six kinds of failure as answers of the peer door (RFC 9457, in its smallest form)."""

from starlette.responses import JSONResponse

from archipel.exchange.errors import Superseded
from archipel.kernel.errors import (
    ArchipelError,
    Conflict,
    Exhausted,
    Malformed,
    NotFound,
    Refused,
    Unavailable,
)

STATUS: dict[type[ArchipelError], int] = {
    Superseded: 410,
    Malformed: 400,
    Refused: 403,
    NotFound: 404,
    Conflict: 409,
    Exhausted: 429,
    Unavailable: 503,
}


def status_of(failure: ArchipelError) -> int:
    """Return the status of a failure, by its kind."""
    return next(STATUS[kind] for kind in type(failure).__mro__ if kind in STATUS)


def answer(failure: ArchipelError) -> JSONResponse:
    """Say what failed, in the words written for an operator."""
    status = status_of(failure)
    headers = {"Retry-After": "1"} if failure.retryable else None
    return JSONResponse({"status": status, "detail": str(failure)}, status, headers=headers)


def failure_of(status: int, detail: str) -> ArchipelError:
    """Make the failure that a peer told of."""
    kind = next((one for one, code in STATUS.items() if code == status), Unavailable)
    return kind(f"the peer says: {detail[:300]}")
