"""WADO-RS rendered resources and thumbnails (PS3.18 sections 8.3.5, 10.4.1.1.3, 10.4.1.1.4)."""

from collections.abc import Sequence

from starlette.responses import Response

from archipel.archive.model import Held
from archipel.imaging.wishes import Format, Viewport, Wishes
from archipel.protocols.dicomweb.drawn.asked import (
    annotation_asked,
    profile_asked,
    quality_asked,
    viewport_asked,
    window_asked,
)
from archipel.protocols.dicomweb.drawn.documents import document, is_document
from archipel.protocols.dicomweb.drawn.pictures import kind_of, pictures
from archipel.protocols.dicomweb.drawn.states import asked_state, check_alone, images_of, is_state
from archipel.protocols.dicomweb.frames import frame_numbers
from archipel.protocols.dicomweb.negotiation import PDF, RELATED, accepted
from archipel.protocols.dicomweb.visits import Visit

THUMBNAIL_SIDE = 256


def rendered(visit: Visit) -> Response:
    """Pictures of frames: one, or several as parts; of a document, the document itself."""
    held = visit.held()
    if "instance" in visit.request.path_params and is_document(held[0]):
        ranges = accepted(visit.request)
        if any(media.includes(PDF) for media in ranges if media.name != RELATED):
            return document(visit, held[0])
    asked = visit.request.query_params
    if "instance" in visit.request.path_params and is_state(held[0]):
        check_alone(asked)
        return _drawn(visit, images_of(visit, held[0]), viewport_asked(visit), held[0])
    state = asked_state(visit, asked, held[0].key.study)
    return _drawn(visit, _chosen(visit, held), viewport_asked(visit), state)


def thumbnail(visit: Visit) -> Response:
    """One small picture that stands for what the path names."""
    from archipel.imaging.thumbnail import representative  # noqa: PLC0415  (numpy, when drawn)

    held = visit.held()
    if "frames" in visit.request.path_params:
        chosen = _chosen(visit, held)[:1]
    else:
        chosen = [representative(held)]
    small = Viewport(width=THUMBNAIL_SIDE, height=THUMBNAIL_SIDE)
    return _drawn(visit, chosen, viewport_asked(visit) or small)


def _drawn(
    visit: Visit,
    chosen: list[tuple[Held, int]],
    viewport: Viewport | None,
    state: Held | None = None,
) -> Response:
    kind, multipart = kind_of(accepted(visit.request))
    profile_asked(visit)
    wishes = Wishes(
        format=Format(kind),
        window=window_asked(visit),
        viewport=viewport,
        quality=quality_asked(visit),
        annotate=annotation_asked(visit),
    )
    immutable = "instance" in visit.request.path_params
    return pictures(visit, chosen, wishes, multipart=multipart, immutable=immutable, state=state)


def _chosen(visit: Visit, held: Sequence[Held]) -> list[tuple[Held, int]]:
    listed = visit.request.path_params.get("frames")
    if listed is not None:
        return [(held[0], number) for number in frame_numbers(listed)]
    if "instance" in visit.request.path_params:
        return [(held[0], number) for number in range(1, max(held[0].frames, 1) + 1)]
    return [(one, number) for one in held for number in range(1, one.frames + 1)]
