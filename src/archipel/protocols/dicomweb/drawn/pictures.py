"""Pictures of frames, drawn and answered: one, several as parts, or one that moves."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from starlette.responses import Response

from archipel.archive.model import Held
from archipel.imaging.description import frame_time_ms
from archipel.imaging.wishes import Format, Wishes
from archipel.protocols.dicomweb import caching
from archipel.protocols.dicomweb.accept import MediaType
from archipel.protocols.dicomweb.bodies import Multipart, conditional
from archipel.protocols.dicomweb.drawn.drawing import draw
from archipel.protocols.dicomweb.negotiation import GIF, JPEG, PNG, RELATED
from archipel.protocols.dicomweb.problem import NotAcceptable, TooLarge
from archipel.protocols.dicomweb.visits import Visit

RENDERER = "1"  # part of the entity tag: a change of what is drawn changes it
MAX_PICTURES = 100  # in one answer
PICTURES = (JPEG, PNG, GIF)

Chosen = Sequence[tuple[Held, int]]
"""Instances and frame numbers, 1 first."""


def kind_of(ranges: Sequence[MediaType]) -> tuple[str, bool]:
    """Choose the media type, and whether pictures leave in parts. Raises `NotAcceptable`."""
    for media in ranges:
        multipart = media.name == RELATED
        part = media.part if multipart else media
        for kind in PICTURES:
            if part.includes(kind):
                return kind, multipart
    raise NotAcceptable(f"pictures leave as {', '.join(PICTURES)}, several as {RELATED}")


def pictures(
    visit: Visit,
    chosen: Chosen,
    wishes: Wishes,
    *,
    multipart: bool,
    immutable: bool,
    state: Held | None = None,
) -> Response:
    """Draw these frames, as `wishes` says and as the presentation state `state` has them."""
    kind = wishes.format.value
    moving = kind == GIF and len(chosen) > 1 and _of_one_instance(chosen) and not multipart
    if not multipart and not moving and len(chosen) > 1:
        chosen = [_one_of(chosen)]
    if len(chosen) > MAX_PICTURES:
        raise TooLarge(f"{len(chosen)} pictures in one answer; at most {MAX_PICTURES}")
    if not chosen:
        raise NotAcceptable("nothing here holds an image")
    identity = [(one.digest.hex(), number) for one, number in chosen]
    presented = state.digest.hex() if state is not None else ""
    etag = caching.etag_of(RENDERER, *map(str, identity), str(wishes), multipart, kind, presented)
    visit.audit_read([one for one, _ in chosen], "pictures")
    if caching.is_held_by_client(visit.request, etag):
        return Response(None, 304, caching.headers_of(etag, immutable=immutable))
    respond = partial(conditional, visit.request, etag=etag, immutable=immutable)
    if moving:
        return respond([_moving(visit, chosen, wishes, state)], media_type=kind)
    drawn = [
        draw(visit.retrieval, visit.services.workshop, one, number, wishes=wishes, state=state)
        for one, number in chosen
    ]
    if not multipart:
        return respond(drawn, media_type=kind)
    body = Multipart(etag, kind)
    pieces = [piece for picture in drawn for piece in (body.head(kind), picture)]
    return respond([*pieces, body.tail], media_type=body.media_type)


def _moving(visit: Visit, chosen: Chosen, wishes: Wishes, state: Held | None) -> bytes:
    from archipel.imaging.animation import animated  # noqa: PLC0415  (pillow: when it is drawn)

    still = replace(wishes, format=Format.PNG)
    frames = [
        draw(visit.retrieval, visit.services.workshop, one, number, wishes=still, state=state)
        for one, number in chosen
    ]
    return animated(frames, frame_ms=frame_time_ms(visit.retrieval.document(chosen[0][0])))


def _of_one_instance(chosen: Chosen) -> bool:
    return len({one.key for one, _ in chosen}) == 1


def _one_of(chosen: Chosen) -> tuple[Held, int]:
    """Choose one of several: an instance's first frame, else what stands for a series."""
    from archipel.imaging.thumbnail import representative  # noqa: PLC0415  (as above)

    if _of_one_instance(chosen):
        return chosen[0]
    return representative([one for one, _ in chosen])
