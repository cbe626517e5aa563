"""The exam page, claims and urgency."""

from typing import Annotated

from fastapi import APIRouter, Query

from archipel.protocols.web.models.base import Problem
from archipel.protocols.web.models.exam import (
    ClaimRequest,
    ClaimView,
    ExamPage,
    ExamRow,
    HeartbeatRequest,
    UrgencyRequest,
)
from archipel.protocols.web.routes.waiting import waiting

routes = APIRouter(tags=["exams"])


@routes.get("/exams/{exam}", operation_id="get_exam")
def get_exam(exam: str) -> ExamPage:
    """All of one exam. 404 both for an absent one and for one out of scope."""
    raise waiting


@routes.put("/exams/{exam}/urgency", operation_id="set_urgency")
def set_urgency(exam: str, wanted: UrgencyRequest) -> ExamRow:
    """Set the urgency of an exam; audited."""
    raise waiting


@routes.post(
    "/exams/{exam}/claim", operation_id="claim_exam", responses={409: {"model": Problem}}
)
def claim_exam(exam: str, wanted: ClaimRequest) -> ClaimView:
    """Claim for 15 minutes. 409 while somebody else holds it, unless taken over with a reason.

    The problem has a member `claim` that tells who.
    """
    raise waiting


@routes.post(
    "/exams/{exam}/claim/heartbeat",
    operation_id="renew_claim",
    responses={409: {"model": Problem}},
)
def renew_claim(exam: str, beat: HeartbeatRequest) -> ClaimView:
    """Renew the lease. 409 when it was lost meanwhile."""
    raise waiting


@routes.delete("/exams/{exam}/claim", operation_id="release_claim", status_code=204)
def release_claim(exam: str, fence: Annotated[int, Query()]) -> None:
    """Give the exam back to the list."""
    raise waiting
