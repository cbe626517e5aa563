"""Report drafts: read, save under optimistic lock, versions, templates."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from archipel.protocols.web.models.base import Problem
from archipel.protocols.web.models.report import (
    ReportConflict,
    ReportTemplate,
    ReportVersion,
    ReportView,
    ReportWrite,
)
from archipel.protocols.web.routes.waiting import waiting

routes = APIRouter(tags=["reports"])


@routes.get("/exams/{exam}/report", operation_id="get_report")
def get_report(exam: str, response: Response) -> ReportView:
    """The draft as it stands, with its ETag; version 0 where nothing was written."""
    raise waiting


@routes.put(
    "/exams/{exam}/report",
    operation_id="save_report",
    responses={409: {"model": ReportConflict}, 428: {"model": Problem}},
)
def save_report(
    exam: str,
    draft: ReportWrite,
    response: Response,
    if_match: Annotated[str | None, Header(max_length=64)] = None,
) -> ReportView:
    """Save over the version named by If-Match (its ETag). 409 gives both texts."""
    raise waiting


@routes.get("/exams/{exam}/report/versions", operation_id="list_report_versions")
def list_report_versions(exam: str) -> list[ReportVersion]:
    """Every saved version, newest first."""
    raise waiting


@routes.get("/exams/{exam}/report/versions/{version}", operation_id="get_report_version")
def get_report_version(exam: str, version: int) -> ReportView:
    """One version as it was saved."""
    raise waiting


@routes.get("/report-templates", operation_id="list_report_templates")
def list_report_templates(
    modality: Annotated[str, Query(max_length=16)] = "",
    language: Annotated[str, Query(max_length=8)] = "",
) -> list[ReportTemplate]:
    """Starting texts, those of the modality first."""
    raise waiting
