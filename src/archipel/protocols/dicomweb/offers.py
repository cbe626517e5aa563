"""The resources of this door, once for all: who routes and who describes them read them here."""

from collections.abc import Sequence
from dataclasses import dataclass

from archipel.access.model import Permission
from archipel.kernel.hierarchy import Level
from archipel.protocols.dicomweb.bulkdata import bulkdata, bulkdata_below
from archipel.protocols.dicomweb.capabilities import Offer
from archipel.protocols.dicomweb.commitments import MOST_BYTES as COMMITMENT_BYTES
from archipel.protocols.dicomweb.commitments import PATH as COMMITMENT
from archipel.protocols.dicomweb.commitments import SERVICE as COMMITTING
from archipel.protocols.dicomweb.commitments import commit, committed
from archipel.protocols.dicomweb.drawn.rendered import rendered, thumbnail
from archipel.protocols.dicomweb.drawn.states import PARAMETERS as STATE_NAMES
from archipel.protocols.dicomweb.frames import frames
from archipel.protocols.dicomweb.instances import instances
from archipel.protocols.dicomweb.lowres import MEDIA_TYPE, lowres
from archipel.protocols.dicomweb.metadata import metadata
from archipel.protocols.dicomweb.negotiation import (
    CODESTREAM,
    DICOM,
    GIF,
    JPEG,
    JSON,
    OCTETS,
    PDF,
    PLAIN_JSON,
    PNG,
    RELATED,
    XML,
)
from archipel.protocols.dicomweb.pixeldata import pixeldata
from archipel.protocols.dicomweb.searching.count import count
from archipel.protocols.dicomweb.searching.qido import search
from archipel.protocols.dicomweb.ups.bodies import TAKEN as UPS_TAKEN
from archipel.protocols.dicomweb.ups.offers import ANSWERS as UPS_ANSWERS
from archipel.protocols.dicomweb.ups.offers import SERVICE as UPS
from archipel.protocols.dicomweb.ups.offers import TAKEN, WORKITEM, Taken
from archipel.protocols.dicomweb.ups.workitems import retrieve
from archipel.protocols.dicomweb.ups.workitems import search as search_workitems
from archipel.protocols.dicomweb.uri import PARAMETERS, uri_service
from archipel.protocols.dicomweb.visits import Work

STUDY = "/studies/{study}"
SERIES = STUDY + "/series/{series}"
INSTANCE = SERIES + "/instances/{instance}"
FRAMES = INSTANCE + "/frames/{frames}"
LEVELS = (STUDY, SERIES, INSTANCE)

