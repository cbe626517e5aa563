"""Exams to be read, the lease of the one who reads, the report being written.

An exam is a Study (PS3.3 section 7) as a reader sees it. Section codes are those of imaging
reports (PS3.20 section 9, CI-SIS CR-IMG): LOINC.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, IntEnum
from math import isfinite

from archipel.identity.model import Standing
from archipel.kernel.errors import Malformed
from archipel.kernel.identifiers import AccessionNumber, PatientIdentifier, TenantId
from archipel.kernel.uid import Uid

LEASE = timedelta(minutes=15)
HISTORY_AGE = timedelta(days=30)
"""An exam whose study date lies further back than this when its first image comes was sent as
history (a prior, a migration): it is found and opened, but nobody is asked to read it."""
RECENT = timedelta(hours=48)


@dataclass(frozen=True, slots=True, order=True)
class ExamId:
    """The name of an exam: its owner and its Study Instance UID.

    It says the same after the index was rebuilt and on every node, and holds no patient data.
    """

    tenant: TenantId
    study: Uid

    @classmethod
    def parse(cls, text: str) -> "ExamId":
        """Read `owner~uid`. Raises `Malformed`."""
        tenant, tilde, uid = text.partition("~")
        if not tilde:
            raise Malformed(f"an exam is named owner~uid: {text[:80]!r}")
        return cls(TenantId(tenant), Uid(uid))

    def __str__(self) -> str:
        return f"{self.tenant}~{self.study}"


class Urgency(IntEnum):
    """How soon it must be read; the order is that of the list."""

    STAT = 0
    URGENT = 1
    INPATIENT = 2
    ROUTINE = 3

    @classmethod
    def said(cls, priority: str) -> "Urgency":
        """Read Requested Procedure Priority (0040,1003) as the images say it: the soonest of them.

        Its terms are STAT, HIGH, MEDIUM, ROUTINE, LOW (PS3.3 table C.4-11); ASAP and URGENT are
        what HL7 and French order systems write. Anything else is routine.
        """
        terms = [term.strip().upper() for term in priority.split("\\")]
        return min((_PRIORITIES.get(term, cls.ROUTINE) for term in terms), default=cls.ROUTINE)


_PRIORITIES = {
    "STAT": Urgency.STAT,
    "HIGH": Urgency.URGENT,
    "ASAP": Urgency.URGENT,
    "URGENT": Urgency.URGENT,
}


class Status(Enum):
    """Where an exam stands in its life. Later states come with what makes them true."""

    ACQUIRING = "acquiring"  # instances still come
    READY = "ready"
    CLAIMED = "claimed"
    DRAFT = "draft"
    PRELIMINARY = "preliminary"  # told, to be validated
    SIGNED = "signed"  # a validated report stands


class SavedList(Enum):
    """The lists every reader has."""

    TO_READ = "to-read"
    MINE = "mine"
    DRAFTS = "drafts"
    RECENT = "recent"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who claims and writes: a person acting for an organisation."""

    login: str
    name: str
    tenant: TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A lease on an exam. `fence` grows each time the exam changes hands and never goes back."""

    exam: ExamId
    reader: Reader
    since: datetime
    until: datetime
    fence: int
    reason: str = ""  # why it was taken over

    def held(self, now: datetime) -> bool:
        """Tell whether the lease still runs."""
        return now < self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportHead:
    """Which version of a report stands, without its text."""

    version: int
    author: Reader
    saved_at: datetime
    signed: str | None = None  # the document that closed it


class Purpose(Enum):
    """What a draft is to become."""

    REPORT = "report"
    ADDENDUM = "addendum"  # words beside a validated report that stays as it is
    CORRECTION = "correction"  # a new text in its place; says why


class ReportState(Enum):
    """What a signed version of a report is (FHIR R4 DiagnosticReport.status, HL7 table 0085)."""

    PRELIMINARY = "preliminary"
    FINAL = "final"
    ADDENDUM = "addendum"
    CORRECTED = "corrected"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedMark:
    """The signed version that stands for an exam, as a list shows it."""

    digest: str  # 64 hexadecimal digits
    state: ReportState
    signer: Reader
    signed_at: datetime
    contested: bool = False  # other signed versions stand beside it, unreconciled


class SectionCode(Enum):
    """The sections of a report."""

    INDICATION = "indication"
    TECHNIQUE = "technique"
    COMPARISON = "comparison"
    FINDINGS = "findings"
    CONCLUSION = "conclusion"
    ADDENDUM = "addendum"  # only while an addendum is written


LOINC: Mapping[SectionCode, tuple[str, str]] = {
    SectionCode.INDICATION: ("55752-0", "Clinical information"),
    SectionCode.TECHNIQUE: ("55111-9", "Current imaging procedure descriptions"),
    SectionCode.COMPARISON: ("18834-2", "Radiology Comparison study"),
    SectionCode.FINDINGS: ("59776-5", "Procedure findings"),
    SectionCode.CONCLUSION: ("19005-8", "Impression"),
    SectionCode.ADDENDUM: ("55107-7", "Addendum"),
}


UNITS: Mapping[str, str] = {
    "mm2": "mm²",
    "mm3": "mm³",
    "cm2": "cm²",
    "cm3": "cm³",
    "deg": "°",
    "[hnsf'U]": "UH",
    "1": "px",
}
"""How people write what UCUM codes in ASCII."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Words."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A measurement inside a sentence, tied to its image. `unit` is UCUM."""

    id: str
    label: str
    value: float
    unit: str
    study: Uid
    series: Uid
    sop_instance: Uid
    frame: int
    deleted: bool = False  # deleted in the viewer since: must not stand in a final report

    @property
    def words(self) -> str:
        """The measurement as the text says it, in French notation: `Nodule 17,2 mm`."""
        digits = 1 if abs(self.value) < 100 else 0  # noqa: PLR2004  (three figures are enough)
        value = f"{self.value:.{digits}f}".replace(".", ",")
        return " ".join(
            part for part in (self.label, value, UNITS.get(self.unit, self.unit)) if part
        )


Block = Text | Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section of a report."""

    code: SectionCode
    blocks: tuple[Block, ...] = ()

    @property
    def words(self) -> str:
        """The section as plain text, measurements written out."""
        return "".join(b.text if isinstance(b, Text) else b.words for b in self.blocks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """How grey values are shown: Window Center and Width (PS3.3 C.11.2.1.2), in the image's units.

    Raises `Malformed` where a figure is not finite or the width is not positive.
    """

    center: float
    width: float

    def __post_init__(self) -> None:
        if not (isfinite(self.center) and isfinite(self.width) and self.width > 0):
            raise Malformed("a window has a finite center and a width above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyImage:
    """An image that the reader marked as telling the result (IHE KIN; PS3.3 A.35.4 when signed).

    `frame` counts from 1 (C.7.6.16); `window` is what the reader saw it with, None for its own.
    It may be of a prior. Naming an image opens it to nobody: whoever shows it asks its scope.
    """

    study: Uid
    series: Uid
    sop_instance: Uid
    frame: int = 1
    window: Window | None = None
    caption: str = ""

    def __post_init__(self) -> None:
        if self.frame < 1:
            raise Malformed(f"frames count from 1, not {self.frame}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a version of a report says. `key_images` stand in the order they were marked.

    Raises `Malformed` when a section or a frame of an image stands twice.
    """

    sections: tuple[Section, ...] = ()
    template: str | None = None
    key_images: tuple[KeyImage, ...] = ()
    plain_words: str = ""  # for the patient
    important: bool = False  # the referrer must be told at once
    purpose: Purpose = Purpose.REPORT
    reason: str = ""  # of a correction

    def __post_init__(self) -> None:
        codes = [section.code for section in self.sections]
        if len(codes) != len(set(codes)):
            raise Malformed("a report has each section once")
        frames = [(image.sop_instance, image.frame) for image in self.key_images]
        if len(frames) != len(set(frames)):
            raise Malformed("a report has each key image once")

    def words(self, code: SectionCode) -> str:
        """Return one section as plain text; empty where nobody wrote it."""
        return next((one.words for one in self.sections if one.code is code), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft(Content):
    """One saved version of a report."""

    head: ReportHead


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam:
    """What a list shows of an exam. Texts are as sent; `studied` is the site's local time."""

    id: ExamId
    person: str | None
    patient: PatientIdentifier
    patient_name: str  # (0010,0010) as sent
    sex: str
    birth_date: str  # (0010,0030) as sent
    accession: AccessionNumber | None
    modalities: tuple[str, ...]
    description: str
    body_part: str
    referring_physician: str
    studied: datetime | None  # naive: DICOM says local time
    arrived_at: datetime
    last_received_at: datetime
    completed_at: datetime | None  # None: instances still come
    series: int
    instances: int
    urgency: Urgency
    claim: Claim | None  # only while it runs
    report: ReportHead | None
    priors: tuple["Prior", ...] = ()
    signed: SignedMark | None = None
    identity: Standing = Standing.PROVISIONAL  # until somebody knows more

    @property
    def person_key(self) -> str:
        """Name whose exam it is; while identity is open, by the exam itself."""
        return self.person or f"exam~{self.id}"

    @property
    def status(self) -> Status:
        """The one word for where it stands."""
        if self.signed is not None and self.signed.state is not ReportState.PRELIMINARY:
            return Status.SIGNED
        if self.claim is not None:
            return Status.CLAIMED
        if self.signed is not None:
            return Status.PRELIMINARY
        if self.report is not None:
            return Status.DRAFT
        return Status.READY if self.completed_at else Status.ACQUIRING


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """An earlier exam of the same person, as a mark in a list."""

    id: ExamId
    studied: datetime | None
    modalities: tuple[str, ...]
    body_part: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesSummary:
    """One series on the exam page."""

    series: Uid
    number: int | None
    modality: str
    description: str
    body_part: str
    instances: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """A saved list, narrowed. Empty means all; days are study dates, both ends included.

    `login` is whose claims and drafts the lists mine and drafts hold.
    """

    saved_list: SavedList = SavedList.ALL
    login: str = ""
    text: str = ""
    modalities: frozenset[str] = frozenset()
    statuses: frozenset[Status] = frozenset()
    sites: frozenset[TenantId] = frozenset()
    urgencies: frozenset[Urgency] = frozenset()
    first_day: str = ""  # YYYYMMDD
    last_day: str = ""

    @property
    def narrowed(self) -> bool:
        """Tell whether anything beside the list itself filters."""
        return self != Filters(saved_list=self.saved_list, login=self.login)
