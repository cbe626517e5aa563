"""A request for reading, the agreement it is made under, and where it stands.

Times are aware and UTC; delays count from the moment the request was placed. Texts are the
authors' own. What identifies the patient is copied into the request: it must be readable where
no image has arrived yet.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import Enum

from archipel.kernel.errors import Malformed
from archipel.kernel.identifiers import AccessionNumber, PatientIdentifier, TenantId
from archipel.reading.model import ExamId, Urgency

QUESTION_MIN = 15
QUESTION_MAX = 4000
TEXT_MAX = 2000
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,30}~[0-9a-hjkmnp-tv-z]{26}")
_PHONE = re.compile(r"\+?[0-9][0-9 .()-]{2,30}")

PROMISED: Mapping[Urgency, timedelta] = {
    Urgency.STAT: timedelta(minutes=15),
    Urgency.URGENT: timedelta(minutes=60),
    Urgency.INPATIENT: timedelta(hours=4),
    Urgency.ROUTINE: timedelta(hours=24),
}
"""Within what time an answer is promised where the agreement says nothing else."""


@dataclass(frozen=True, slots=True, order=True)
class RequestId:
    """The name of a request on every node: where it was placed, and a ULID in lower case.

    Raises `Malformed`.
    """

    value: str

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.value):
            raise Malformed(f"a request is named node~ulid: {self.value[:80]!r}")

    @property
    def home(self) -> str:
        """The node where it was placed."""
        return self.value.partition("~")[0]

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True, order=True)
class Site:
    """An organisation and the node that serves it."""

    tenant: TenantId
    node: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Professional:
    """Who asks, reads or acknowledges."""

    login: str
    name: str
    tenant: TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whose exam it is, as the asking site knows the person."""

    name: str  # (0010,0010) as sent
    birth_date: str  # YYYYMMDD or shorter, empty when unknown
    sex: str
    identifier: PatientIdentifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Whom to call about the result. Raises `Malformed` for what is no telephone number."""

    name: str
    phone: str
    verified_at: datetime | None = None  # somebody called it and it rang at the right place

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise Malformed("say whom to call back")
        if not _PHONE.fullmatch(self.phone):
            raise Malformed("a telephone number has digits, spaces, dots and an optional +")


@dataclass(frozen=True, slots=True, kw_only=True)
class Referrer:
    """Whom the asking site tells of the result by mail, once it is released."""

    name: str
    mail: str
    language: str = "fr"


class Information(Enum):
    """How the patient was informed of the remote reading (R.6316-2, L.1111-4)."""

    CONSENTED = "consented"
    REPRESENTED = "represented"  # a parent, a guardian or the person of trust agreed for them
    DEFERRED = "deferred"  # a vital emergency: to be told afterwards, and traced


@dataclass(frozen=True, slots=True, kw_only=True)
class Justification:
    """Why this exam, and which one without radiation was thought of. Raises `Malformed`."""

    reason: str
    substitution: str = ""

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise Malformed("say why the exam is justified")
        if max(len(self.reason), len(self.substitution)) > TEXT_MAX:
            raise Malformed(f"a justification has at most {TEXT_MAX} characters")


class Level(Enum):
    """The rungs of the ladder, nearest first."""

    ON_SITE = 1
    REGION = 2
    SISTER_REGION = 3
    MAINLAND = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """When a partner reads, in its own time zone; `until` before `since` passes midnight."""

    days: frozenset[int] = frozenset(range(7))  # Monday is 0
    since: time = time(0)
    until: time = time(0)  # equal to `since`: the whole day

    def hold(self, local: datetime) -> bool:
        """Tell whether `local` (wall clock of the partner) lies within."""
        at = local.time()
        if self.since == self.until:
            return local.weekday() in self.days
        if self.since < self.until:
            return local.weekday() in self.days and self.since <= at < self.until
        evening = at >= self.since
        day = local.weekday() if evening else (local.weekday() - 1) % 7
        return day in self.days and (evening or at < self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Who may ask whom to read what, how fast. Kept by the asking organisation's node."""

    key: str
    asking: TenantId
    partner: Site
    level: Level
    modalities: frozenset[str] = frozenset()  # empty: all
    hours: Hours = Hours()
    time_zone: str = "UTC"
    delays: Mapping[Urgency, timedelta] | None = None
    phone: str = ""  # the reader on call: what to dial when no link is up
    relief: tuple[Site, ...] = ()  # who may read in the partner's place, as its rota says
    ends: datetime | None = None

    def promise(self, urgency: Urgency) -> timedelta:
        """Within what time an answer is promised."""
        return (self.delays or PROMISED).get(urgency, PROMISED[urgency])


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How images would reach a node now. `images_in` None: no rate of the link is known yet."""

    reachable: bool
    images_in: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The line to another node as this one sees it; `since` None: since when is not known."""

    node: str
    cut: bool
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Images of another node on their way to an organisation of this one.

    `size_bytes` None: how much there is has not been told yet. `due_in` None: no rate is known,
    or nothing moves (`moving` False).
    """

    moving: bool
    done_bytes: int
    size_bytes: int | None
    due_in: timedelta | None

    @property
    def percent(self) -> int | None:
        """How much of it is here, 0 to 100."""
        if not self.size_bytes:
            return None
        return min(100, 100 * self.done_bytes // self.size_bytes)


class Verdict(Enum):
    """Why a partner was chosen or not."""

    CHOSEN = "chosen"
    FITS = "fits"  # could, but a nearer one was chosen
    CLOSED = "closed"  # outside its hours
    NOT_COVERED = "not-covered"  # the agreement does not name this modality
    UNREACHABLE = "unreachable"
    OVERLOADED = "overloaded"
    ENDED = "ended"
    UNCLAIMED = "unclaimed"  # was asked before, and nobody claimed it in time
    OVERRIDDEN = "overridden"  # would have been chosen; the asker chose another, and said why


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One partner as it stood when the choice was made."""

    site: Site
    level: Level
    verdict: Verdict
    images_in: timedelta | None = None  # how long the images will travel
    promised: timedelta | None = None
    waiting: int = 0  # requests it has not answered yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked. Never changed: what follows is told by later facts. Raises `Malformed`."""

    id: RequestId
    asked_by: Professional
    asking: Site
    partner: Site
    subject: Subject
    exam: ExamId | None  # None: not acquired yet
    priors: tuple[ExamId, ...]
    modality: str
    procedure: str
    question: str
    urgency: Urgency
    promised: timedelta
    justification: Justification
    information: Information
    informed_by: str = ""  # who told the patient, by name
    informed_at: datetime | None = None
    contact: Contact
    relief: tuple[Site, ...]
    ladder: tuple[Rung, ...]
    override: str  # why another partner than the ladder's was taken; empty: the ladder's
    placed_at: datetime
    accession: AccessionNumber | None = None  # under which an exam that is awaited will come
    referrer: Referrer | None = None
    follows: RequestId | None = None  # the one that nobody claimed

    def __post_init__(self) -> None:
        if not QUESTION_MIN <= len(self.question.strip()) <= QUESTION_MAX:
            raise Malformed(
                f"a clinical question has {QUESTION_MIN} to {QUESTION_MAX} characters: say what "
                "is seen and what is asked"
            )
        if self.information is Information.DEFERRED and self.urgency is not Urgency.STAT:
            raise Malformed("the patient's information is deferred in a vital emergency only")

    @property
    def readers(self) -> tuple[Site, ...]:
        """Who may claim it: the partner, and who stands in for it."""
        return (self.partner, *self.relief)

    def name_of(self, tenant: TenantId) -> str:
        """Return a party's name as this request says it, else its key.

        A party may be at home on another node, which alone knows more of it.
        """
        parties = (self.asking, *self.readers)
        return next((site.name for site in parties if site.tenant == tenant), tenant.value)


