"""Encapsulated documents given as what they are (PS3.18 section 8.7.4, PS3.3 A.45)."""

from starlette.responses import Response

from archipel.archive.model import Held
from archipel.protocols.dicomweb import caching
from archipel.protocols.dicomweb.bodies import conditional
from archipel.protocols.dicomweb.drawn.drawing import found_value
from archipel.protocols.dicomweb.negotiation import PDF
from archipel.protocols.dicomweb.visits import Visit

ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"
_DOCUMENT = (0x00420011,)
_HARMLESS = {"X-Content-Type-Options": "nosniff"}
"""A document comes from strangers: whatever it looks like, it is shown as a PDF or not at all."""


def is_document(held: Held) -> bool:
    """Tell whether an instance holds a PDF."""
    return held.sop_class.value == ENCAPSULATED_PDF


def document(visit: Visit, held: Held) -> Response:
    """Give the document of one instance. Raises `NotFound`."""
    visit.audit_read([held], "documents")
    content = found_value(visit.retrieval, visit.services.workshop, held, _DOCUMENT)
    etag = caching.etag_of(held.digest, "document")
    content = content.removesuffix(b"\0")  # the padding of an odd length
    return conditional(visit.request, [content], etag=etag, media_type=PDF, extra=_HARMLESS)
