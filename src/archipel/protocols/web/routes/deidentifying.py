"""An exam that names nobody, as an archive of DICOM files."""

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from archipel.protocols.web.models.base import Problem
from archipel.protocols.web.models.deidentifying import DeidentifyRequest
from archipel.protocols.web.routes.exams import exam_id
from archipel.protocols.web.services import Services
from archipel.protocols.web.visitors import ExportsDeidentified

routes = APIRouter(tags=["de-identification"])
ZIP = "application/zip"


@routes.post(
    "/exams/{exam}/deidentified",
    operation_id="deidentify_exam",
    response_class=StreamingResponse,
    responses={
        200: {"content": {ZIP: {"schema": {"type": "string", "format": "binary"}}}},
        409: {"model": Problem},
    },
)
def deidentify_exam(
    exam: str, wanted: DeidentifyRequest, visitor: ExportsDeidentified, services: Services
) -> StreamingResponse:
    """Give the exam by the profile of PS3.15 Annex E as a ZIP of Part 10 files; audited.

    409 with the reasons when some object cannot be made to name nobody, unless `leave_out`.
    `X-Objects` and `X-Left-Out` count.
    """
    made = services.deidentifying.export(exam_id(exam), wanted, scope=visitor.scope)
    headers = {
        "Content-Disposition": f'attachment; filename="{made.name}"',
        "Content-Length": str(made.size_bytes),
        "Cache-Control": "no-store",
        "X-Objects": str(made.objects),
        "X-Left-Out": str(made.left_out),
    }
    return StreamingResponse(made.pieces, media_type=ZIP, headers=headers)
