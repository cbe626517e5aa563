"""WADO-URI (PS3.18 chapter 9): one object by query parameters, as a file, a picture or a PDF.

`anonymize` is refused: a node that took the patient out on the way would have to answer for every
private attribute and every burnt-in name. It is refused before anything is read.
"""

import re
from collections.abc import Mapping

from starlette.responses import Response

from archipel.archive.model import Held
from archipel.imaging.description import describe
from archipel.imaging.model import Window
from archipel.imaging.wishes import Format, Viewport, Wishes
from archipel.kernel.errors import Malformed
from archipel.kernel.uid import Uid
from archipel.protocols.dicomweb.accept import MediaType, parse_media_types
from archipel.protocols.dicomweb.drawn.asked import MAX_SIDE, annotations
from archipel.protocols.dicomweb.drawn.documents import document, is_document
from archipel.protocols.dicomweb.drawn.pictures import PICTURES, pictures
from archipel.protocols.dicomweb.drawn.states import PARAMETERS as STATE_NAMES
from archipel.protocols.dicomweb.drawn.states import (
    asked_state,
    check_alone,
    images_of,
    is_state,
)
from archipel.protocols.dicomweb.instances import whole
from archipel.protocols.dicomweb.negotiation import (
    DICOM,
    JPEG,
    PDF,
    InstanceForm,
    accepted,
)
from archipel.protocols.dicomweb.problem import NotAcceptable
from archipel.protocols.dicomweb.visits import Visit
from archipel.standards.dicom import transfer_syntax as ts

PARAMETERS = (
    *("requestType", "studyUID", "seriesUID", "objectUID", "contentType", "transferSyntax"),
    *("frameNumber", "rows", "columns", "region", "windowCenter", "windowWidth", "imageQuality"),
    "annotation",
    *STATE_NAMES,
)
_NUMBER = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,9})?(?:[eE][+-]?[0-9]{1,2})?")
_REFUSED = {
    "anonymize": "nothing is taken out of an object on its way out: ask without anonymize",
}


def uri_service(visit: Visit) -> Response:
    """One object. Raises `Malformed`, `NotFound`, `NotAcceptable`."""
    asked = _once(visit)
    if asked.get("requestType") != "WADO":
        raise Malformed("requestType is WADO")
    for name, why in _REFUSED.items():
        if asked.get(name):
            raise NotAcceptable(why)
    study, series, instance = (
        Uid(_named(asked, name)) for name in ("studyUID", "seriesUID", "objectUID")
    )
    held = visit.retrieval.instance(study, series, instance)
    kind = _kind(visit, asked, held)
    if kind == DICOM:
        return _file(visit, asked, held)
    if kind == PDF:
        return document(visit, held)
    frame = _whole_number(asked, "frameNumber", 1, 999_999_999)
    chosen = [(held, frame)]
    state = asked_state(visit, asked, study)
    if is_state(held):
        check_alone(asked)
        state, chosen = held, images_of(visit, held)[:1]
    wishes = _wishes(asked, held, visit, kind)
    return pictures(visit, chosen, wishes, multipart=False, immutable=True, state=state)


def _once(visit: Visit) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, text in visit.request.query_params.multi_items():
        if name in found:
            raise Malformed(f"{name[:32]} is given twice")
        found[name] = text
    return found


def _named(asked: Mapping[str, str], name: str) -> str:
    if not asked.get(name):
        raise Malformed(f"{name} is missing")
    return asked[name]


def _kind(visit: Visit, asked: Mapping[str, str], held: Held) -> str:
    """Choose what leaves (PS3.18 section 9.1.2.1.4): the content type, or what the object is."""
    can = [PDF, DICOM] if is_document(held) else [DICOM]
    if is_state(held):
        can += PICTURES
    elif held.frames:
        can = [JPEG, DICOM] if held.frames == 1 else [DICOM, JPEG]
        can += [kind for kind in PICTURES if kind != JPEG]
    text = asked.get("contentType")
    ranges: tuple[MediaType, ...] = parse_media_types(text) if text else accepted(visit.request)
    for media in ranges:
        for kind in can:
            if media.includes(kind):
                return kind
    raise NotAcceptable(f"this object leaves as {', '.join(can)}")


def _file(visit: Visit, asked: Mapping[str, str], held: Held) -> Response:
    syntax = asked.get("transferSyntax") or ts.EXPLICIT_VR_LITTLE_ENDIAN
    wanted = Uid(syntax).value if syntax != "*" else syntax
    form = InstanceForm(multipart=False, transfer_syntaxes=(wanted,))
    visit.audit_read([held], "instances")
    return whole(visit, held, form)


def _wishes(asked: Mapping[str, str], held: Held, visit: Visit, kind: str) -> Wishes:
    return Wishes(
        format=Format(kind),
        window=_window(asked),
        viewport=_viewport(asked, held, visit),
        quality=_whole_number(asked, "imageQuality", 90, 100),
        annotate=annotations(asked.get("annotation", "")),
    )


def _window(asked: Mapping[str, str]) -> Window | None:
    center, width = asked.get("windowCenter"), asked.get("windowWidth")
    if center is None and width is None:
        return None
    if center is None or width is None:
        raise Malformed("windowCenter and windowWidth come together")
    return Window(center=_number(center, "windowCenter"), width=_number(width, "windowWidth"))


def _viewport(asked: Mapping[str, str], held: Held, visit: Visit) -> Viewport | None:
    """Read `rows`, `columns` and `region`, which counts from 0 to 1 (PS3.18 9.1.2.2)."""
    if not {"rows", "columns", "region"} & asked.keys():
        return None
    region = None
    if "region" in asked:
        left, top, right, bottom = _region(asked["region"])
        pixels = describe(visit.retrieval.document(held)).pixels
        rows, columns = pixels.rows, pixels.columns
        width, height = (right - left) * columns, (bottom - top) * rows
        region = (left * columns, top * rows, width, height)
    return Viewport(
        width=_whole_number(asked, "columns", MAX_SIDE, MAX_SIDE),
        height=_whole_number(asked, "rows", MAX_SIDE, MAX_SIDE),
        region=region,
    )


def _region(text: str) -> tuple[float, float, float, float]:
    match [_number(part, "region") for part in text.split(",")]:
        case [left, top, right, bottom] if 0 <= left < right <= 1 and 0 <= top < bottom <= 1:
            return left, top, right, bottom
        case _:
            raise Malformed("region is xmin,ymin,xmax,ymax, from 0 to 1")


def _whole_number(asked: Mapping[str, str], name: str, otherwise: int, largest: int) -> int:
    text = asked.get(name)
    if text is None:
        return otherwise
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:10]) <= largest:
        raise Malformed(f"{name} is a number from 1 to {largest}")
    return int(text)


def _number(text: str, name: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise Malformed(f"{name} is a number")
    return float(text)
