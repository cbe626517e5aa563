"""DICOMweb (PS3.18): QIDO-RS, WADO-RS, STOW-RS.

`router(services)` is the whole door as one ASGI application, to be mounted where it shall be
found: ``app.mount("/dicomweb", router(services))``. It answers its own failures.
"""

from starlette.routing import Route, Router

from archipel.access.model import Permission
from archipel.kernel.errors import NotFound
from archipel.kernel.hierarchy import Level
from archipel.protocols.dicomweb.bulkdata import bulkdata
from archipel.protocols.dicomweb.frames import frames
from archipel.protocols.dicomweb.instances import instances
from archipel.protocols.dicomweb.lowres import lowres
from archipel.protocols.dicomweb.metadata import metadata
from archipel.protocols.dicomweb.problem import problem
from archipel.protocols.dicomweb.qido import search
from archipel.protocols.dicomweb.rendered import rendered, thumbnail
from archipel.protocols.dicomweb.services import DicomwebServices, Limits
from archipel.protocols.dicomweb.stow.store import store
from archipel.protocols.dicomweb.visits import Door, Work

__all__ = ["DicomwebServices", "Limits", "router"]

_STUDY = "/studies/{study}"
_SERIES = _STUDY + "/series/{series}"
_INSTANCE = _SERIES + "/instances/{instance}"
_FRAMES = _INSTANCE + "/frames/{frames}"


def router(services: DicomwebServices) -> Router:
    """All resources of PS3.18 chapter 10 that are served here."""
    door = Door(services)
    searches: dict[str, Work] = {
        "/studies": search(Level.STUDY),
        "/series": search(Level.SERIES, relational=True),
        "/instances": search(Level.IMAGE, relational=True),
        f"{_STUDY}/series": search(Level.SERIES),
        f"{_STUDY}/instances": search(Level.IMAGE, relational=True),
        f"{_SERIES}/instances": search(Level.IMAGE),
    }
    reads: dict[str, Work] = {f"{_INSTANCE}/bulkdata/{{path:path}}": bulkdata, _FRAMES: frames}
    reads[f"{_SERIES}/lowres"] = lowres
    for path in (_STUDY, _SERIES, _INSTANCE):
        reads |= {path: instances, f"{path}/metadata": metadata}
    draws: dict[str, Work] = {}
    for path in (_STUDY, _SERIES, _INSTANCE, _FRAMES):
        draws |= {f"{path}/rendered": rendered, f"{path}/thumbnail": thumbnail}
    see, read = Permission.SEE_EXAMS, Permission.READ_IMAGES
    routes = [Route(path, door.endpoint(work, see)) for path, work in searches.items()]
    routes += [Route(path, door.endpoint(work, read)) for path, work in reads.items()]
    routes += [
        Route(path, door.endpoint(work, read, decodes=True)) for path, work in draws.items()
    ]
    stores = [Route(path, store(door), methods=["POST"]) for path in ("/studies", _STUDY)]
    return Router([*stores, *routes], default=_nothing_here, redirect_slashes=False)


async def _nothing_here(scope: object, receive: object, send: object) -> None:
    """Answer a path that is no resource."""
    response = problem(NotFound("no such resource"))
    await response(scope, receive, send)  # type: ignore[arg-type]
