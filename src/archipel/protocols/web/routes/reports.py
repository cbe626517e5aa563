"""Report drafts: read, save under optimistic lock, versions, templates.

The lock is HTTP's own (RFC 9110 section 13.1.1): the ETag of what was read comes back in If-Match.
"""

import re
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import JSONResponse

from archipel.protocols.web.models.base import Problem
from archipel.protocols.web.models.report import (
    ReportConflict,
    ReportTemplate,
    ReportVersion,
    ReportView,
    ReportWrite,
)
from archipel.protocols.web.problem import problem
from archipel.protocols.web.report_views import (
    content_of,
    report_view,
    section_views,
    version_view,
)
from archipel.protocols.web.routes.exams import exam_id, reader_of
from archipel.protocols.web.services import Services
from archipel.protocols.web.visitors import WritesReports
from archipel.reading import report
from archipel.reading.errors import DraftOutdated
from archipel.reading.templates import TEMPLATES

routes = APIRouter(tags=["reports"])
ETAG = re.compile(r'"v(\d{1,9})"')


@routes.get("/exams/{exam}/report", operation_id="get_report")
def get_report(
    exam: str, response: Response, visitor: WritesReports, services: Services
) -> ReportView:
    """Give the draft as it stands, with its ETag; version 0 where nothing was written."""
    this = exam_id(exam)
    draft = report.read(this, desk=services.writing(visitor), now=services.clock())
    view = report_view(this, draft)
    response.headers["ETag"] = _etag(view.version)
    return view


@routes.put(
    "/exams/{exam}/report",
    operation_id="save_report",
    response_model=ReportView,
    responses={409: {"model": ReportConflict}, 428: {"model": Problem}},
)
def save_report(
    *,
    exam: str,
    draft: ReportWrite,
    response: Response,
    visitor: WritesReports,
    services: Services,
    if_match: Annotated[str | None, Header(max_length=64)] = None,
) -> ReportView | JSONResponse:
    """Save over the version named by If-Match (its ETag). 409 gives both texts."""
    this, matched = exam_id(exam), ETAG.fullmatch(if_match or "")
    if matched is None:
        return problem(
            428, "if-match-needed", 'send If-Match with the ETag that was read, such as "v3"'
        )
    written = content_of(draft)
    try:
        saved = report.save(
            this,
            written,
            over=int(matched[1]),
            reader=reader_of(visitor),
            desk=services.writing(visitor),
            now=services.clock(),
        )
    except DraftOutdated as outdated:
        return problem(
            409,
            "draft-outdated",
            str(outdated),
            theirs=report_view(this, outdated.held).model_dump(mode="json"),
            yours=[view.model_dump(mode="json") for view in section_views(written.sections)],
        )
    view = report_view(this, saved)
    response.headers["ETag"] = _etag(view.version)
    return view


@routes.get("/exams/{exam}/report/versions", operation_id="list_report_versions")
def list_report_versions(
    exam: str, visitor: WritesReports, services: Services
) -> list[ReportVersion]:
    """Every kept version, newest first: the last of each author's five minutes."""
    heads = report.versions(exam_id(exam), desk=services.writing(visitor), now=services.clock())
    return [version_view(head) for head in heads]


@routes.get("/exams/{exam}/report/versions/{version}", operation_id="get_report_version")
def get_report_version(
    exam: str, version: int, visitor: WritesReports, services: Services
) -> ReportView:
    """One version as it was saved."""
    this = exam_id(exam)
    draft = report.read_version(
        this, version, desk=services.writing(visitor), now=services.clock()
    )
    return report_view(this, draft)


@routes.get("/report-templates", operation_id="list_report_templates")
def list_report_templates(
    _visitor: WritesReports,
    modality: Annotated[str, Query(max_length=16)] = "",
    language: Annotated[str, Query(max_length=8)] = "",
) -> list[ReportTemplate]:
    """List starting texts of one language (or all), those of the modality first."""
    fitting = [t for t in TEMPLATES if language in ("", t.language)]
    fitting.sort(key=lambda template: modality.upper() not in template.modalities)
    return [
        ReportTemplate(
            key=template.key,
            title=template.title,
            language=template.language,
            modalities=list(template.modalities),
            sections=section_views(template.sections),
        )
        for template in fitting
    ]


def _etag(version: int) -> str:
    return f'"v{version}"'
