"""One report, many forms: PDF, FHIR document, CDA, DICOM. All from the same document."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from archipel.kernel.actors import Scope
from archipel.reading.document import Document, KeptDocument
from archipel.reading.ports import Pictures

if TYPE_CHECKING:
    from archipel.reading.rendition import pdf


class Format(Enum):
    """What a signed version can be had as; the values stand in addresses."""

    PDF = "pdf"
    FHIR = "fhir"  # R4 document Bundle
    CDA = "cda"  # R2, level 3 body structured
    ENCAPSULATED_PDF = "dicom"  # Part 10 file of PS3.3 section A.45.1
    KEY_OBJECT = "kos"  # Part 10 file of PS3.3 section A.35.4
    CANONICAL = "json"  # the bytes that the digest names


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """A file: bytes, media type, and a name that holds no patient data."""

    content: bytes
    media_type: str
    file_name: str


# Each renderer is imported by the first who needs it: the page setter alone is 80 MB on disk.


def pages(document: Document, *, pictures: Pictures, scope: Scope) -> Sequence[bytes]:
    """Set an unsigned document as pictures (PNG), one a page: its preview."""
    from archipel.reading.rendition import pdf  # noqa: PLC0415  (as said above)

    return pdf.pages(_sheet(document, "", pictures, scope))


def preview(document: Document, *, pictures: Pictures, scope: Scope) -> bytes:
    """Set an unsigned document as PDF; every page says that it is not signed."""
    from archipel.reading.rendition import pdf  # noqa: PLC0415  (as said above)

    return pdf.pdf(_sheet(document, "", pictures, scope))


def render(kept: KeptDocument, kind: Format, *, pictures: Pictures, scope: Scope) -> Rendition:
    """Make one form of a signed version. Raises `NotFound`: there are no key images to name."""
    name = f"report-{kept.version.digest[:12]}"
    media_type, ending = _FILES[kind]
    content = _content(kept, kind, pictures, scope)
    return Rendition(content=content, media_type=media_type, file_name=f"{name}{ending}")


_FILES = {
    Format.PDF: ("application/pdf", ".pdf"),
    Format.FHIR: ("application/fhir+json", ".fhir.json"),
    Format.CDA: ("application/xml", ".cda.xml"),
    Format.ENCAPSULATED_PDF: ("application/dicom", ".dcm"),
    Format.KEY_OBJECT: ("application/dicom", ".key-images.dcm"),
    Format.CANONICAL: ("application/json", ".json"),
}


def _content(kept: KeptDocument, kind: Format, pictures: Pictures, scope: Scope) -> bytes:
    from archipel.reading.rendition import cda, dicom, fhir  # noqa: PLC0415  (as said above)

    match kind:
        case Format.CANONICAL:
            return kept.content
        case Format.KEY_OBJECT:
            return dicom.key_images_object(kept, pictures=pictures, scope=scope)
        case Format.PDF:
            return _pdf(kept, pictures, scope)
        case Format.FHIR:
            return fhir.document_bundle(kept, _pdf(kept, pictures, scope))
        case Format.CDA:
            return cda.clinical_document(kept, _pdf(kept, pictures, scope))
        case Format.ENCAPSULATED_PDF:
            return dicom.report_object(kept, _pdf(kept, pictures, scope))


def _pdf(kept: KeptDocument, pictures: Pictures, scope: Scope) -> bytes:
    from archipel.reading.rendition import pdf  # noqa: PLC0415  (as said above)

    return pdf.pdf(_sheet(kept.document, kept.version.digest, pictures, scope))


def _sheet(document: Document, digest: str, pictures: Pictures, scope: Scope) -> "pdf.Sheet":
    from archipel.reading.rendition.pdf import Sheet  # noqa: PLC0415  (as said above)

    drawn = [pictures.picture(image, scope=scope) for image in document.key_images]
    return Sheet(document=document, digest=digest, pictures=drawn)
