"""The low resolutions of a whole series in one request: our extension of WADO-RS.

``GET .../series/{series}/lowres`` answers `application/vnd.archipel.lowres`: for each frame that
is kept in HTJ2K, in series order, one record, all numbers little endian:

    u32  length of the name
    u32  length of the codestream
    name, ASCII: SOP Instance UID, a slash, the frame number (1 first)
    codestream: HTJ2K RPCL, ended behind a quarter of the resolution in each direction

A slice at a quarter is enough to scroll, to find a level and to reformat while the rest comes by
frames. Frames kept in another form have no record; a series without any answers 404.
"""

import struct

from starlette.responses import Response

from archipel.kernel.errors import NotFound
from archipel.protocols.dicomweb import caching
from archipel.protocols.dicomweb.bodies import conditional
from archipel.protocols.dicomweb.problem import TooLarge
from archipel.protocols.dicomweb.visits import Visit

MEDIA_TYPE = "application/vnd.archipel.lowres"
MAX_BYTES = 256 << 20  # of one answer; 600 slices of 512 x 512 take 10 MB

_LENGTHS = struct.Struct("<II")


def lowres(visit: Visit) -> Response:
    """Every low-resolution codestream of one series."""
    held = visit.retrieval.series_now(visit.path_uid("study"), visit.path_uid("series"))
    visit.audit_read(held, "low resolutions")
    pieces: list[bytes] = []
    size = 0
    for one in held:
        for number in range(1, one.frames + 1):
            try:
                codestream = visit.retrieval.low_frame(one, number).content
            except NotFound:
                break
            name = f"{one.key.sop_instance}/{number}".encode()
            pieces += (_LENGTHS.pack(len(name), len(codestream)) + name, codestream)
            size += len(codestream)
            if size > MAX_BYTES:
                raise TooLarge("the low resolutions of this series take more than one answer")
    if not pieces:
        raise NotFound("this series keeps no low resolutions: it is open, or not in HTJ2K")
    etag = caching.etag_of_all((one.digest for one in held), "lowres", size)
    return conditional(visit.request, pieces, etag=etag, media_type=MEDIA_TYPE, immutable=False)