class Stage(Enum):
    """The columns of the board, in the order of life."""

    PLACED = "placed"  # the images are not there yet, or wait to be sent
    TRAVELLING = "travelling"
    READY = "ready"  # whole at the partner's
    READING = "reading"
    RETURNED = "returned"  # an answer has come: to be acknowledged
    ACKNOWLEDGED = "acknowledged"
    DECLINED = "declined"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One line of the thread between those concerned."""

    author: Professional
    text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingClaim:
    """Who reads it."""

    claim: str
    reader: Professional
    node: str
    at: datetime
    fence: int | None  # None: claimed without the word of the node that asked, so far
    released: bool = False
    alone: bool = False  # taken while the line to the node that asked was cut
    over: str = ""  # the claim, of another node's reader, that it takes over with a reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A version of a report that answers the request."""

    document: str  # digest of the signed version
    status: str  # preliminary, final, addendum ...
    author: Professional
    node: str
    at: datetime
    principal: bool
    stale: bool = False  # signed under a lost claim: principal only if somebody chose it


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the log that both sides keep."""

    at: datetime
    kind: str
    node: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a request stands, folded from every fact about it."""

    request: Request
    stage: Stage
    exam: ExamId | None
    priors: tuple[ExamId, ...]
    claim: ReadingClaim | None
    superseded: tuple[ReadingClaim, ...]
    answers: tuple[Answer, ...]  # every version, the principal reading's first
    conflict: bool  # two readings: somebody who saw both must choose
    notes: tuple[Note, ...]
    acknowledged: Note | None
    reason: str  # of a decline or a cancellation
    log: tuple[Step, ...]
    withdrawn: bool = False  # its readers' access to the images was ended by who asked
    fences: int = 0  # the highest that the asking node confirmed, also of claims that ended
    attached_at: datetime | None = None  # when an exam that was awaited was attached

    @property
    def due(self) -> datetime:
        """When the answer is promised: the delay runs from when the exam could be sent."""
        return (self.attached_at or self.request.placed_at) + self.request.promised

    @property
    def awaits(self) -> bool:
        """Tell whether its exam is not acquired yet, or not attached."""
        return self.exam is None and self.stage is Stage.PLACED

    @property
    def grants(self) -> bool:
        """Tell whether its readers may see the exam and its priors by it."""
        return not self.withdrawn and self.stage not in (Stage.DECLINED, Stage.CANCELLED)

    @property
    def images(self) -> tuple[ExamId, ...]:
        """Every exam it lets its readers see."""
        asked = (self.request.exam, *self.request.priors, self.exam, *self.priors)
        return tuple(dict.fromkeys(one for one in asked if one is not None))

    @property
    def changed_at(self) -> datetime:
        """When the last fact about it was stated."""
        return self.log[-1].at
