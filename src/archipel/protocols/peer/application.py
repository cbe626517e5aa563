"""The peer door's routes: the way in, the feed, and whatever else is plugged in.

`more` holds the routes of other rooms (packs, queries): plain Starlette routes that ask
``request.app.state.services.doorkeeper`` who comes in. A failure of the six kinds raised in any
of them becomes its answer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from archipel.access.model import Action, AuditEntry
from archipel.exchange.model import Batch, Peer
from archipel.exchange.ports import FactLog
from archipel.kernel.errors import ArchipelError, Malformed
from archipel.protocols.peer import problem, wire
from archipel.protocols.peer.doorkeeper import DOOR, Doorkeeper, actor
from archipel.protocols.peer.enrolment import Enrolment
from archipel.protocols.peer.news import News

LONGEST_WAIT_S = 60
PAGE = 1000  # links in one answer
BODY_BYTES = 16 << 10
ADDRESS_BYTES = 255
_JOIN_SLOTS = 4  # strangers at once


@dataclass(frozen=True, kw_only=True)
class PeerServices:
    """What the routes work with."""

    doorkeeper: Doorkeeper
    facts: FactLog
    news: News
    enrolment: Enrolment
    address: str  # host:port where the others reach this node; empty: they do not


def application(services: PeerServices, *, more: Sequence[BaseRoute] = ()) -> Starlette:
    """Return the ASGI application of the peer door."""
    app = Starlette(
        routes=[
            Route("/x/1/authority", _authority),
            Route("/x/1/join", _join, methods=["POST"]),
            Route("/x/1/renew", _renew, methods=["POST"]),
            Route("/x/1/hello", _hello, methods=["POST"]),
            Route("/x/1/feed", _feed),
            *more,
        ],
        exception_handlers={ArchipelError: _failed},
    )
    app.state.services = services
    app.state.strangers = asyncio.Semaphore(_JOIN_SLOTS)
    return app


def services_of(request: Request) -> PeerServices:
    """Return what the routes work with."""
    services: PeerServices = request.app.state.services
    return services


async def neighbour(request: Request) -> Peer:
    """Return the node that asks. Raises `NotEnrolled`."""
    return await asyncio.to_thread(services_of(request).doorkeeper.node, request)


async def body_of(request: Request, *, limit: int = BODY_BYTES) -> bytes:
    """Read a small body. Raises `Malformed` when it is longer than `limit`."""
    body = bytearray()
    async with asyncio.timeout(10):
        async for part in request.stream():
            body += part
            if len(body) > limit:
                raise Malformed(f"a body of more than {limit} bytes")
    return bytes(body)


async def _failed(_request: Request, failure: Exception) -> Response:
    assert isinstance(failure, ArchipelError)  # noqa: S101 (what this handler is registered for)
    return problem.answer(failure)


async def _authority(request: Request) -> Response:
    """Show the authority: a joiner holds it against the pin of its token, then sends."""
    authority = services_of(request).doorkeeper.identity.authority
    return JSONResponse({"authority": authority})


async def _join(request: Request) -> Response:
    """Let a node in that holds a one-time token."""
    services = services_of(request)
    async with request.app.state.strangers:
        said = await body_of(request)
        welcome = await asyncio.to_thread(services.enrolment.join, request, said)
    return JSONResponse(welcome)


async def _renew(request: Request) -> Response:
    services = services_of(request)
    peer = await neighbour(request)
    said = await body_of(request)
    return JSONResponse(await asyncio.to_thread(services.enrolment.renew, peer, said))


async def _hello(request: Request) -> Response:
    """Answer at once: what a neighbour measures the line by. It says where it is reached."""
    services = services_of(request)
    peer = await neighbour(request)
    address = await body_of(request, limit=ADDRESS_BYTES)
    if not address.isascii():
        raise Malformed("an address is host:port")
    said = address.decode()
    if said and said != peer.address:
        await asyncio.to_thread(services.doorkeeper.peers.moved, peer.name, said)
    return JSONResponse({"node": services.doorkeeper.identity.node.value})


async def _feed(request: Request) -> Response:
    """Give what a neighbour lacks and may know; wait for news when there is nothing."""
    services = services_of(request)
    peer = await neighbour(request)
    cursor = wire.cursor_of(request.query_params.get("after", ""))
    wait_s = _seconds(request.query_params.get("wait", "0"))
    loop = asyncio.get_running_loop()
    until = loop.time() + wait_s

    def lacking() -> Batch:
        return services.facts.after(
            cursor, reader=peer.name, limit=PAGE, signer=services.doorkeeper.identity
        )

    while True:
        position = await asyncio.to_thread(services.facts.position)
        batch = await asyncio.to_thread(lacking)
        left_s = until - loop.time()
        terms_changed = request.query_params.get("terms", batch.terms) != batch.terms
        if batch.links or terms_changed or left_s <= 0:
            break
        await services.news.after(position, timeout_s=left_s)
        await neighbour(request)  # it may have been revoked while it waited
    content = await asyncio.to_thread(wire.packed, batch)
    if batch.links:
        await asyncio.to_thread(services.doorkeeper.audit.record, [_sent(services, peer, batch)])
    return Response(content, media_type=wire.MEDIA_TYPE)


def _sent(services: PeerServices, peer: Peer, batch: Batch) -> AuditEntry:
    heads = ", ".join(f"{head.log}:{head.sequence}" for head in batch.heads)
    return AuditEntry(
        tenant=None,
        at=services.doorkeeper.clock(),
        actor=actor(peer.name),
        action=Action.SEND,
        subject="feed",
        door=DOOR,
        detail=f"{len(batch.links)} facts, up to {heads}"[:200],
    )


def _seconds(text: str) -> float:
    if not text.isascii() or not text.isdigit():
        raise Malformed(f"not a number of seconds: {text[:20]!r}")
    return float(min(int(text[:6]), LONGEST_WAIT_S))


Handler = Callable[[Request], Awaitable[Response]]
"""A route that another room plugs in."""
