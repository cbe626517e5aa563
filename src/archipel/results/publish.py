"""Release a signed report: to the referrer at once, to the patient by the organisation's rule."""

from datetime import datetime

from archipel.access.model import Action, AuditEntry
from archipel.access.ports import Audit
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.identifiers import TenantId
from archipel.reading.document import KeptDocument
from archipel.reading.model import ExamId, ReportState
from archipel.reading.ports import Documents
from archipel.reading.versions import fold
from archipel.results.events import ResultReleased
from archipel.results.model import Release, ReleaseRule
from archipel.results.ports import Releases

_NODE = Actor(ActorKind.NODE, "results")


def publish(
    exam: ExamId, *, documents: Documents, releases: Releases, audit: Audit, now: datetime
) -> Release | None:
    """Release the report that stands. Again changes nothing; None: no report stands yet.

    Called on each fact that may change what stands, in whatever order: the answer follows from
    what stands now. The delay counts from the first final signature: an addendum does not take
    back what was told.
    """
    kept = standing(exam, documents=documents)
    held = releases.release(exam)
    if kept is None or (held is not None and held.version == kept.version.digest):
        return held
    final = kept.document.state is not ReportState.PRELIMINARY
    after = releases.rule(tenant=exam.tenant).patient_after
    first = None if after is None or not final else kept.document.signed_at + after
    release = Release(
        exam=exam,
        version=kept.version.digest,
        final=final or (held is not None and held.final),
        released_at=now,
        patient_at=held.patient_at if held and held.final else first,
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
        detail=f"report {release.version[:12]} released",
    )
    audit.record([said])
    fact = ResultReleased(tenant=exam.tenant, at=now, study=exam.study, version=release.version)
    releases.keep(release, fact=fact)
    return release


def standing(exam: ExamId, *, documents: Documents) -> KeptDocument | None:
    """Return the signed report that stands and may be told, None where there is none."""
    scope = Scope(_NODE, frozenset({exam.tenant}))
    held = documents.standing(exam, scope=scope)
    told = (one for one in held.versions if one.released_at and one.live)
    principal = fold(told, choice=held.choice).principal
    return documents.document(exam, principal.digest, scope=scope) if principal else None


def keep_rule(
    rule: ReleaseRule,
    *,
    tenant: TenantId,
    releases: Releases,
    audit: Audit,
    by: Actor,
    now: datetime,
) -> None:
    """Keep when an organisation tells its patients; audited before. For reports still to come."""
    after = rule.patient_after
    said = AuditEntry(
        tenant=tenant,
        at=now,
        actor=by,
        action=Action.CHANGE,
        subject=tenant.value,
        door="cli",
        detail="patients are told "
        + ("after the referrer" if after is None else f"after {after.days} days"),
    )
    audit.record([said])
    releases.set_rule(rule, tenant=tenant)
