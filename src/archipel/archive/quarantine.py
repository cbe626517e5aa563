"""Decide upon what was set aside: what is held stays, the other bytes are never given out."""

from datetime import datetime

from archipel.access.model import Action, AuditEntry
from archipel.access.ports import Audit
from archipel.archive.model import JournalPlace, QuarantineEntry
from archipel.archive.ports import QuarantineDesk
from archipel.kernel.actors import Scope
from archipel.kernel.errors import Conflict, Malformed, NotFound

REASON_LENGTH = 200


def keep_first(
    place: JournalPlace,
    *,
    by: str,
    scope: Scope,
    desk: QuarantineDesk,
    audit: Audit,
    now: datetime,
) -> QuarantineEntry:
    """Close the alarm of one record; audited. Deciding again changes nothing.

    Raises `NotFound` outside the scope.
    """
    entry = _entry(place, scope, desk)
    if entry.resolved_at is not None:
        return entry
    audit.record([_said(entry, "the first is kept", scope, now)])
    desk.resolve(place, by=by, scope=scope, now=now)
    return _entry(place, scope, desk)


def reopen(
    place: JournalPlace, *, scope: Scope, desk: QuarantineDesk, audit: Audit, now: datetime
) -> QuarantineEntry:
    """Take `keep_first` back; audited. Raises `NotFound`, `Conflict` when the bytes are gone."""
    entry = _entry(place, scope, desk)
    if entry.discarded:
        raise Conflict("these bytes are given up: that cannot be taken back")
    if entry.resolved_at is not None:
        audit.record([_said(entry, "open again", scope, now)])
        desk.reopen(place, scope=scope)
    return _entry(place, scope, desk)


def discard(
    place: JournalPlace,
    *,
    why: str,
    by: str,
    scope: Scope,
    desk: QuarantineDesk,
    audit: Audit,
    now: datetime,
) -> QuarantineEntry:
    """Give the bytes up for a reason; audited, for good.

    What is held stays (ADR 0095). Raises `NotFound`, `Malformed` without a reason.
    """
    if not why.strip() or len(why) > REASON_LENGTH:
        raise Malformed(f"say why in 1 to {REASON_LENGTH} characters")
    entry = _entry(place, scope, desk)
    if not entry.discarded:
        audit.record([_said(entry, f"discarded: {why.strip()}", scope, now)])
        desk.discard(place, by=by, why=why.strip(), scope=scope, now=now)
    return _entry(place, scope, desk)


def _said(entry: QuarantineEntry, what: str, scope: Scope, now: datetime) -> AuditEntry:
    place = entry.place
    return AuditEntry(
        tenant=entry.tenant,
        at=now,
        actor=scope.actor,
        action=Action.CHANGE,
        subject=str(entry.sop_instance),
        door="web",
        detail=f"quarantine {place.segment}/{place.offset}: {what}",
    )


def _entry(place: JournalPlace, scope: Scope, desk: QuarantineDesk) -> QuarantineEntry:
    entry = desk.entry(place, scope=scope)
    if entry is None:
        raise NotFound(f"nothing is in quarantine at {place.segment}/{place.offset}")
    return entry
