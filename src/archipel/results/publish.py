"""Release a signed report: to the referrer at once, to the patient by the organisation's rule."""

from datetime import datetime

from archipel.access.model import Action, AuditEntry
from archipel.access.ports import Audit
from archipel.kernel.actors import Actor, ActorKind
from archipel.reading.model import ExamId
from archipel.results.events import ResultReleased
from archipel.results.model import Release
from archipel.results.ports import Releases

_NODE = Actor(ActorKind.NODE, "results")


def publish(
    exam: ExamId,
    version: int,
    *,
    signed_at: datetime,
    releases: Releases,
    audit: Audit,
    now: datetime,
) -> Release:
    """Release a version, after the time to undo its signature. Again changes nothing."""
    held = releases.release(exam)
    if held is not None and held.version >= version:
        return held
    rule = releases.rule(tenant=exam.tenant)
    after = rule.patient_after
    release = Release(
        exam=exam,
        version=version,
        signed_at=signed_at,
        released_at=now,
        # The delay counts from the first signature: an addendum does not take back what was told.
        patient_at=held.patient_at if held else (None if after is None else signed_at + after),
        announced_at=held.announced_at if held else None,
        announced_by=held.announced_by if held else "",
    )
    said = AuditEntry(
        tenant=exam.tenant,
        at=now,
        actor=_NODE,
        action=Action.SHARE,
        subject=exam.study.value,
        door="worker",
        detail=f"report version {version} released",
    )
    audit.record([said])
    fact = ResultReleased(tenant=exam.tenant, at=now, study=exam.study, version=version)
    releases.keep(release, fact=fact)
    return release
