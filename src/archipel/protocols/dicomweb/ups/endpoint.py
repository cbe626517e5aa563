"""Requests that bring a small body, or change something by their address alone."""

from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from archipel.access.model import Permission
from archipel.protocols.dicomweb.problem import TooLarge, problem
from archipel.protocols.dicomweb.visits import Door, Visit, check_origin

TakingWork = Callable[[Visit, bytes], Response]


def taking(
    door: Door, work: TakingWork, needed: Permission, most_bytes: int
) -> Callable[[Request], Awaitable[Response]]:
    """Make an endpoint of work on a visit and a whole body.

    A failure that the standard has a Warning for carries it.
    """

    def run(request: Request, body: bytes) -> Response:
        try:
            check_origin(request)
            visit = door.visit(request)
            visit.visitor.require(needed)
        except Exception as error:  # noqa: BLE001  (the door's last line: told as a problem)
            return problem(error)
        try:
            return work(visit, body)
        except Exception as error:  # noqa: BLE001  (as above)
            answer = problem(error)
            if said := getattr(error, "warning", ""):
                answer.headers["Warning"] = warning(visit, said)
            return answer

    async def endpoint(request: Request) -> Response:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > most_bytes:
                return problem(TooLarge("the request is larger than one request may be"))
        return await run_in_threadpool(run, request, bytes(body))

    return endpoint


def warning(visit: Visit, said: str) -> str:
    """Write a Warning header (RFC 7234 section 5.5)."""
    return f'299 {visit.base_url} "{said}"'
