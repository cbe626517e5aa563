"""Event reports over a WebSocket (PS3.18 sections 8.10.4, 11.13).

Each message is one report in the DICOM JSON model. What nobody listened to waits, in order, and a
report is forgotten when it was sent: a connection that breaks amid one has it again.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.websockets import WebSocket, WebSocketDisconnect

from archipel.access.model import Action, Permission
from archipel.kernel.aetitle import AETitle
from archipel.kernel.errors import ArchipelError
from archipel.protocols.dicomweb.visits import Door, Visit, check_origin

LOOK_S = 0.25
RECOGNISE_S = 30.0  # whoever is signed out hears no longer than this
_POLICY_VIOLATION, _TRY_AGAIN_LATER = 1008, 1013


def channel(door: Door) -> Callable[[WebSocket], Awaitable[None]]:
    """Make the endpoint of `GET /subscribers/{subscriber}`."""

    async def endpoint(socket: WebSocket) -> None:
        # A visitor is recognised by the head of a request, and the opening is one.
        request = Request({**socket.scope, "type": "http", "method": "GET"})
        try:
            visit = await run_in_threadpool(_opened, door, request)
        except ArchipelError:
            await socket.close(_POLICY_VIOLATION)
            return
        await socket.accept()
        leaving = asyncio.ensure_future(_left(socket))
        try:
            await _tell(socket, door, visit, leaving)
        finally:
            leaving.cancel()

    return endpoint


def _opened(door: Door, request: Request) -> Visit:
    check_origin(request)
    visit = door.visit(request)
    visit.visitor.require(Permission.SEE_EXAMS)
    visit.audit(Action.READ, _subscriber(visit).value, "events of workitems")
    return visit


def _subscriber(visit: Visit) -> AETitle:
    return AETitle.parse(visit.request.path_params["subscriber"])


async def _left(socket: WebSocket) -> None:
    """End when the client does."""
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await socket.receive_text()


async def _tell(
    socket: WebSocket, door: Door, visit: Visit, leaving: "asyncio.Future[None]"
) -> None:
    subscriber, request = _subscriber(visit), visit.request
    workitems, tenant = visit.services.workitems, visit.visitor.person.tenant
    loop = asyncio.get_running_loop()
    until = loop.time() + RECOGNISE_S
    while not leaving.done():
        if loop.time() > until:
            try:
                await run_in_threadpool(door.visit, request)
            except ArchipelError:
                await socket.close(_POLICY_VIOLATION)
                return
            until = loop.time() + RECOGNISE_S
        try:
            reports = await run_in_threadpool(workitems.waiting, subscriber, tenant=tenant)
            for one in reports:
                await socket.send_text(one.content.decode())
            if reports:
                numbers = [one.number for one in reports]
                await run_in_threadpool(workitems.told, numbers, tenant=tenant)
                continue
        except WebSocketDisconnect:
            return
        except ArchipelError:
            await socket.close(_TRY_AGAIN_LATER)
            return
        await asyncio.wait({leaving}, timeout=LOOK_S)
