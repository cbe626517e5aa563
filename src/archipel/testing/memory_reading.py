"""The ports of reading in memory: for tests of others, held to the same contract as SQL."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock
from typing import Any

from archipel.kernel.actors import Scope
from archipel.kernel.errors import Malformed, NotFound
from archipel.kernel.events import Event
from archipel.kernel.identifiers import PatientIdentifier, TenantId
from archipel.reading.answers import Change, Counts, ExamPage, PersonFound
from archipel.reading.events import ClaimChanged, DraftSaved, UrgencySet
from archipel.reading.model import (
    HISTORY_AGE,
    RECENT,
    Claim,
    Draft,
    Exam,
    ExamId,
    Filters,
    Prior,
    ReportHead,
    SavedList,
    SeriesSummary,
    Status,
    Urgency,
)
from archipel.standards.dicom.matching import words_of

KEPT_EVERY_S = 300


class OpenGate:
    """`reading.ports.Gate` where nobody else is to be asked."""

    def admit(self, exam: ExamId, *, taking_over: bool, scope: Scope) -> None:
        """See the port."""
        del exam, taking_over, scope


@dataclass(slots=True)
class MemoryReading:
    """`Exams`, `Claims`, `Drafts` and `Changes` over one dictionary of exams."""

    _exams: dict[ExamId, Exam] = field(default_factory=dict)
    _holders: dict[ExamId, tuple[TenantId, ...]] = field(default_factory=dict)
    _series: dict[ExamId, Sequence[SeriesSummary]] = field(default_factory=dict)
    _claims: dict[ExamId, list[Claim]] = field(default_factory=lambda: defaultdict(list))
    _drafts: dict[ExamId, list[Draft]] = field(default_factory=lambda: defaultdict(list))
    _previews: dict[tuple[ExamId, str], int] = field(default_factory=dict)
    _changes: list[Change] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def given(
        self,
        exam: Exam,
        *,
        shared_with: Sequence[TenantId] = (),
        series: Sequence[SeriesSummary] = (),
    ) -> None:
        """Hold an exam, as if it had been received."""
        self._exams[exam.id] = exam
        self._holders[exam.id] = (exam.id.tenant, *shared_with)
        self._series[exam.id] = series

    def page(
        self,
        filters: Filters,
        *,
        scope: Scope,
        now: datetime,
        after: str | None = None,
        limit: int = 50,
    ) -> ExamPage:
        """See the port."""
        urgent_first = filters.saved_list is SavedList.TO_READ
        of_list = [e for e in self._all(scope, now) if _listed(e, filters, now)]
        found = [e for e in of_list if _fits(e, filters)]
        found.sort(key=_waiting if urgent_first else _arrived, reverse=not urgent_first)
        start = _start(after, len(found))
        shown = found[start : start + limit]
        more = len(found) > start + limit
        return ExamPage(
            exams=shown,
            after=str(start + limit) if more else None,
            total=len(found),
            hidden=len(of_list) - len(found),
            acquiring=sum(e.status is Status.ACQUIRING for e in self._all(scope, now)),
        )

    def counts(self, login: str, *, scope: Scope, now: datetime) -> Counts:
        """See the port."""
        every = list(self._all(scope, now))
        lists = {
            one: [e for e in every if _listed(e, Filters(saved_list=one, login=login), now)]
            for one in SavedList
        }
        return Counts(
            lists={one: len(found) for one, found in lists.items()},
            stat=sum(e.urgency is Urgency.STAT for e in lists[SavedList.TO_READ]),
            acquiring=sum(e.status is Status.ACQUIRING for e in every),
        )

    def exam(self, exam: ExamId, *, scope: Scope, now: datetime) -> Exam:
        """See the port."""
        self._seen(exam, scope)
        return self._now(self._exams[exam], scope, now)

    def priors(self, exam: ExamId, *, scope: Scope, now: datetime) -> Sequence[Exam]:
        """See the port."""
        self._seen(exam, scope)
        theirs = self._of(_whose(self._exams[exam]), scope, now)
        return [replace(one, priors=()) for one in theirs if one.id != exam][:200]

    def of_person(self, person: str, *, scope: Scope, now: datetime) -> Sequence[Exam]:
        """See the port."""
        whose = next((_whose(e) for e in self._all(scope, now) if e.person_key == person), None)
        return [] if whose is None else self._of(whose, scope, now)[:500]

    def of_patient(
        self, patient: PatientIdentifier, *, scope: Scope, now: datetime
    ) -> Sequence[Exam]:
        """See the port."""
        theirs = [one for one in self._all(scope, now) if one.patient == patient]
        theirs.sort(key=_moment, reverse=True)
        return [replace(one, priors=()) for one in theirs[:200]]

    def persons(
        self, text: str, *, scope: Scope, now: datetime, limit: int
    ) -> Sequence[PersonFound]:
        """See the port."""
        found: dict[Any, list[Exam]] = defaultdict(list)
        for exam in self._all(scope, now):
            if _fits(exam, Filters(text=text)):
                found[_whose(exam)].append(replace(exam, priors=()))
        people = [
            PersonFound(
                latest=max(exams, key=_moment),
                exams=len(self._of(whose, scope, now)),
                tenants=tuple(sorted({e.id.tenant for e in self._of(whose, scope, now)})),
            )
            for whose, exams in found.items()
        ]
        people.sort(key=lambda one: _moment(one.latest), reverse=True)
        return people[:limit]

    def series(self, exam: ExamId, *, scope: Scope) -> Sequence[SeriesSummary]:
        """See the port."""
        return self._series[exam] if self._sees(exam, scope) else []

    def holders(self, exam: ExamId, *, scope: Scope) -> Sequence[str]:
        """See the port."""
        holders = self._holders.get(exam, ())
        return [one.value for one in holders if scope.sees(one)]

    def set_urgency(self, fact: UrgencySet, urgency: Urgency, *, scope: Scope) -> None:
        """See the port."""
        exam = ExamId(fact.tenant, fact.study)
        self._seen(exam, scope)
        self._exams[exam] = replace(self._exams[exam], urgency=urgency)
        self._announce(exam, fact)

    def latest(self, exam: ExamId, *, scope: Scope) -> Claim | None:
        """See the port."""
        self._seen(exam, scope)
        return self._claims[exam][-1] if self._claims[exam] else None

    def replace(
        self, claim: Claim, *, over: Claim | None, fact: ClaimChanged | None, scope: Scope
    ) -> bool:
        """See the port."""
        self._seen(claim.exam, scope)
        with self._lock:
            given = self._claims[claim.exam]
            last = given[-1] if given else None
            if last != over:
                return False
            if last is not None and last.fence == claim.fence:
                given[-1] = claim
            else:
                if last is not None and last.held(claim.since):
                    given[-1] = replace(last, until=claim.since)
                given.append(claim)
            if fact is not None:
                self._announce(claim.exam, fact)
            return True

    def current(self, exam: ExamId, *, scope: Scope) -> Draft | None:
        """See the port."""
        self._seen(exam, scope)
        return self._drafts[exam][-1] if self._drafts[exam] else None

    def save(
        self, exam: ExamId, draft: Draft, *, over: int, fact: DraftSaved, scope: Scope
    ) -> bool:
        """See the port."""
        self._seen(exam, scope)
        with self._lock:
            kept = self._drafts[exam]
            if (kept[-1].head.version if kept else 0) != over:
                return False
            if kept and _span(kept[-1].head) == _span(draft.head):
                kept.pop()
            kept.append(draft)
            self._announce(exam, fact)
            return True

    def previewed(self, exam: ExamId, *, version: int, login: str, scope: Scope) -> None:
        """See the port."""
        self._seen(exam, scope)
        self._previews[exam, login] = version

    def preview_seen(self, exam: ExamId, *, login: str, scope: Scope) -> int:
        """See the port."""
        self._seen(exam, scope)
        return self._previews.get((exam, login), 0)

    def versions(self, exam: ExamId, *, scope: Scope) -> Sequence[ReportHead]:
        """See the port."""
        self._seen(exam, scope)
        return [draft.head for draft in reversed(self._drafts[exam])]

    def version(self, exam: ExamId, number: int, *, scope: Scope) -> Draft | None:
        """See the port."""
        self._seen(exam, scope)
        return next((d for d in self._drafts[exam] if d.head.version == number), None)

    def last_position(self) -> int:
        """See the port."""
        return len(self._changes)

    def oldest_position(self) -> int:
        """See the port."""
        return min(1, len(self._changes))

    def after(self, position: int, *, limit: int) -> tuple[Sequence[Change], int]:
        """See the port."""
        found = self._changes[position : position + limit]
        return found, found[-1].position if found else position

    def audience(self, exam: ExamId) -> frozenset[str]:
        """See the port."""
        return frozenset(one.value for one in self._holders.get(exam, ()))

    def parties(self, request: str) -> frozenset[str]:
        """See the port: no requests are kept here."""
        del request
        return frozenset()

    def _announce(self, exam: ExamId, fact: Event) -> None:
        kind = f"reading.{type(fact).__name__}"
        position = len(self._changes) + 1
        self._changes.append(Change(position=position, exam=exam, kind=kind, at=fact.at))

    def _sees(self, exam: ExamId, scope: Scope) -> bool:
        return any(scope.sees(one) for one in self._holders.get(exam, ()))

    def _seen(self, exam: ExamId, scope: Scope) -> None:
        if not self._sees(exam, scope):
            raise NotFound(f"no exam {exam} within your organisations")

    def _all(self, scope: Scope, now: datetime) -> Iterable[Exam]:
        return [self._now(e, scope, now) for e in self._exams.values() if self._sees(e.id, scope)]

    def _of(self, whose: Any, scope: Scope, now: datetime) -> list[Exam]:
        theirs = [exam for exam in self._all(scope, now) if _whose(exam) == whose]
        return sorted(theirs, key=_moment, reverse=True)

    def _now(self, exam: Exam, scope: Scope, now: datetime) -> Exam:
        claims, drafts = self._claims[exam.id], self._drafts[exam.id]
        running = claims[-1] if claims and claims[-1].held(now) else None
        earlier = [
            one
            for one in self._exams.values()
            if _whose(one) == _whose(exam)
            and _moment(one) < _moment(exam)
            and self._sees(one.id, scope)
        ]
        marks = tuple(
            Prior(
                id=one.id, studied=one.studied, modalities=one.modalities, body_part=one.body_part
            )
            for one in sorted(earlier, key=_moment, reverse=True)
        )
        report = drafts[-1].head if drafts else None
        return replace(exam, claim=running, report=report, priors=marks)


def _listed(exam: Exam, filters: Filters, now: datetime) -> bool:
    match filters.saved_list:
        case SavedList.TO_READ:
            oldest = (exam.arrived_at - HISTORY_AGE).strftime("%Y%m%d")
            fresh = exam.studied is None or exam.studied.strftime("%Y%m%d") >= oldest
            return exam.report is None and exam.signed is None and fresh
        case SavedList.MINE:
            return exam.claim is not None and exam.claim.reader.login == filters.login
        case SavedList.DRAFTS:
            head = exam.report
            return head is not None and not head.signed and head.author.login == filters.login
        case SavedList.RECENT:
            return exam.arrived_at > now - RECENT
        case SavedList.ALL:
            return True


def _fits(exam: Exam, filters: Filters) -> bool:
    studied = exam.studied.strftime("%Y%m%d") if exam.studied else ""
    return (
        (not filters.modalities or bool(filters.modalities & set(exam.modalities)))
        and (not filters.sites or exam.id.tenant in filters.sites)
        and (not filters.urgencies or exam.urgency in filters.urgencies)
        and (not filters.statuses or exam.status in filters.statuses)
        and (not filters.first_day or studied >= filters.first_day)
        and (not filters.last_day or "" < studied <= filters.last_day)
        and all(_matches(exam, word) for word in filters.text.split()[:8])
    )


def _matches(exam: Exam, word: str) -> bool:
    accession = exam.accession.value if exam.accession else ""
    spelt = (word, word.upper(), word.lower())
    if exam.patient.value.startswith(spelt) or accession.startswith(spelt):
        return True
    parts = [part for part in word.replace("-", "/").split("/") if part.isdigit()]
    if exam.birth_date in ("".join(parts), "".join(reversed(parts))):
        return bool(parts)
    known = words_of(exam.patient_name)
    wanted = words_of(word)
    return bool(wanted) and all(any(name.startswith(one) for name in known) for one in wanted)


def _whose(exam: Exam) -> Any:
    return exam.person or exam.patient


def _moment(exam: Exam) -> tuple[datetime, str]:
    return exam.studied or datetime.min, str(exam.id)  # noqa: DTZ901  (naive: local by definition)


def _waiting(exam: Exam) -> tuple[int, datetime]:
    return int(exam.urgency), exam.arrived_at


def _arrived(exam: Exam) -> tuple[int, datetime]:
    return 0, exam.arrived_at


def _start(after: str | None, length: int) -> int:
    if after is None:
        return 0
    if not after.isdigit() or int(after) > length:
        raise Malformed("not a cursor of this list: begin again without `after`")
    return int(after)


def _span(head: ReportHead) -> tuple[str, int]:
    return head.author.login, int(head.saved_at.timestamp()) // KEPT_EVERY_S
