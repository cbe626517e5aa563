"""Signed reports: which versions there are, one on screen, one as a file, its key images."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from archipel.kernel.errors import NotFound
from archipel.protocols.web.models.signing import DocumentView, StandingView
from archipel.protocols.web.routes.exams import exam_id
from archipel.protocols.web.services import Services
from archipel.protocols.web.signed_views import document_view, standing_view
from archipel.protocols.web.visitors import ReadsReports
from archipel.reading import published, rendition
from archipel.reading.rendition import Format

routes = APIRouter(tags=["signed reports"])
Digest = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]
ANY: dict[str, Any] = {"content": {"application/octet-stream": {}}}


@routes.get("/exams/{exam}/report/documents", operation_id="list_report_documents")
def list_report_documents(exam: str, visitor: ReadsReports, services: Services) -> StandingView:
    """Every signed version and which stands; before its release only writers are told of one."""
    return standing_view(published.standing(exam_id(exam), desk=services.published(visitor)))


@routes.get("/exams/{exam}/report/documents/{digest}", operation_id="get_report_document")
def get_report_document(
    exam: str, digest: Digest, visitor: ReadsReports, services: Services
) -> DocumentView:
    """One signed version, whole; audited."""
    kept = published.read(
        exam_id(exam),
        digest,
        "",
        desk=services.published(visitor),
        now=services.clock(),
    )
    return document_view(kept)


@routes.get(
    "/exams/{exam}/report/documents/{digest}/files/{kind}",
    operation_id="get_report_file",
    response_class=Response,
    responses={200: ANY},
)
def get_report_file(
    exam: str, digest: Digest, kind: Format, visitor: ReadsReports, services: Services
) -> Response:
    """One signed version as PDF, FHIR document, CDA, DICOM or as it is kept; audited before."""
    kept = published.read(
        exam_id(exam),
        digest,
        kind.value,
        desk=services.published(visitor),
        now=services.clock(),
    )
    made = rendition.render(kept, kind, pictures=services.pictures, scope=visitor.scope)
    disposition = "inline" if kind is Format.PDF else "attachment"
    return Response(
        made.content,
        media_type=made.media_type,
        headers={"Content-Disposition": f'{disposition}; filename="{made.file_name}"'},
    )


@routes.get(
    "/exams/{exam}/report/documents/{digest}/key-images/{number}",
    operation_id="get_report_key_image",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}},
)
def get_report_key_image(
    exam: str, digest: Digest, number: int, visitor: ReadsReports, services: Services
) -> Response:
    """Give a key image of a signed version as a picture, 1 first; audited."""
    kept = published.read(
        exam_id(exam),
        digest,
        f"key image {number}",
        desk=services.published(visitor),
        now=services.clock(),
    )
    images = kept.document.key_images
    if not 1 <= number <= len(images):
        raise NotFound(f"this version has {len(images)} key images")
    picture = services.pictures.picture(images[number - 1], scope=visitor.scope)
    if picture is None:
        raise NotFound("this key image is not held on this node")
    return Response(picture, media_type="image/png")
