"""Read what was signed: which versions stand, and one of them; audited before it leaves.

Who writes reports sees a version from its signature on; everybody else from its release on, and
never one that was undone.
"""

from dataclasses import dataclass
from datetime import datetime

from archipel.access.model import Action, AuditEntry
from archipel.access.ports import Audit
from archipel.kernel.actors import Scope
from archipel.kernel.errors import NotFound
from archipel.reading.document import KeptDocument, Standing, Version
from archipel.reading.model import ExamId
from archipel.reading.ports import Documents
from archipel.reading.versions import fold


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What reading signed versions needs at hand, for one actor."""

    documents: Documents
    audit: Audit
    scope: Scope
    writes: bool  # the actor writes reports
    door: str


def standing(exam: ExamId, *, desk: Desk) -> Standing:
    """Say which versions stand, as far as this actor may know. Raises `NotFound`."""
    found = desk.documents.standing(exam, scope=desk.scope)
    if desk.writes:
        return found
    return fold((one for one in found.versions if _is_told(one)), choice=found.choice)


def read(exam: ExamId, digest: str, use: str, *, desk: Desk, now: datetime) -> KeptDocument:
    """Return one version; audited with its `use` (a format) before anything leaves.

    Raises `NotFound`: absent, out of scope and not told yet are the same.
    """
    kept = desk.documents.document(exam, digest, scope=desk.scope)
    if kept is None or not (desk.writes or _is_told(kept.version)):
        raise NotFound("there is no such version of a report within your organisations")
    entry = AuditEntry(
        tenant=exam.tenant,
        at=now,
        actor=desk.scope.actor,
        action=Action.READ,
        subject=exam.study.value,
        door=desk.door,
        detail=f"report {digest[:12]} {use}".strip(),
    )
    desk.audit.record([entry])
    return kept


def _is_told(version: Version) -> bool:
    return version.released_at is not None and version.withdrawn_at is None
