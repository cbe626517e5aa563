"""What reading needs of the world."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from archipel.kernel.actors import Scope
from archipel.reading.events import ClaimChanged, DraftSaved, UrgencySet
from archipel.reading.model import (
    Change,
    Claim,
    Counts,
    Draft,
    Exam,
    ExamId,
    ExamPage,
    Filters,
    PersonFound,
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


class Drafts(Protocol):
    """Versions of reports."""

    def current(self, exam: ExamId, *, scope: Scope) -> Draft | None:
        """The version that stands."""

    def save(
        self, exam: ExamId, draft: Draft, *, over: int, fact: DraftSaved, scope: Scope
    ) -> bool:
        """Keep `draft` where version `over` stands (0: none); False, nothing done, where not.

        Of one author's versions within five minutes only the last is kept.
        """

    def versions(self, exam: ExamId, *, scope: Scope) -> Sequence[ReportHead]:
        """Heads of every kept version, newest first."""

    def version(self, exam: ExamId, number: int, *, scope: Scope) -> Draft | None:
        """One kept version."""


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
