"""Requests for reading between organisations, as the front end reads and makes them."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from archipel.protocols.web.models.base import Body, Urgency, View

Stage = Literal[
    "placed",
    "travelling",
    "ready",
    "reading",
    "returned",
    "acknowledged",
    "declined",
    "cancelled",
]
ConsentKind = Literal["given", "represented", "emergency"]
VerdictName = Literal[
    "chosen",
    "fits",
    "closed",
    "not-covered",
    "unreachable",
    "overloaded",
    "ended",
    "overridden",
    "unclaimed",
]
LevelName = Literal["on-site", "region", "sister-region", "mainland"]
MayDo = Literal[
    "open",
    "read",
    "note",
    "cancel",
    "decline",
    "acknowledge",
    "reconcile",
    "attach",
    "detach",
    "pass-on",
]
ExamName = Annotated[str, Field(max_length=128)]


class SiteView(View):
    """An organisation and the node that serves it."""

    key: str
    name: str
    node: str


class RequestPatient(View):
    """Whose exam it is, as the asking site knows the person."""

    family_name: str
    given_name: str
    sex: str
    birth_date: date | None
    identifier: str
    issuer: str


class RequestImages(View):
    """Where the images are, for the reader."""

    state: Literal["waiting", "travelling", "stalled", "here", "withdrawn"] = Field(
        description="withdrawn: its readers may not see them any more."
    )
    percent: int | None = Field(description="Of their bytes; null: only the reader's node knows.")
    eta_s: int | None = Field(description="Seconds until they are whole; null: not known.")
    estimated: bool = Field(description="As estimated when it was placed, not measured.")


class LineView(View):
    """The line to the node on the other side, as this node sees it."""

    node: str
    cut: bool
    since: datetime | None = Field(description="Since when it is cut; null where not known.")


class RequestReader(View):
    """Who claimed it."""

    login: str
    name: str
    organisation: str
    node: str
    since: datetime
    confirmed: bool = Field(description="False: the asking node has not confirmed it yet.")
    mine: bool
    alone: bool = Field(description="Taken while the line to the asking node was cut.")


class RequestAcknowledgement(View):
    """Who read the answer at the asking site."""

    by: str
    at: datetime


class RequestRow(View):
    """One card of the board."""

    request: str
    exam: str | None = Field(description="Null: not acquired yet, or not attached.")
    accession: str = Field(description="Under which an exam that is awaited will come.")
    side: Literal["asking", "reading", "both"] = Field(description="The visitor's side.")
    asking: SiteView
    reading: SiteView
    asked_by: str
    patient: RequestPatient
    modality: str
    procedure: str
    question: str
    urgency: Urgency
    stage: Stage
    placed_at: datetime
    promised_s: int = Field(description="From when the exam can be sent until the answer.")
    due_at: datetime
    changed_at: datetime
    answered_at: datetime | None = Field(description="When the first signed version was stated.")
    images: RequestImages
    line: LineView | None = Field(description="Null where both sides are on this node.")
    waits_for_line: bool = Field(
        description="Not urgent, and the line is cut: it may not be claimed before it is back."
    )
    reader: RequestReader | None = Field(description="Null once the request is ended.")
    report: Literal["none", "preliminary", "final", "addendum", "corrected"]
    report_digest: str | None = Field(description="The principal version, see /exams/.../report.")
    conflict: bool = Field(description="Two readings, or one under a lost claim: look at both.")
    unclaimed: bool = Field(description="Half of the delay is gone and nobody has claimed it.")
    acknowledged: RequestAcknowledgement | None
    notes: int
    may: list[MayDo] = Field(description="What the visitor may do now.")


class RequestBoard(View):
    """Requests that are open, and those closed within a day; soonest due first."""

    rows: list[RequestRow]
    as_of: datetime


class RequestNote(View):
    """One line of the thread."""

    by: str
    organisation: str
    text: str
    at: datetime


class RequestStep(View):
    """One line of the exchange log, the same on both sides."""

    at: datetime
    kind: str = Field(description="Such as request.placed; from which node it came: `node`.")
    node: str
    by: str


class RequestAnswer(View):
    """A signed version that answers."""

    digest: str
    status: str
    by: str
    organisation: str
    node: str
    at: datetime
    principal: bool
    stale: bool = Field(description="Signed under a lost claim: principal only if chosen.")


class RungView(View):
    """One partner on the ladder; `reason` and `parameters` make the sentence."""

    site: SiteView
    level: LevelName
    chosen: bool
    reason: VerdictName
    parameters: dict[str, str | int | None] = Field(
        description="closed: days, since, until, time_zone; not-covered: modalities; "
        "overloaded: waiting; ended: at."
    )
    images_in_s: int | None
    promised_s: int | None
    waiting: int
    phone: str = ""


class PriorChoice(View):
    """An earlier exam that could travel along."""

    exam: str
    study_at: datetime | None
    modalities: list[str]
    description: str
    chosen: bool


class PartnersView(View):
    """Who could read this exam now, nearest first, and what else the form needs."""

    exam: str | None = Field(description="Null: not acquired yet.")
    rungs: list[RungView]
    priors: list[PriorChoice]
    near: list[RequestRow] = Field(description="Requests about this exam that are under way.")


class ConsentView(View):
    """How the patient was informed, by whom and when."""

    kind: ConsentKind
    by: str
    at: datetime | None


class AwaitedChoice(View):
    """An exam that may be the one that is awaited."""

    exam: str
    study_at: datetime | None
    arrived_at: datetime
    modalities: list[str]
    description: str
    accession: str
    images: int


class JustificationView(View):
    """Why the exam, and what else was thought of."""

    reason: str
    substitution: str


class CallbackView(View):
    """Whom to call about the result."""

    name: str
    phone: str
    verified_at: datetime | None


class RequestView(View):
    """All of one request."""

    row: RequestRow
    priors: list[str]
    relief: list[SiteView]
    justification: JustificationView
    consent: ConsentView
    callback: CallbackView
    ladder: list[RungView]
    override: str
    reason: str = Field(description="Of a decline or a cancellation.")
    superseded: list[RequestReader] = Field(description="Claims that did not win.")
    answers: list[RequestAnswer]
    notes: list[RequestNote]
    log: list[RequestStep]
    candidates: list[AwaitedChoice] = Field(description="For who asked, while it awaits its exam.")
    next: RungView | None = Field(description="Whom to ask, where nobody claims it in time.")
    follows: str | None = Field(description="The request that nobody claimed, before this one.")
    referrer: str = Field(description="Who is told of the result by mail; empty: nobody named.")


class RequestMark(View):
    """On a worklist row: that another organisation asks for the reading."""

    request: str
    asking: SiteView
    question: str
    urgency: Urgency
    stage: Stage
    due_at: datetime
    images: RequestImages
    conflict: bool
    line: LineView | None
    waits_for_line: bool
    reader: RequestReader | None = Field(description="Whose claim stands over all nodes.")


class ArrivingExam(View):
    """A foreign exam that is asked for and still on its way: not in any list of images yet."""

    exam: str
    patient: RequestPatient
    modality: str
    procedure: str
    request: RequestMark


class Callback(Body):
    """Whom to call about the result."""

    name: str = Field(min_length=1, max_length=128)
    phone: str = Field(min_length=3, max_length=32)
    verified_at: datetime | None = None


class Consent(Body):
    """How the patient was informed. `emergency`: to be told afterwards, STAT only."""

    kind: ConsentKind
    by: str = Field(default="", max_length=128)
    at: datetime | None = None


class JustificationBody(Body):
    """Why the exam is justified."""

    reason: str = Field(min_length=1, max_length=2000)
    substitution: str = Field(default="", max_length=2000)


class ReferrerBody(Body):
    """Who is told by mail once the result is released. Codes are sent there, nowhere else."""

    name: str = Field(min_length=1, max_length=128)
    mail: str = Field(max_length=254)
    language: Literal["fr", "en", "es"] = "fr"


class AskBody(Body):
    """What every request says. Without `partner`, the ladder's choice is asked."""

    priors: list[ExamName] | None = Field(
        default=None, max_length=8, description="null: the one that helps most."
    )
    question: str = Field(min_length=15, max_length=4000)
    urgency: Urgency
    justification: JustificationBody
    callback: Callback
    consent: Consent
    partner: str | None = Field(default=None, max_length=48)
    override: str = Field(
        default="", max_length=500, description="Why another partner than the ladder's."
    )
    referrer: ReferrerBody | None = None


class RequestCreate(AskBody):
    """Ask for the reading of an exam."""

    exam: ExamName


class AwaitedBody(Body):
    """What is about to be acquired, of whom: an identifier that the own organisation gave."""

    person: str = Field(min_length=1, max_length=256)
    identifier: str = Field(min_length=1, max_length=64)
    issuer: str = Field(min_length=1, max_length=128)
    modality: str = Field(pattern="^[A-Z]{2,16}$")
    procedure: str = Field(min_length=1, max_length=128)
    accession: str = Field(default="", max_length=64)


class AwaitedCreate(AskBody):
    """Ask for the reading of an exam that is not acquired yet."""

    awaited: AwaitedBody


class AttachBody(Body):
    """Which exam a request awaited."""

    exam: ExamName


class NoteCreate(Body):
    """A line for the thread."""

    text: str = Field(min_length=1, max_length=2000)


class ReasonBody(Body):
    """Why it is taken back or declined."""

    reason: str = Field(min_length=1, max_length=2000)


class ReconcileBody(Body):
    """Which reading is the principal one; the other stays beside it."""

    document: str = Field(pattern="^[0-9a-f]{64}$")
