"""Write the draft of a report: read it, save a version over the one that was read."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime

from archipel.access.model import Action, AuditEntry
from archipel.access.ports import Audit
from archipel.kernel.actors import Scope
from archipel.kernel.errors import NotFound
from archipel.reading.errors import DraftOutdated, ReportClosed
from archipel.reading.events import DraftSaved
from archipel.reading.model import Content, Draft, ExamId, Purpose, Reader, ReportHead
from archipel.reading.ports import Drafts, Exams


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What writing needs at hand, for one actor."""

    exams: Exams
    drafts: Drafts
    audit: Audit
    scope: Scope


def save(
    exam: ExamId, written: Content, *, over: int, reader: Reader, desk: Desk, now: datetime
) -> Draft:
    """Keep `written` as the version after `over`.

    Raises `NotFound` outside the scope, `DraftOutdated` where `over` is not what stands,
    `ReportClosed` where the report was signed.
    """
    desk.exams.exam(exam, scope=desk.scope, now=now)
    former = desk.drafts.current(exam, scope=desk.scope)
    if former is not None and former.head.version == over:
        if former.head.signed is not None:
            raise ReportClosed(exam)
        if former.purpose is not Purpose.REPORT:  # what an amendment is stays what it is
            written = replace(written, purpose=former.purpose)
    return keep(exam, written, over=over, reader=reader, desk=desk, now=now)


def keep(
    exam: ExamId, written: Content, *, over: int, reader: Reader, desk: Desk, now: datetime
) -> Draft:
    """As `save`, whatever stood before: an amendment begins so. Raises `DraftOutdated`."""
    head = ReportHead(version=over + 1, author=reader, saved_at=now)
    draft = Draft(head=head, **{one.name: getattr(written, one.name) for one in fields(Content)})
    desk.audit.record([_entry(exam, desk.scope, Action.REPORT, f"draft {over + 1}", now)])
    fact = DraftSaved(
        tenant=exam.tenant, at=now, study=exam.study, version=over + 1, login=reader.login
    )
    if not desk.drafts.save(exam, draft, over=over, fact=fact, scope=desk.scope):
        held = desk.drafts.current(exam, scope=desk.scope)
        raise DraftOutdated(exam, held=held, offered=over)
    return draft


def read(exam: ExamId, *, desk: Desk, now: datetime) -> Draft | None:
    """Return the version that stands, None where nothing is written; audited.

    Raises `NotFound` outside the scope.
    """
    desk.exams.exam(exam, scope=desk.scope, now=now)
    draft = desk.drafts.current(exam, scope=desk.scope)
    if draft is not None:
        desk.audit.record([_entry(exam, desk.scope, Action.READ, "report", now)])
    return draft


def read_version(exam: ExamId, number: int, *, desk: Desk, now: datetime) -> Draft:
    """Return one kept version; audited. Raises `NotFound`."""
    desk.exams.exam(exam, scope=desk.scope, now=now)
    draft = desk.drafts.version(exam, number, scope=desk.scope)
    if draft is None:
        raise NotFound(f"no version {number} of the report of {exam} is kept")
    desk.audit.record([_entry(exam, desk.scope, Action.READ, f"report {number}", now)])
    return draft


def versions(exam: ExamId, *, desk: Desk, now: datetime) -> Sequence[ReportHead]:
    """Return the heads of every kept version, newest first. Raises `NotFound`."""
    desk.exams.exam(exam, scope=desk.scope, now=now)
    return desk.drafts.versions(exam, scope=desk.scope)


def _entry(exam: ExamId, scope: Scope, action: Action, detail: str, now: datetime) -> AuditEntry:
    return AuditEntry(
        tenant=exam.tenant,
        at=now,
        actor=scope.actor,
        action=action,
        subject=str(exam.study),
        door="web",
        detail=detail,
    )
