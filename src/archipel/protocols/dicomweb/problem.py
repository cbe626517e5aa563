"""Failures as HTTP says them: problem details (RFC 9457) with the statuses of PS3.18 section 8.5.

What is not there and what may not be seen read alike: a query or a retrieval of something out
of scope finds nothing (404). Problem details carry the operator's message, never patient data.
"""

import json
import logging
from http import HTTPStatus

from starlette.responses import Response

from archipel.access.errors import NotSignedIn
from archipel.imaging.errors import NotAnImage, Undecodable
from archipel.kernel.errors import (
    ArchipelError,
    Conflict,
    Exhausted,
    Malformed,
    NotFound,
    Refused,
    Unavailable,
)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5

log = logging.getLogger(__name__)

STATUS: dict[type[ArchipelError], HTTPStatus] = {
    Malformed: HTTPStatus.BAD_REQUEST,
    Refused: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    Exhausted: HTTPStatus.SERVICE_UNAVAILABLE,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}


class NotAcceptable(Refused):
    """Nothing that the client accepts can be made of what is held (PS3.18 section 8.7.8)."""


class UnsupportedMediaType(Refused):
    """The body is of a kind this door does not take."""


class TooLarge(Refused):
    """The request or its answer is beyond the bounds of this door."""


_OWN: dict[type[ArchipelError], HTTPStatus] = {
    NotSignedIn: HTTPStatus.UNAUTHORIZED,
    NotAcceptable: HTTPStatus.NOT_ACCEPTABLE,
    NotAnImage: HTTPStatus.NOT_ACCEPTABLE,  # no picture can be made of it
    Undecodable: HTTPStatus.NOT_ACCEPTABLE,
    UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
}


def status_of(error: ArchipelError) -> HTTPStatus:
    """Give the status of a failure: that of its nearest kind."""
    for kind in type(error).__mro__:
        for table in (_OWN, STATUS):
            if kind in table:
                return table[kind]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def problem(error: Exception) -> Response:
    """Say a failure to the client. Anything but an `ArchipelError` is a bug and says nothing."""
    if isinstance(error, ArchipelError):
        status, detail = status_of(error), str(error)
    else:
        log.error("a DICOMweb request failed on a bug", exc_info=error)
        status, detail = HTTPStatus.INTERNAL_SERVER_ERROR, "the server failed; see its log"
    headers = {"Cache-Control": "no-store"}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="archipel"'
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    body = {"type": "about:blank", "title": status.phrase, "status": status, "detail": detail}
    return Response(json.dumps(body), status, headers, media_type=MEDIA_TYPE)
