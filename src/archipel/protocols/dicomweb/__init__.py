"""DICOMweb (PS3.18): QIDO-RS, WADO-RS, WADO-URI, STOW-RS, UPS-RS.

`router(services)` is the whole door as one ASGI application, to be mounted where it shall be
found: ``app.mount("/dicomweb", router(services))``. It answers its own failures.
"""

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route, Router, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from archipel.access.model import Permission
from archipel.kernel.errors import NotFound
from archipel.protocols.dicomweb.capabilities import capabilities
from archipel.protocols.dicomweb.offers import ITSELF, READ, STORED, TAKING
from archipel.protocols.dicomweb.problem import problem
from archipel.protocols.dicomweb.services import DicomwebServices, Limits
from archipel.protocols.dicomweb.stow.store import store
from archipel.protocols.dicomweb.ups.channel import channel
from archipel.protocols.dicomweb.ups.endpoint import taking
from archipel.protocols.dicomweb.ups.offers import CHANNEL
from archipel.protocols.dicomweb.visits import Door

__all__ = ["DicomwebServices", "Limits", "across_origins", "router"]

_ASKED = ("Accept", "Authorization", "If-None-Match", "If-Range", "Range")
_SHOWN = ("Allow", "Content-Range", "ETag", "Retry-After", "Warning")
PREFLIGHT_S = 600


def router(services: DicomwebServices) -> Router:
    """All resources of PS3.18 chapters 9 to 13 that are served here."""
    door = Door(services)
    told = capabilities(
        [ITSELF, *(one.offer for one in READ), *(one.offer for one in TAKING), *STORED, CHANNEL]
    )
    routes: list[BaseRoute] = [
        Route(ITSELF.path, door.endpoint(told, Permission.SEE_EXAMS), methods=[ITSELF.method])
    ]
    routes += [Route(offer.path, store(door), methods=[offer.method]) for offer in STORED]
    routes += [
        Route(one.offer.path, door.endpoint(one.work, one.needed, decodes=one.decodes))
        for one in READ
    ]
    routes += [
        Route(
            one.offer.path,
            taking(door, one.work, one.needed, one.most_bytes),
            methods=[one.offer.method],
        )
        for one in TAKING
    ]
    routes.append(WebSocketRoute(CHANNEL.path, channel(door)))
    return _Router(routes, default=_nothing_here, redirect_slashes=False)


class _Router(Router):
    """Tells the methods of any resource to whoever asks: an address alone says nothing."""

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer OPTIONS of a resource that has no such method of its own (RFC 9110 9.3.7)."""
        if scope["type"] == "http" and scope["method"] == "OPTIONS":
            matches = [(route, route.matches(scope)[0]) for route in self.routes]
            if not any(match is Match.FULL for _, match in matches):
                allowed = {
                    method
                    for route, match in matches
                    if match is Match.PARTIAL and isinstance(route, Route)
                    for method in route.methods or ()
                }
                if allowed:
                    told = ", ".join(sorted({*allowed, "OPTIONS"}))
                    await Response(None, 204, {"Allow": told})(scope, receive, send)
                    return
        await super().app(scope, receive, send)


def across_origins(door: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    """Let pages of these origins read through a door (PS3.18 section 8.11, Fetch standard).

    They read with a bearer token of their own: no cookie goes along, and nothing is stored.
    """
    if not origins:
        return door
    return CORSMiddleware(
        door,
        allow_origins=origins,
        allow_methods=("GET", "HEAD"),
        allow_headers=_ASKED,
        expose_headers=_SHOWN,
        max_age=PREFLIGHT_S,
    )


async def _nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a path that is no resource."""
    if scope["type"] == "websocket":
        await WebSocketClose(1008)(scope, receive, send)
        return
    response = problem(NotFound("no such resource"))
    await response(scope, receive, send)
