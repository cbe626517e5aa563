"""What the identity desk does is written down before it is done; whom it concerns is not."""

from datetime import datetime

from archipel.access.model import Action, AuditEntry, Visitor
from archipel.access.ports import Audit


def say(detail: str, *, visitor: Visitor, audit: Audit, now: datetime) -> None:
    """Record a change of identity by `visitor`."""
    entry = AuditEntry(
        tenant=visitor.person.tenant,
        at=now,
        actor=visitor.scope.actor,
        action=Action.CHANGE,
        subject="identity",
        door="web",
        detail=detail,
    )
    audit.record([entry])
