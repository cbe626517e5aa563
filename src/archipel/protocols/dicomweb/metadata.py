"""WADO-RS metadata (PS3.18 section 10.4.1.1.2): a stored document, sent as it lies."""

from collections.abc import Sequence
from itertools import groupby

from isal import igzip
from starlette.responses import Response

from archipel.archive.model import Held
from archipel.protocols.dicomweb import caching
from archipel.protocols.dicomweb.bodies import Multipart, conditional
from archipel.protocols.dicomweb.native_model import xml_parts
from archipel.protocols.dicomweb.negotiation import (
    JSON,
    PLAIN_JSON,
    RELATED,
    XML,
    accepted,
)
from archipel.protocols.dicomweb.problem import NotAcceptable
from archipel.protocols.dicomweb.visits import Visit

GZIP_LEVEL = 1


def metadata(visit: Visit) -> Response:
    """All attributes but bulk data, of a study, a series or an instance."""
    kind = _kind(visit)
    held = visit.held()
    visit.audit_read(held, "metadata")
    zipped = "gzip" in visit.request.headers.get("accept-encoding", "")
    etag = caching.etag_of_all(_identity(held), "metadata", kind, zipped)
    if caching.is_held_by_client(visit.request, etag):
        return Response(None, 304, caching.headers_of(etag, immutable=False))
    if kind == XML:
        multipart = Multipart(etag, XML)
        parts = xml_parts(igzip.decompress(_document(visit, held)))
        pieces = [p for part in parts for p in (multipart.head(XML), part)] + [multipart.tail]
        return conditional(
            visit.request, pieces, etag=etag, media_type=multipart.media_type, immutable=False
        )
    document = _document(visit, held)
    return conditional(
        visit.request,
        [document if zipped else igzip.decompress(document)],
        etag=etag,
        media_type=kind,
        immutable=False,
        extra={"Content-Encoding": "gzip"} if zipped else None,
    )


def _kind(visit: Visit) -> str:
    for media in accepted(visit.request):
        if media.name == RELATED:
            if media.part.includes(XML):
                return XML
        elif media.includes(JSON):
            return JSON
        elif media.includes(PLAIN_JSON):
            return PLAIN_JSON
    raise NotAcceptable(f"metadata leaves as {JSON} or as {RELATED} of {XML}")


def _identity(held: Sequence[Held]) -> list[bytes]:
    return [one.digest for one in held]


def _document(visit: Visit, held: Sequence[Held]) -> bytes:
    """Gzip of one JSON array for all of `held`."""
    series = [list(group) for _, group in groupby(held, key=lambda one: one.key.series)]
    documents = [visit.retrieval.series_document(group) for group in series]
    if len(documents) == 1:
        return documents[0]
    inner = [igzip.decompress(document).strip()[1:-1] for document in documents]
    whole: bytes = igzip.compress(b"[%s]" % b",".join(filter(None, inner)), GZIP_LEVEL)
    return whole
