"""WADO-RS bulk data (PS3.18 section 10.4.1.1.4): values that the metadata leaves out."""

import gzip
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from starlette.responses import Response

from archipel.archive.model import Held
from archipel.kernel.errors import Malformed, NotFound
from archipel.protocols.dicomweb import caching
from archipel.protocols.dicomweb.bodies import Multipart, conditional, streamed
from archipel.protocols.dicomweb.drawn.drawing import found_value
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


def bulkdata_below(visit: Visit) -> Response:
    """Every value that the metadata of a study, a series or an instance leave out, in parts."""
    if not _multipart(visit):
        raise NotAcceptable(f"all bulk data of something leave in {RELATED}")
    held = visit.held()
    visit.audit_read(held, "bulk data")
    etag = caching.etag_of_all((one.digest for one in held), "all bulk data")
    headers = caching.headers_of(etag, immutable="instance" in visit.request.path_params)
    if caching.is_held_by_client(visit.request, etag):
        return Response(None, 304, headers)
    body = Multipart(etag, OCTETS)
    parts = _parts(visit, held, body)
    first = next(parts, None)
    if first is None:
        raise NotFound("nothing here has bulk data")
    pieces = body.around(chain((first,), parts))
    return streamed(pieces, media_type=body.media_type, headers=headers)


def _parts(
    visit: Visit, held: Sequence[Held], body: Multipart
) -> Iterator[tuple[bytes, Iterator[bytes]]]:
    for one in held:
        document = json.loads(gzip.decompress(visit.retrieval.document(one)))[0]
        for path in _references(document):
            steps = (f"{step}" if n % 2 else f"{step:08X}" for n, step in enumerate(path))
            head = body.head(OCTETS, f"{visit.url_of(one)}/bulkdata/{'/'.join(steps)}")
            yield head, iter((found_value(visit.retrieval, visit.services.workshop, one, path),))


def _references(
    dataset: Mapping[str, Any], within: tuple[int, ...] = ()
) -> Iterator[tuple[int, ...]]:
    for name, element in dataset.items():
        here = (*within, int(name, 16))
        if "BulkDataURI" in element:
            yield here
        elif element.get("vr") == "SQ":
            for number, item in enumerate(element.get("Value", ()), start=1):
                yield from _references(item or {}, (*here, number))


def _multipart(visit: Visit) -> bool:
    for media in accepted(visit.request):
        if media.includes(RELATED) and (media.name != RELATED or media.part.includes(OCTETS)):
            return True
        if media.includes(OCTETS):
            return False
    raise NotAcceptable(f"bulk data leaves as {OCTETS}, alone or in {RELATED}")
