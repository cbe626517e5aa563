"""An exam (a Study, PS3.3 section 7) as lists and the exam page show it."""

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from archipel.protocols.web.models.base import Body, Urgency, View
from archipel.protocols.web.models.request import ArrivingExam, RequestMark
from archipel.protocols.web.models.session import OrganisationBrief
from archipel.protocols.web.models.transfer import Provenance

ExamStatus = Literal["acquiring", "ready", "claimed", "draft", "preliminary", "signed"]
ReportState = Literal["none", "draft", "preliminary", "final", "addendum", "corrected"]
ListName = Literal["to-read", "mine", "drafts", "recent", "all"]
IdentityStatus = Literal["unidentified", "provisional", "confirmed", "qualified", "conflict"]


class PatientBanner(View):
    """Who the patient is, always shown whole (never the name alone)."""

    person: str | None = Field(description="Opaque id for /persons/{person}.")
    family_name: str
    given_name: str
    name_as_sent: str = Field(description="(0010,0010) as the modality wrote it.")
    sex: Literal["F", "M", "O", ""] = Field(description="(0010,0040); empty: not said.")
    birth_date: date | None
    identifier: str = Field(description="(0010,0020).")
    issuer: str
    identity_status: IdentityStatus


class Images(View):
    """How much of the exam is here."""

    received: int
    series: int
    complete: bool = Field(description="False while instances still come.")
    last_received_at: datetime | None


class PriorMark(View):
    """One square in the priors column: an earlier exam of the same person."""

    exam: str
    study_at: datetime | None
    modalities: list[str]
    body_part: str
    site: OrganisationBrief
    community: str


class Priors(View):
    """Earlier exams of the person, newest first; `marks` holds at most eight."""

    count: int
    marks: list[PriorMark]


class ClaimView(View):
    """Who reads it now: a lease, renewed by heartbeat."""

    exam: str
    login: str
    name: str
    mine: bool
    since: datetime
    until: datetime
    fence: int | None = Field(
        description="Given to the holder only: every heartbeat and release repeats it."
    )


class ReportMark(View):
    """The state of the report in a list."""

    state: ReportState
    version: int = Field(description="Of the draft.")
    author: str | None = Field(description="Who signed what stands; else who wrote the draft.")
    saved_at: datetime | None = Field(description="When it was signed, or the draft saved.")
    digest: str | None = Field(default=None, description="Names the signed version that stands.")
    contested: bool = Field(default=False, description="Several signed versions stand.")


class ExamRow(View):
    """One row of a worklist, a timeline or a prior list."""

    exam: str
    study_instance_uid: str
    urgency: Urgency
    status: ExamStatus
    patient: PatientBanner
    modalities: list[str]
    description: str
    body_part: str
    accession_number: str
    referring_physician: str
    site: OrganisationBrief
    community: str
    study_at: datetime | None = Field(description="(0008,0020) and (0008,0030), site's zone.")
    arrived_at: datetime
    images: Images
    priors: Priors
    claim: ClaimView | None
    report: ReportMark
    home_node: str | None = Field(
        default=None, description="The node it is a guest from; null for our own."
    )
    request: RequestMark | None = Field(
        default=None, description="Another organisation asks for the reading, or is asked."
    )


class WorklistFilters(Body):
    """What to list: a saved list, narrowed. Repeat a parameter for several values."""

    list_: ListName = Field(default="to-read", alias="list")
    q: str = Field(default="", max_length=128, description="Name, identifier or accession.")
    modality: list[str] = Field(default=[], max_length=32)
    status: list[ExamStatus] = Field(default=[], max_length=8)
    site: list[str] = Field(default=[], max_length=64)
    urgency: list[Urgency] = Field(default=[], max_length=8)
    since: date | None = Field(default=None, description="Study date, first day.")
    until: date | None = Field(default=None, description="Study date, last day.")
    after: str | None = Field(default=None, max_length=256)
    limit: int = Field(default=50, ge=1, le=200)


class WorklistPage(View):
    """A page of a list. `next` goes back as `after`; null at the end."""

    rows: list[ExamRow]
    next: str | None
    total: int = Field(description="Exams of this list with these filters.")
    hidden: int = Field(description="Exams of this list that the filters hide.")
    acquiring: int = Field(description="Exams within scope still being received.")
    arriving: list[ArrivingExam] = Field(
        default=[],
        description="With the first page of `to-read` and `all`: foreign exams that the visitor's "
        "organisation is asked to read and that are not here yet, soonest due first.",
    )
    as_of: datetime


class WorklistCounts(View):
    """The counter of each saved list."""

    to_read: int
    mine: int
    drafts: int
    recent: int
    all: int
    stat: int
    acquiring: int
    as_of: datetime


class SeriesView(View):
    """One series of the exam."""

    series_instance_uid: str
    number: int | None
    modality: str
    description: str
    body_part: str
    images: int
    thumbnail_url: str


class CycleStep(View):
    """One moment in the life of the exam."""

    step: Literal[
        "studied",
        "first_received",
        "last_received",
        "completed",
        "claimed",
        "draft_saved",
        "told_preliminary",
        "signed",
    ]
    at: datetime
    by: str | None = None


class Look(View):
    """Somebody who looked, from the audit."""

    at: datetime
    actor: str = Field(description="As the audit names them: a login, an AE title, a label.")
    name: str = Field(description="As people name them; the actor where there is no other name.")
    kind: str
    organisation: str | None = Field(description="The name of the organisation they act for.")
    action: str
    door: str


class StudyDifference(View):
    """One attribute of an exam that a later instance said otherwise."""

    exam: str
    tag: str
    keyword: str
    held: str
    offered: str
    source: str
    at: datetime
    choosable: bool = Field(description="False: whose study it is, the identity desk says.")
    kept: Literal["held", "offered"] | None = Field(description="Null: nobody decided.")
    settled_by: str | None
    settled_at: datetime | None


class ExamPage(View):
    """All of one exam."""

    row: ExamRow
    series: list[SeriesView]
    cycle: list[CycleStep]
    looks: list[Look]
    priors: list[ExamRow]
    shared_with: list[OrganisationBrief]
    viewer_url: str
    provenance: Provenance | None = Field(
        default=None, description="Where it came from; null for an exam made here."
    )
    differences: list[StudyDifference] = Field(
        description="Attributes that instances of this exam say differently."
    )


class ClaimRequest(Body):
    """Claim an exam. Taking it over from somebody asks a reason."""

    take_over: bool = False
    reason: str | None = Field(default=None, max_length=500)


class HeartbeatRequest(Body):
    """Still reading."""

    fence: int


class UrgencyRequest(Body):
    """Set the urgency of an exam."""

    urgency: Urgency
    reason: str = Field(default="", max_length=500)
