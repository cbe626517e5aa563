"""WADO-RS rendered resources and thumbnails (PS3.18 sections 8.3.5, 10.4.1.1.3, 10.4.1.1.5)."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from starlette.responses import Response

from archipel.archive.model import Held
from archipel.imaging.model import VoiFunction, Window
from archipel.imaging.wishes import Format, Viewport, Wishes
from archipel.kernel.errors import Malformed
from archipel.protocols.dicomweb import caching
from archipel.protocols.dicomweb.accept import MediaType
from archipel.protocols.dicomweb.bodies import Multipart, conditional
from archipel.protocols.dicomweb.drawing import draw
from archipel.protocols.dicomweb.frames import frame_numbers
from archipel.protocols.dicomweb.negotiation import RELATED, accepted
from archipel.protocols.dicomweb.problem import NotAcceptable, TooLarge
from archipel.protocols.dicomweb.visits import Visit

RENDERER = "1"  # part of the entity tag: a change of what is drawn changes it
MAX_PICTURES = 100  # in one multipart answer
MAX_SIDE = 8192
THUMBNAIL_SIDE = 256
JPEG, PNG = "image/jpeg", "image/png"

_NUMBER = r"-?[0-9]{1,9}(?:\.[0-9]{1,9})?(?:[eE][+-]?[0-9]{1,2})?"
_NUMBERS = re.compile(rf"{_NUMBER}(?:,{_NUMBER})*")


def rendered(visit: Visit) -> Response:
    """Pictures of frames: one, or several as parts."""
    held = visit.held()
    return _pictures(visit, _chosen(visit, held), _viewport(visit))


def thumbnail(visit: Visit) -> Response:
    """One small picture that stands for what the path names."""
    from archipel.imaging.thumbnail import representative  # noqa: PLC0415  (see below)

    held = visit.held()
    if "frames" in visit.request.path_params:
        chosen = _chosen(visit, held)[:1]
    else:
        chosen = [representative(held)]
    viewport = _viewport(visit) or (float(THUMBNAIL_SIDE), float(THUMBNAIL_SIDE))
    return _pictures(visit, chosen, viewport)


def _chosen(visit: Visit, held: Sequence[Held]) -> list[tuple[Held, int]]:
    listed = visit.request.path_params.get("frames")
    if listed is not None:
        return [(held[0], number) for number in frame_numbers(listed)]
    if "instance" in visit.request.path_params:
        return [(held[0], number) for number in range(1, max(held[0].frames, 1) + 1)]
    return [(one, number) for one in held for number in range(1, one.frames + 1)]


def _pictures(
    visit: Visit, chosen: list[tuple[Held, int]], viewport: tuple[float, ...] | None
) -> Response:
    """Draw these frames."""
    kind, multipart = _kind(accepted(visit.request))
    if not multipart and len(chosen) > 1:
        chosen = [_one_of(chosen)]
    if len(chosen) > MAX_PICTURES:
        raise TooLarge(f"{len(chosen)} pictures in one answer; at most {MAX_PICTURES}")
    if not chosen:
        raise NotAcceptable("nothing here holds an image")
    wishes: dict[str, Any] = {"format": Format(kind), "window": _window(visit)}
    wishes["quality"] = _quality(visit)
    if viewport is not None:
        region = tuple(viewport[2:])
        wishes["viewport"] = Viewport(
            width=int(viewport[0]),
            height=int(viewport[1]),
            region=(region[0], region[1], region[2], region[3]) if region else None,
        )
    identity = [(one.digest.hex(), number) for one, number in chosen]
    etag = caching.etag_of(RENDERER, *map(str, identity), str(wishes), multipart, kind)
    immutable = "instance" in visit.request.path_params
    visit.audit_read([one for one, _ in chosen], "pictures")
    if caching.is_held_by_client(visit.request, etag):
        return Response(None, 304, caching.headers_of(etag, immutable=immutable))
    made = partial(draw, visit.retrieval, visit.services.workshop, wishes=Wishes(**wishes))
    pictures = [made(one, number) for one, number in chosen]
    respond = partial(conditional, visit.request, etag=etag, immutable=immutable)
    if not multipart:
        return respond(pictures, media_type=kind)
    body = Multipart(etag, kind)
    pieces = [piece for picture in pictures for piece in (body.head(kind), picture)]
    return respond([*pieces, body.tail], media_type=body.media_type)


def _one_of(chosen: list[tuple[Held, int]]) -> tuple[Held, int]:
    """Choose one of several: an instance's first frame, else what stands for a series."""
    from archipel.imaging.thumbnail import representative  # noqa: PLC0415  (as above)

    first, last = chosen[0][0], chosen[-1][0]
    return chosen[0] if first is last else representative([one for one, _ in chosen])


def _kind(ranges: Sequence[MediaType]) -> tuple[str, bool]:
    for media in ranges:
        multipart = media.name == RELATED
        part = media.part if multipart else media
        for kind in (JPEG, PNG):
            if part.includes(kind):
                return kind, multipart
    raise NotAcceptable(f"pictures leave as {JPEG} or {PNG}, several as {RELATED}")


def _window(visit: Visit) -> Window | None:
    """`window=center,width,function` (PS3.18 8.3.5.1.2); the function may be left out."""
    text = visit.request.query_params.get("window")
    if text is None:
        return None
    parts = text.split(",")
    if len(parts) not in {2, 3}:
        raise Malformed("window is center,width,function")
    center, width = _numbers(",".join(parts[:2]), "window")
    try:
        function = VoiFunction(parts[2].strip().lower() if len(parts) > 2 else "linear")  # noqa: PLR2004
    except ValueError as failure:
        raise Malformed("a window's function is linear, linear-exact or sigmoid") from failure
    if width < (1 if function is VoiFunction.LINEAR else 1e-9):
        raise Malformed("a linear window is at least 1 wide, another wider than 0")
    return Window(center=center, width=width, function=function)


def _viewport(visit: Visit) -> tuple[float, ...] | None:
    """`viewport=vw,vh[,sx,sy,sw,sh]` (PS3.18 8.3.5.1.3)."""
    text = visit.request.query_params.get("viewport")
    if text is None:
        return None
    numbers = _numbers(text, "viewport")
    if len(numbers) not in {2, 6}:
        raise Malformed("viewport is vw,vh or vw,vh,sx,sy,sw,sh")
    if not all(1 <= side <= MAX_SIDE for side in numbers[:2]):
        raise Malformed(f"a viewport's sides are 1 to {MAX_SIDE} pixels")
    if len(numbers) > 2 and (min(numbers[2:4]) < 0 or min(numbers[4:]) <= 0):  # noqa: PLR2004
        raise Malformed("a viewport's region has positive sides within the image")
    return numbers


def _numbers(text: str, name: str) -> tuple[float, ...]:
    if not _NUMBERS.fullmatch(text):
        raise Malformed(f"{name} holds numbers separated by commas")
    return tuple(float(number) for number in text.split(","))


def _quality(visit: Visit) -> int:
    text = visit.request.query_params.get("quality", "90")
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= 100):  # noqa: PLR2004
        raise Malformed("quality is 1 to 100")
    return int(text)
