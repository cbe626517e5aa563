"""The quality desk: what is in the bin, what was corrected, and what somebody decides."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from archipel.protocols.web.models.base import Body, View
from archipel.protocols.web.models.exam import SeriesView
from archipel.protocols.web.models.session import OrganisationBrief

RejectionReason = Literal["quality", "safety", "worklist", "expired"]
CorrectionKind = Literal["correct", "move", "split", "merge"]
CorrectionState = Literal["asked", "done", "failed", "undoing", "undone"]


class InBin(View):
    """One decision that rejects instances of an exam; `note` names it."""

    exam: str
    note: str
    patient: str
    description: str
    organisation: OrganisationBrief
    reason: RejectionReason
    instances: int
    whole_exam: bool = Field(description="Nothing of the exam is left to be seen.")
    correction: bool = Field(description="Made by a correction: undo that instead.")
    why: str
    by: str
    at: datetime


class CorrectionView(View):
    """One correction and how far it is."""

    name: str
    kind: CorrectionKind
    exam: str
    target: str = Field(description="The exam of the copies.")
    patient: str
    state: CorrectionState
    why: str
    by: str
    at: datetime
    detail: str = Field(description="Why it failed.")


class QualityBoard(View):
    """What is in the bin and the latest corrections, latest first."""

    rejected: list[InBin]
    corrections: list[CorrectionView]
    more: bool = Field(description="There is more than the lists show.")


class CorrectedValue(View):
    """One attribute of patient or study, before and after."""

    tag: str
    keyword: str
    before: str
    after: str


class ExamQuality(View):
    """An exam as its correctors see it."""

    exam: str
    patient: str
    description: str
    series: list[SeriesView]
    values: list[CorrectedValue]
    signed: bool = Field(description="A report is signed: the exam is not corrected any more.")


class RejectRequest(Body):
    """Reject an exam, or some of its series."""

    reason: RejectionReason
    why: str = Field(max_length=200)
    series: list[str] = Field(default=[], max_length=500)


class RestoreRequest(Body):
    """Take a rejection back."""

    why: str = Field(max_length=200)


class CorrectRequest(Body):
    """Correct an exam. `values` are by tag, eight hexadecimal digits."""

    kind: CorrectionKind
    why: str = Field(max_length=200)
    series: list[str] = Field(default=[], max_length=500)
    target: str | None = Field(default=None, max_length=120, description="Another exam.")
    values: dict[str, str] = Field(default={}, max_length=20)


class CorrectionPreview(View):
    """What a correction would change; nothing is changed by looking."""

    instances: int
    series: int
    values: list[CorrectedValue]
    shared_with: list[OrganisationBrief]


class Rejected(View):
    """A rejection that was decided."""

    note: str
