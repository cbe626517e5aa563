"""WADO-RS pixel data (PS3.18 section 10.4.1.1.6): every frame of what the path names, in parts.

Each part is a frame, in the order of series and instances, and says where it can be had alone.
"""

from collections.abc import Iterator, Sequence
from itertools import chain

from starlette.responses import Response

from archipel.archive.model import Held
from archipel.protocols.dicomweb import caching
from archipel.protocols.dicomweb.accept import MediaType
from archipel.protocols.dicomweb.bodies import Multipart, streamed
from archipel.protocols.dicomweb.frames import bytes_of
from archipel.protocols.dicomweb.negotiation import (
    RELATED,
    accepted,
    frame_form,
)
from archipel.protocols.dicomweb.problem import NotAcceptable
from archipel.protocols.dicomweb.visits import Visit

_Part = tuple[bytes, Iterator[bytes]]


def pixeldata(visit: Visit) -> Response:
    """Frames of a study, a series or an instance."""
    ranges = accepted(visit.request)
    if not any(media.includes(RELATED) for media in ranges):
        raise NotAcceptable(f"pixel data leave as {RELATED}")
    held = [one for one in visit.held() if one.frames]
    visit.audit_read(held, "pixel data")
    wanted = visit.request.headers.get("accept", "") + str(visit.request.query_params)
    etag = caching.etag_of_all((one.digest for one in held), "pixeldata", wanted)
    headers = caching.headers_of(etag, immutable="instance" in visit.request.path_params)
    if not held:
        raise NotAcceptable("nothing here holds pixels")
    if caching.is_held_by_client(visit.request, etag):
        return Response(None, 304, headers)
    opening = visit.retrieval.frame(held[0], 1).transfer_syntax.value
    body = Multipart(etag, frame_form(ranges, opening, alone=False).media_type)
    parts = body.around(_parts(visit, held, ranges, body))
    first = next(parts)  # what fails at once still gets its own status
    return streamed(chain((first,), parts), media_type=body.media_type, headers=headers)


def _parts(
    visit: Visit, held: Sequence[Held], ranges: Sequence[MediaType], body: Multipart
) -> Iterator[_Part]:
    for one in held:
        for number in range(1, one.frames + 1):
            frame = visit.retrieval.frame(one, number)
            form = frame_form(ranges, frame.transfer_syntax.value, alone=False)
            where = f"{visit.url_of(one)}/frames/{number}"
            head = body.head(form.content_type, where)
            yield head, iter((bytes_of(visit, one, frame, form),))