_DATASETS = (JSON, PLAIN_JSON, f'{RELATED}; type="{XML}"')
_FILES = (f'{RELATED}; type="{DICOM}"', DICOM)
_PIXELS = (f'{RELATED}; type="{OCTETS}"', OCTETS, *sorted(set(CODESTREAM.values())))
_PICTURES = (JPEG, PNG, GIF, f'{RELATED}; type="{JPEG}"')
_PAGES = ("limit", "offset", "includefield", "fuzzymatching", "multiplevaluematching")
_DRAWING = ("accept", "window", "viewport", "quality", "annotation", "iccprofile", *STATE_NAMES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A resource that is read: its work, who may, and whether strangers' pixels are decoded."""

    offer: Offer
    work: Work
    needed: Permission
    decodes: bool = False


def _read(
    path: str, service: str, answers: Sequence[str], work: Work, *parameters: str
) -> Resource:
    offer = Offer(path=path, method="GET", service=service, answers=answers, parameters=parameters)
    return Resource(offer=offer, work=work, needed=Permission.READ_IMAGES)


def _drawn(path: str, service: str, answers: Sequence[str], work: Work) -> Resource:
    read = _read(path, service, answers, work, *_DRAWING)
    return Resource(offer=read.offer, work=work, needed=read.needed, decodes=True)


def _searched(path: str, level: Level, *, relational: bool = False) -> Resource:
    offer = Offer(path=path, method="GET", service="QIDO-RS", answers=_DATASETS, parameters=_PAGES)
    work = search(level, relational=relational)
    return Resource(offer=offer, work=work, needed=Permission.SEE_EXAMS)


def _counted(path: str, level: Level) -> Resource:
    offer = Offer(path=path, method="GET", service="QIDO-RS count", answers=(PLAIN_JSON,))
    return Resource(offer=offer, work=count(level), needed=Permission.SEE_EXAMS)


URI = Resource(
    offer=Offer(
        path="/wado",
        method="GET",
        service="WADO-URI",
        answers=(DICOM, *_PICTURES[:3], PDF),
        parameters=PARAMETERS,
    ),
    work=uri_service,
    needed=Permission.READ_IMAGES,
    decodes=True,
)
READ: tuple[Resource, ...] = (
    _counted("/studies/count", Level.STUDY),
    _counted("/series/count", Level.SERIES),
    _counted("/instances/count", Level.IMAGE),
    _searched("/studies", Level.STUDY),
    _searched("/series", Level.SERIES, relational=True),
    _searched("/instances", Level.IMAGE, relational=True),
    _searched(f"{STUDY}/series", Level.SERIES),
    _searched(f"{STUDY}/instances", Level.IMAGE, relational=True),
    _searched(f"{SERIES}/instances", Level.IMAGE),
    *(_read(path, "WADO-RS instances", _FILES, instances) for path in LEVELS),
    *(_read(f"{path}/metadata", "WADO-RS metadata", _DATASETS, metadata) for path in LEVELS),
    _read(FRAMES, "WADO-RS frames", _PIXELS, frames),
    *(_read(f"{path}/pixeldata", "WADO-RS pixel data", _PIXELS, pixeldata) for path in LEVELS),
    _read(f"{INSTANCE}/bulkdata/{{path:path}}", "WADO-RS bulk data", (OCTETS,), bulkdata),
    *(
        _read(f"{path}/bulkdata", "WADO-RS bulk data", _PIXELS[:1], bulkdata_below)
        for path in LEVELS
    ),
    *(
        _drawn(f"{path}/rendered", "WADO-RS rendered", (*_PICTURES, PDF), rendered)
        for path in (*LEVELS, FRAMES)
    ),
    *(
        _drawn(f"{path}/thumbnail", "WADO-RS thumbnail", _PICTURES[:3], thumbnail)
        for path in (*LEVELS, FRAMES)
    ),
    URI,
    *(
        Resource(
            offer=Offer(path=path, method="GET", service=UPS, answers=UPS_ANSWERS),
            work=work,
            needed=Permission.SEE_EXAMS,
        )
        for path, work in ((WORKITEM, retrieve), ("/workitems", search_workitems))
    ),
    Resource(
        offer=Offer(path=COMMITMENT, method="GET", service=COMMITTING, answers=UPS_TAKEN),
        work=committed,
        needed=Permission.STORE_IMAGES,
    ),
    _read(f"{SERIES}/lowres", "low resolutions of a series, ours", (MEDIA_TYPE,), lowres),
)

TAKING: tuple[Taken, ...] = (
    *TAKEN,
    Taken(
        offer=Offer(
            path=COMMITMENT, method="POST", service=COMMITTING, takes=UPS_TAKEN, answers=()
        ),
        work=commit,
        needed=Permission.STORE_IMAGES,
        most_bytes=COMMITMENT_BYTES,
    ),
)

STORED: tuple[Offer, ...] = tuple(
    Offer(
        path=path,
        method="POST",
        service="STOW-RS",
        takes=(*_FILES, f'{RELATED}; type="{JSON}"', f'{RELATED}; type="{XML}"'),
        answers=(JSON, XML),
    )
    for path in ("/studies", STUDY)
)

ITSELF = Offer(
    path="/",
    method="OPTIONS",
    service="capabilities",
    answers=("application/vnd.sun.wadl+xml", PLAIN_JSON),
)
