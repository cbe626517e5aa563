"""WADO-RS bulk data (PS3.18 section 10.4.1.1.4): values that the metadata leaves out."""

import re

from starlette.responses import Response

from archipel.kernel.errors import Malformed
from archipel.protocols.dicomweb import caching
from archipel.protocols.dicomweb.bodies import Multipart, conditional
from archipel.protocols.dicomweb.drawing import found_value
from archipel.protocols.dicomweb.negotiation import OCTETS, RELATED, accepted
from archipel.protocols.dicomweb.problem import NotAcceptable
from archipel.protocols.dicomweb.visits import Visit

_PATH = re.compile(r"[0-9A-Fa-f]{8}(?:/[1-9][0-9]{0,5}/[0-9A-Fa-f]{8}){0,8}")


def bulk_data_path(text: str) -> tuple[int, ...]:
    """Read `tag`, or `sequence/item/tag` and deeper, items from 1. Raises `Malformed`."""
    if not _PATH.fullmatch(text):
        raise Malformed("bulk data is named by its tag, within a sequence by sequence/item/tag")
    return tuple(int(step, 10 if n % 2 else 16) for n, step in enumerate(text.split("/")))


def bulkdata(visit: Visit) -> Response:
    """One value of one instance, as octets."""
    path = bulk_data_path(visit.request.path_params["path"])
    multipart = _multipart(visit)
    held = visit.held()[0]
    visit.audit_read([held], "bulk data")
    value = found_value(visit.retrieval, visit.services.workshop, held, path)
    etag = caching.etag_of(held.digest, "bulkdata", *path, multipart)
    if not multipart:
        return conditional(visit.request, [value], etag=etag, media_type=OCTETS)
    body = Multipart(etag, OCTETS)
    pieces = [body.head(OCTETS), value, body.tail]
    return conditional(visit.request, pieces, etag=etag, media_type=body.media_type)


def _multipart(visit: Visit) -> bool:
    for media in accepted(visit.request):
        if media.includes(RELATED) and (media.name != RELATED or media.part.includes(OCTETS)):
            return True
        if media.includes(OCTETS):
            return False
    raise NotAcceptable(f"bulk data leaves as {OCTETS}, alone or in {RELATED}")
