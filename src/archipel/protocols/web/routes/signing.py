"""Preview, checks, signature, undo, addendum: what turns a draft into a signed version."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from archipel.access.model import Visitor
from archipel.kernel.errors import NotFound
from archipel.protocols.web.models.base import Problem
from archipel.protocols.web.models.report import ReportView
from archipel.protocols.web.models.signing import (
    AmendRequest,
    CheckView,
    PreviewView,
    SignedView,
    SignRequest,
    UndoneView,
)
from archipel.protocols.web.report_views import report_view
from archipel.protocols.web.routes.exams import exam_id, reader_of
from archipel.protocols.web.routes.worklist import exam_views
from archipel.protocols.web.services import Services, WebServices
from archipel.protocols.web.signed_views import check_view, signed_version_view
from archipel.protocols.web.visitors import SignsReports
from archipel.reading import amend, rendition, sign
from archipel.reading.document import Document
from archipel.reading.model import ExamId, Purpose
from archipel.reading.request.model import Stage, Standing

routes = APIRouter(tags=["signing"])
CONFLICTS: dict[int | str, dict[str, Any]] = {409: {"model": Problem}}
Digest = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]


@routes.get("/exams/{exam}/report/checks", operation_id="check_report")
def check_report(
    exam: str, visitor: SignsReports, services: Services, fence: Annotated[int, Query()] = 0
) -> list[CheckView]:
    """Make the checks before signing, on the draft as saved. 404 where nothing is written."""
    found = sign.look(
        exam_id(exam),
        fence,
        signer=visitor.person,
        desk=services.signing(visitor),
        now=services.clock(),
    )
    return [check_view(one) for one in found]


@routes.post("/exams/{exam}/report/preview", operation_id="preview_report")
def preview_report(exam: str, visitor: SignsReports, services: Services) -> PreviewView:
    """Lay the saved draft out as its PDF will be, and remember that it was seen."""
    this = exam_id(exam)
    document, version = _draft(this, visitor, services)
    pages = rendition.pages(document, pictures=services.pictures, scope=visitor.scope)
    services.drafts.previewed(
        this, version=version, login=visitor.person.login, scope=visitor.scope
    )
    return PreviewView(version=version, pages=len(pages))


@routes.get(
    "/exams/{exam}/report/preview/pages/{page}",
    operation_id="get_preview_page",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}},
)
def get_preview_page(exam: str, page: int, visitor: SignsReports, services: Services) -> Response:
    """One page of the preview as a picture."""
    document, _ = _draft(exam_id(exam), visitor, services)
    pages = rendition.pages(document, pictures=services.pictures, scope=visitor.scope)
    if not 1 <= page <= len(pages):
        raise NotFound(f"the preview has {len(pages)} pages")
    return Response(pages[page - 1], media_type="image/png")


@routes.get(
    "/exams/{exam}/report/preview/pdf",
    operation_id="get_preview_pdf",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}},
)
def get_preview_pdf(exam: str, visitor: SignsReports, services: Services) -> Response:
    """Give the preview as PDF; each page says that it is not signed."""
    document, _ = _draft(exam_id(exam), visitor, services)
    made = rendition.preview(document, pictures=services.pictures, scope=visitor.scope)
    return Response(made, media_type="application/pdf")


@routes.post(
    "/exams/{exam}/report/sign",
    operation_id="sign_report",
    status_code=201,
    responses=CONFLICTS,
)
def sign_report(
    exam: str, wanted: SignRequest, visitor: SignsReports, services: Services
) -> SignedView:
    """Sign the draft as it was seen; it can be undone until `undo_until`.

    409 `checks-open` names the rules that stand against it, `draft-outdated` says that the draft
    is not the one that was seen, `report-closed` that it was signed already. Where the signer's
    organisation was asked to read the exam, the report answers that request.
    """
    now, answered = services.clock(), _answered(exam_id(exam), visitor, services)
    order = sign.Order(
        version=wanted.version,
        fence=wanted.fence,
        preliminary=wanted.preliminary,
        accepted=frozenset(wanted.accepted),
        language=wanted.language,
        request=answered.request.id.value if answered else None,
        custodian=answered.request.asking.name if answered else "",
    )
    version = sign.sign(
        exam_id(exam), order, signer=visitor.person, desk=services.signing(visitor), now=now
    )
    return SignedView(version=signed_version_view(version), server_time=now)


@routes.post(
    "/exams/{exam}/report/documents/{digest}/undo",
    operation_id="undo_signature",
    responses=CONFLICTS,
)
def undo_signature(
    exam: str, digest: Digest, visitor: SignsReports, services: Services
) -> UndoneView:
    """Take one's own signature back before it is released; the draft is open again."""
    claim = sign.undo(
        exam_id(exam),
        digest,
        signer=visitor.person,
        desk=services.signing(visitor),
        now=services.clock(),
    )
    views = exam_views(visitor, services)
    return UndoneView(claim=views.claim(claim) if claim else None)


@routes.post(
    "/exams/{exam}/report/amendment",
    operation_id="amend_report",
    status_code=201,
    responses=CONFLICTS,
)
def amend_report(
    exam: str,
    wanted: AmendRequest,
    response: Response,
    visitor: SignsReports,
    services: Services,
) -> ReportView:
    """Open the draft of an addendum or a correction of the validated report."""
    this = exam_id(exam)
    draft = amend.begin(
        this,
        Purpose(wanted.purpose),
        reader_of(visitor),
        desk=services.signing(visitor),
        now=services.clock(),
    )
    view = report_view(this, draft)
    response.headers["ETag"] = f'"v{view.version}"'
    return view


def _draft(exam: ExamId, visitor: SignsReports, services: WebServices) -> tuple[Document, int]:
    answered = _answered(exam, visitor, services)
    return sign.draft_document(
        exam,
        signer=visitor.person,
        desk=services.signing(visitor),
        now=services.clock(),
        custodian=answered.request.asking.name if answered else "",
    )


def _answered(exam: ExamId, visitor: Visitor, services: WebServices) -> Standing | None:
    """Return the newest request about an exam that the visitor's organisation is to read."""
    here = (services.asking.node, visitor.person.tenant)
    for held in services.asking.requests.of_exam(exam, scope=visitor.scope):
        readers = {(site.node, site.tenant) for site in held.request.readers}
        if here in readers and held.stage is not Stage.CANCELLED:
            return held
    return None
