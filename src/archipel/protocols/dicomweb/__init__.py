"""DICOMweb (PS3.18): QIDO-RS, WADO-RS, WADO-URI, STOW-RS.

`router(services)` is the whole door as one ASGI application, to be mounted where it shall be
found: ``app.mount("/dicomweb", router(services))``. It answers its own failures.
"""

from starlette.routing import Route, Router

from archipel.access.model import Permission
from archipel.kernel.errors import NotFound
from archipel.protocols.dicomweb.capabilities import capabilities
from archipel.protocols.dicomweb.offers import ITSELF, READ, STORED
from archipel.protocols.dicomweb.problem import problem
from archipel.protocols.dicomweb.services import DicomwebServices, Limits
from archipel.protocols.dicomweb.stow.store import store
from archipel.protocols.dicomweb.visits import Door

__all__ = ["DicomwebServices", "Limits", "router"]


def router(services: DicomwebServices) -> Router:
    """All resources of PS3.18 chapters 9 and 10 that are served here."""
    door = Door(services)
    told = capabilities([ITSELF, *(one.offer for one in READ), *STORED])
    routes = [
        Route(ITSELF.path, door.endpoint(told, Permission.SEE_EXAMS), methods=[ITSELF.method])
    ]
    routes += [Route(offer.path, store(door), methods=[offer.method]) for offer in STORED]
    routes += [
        Route(one.offer.path, door.endpoint(one.work, one.needed, decodes=one.decodes))
        for one in READ
    ]
    return Router(routes, default=_nothing_here, redirect_slashes=False)


async def _nothing_here(scope: object, receive: object, send: object) -> None:
    """Answer a path that is no resource."""
    response = problem(NotFound("no such resource"))
    await response(scope, receive, send)  # type: ignore[arg-type]
