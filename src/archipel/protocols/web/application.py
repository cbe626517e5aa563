"""The web door put together: /api, other doors' routers, the pages, and what guards them."""

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute

from archipel.protocols.web.openapi import documented
from archipel.protocols.web.problem import speak_problems
from archipel.protocols.web.router import router
from archipel.protocols.web.security import Security
from archipel.protocols.web.services import WebServices
from archipel.protocols.web.static import static_routes


def application(
    services: WebServices,
    *,
    doors: Sequence[APIRouter] = (),
    routes: Sequence[BaseRoute] = (),
) -> FastAPI:
    """Build the application that the server runs.

    `doors` and `routes` are those of other tongues. `routes` (/dicomweb, /health) come first: an
    image is asked for a hundred times as often as anything else, and each route before its own
    is a pattern held against its address. The pages come last and take what is left.
    """
    app = documented(router(services))
    speak_problems(app)
    for door in doors:
        app.include_router(door)
    app.router.routes[:0] = routes
    app.router.routes.extend(static_routes())
    app.add_middleware(Security, secure=services.secure)
    return app
