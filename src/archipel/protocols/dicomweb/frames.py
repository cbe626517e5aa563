"""WADO-RS frames (PS3.18 section 10.4.1.1.6): the stored codestream, or pixels.

A range of one frame is answered 206. The body is the same bytes each time, so that a client may
fetch the head of an HTJ2K frame first (its low resolutions, in RPCL order) and the rest later.
"""

import re

from starlette.responses import Response

from archipel.archive.model import Frame, Held
from archipel.imaging.description import describe
from archipel.imaging.ports import MOST_BYTES
from archipel.imaging.tasks import DecodeFrame
from archipel.kernel.errors import Malformed
from archipel.protocols.dicomweb import caching
from archipel.protocols.dicomweb.bodies import Multipart, conditional
from archipel.protocols.dicomweb.negotiation import FrameForm, accepted, frame_form
from archipel.protocols.dicomweb.problem import TooLarge
from archipel.protocols.dicomweb.visits import Visit

MAX_FRAMES = 1_000  # in one request
MAX_DECODED_BYTES = MOST_BYTES  # in one answer; stored frames are as large as they came

_LIST = re.compile(r"[1-9][0-9]{0,8}(?:,[1-9][0-9]{0,8})*")


def frame_numbers(text: str) -> list[int]:
    """Read a list of frame numbers, 1 first. Raises `Malformed`."""
    if not _LIST.fullmatch(text):
        raise Malformed("frames are named by numbers from 1, separated by commas")
    numbers = [int(number) for number in text.split(",")]
    if len(numbers) > MAX_FRAMES:
        raise Malformed(f"at most {MAX_FRAMES} frames in one request")
    return numbers


def frames(visit: Visit) -> Response:
    """Frames of one instance, as stored or decoded."""
    numbers = frame_numbers(visit.request.path_params["frames"])
    ranges = accepted(visit.request)
    held = visit.held()[0]
    visit.audit_read([held], "frames")
    found = [visit.retrieval.frame(held, number) for number in numbers]
    form = frame_form(ranges, found[0].transfer_syntax.value, alone=len(numbers) == 1)
    pieces: list[bytes] = []
    for frame in found:
        pieces.append(bytes_of(visit, held, frame, form))
        if form.decoded and sum(map(len, pieces)) > MAX_DECODED_BYTES:
            raise TooLarge(f"more than {MAX_DECODED_BYTES >> 20} MiB of pixels: ask for fewer")
    etag = caching.etag_of(held.digest, *numbers, form.content_type, form.multipart)
    if not form.multipart:
        return conditional(visit.request, pieces, etag=etag, media_type=form.content_type)
    multipart = Multipart(etag, form.media_type)
    head = multipart.head(form.content_type)
    body = [piece for frame in pieces for piece in (head, frame)]
    return conditional(
        visit.request, [*body, multipart.tail], etag=etag, media_type=multipart.media_type
    )


def bytes_of(visit: Visit, held: Held, frame: Frame, form: FrameForm) -> bytes:
    """Give a frame in this form. Raises `Undecodable`, `NotAnImage`."""
    if not form.decoded:
        return frame.content
    pixels = describe(visit.retrieval.document(held)).pixels
    task = DecodeFrame(frame.content, frame.transfer_syntax.value, pixels)
    return visit.services.workshop.run(task)
