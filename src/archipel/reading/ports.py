"""What reading needs of the world."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from archipel.kernel.actors import Scope
from archipel.kernel.identifiers import PatientIdentifier, TenantId
from archipel.kernel.uid import Uid
from archipel.reading.answers import Change, Counts, ExamPage, PersonFound
from archipel.reading.document import Document, KeptDocument, Standing, Version
from archipel.reading.events import (
    ClaimChanged,
    DraftSaved,
    ReportReceived,
    ReportReleased,
    ReportSigned,
    ReportWithdrawn,
    UrgencySet,
)
from archipel.reading.model import (
    Claim,
    Draft,
    Exam,
    ExamId,
    Filters,
    KeyImage,
    ReportHead,
    SeriesSummary,
    Urgency,
)


class Exams(Protocol):
    """Exams of the index, joined with what reading knows of them."""

    def page(
        self,
        filters: Filters,
        *,
        scope: Scope,
        now: datetime,
        after: str | None = None,
        limit: int = 50,
    ) -> ExamPage:
        """One page in the list's own order, by keyset. Raises `Malformed` for a false cursor.

        To read: by urgency, then longest waiting. Every other list: last arrived first.
        """

    def counts(self, login: str, *, scope: Scope, now: datetime) -> Counts:
        """How many exams each saved list holds, mine and drafts being those of `login`."""

    def exam(self, exam: ExamId, *, scope: Scope, now: datetime) -> Exam:
        """One exam with its priors' marks. Raises `NotFound`: absent and hidden are the same."""

    def priors(self, exam: ExamId, *, scope: Scope, now: datetime) -> Sequence[Exam]:
        """Earlier and later exams of the same person, newest first, at most 200."""

    def of_person(self, person: str, *, scope: Scope, now: datetime) -> Sequence[Exam]:
        """Exams of one `Exam.person_key`, newest first, at most 500; empty: none in scope."""

    def of_patient(
        self, patient: PatientIdentifier, *, scope: Scope, now: datetime
    ) -> Sequence[Exam]:
        """Exams that name this very identifier, newest first, at most 200."""

    def persons(
        self, text: str, *, scope: Scope, now: datetime, limit: int
    ) -> Sequence[PersonFound]:
        """People whose exams in scope match every word: name, identifier, accession, birth date.

        The one with the latest exam first.
        """

    def series(self, exam: ExamId, *, scope: Scope) -> Sequence[SeriesSummary]:
        """The series, by number."""

    def holders(self, exam: ExamId, *, scope: Scope) -> Sequence[str]:
        """Keys of the organisations within `scope` that hold or share the exam, owner first."""

    def set_urgency(self, fact: UrgencySet, urgency: Urgency, *, scope: Scope) -> None:
        """Keep the urgency and announce `fact`, in one transaction. Raises `NotFound`."""


class Claims(Protocol):
    """Leases, at most one running an exam; those that ended are kept, with their reasons."""

    def latest(self, exam: ExamId, *, scope: Scope) -> Claim | None:
        """The last lease given, running or not."""

    def replace(
        self, claim: Claim, *, over: Claim | None, fact: ClaimChanged | None, scope: Scope
    ) -> bool:
        """Put `claim` where `over` is the last lease; False, and nothing done, where it is not.

        A `claim` of another fence ends `over`. `fact` is announced in the same transaction.
        """


class Gate(Protocol):
    """Who else must be asked before an exam is taken."""

    def admit(self, exam: ExamId, *, taking_over: bool, scope: Scope) -> None:
        """Let a claim pass. Raises `Conflict` where it may not be taken now.

        `taking_over`: a reason was given for taking it from whoever reads it.
        """


class Drafts(Protocol):
    """Versions of reports."""

    def current(self, exam: ExamId, *, scope: Scope) -> Draft | None:
        """The version that stands."""

    def save(
        self, exam: ExamId, draft: Draft, *, over: int, fact: DraftSaved, scope: Scope
    ) -> bool:
        """Keep `draft` where version `over` stands (0: none); False, nothing done, where not.

        Of one author's versions within five minutes only the last is kept, and the one that was
        signed.
        """

    def previewed(self, exam: ExamId, *, version: int, login: str, scope: Scope) -> None:
        """Remember that `login` saw the preview of this version."""

    def preview_seen(self, exam: ExamId, *, login: str, scope: Scope) -> int:
        """The last version whose preview `login` saw; 0: none."""

    def versions(self, exam: ExamId, *, scope: Scope) -> Sequence[ReportHead]:
        """Heads of every kept version, newest first."""

    def version(self, exam: ExamId, number: int, *, scope: Scope) -> Draft | None:
        """One kept version."""


class Documents(Protocol):
    """Signed versions of reports, by digest. Kept for good; each exam's standing beside them."""

    def sign(
        self,
        document: Document,
        version: Version,
        *,
        over: int,
        lease: Claim | None,
        facts: Sequence[ReportSigned | ClaimChanged],
        scope: Scope,
    ) -> bool:
        """Keep a new version; False, and nothing done, where draft `over` is not what stands.

        Nor where `lease`, if given, is not the last one or has run out. Any state but preliminary
        closes the draft and ends the lease, unless the version is stale: the draft is then
        another's. One transaction with `facts`.
        """

    def withdraw(
        self,
        exam: ExamId,
        digest: str,
        *,
        claim: Claim | None,
        facts: Sequence[ReportWithdrawn | ClaimChanged],
        scope: Scope,
    ) -> bool:
        """Mark a version as undone at the first fact's time, and open its draft again.

        `claim`, where given, is a lease to begin. False, nothing done, where the version was
        released or undone before.
        """

    def release(self, exam: ExamId, fact: ReportReleased, *, tenant: TenantId) -> bool:
        """Mark a version as told and announce `fact`; False where undone or told before.

        Asked by the node itself, for the owner `tenant` of the exam.
        """

    def receive(self, document: Document, content: bytes, fact: ReportReceived) -> bool:
        """Keep a version signed on another node, already released; False where it is held.

        Node-wide: the peer's agreement decided; the exam need not be here yet.
        """

    def standing(self, exam: ExamId, *, scope: Scope) -> Standing:
        """Every version of an exam and which stands. Raises `NotFound` out of scope."""

    def document(self, exam: ExamId, digest: str, *, scope: Scope) -> KeptDocument | None:
        """One version; None where it is not one of this exam. Raises `NotFound` out of scope."""

    def of_node(self, exam: ExamId, digest: str, *, tenant: TenantId) -> KeptDocument | None:
        """As `document`, for the node itself, on behalf of the owner `tenant` of the exam."""


class Pictures(Protocol):
    """Key images drawn."""

    def picture(self, image: KeyImage, *, scope: Scope) -> bytes | None:
        """PNG of one frame in its window; None where it is not held here or is no image."""

    def sop_class(self, image: KeyImage, *, scope: Scope) -> Uid | None:
        """SOP class of the instance; None where it is not held here."""


class Changes(Protocol):
    """What happens to exams, for the live stream. Node-wide: each stream filters by its scope."""

    def last_position(self) -> int:
        """The position of the newest change."""

    def oldest_position(self) -> int:
        """The position of the oldest change still kept; 0 when none is."""

    def after(self, position: int, *, limit: int) -> tuple[Sequence[Change], int]:
        """Changes behind `position`, oldest first, and the position reached."""

    def audience(self, exam: ExamId) -> frozenset[str]:
        """Keys of the organisations that may see the exam."""

    def parties(self, request: str) -> frozenset[str]:
        """Keys of the organisations that a request for reading concerns."""
