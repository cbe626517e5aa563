"""Set how soon an exam must be read: by somebody who sees it.

Until then it is what its images say of the request, see `model.Urgency.said`.
"""

from datetime import datetime

from archipel.access.model import Action, AuditEntry
from archipel.access.ports import Audit
from archipel.kernel.actors import Scope
from archipel.reading.events import UrgencySet
from archipel.reading.model import Exam, ExamId, Urgency
from archipel.reading.ports import Exams


def set_urgency(
    exam: ExamId,
    urgency: Urgency,
    *,
    scope: Scope,
    exams: Exams,
    audit: Audit,
    now: datetime,
) -> Exam:
    """Keep the urgency; audited. Raises `NotFound` outside the scope."""
    before = exams.exam(exam, scope=scope, now=now)
    if before.urgency is urgency:
        return before
    audit.record(
        [
            AuditEntry(
                tenant=exam.tenant,
                at=now,
                actor=scope.actor,
                action=Action.CHANGE,
                subject=str(exam.study),
                door="web",
                detail=f"urgency {before.urgency.name.lower()} -> {urgency.name.lower()}",
            )
        ]
    )
    fact = UrgencySet(
        tenant=exam.tenant,
        at=now,
        study=exam.study,
        urgency=urgency.name.lower(),
        login=scope.actor.name,
    )
    exams.set_urgency(fact, urgency, scope=scope)
    return exams.exam(exam, scope=scope, now=now)
