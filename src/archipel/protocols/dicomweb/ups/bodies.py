"""Data sets of workitems as they come and leave: JSON or XML (PS3.18 sections 8.7.3, 11.1)."""

from collections.abc import Sequence

import orjson
from starlette.requests import Request
from starlette.responses import Response

from archipel.kernel.errors import Malformed
from archipel.kernel.uid import Uid
from archipel.protocols.dicomweb.accept import parse_media_type
from archipel.protocols.dicomweb.bodies import Multipart, PiecesResponse
from archipel.protocols.dicomweb.caching import etag_of
from archipel.protocols.dicomweb.native_model import to_xml
from archipel.protocols.dicomweb.negotiation import JSON, PLAIN_JSON, RELATED, XML, accepted
from archipel.protocols.dicomweb.problem import NotAcceptable, UnsupportedMediaType
from archipel.protocols.dicomweb.stow.native import from_xml
from archipel.standards.dicom.dataset import DataSet
from archipel.standards.dicom.json_model import dataset_json, from_json

MOST_BYTES = 4 << 20  # of one request
TAKEN = (JSON, PLAIN_JSON, XML)


def read(request: Request, body: bytes) -> DataSet:
    """Read the data set of a request: an object, or an array of one. Raises `Malformed`."""
    kind = parse_media_type(request.headers.get("content-type") or JSON)
    if kind.name in {JSON, PLAIN_JSON}:
        try:
            said = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise Malformed(f"not JSON: {error}") from None
    elif kind.name == XML:
        said = from_xml(body)
    else:
        raise UnsupportedMediaType(f"a data set comes as {JSON} or {XML}")
    if isinstance(said, list):
        if len(said) != 1:
            raise Malformed(f"one data set is expected, not {len(said)}")
        said = said[0]
    return from_json(said)


def form(request: Request) -> str:
    """Choose JSON or XML for what leaves. Raises `NotAcceptable`."""
    for media in accepted(request):
        if media.name == RELATED:
            if media.part.includes(XML) and "type" in media.parameters:
                return RELATED
        else:
            found = next((kind for kind in TAKEN if media.includes(kind)), None)
            if found:
                return found
    raise NotAcceptable(f"workitems leave as {JSON} or {XML}")


def write(kind: str, datasets: Sequence[DataSet], headers: dict[str, str]) -> Response:
    """Answer by data sets; several in XML are parts of a multipart/related."""
    texts = [dataset_json(one) for one in datasets]
    if kind == RELATED or (kind == XML and len(texts) != 1):
        multipart = Multipart(etag_of(*map(bytes.decode, texts)), XML)
        parts = [p for one in texts for p in (multipart.head(XML), to_xml(orjson.loads(one)))]
        return PiecesResponse(
            [*parts, multipart.tail], media_type=multipart.media_type, headers=headers
        )
    if kind == XML:
        return Response(to_xml(orjson.loads(texts[0])), 200, headers, XML)
    return Response(b"[" + b",".join(texts) + b"]", 200, headers, kind)


def named_uid(request: Request, *names: str) -> Uid | None:
    """Read a UID that stands alone in the query (`?2.25.1`), or under one of these names."""
    query = request.url.query
    text = query if query and "=" not in query else ""
    for name in names:
        text = text or request.query_params.get(name, "")
    return Uid(text) if text else None
