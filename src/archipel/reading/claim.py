"""Claim an exam, keep it by heartbeat, take it over, give it back."""

from dataclasses import dataclass, replace
from datetime import datetime

from archipel.access.model import Action, AuditEntry
from archipel.access.ports import Audit
from archipel.kernel.actors import Scope
from archipel.kernel.errors import Conflict, Malformed
from archipel.reading.errors import ClaimHeld, ClaimLost
from archipel.reading.events import ClaimChanged
from archipel.reading.model import LEASE, Claim, ExamId, Reader
from archipel.reading.ports import Claims, Exams, Gate

TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What claiming needs at hand, for one actor."""

    exams: Exams
    claims: Claims
    audit: Audit
    scope: Scope
    gate: Gate


def claim(
    exam: ExamId,
    reader: Reader,
    *,
    desk: Desk,
    now: datetime,
) -> Claim:
    """Take the lease, or renew one's own.

    Raises `NotFound` outside the scope, `ClaimHeld` while somebody else holds it, and what the
    gate raises where it may not be taken now.
    """
    return _claim(exam, reader, reason=None, desk=desk, now=now)


def _claim(
    exam: ExamId, reader: Reader, *, reason: str | None, desk: Desk, now: datetime
) -> Claim:
    """Claim what nobody of this node holds; with a `reason`, also from readers of others."""
    desk.exams.exam(exam, scope=desk.scope, now=now)
    for _ in range(TRIES):
        last = desk.claims.latest(exam, scope=desk.scope)
        if last is not None and last.held(now):
            if last.reader.login != reader.login:
                raise ClaimHeld(last)
            renewed = replace(last, until=now + LEASE)
            if desk.claims.replace(renewed, over=last, fact=None, scope=desk.scope):
                return renewed
            continue
        desk.gate.admit(exam, taking_over=reason is not None, scope=desk.scope)
        taken = replace(_next(exam, reader, last, now), reason=reason or "")
        if desk.claims.replace(taken, over=last, fact=_changed(taken, now), scope=desk.scope):
            return taken
    raise Conflict(f"{exam} changes hands faster than it can be claimed: try again")


def take_over(
    exam: ExamId,
    reader: Reader,
    *,
    reason: str,
    desk: Desk,
    now: datetime,
) -> Claim:
    """Take the lease from whoever holds it; audited. The reason must be given and is kept.

    Raises `Malformed` without a reason, `NotFound` outside the scope.
    """
    if not reason.strip():
        raise Malformed("taking over asks a reason")
    desk.exams.exam(exam, scope=desk.scope, now=now)
    for _ in range(TRIES):
        last = desk.claims.latest(exam, scope=desk.scope)
        if last is None or not last.held(now) or last.reader.login == reader.login:
            return _claim(exam, reader, reason=reason.strip(), desk=desk, now=now)
        desk.gate.admit(exam, taking_over=True, scope=desk.scope)
        desk.audit.record([_taken_over(exam, last, desk.scope, now)])
        taken = replace(_next(exam, reader, last, now), reason=reason.strip())
        if desk.claims.replace(taken, over=last, fact=_changed(taken, now), scope=desk.scope):
            return taken
    raise Conflict(f"{exam} changes hands faster than it can be claimed: try again")


def renew(exam: ExamId, reader: Reader, fence: int, *, desk: Desk, now: datetime) -> Claim:
    """Prolong the lease `fence` names. Raises `ClaimLost` when it is not the reader's any more."""
    last = desk.claims.latest(exam, scope=desk.scope)
    if last is None or not _is(last, reader, fence) or not last.held(now):
        raise ClaimLost(exam, last)
    renewed = replace(last, until=now + LEASE)
    if not desk.claims.replace(renewed, over=last, fact=None, scope=desk.scope):
        raise ClaimLost(exam, desk.claims.latest(exam, scope=desk.scope))
    return renewed


def release(exam: ExamId, reader: Reader, fence: int, *, desk: Desk, now: datetime) -> None:
    """Give the exam back to the list; a lease that was lost already is left alone."""
    last = desk.claims.latest(exam, scope=desk.scope)
    if last is None or not _is(last, reader, fence) or not last.held(now):
        return
    ended = replace(last, until=now)
    desk.claims.replace(ended, over=last, fact=_changed(ended, now), scope=desk.scope)


def _is(last: Claim, reader: Reader, fence: int) -> bool:
    return last.reader.login == reader.login and last.fence == fence


def _next(exam: ExamId, reader: Reader, last: Claim | None, now: datetime) -> Claim:
    fence = last.fence + 1 if last else 1
    return Claim(exam=exam, reader=reader, since=now, until=now + LEASE, fence=fence)


def _changed(claim: Claim, now: datetime) -> ClaimChanged:
    return ClaimChanged(
        tenant=claim.exam.tenant,
        at=now,
        study=claim.exam.study,
        login=claim.reader.login,
        held=claim.held(now),
        fence=claim.fence,
    )


def _taken_over(exam: ExamId, last: Claim, scope: Scope, now: datetime) -> AuditEntry:
    # The reason is free text and may name the patient: it stays with the lease.
    return AuditEntry(
        tenant=exam.tenant,
        at=now,
        actor=scope.actor,
        action=Action.CHANGE,
        subject=str(exam.study),
        door="web",
        detail=f"claim {last.fence} taken over from {last.reader.login}",
    )
