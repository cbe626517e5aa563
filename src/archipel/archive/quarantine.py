"""Decide upon what was set aside: what is held stays, the other bytes are never given out."""

from datetime import datetime

from archipel.access.model import Action, AuditEntry
from archipel.access.ports import Audit
from archipel.archive.model import JournalPlace, QuarantineEntry
from archipel.archive.ports import QuarantineDesk
from archipel.kernel.actors import Scope
from archipel.kernel.errors import NotFound


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
    audit.record(
        [
            AuditEntry(
                tenant=entry.tenant,
                at=now,
                actor=scope.actor,
                action=Action.CHANGE,
                subject=str(entry.sop_instance),
                door="web",
                detail=f"quarantine {place.segment}/{place.offset}: the first is kept",
            )
        ]
    )
    desk.resolve(place, by=by, scope=scope, now=now)
    return _entry(place, scope, desk)


def _entry(place: JournalPlace, scope: Scope, desk: QuarantineDesk) -> QuarantineEntry:
    entry = desk.entry(place, scope=scope)
    if entry is None:
        raise NotFound(f"nothing is in quarantine at {place.segment}/{place.offset}")
    return entry
