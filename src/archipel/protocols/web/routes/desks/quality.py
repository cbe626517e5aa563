"""The quality desk: rejecting, restoring, moving, correcting what the archive holds."""

from collections.abc import Mapping

from fastapi import APIRouter

from archipel.access.model import Action, AuditEntry, Visitor
from archipel.archive.model import StudyKey
from archipel.archive.quality import bin as rejecting
from archipel.archive.quality import desk
from archipel.archive.quality.bin import Decision
from archipel.archive.quality.correction import CORRECTABLE, Correction, Kind
from archipel.archive.quality.desk import Wanted
from archipel.archive.quality.model import Reason
from archipel.archive.quality.model import Rejected as Standing
from archipel.kernel.errors import Conflict, Malformed, NotFound
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.protocols.web.models.quality import (
    CorrectedValue,
    CorrectionPreview,
    CorrectionView,
    CorrectRequest,
    ExamQuality,
    InBin,
    QualityBoard,
    Rejected,
    RejectRequest,
    RestoreRequest,
)
from archipel.protocols.web.routes.exams import exam_id
from archipel.protocols.web.services import DOOR, Services, WebServices
from archipel.protocols.web.views import Sites, series_view
from archipel.protocols.web.visitors import Corrects
from archipel.protocols.web.words import readable
from archipel.reading.model import Exam, ExamId
from archipel.standards.dicom.dictionary import keyword_of

routes = APIRouter(prefix="/quality", tags=["quality"])
SHOWN = 50  # of each kind
NAME, DESCRIPTION = 0x00100010, 0x00081030


@routes.get("", operation_id="list_quality")
def list_quality(visitor: Corrects, services: Services) -> QualityBoard:
    """List what is in the bin, and the latest corrections; audited."""
    bench, scope = services.settling.quality, visitor.scope
    _audit(visitor, services, "bin and corrections")
    sites, said = Sites(services.desk.organisations), _Said(visitor, services)
    standing = bench.studies.rejected(scope=scope, limit=SHOWN + 1)
    corrections = bench.studies.corrections(scope=scope, limit=SHOWN + 1)
    return QualityBoard(
        rejected=[_in_bin(one, said, sites) for one in standing[:SHOWN]],
        corrections=[_correction(one, said) for one in corrections[:SHOWN]],
        more=any(len(found) > SHOWN for found in (standing, corrections)),
    )


@routes.get("/exams/{exam}", operation_id="get_exam_quality")
def get_exam_quality(exam: str, visitor: Corrects, services: Services) -> ExamQuality:
    """Give an exam with what may be corrected of it; audited."""
    found = _exam(exam, visitor, services)
    _audit(visitor, services, found.id.study.value)
    key = StudyKey(found.id.tenant, found.id.study)
    whole = services.settling.quality.studies.whole(key, scope=visitor.scope)
    if whole is None:
        raise NotFound("there is no such exam of your own organisation")
    series = services.exams.series(found.id, scope=visitor.scope)
    return ExamQuality(
        exam=exam,
        patient=readable(found.patient_name),
        description=found.description,
        series=[series_view(found, one) for one in series],
        values=_values(whole.attributes, whole.attributes),
        signed=_signed(found),
    )


@routes.post("/exams/{exam}/reject", operation_id="reject_exam")
def reject_exam(
    exam: str, wanted: RejectRequest, visitor: Corrects, services: Services
) -> Rejected:
    """Reject an exam or some of its series: hidden, never deleted; audited."""
    decision = _decision(exam_id(exam), wanted.why, wanted.series, visitor, services)
    note = rejecting.reject(
        decision,
        Reason(wanted.reason),
        scope=visitor.scope,
        bench=services.settling.quality,
        now=services.clock(),
    )
    return Rejected(note=note.value)


@routes.post("/exams/{exam}/notes/{note}/restore", operation_id="restore_rejected")
def restore_rejected(
    exam: str, note: str, wanted: RestoreRequest, visitor: Corrects, services: Services
) -> Rejected:
    """Take a rejection back: what it alone hides is seen again; audited."""
    decision = _decision(exam_id(exam), wanted.why, [], visitor, services)
    back = rejecting.restore(
        decision,
        Uid(note),
        scope=visitor.scope,
        bench=services.settling.quality,
        now=services.clock(),
    )
    return Rejected(note=back.value)


@routes.post("/exams/{exam}/preview", operation_id="preview_correction")
def preview_correction(
    exam: str, wanted: CorrectRequest, visitor: Corrects, services: Services
) -> CorrectionPreview:
    """Say what a correction would change, and change nothing."""
    found = _exam(exam, visitor, services)
    looked = desk.preview(
        _wanted(found, wanted, visitor, services),
        scope=visitor.scope,
        bench=services.settling.quality,
        now=services.clock(),
    )
    sites = Sites(services.desk.organisations)
    holders = services.exams.holders(found.id, scope=visitor.scope)
    shared = [TenantId(key) for key in holders if key != found.id.tenant.value]
    return CorrectionPreview(
        instances=looked.instances,
        series=len(looked.series),
        values=[one for one in _values(looked.before, looked.after) if one.before != one.after],
        shared_with=[sites.of(tenant) for tenant in shared],
    )


@routes.post("/exams/{exam}/correct", operation_id="correct_exam")
def correct_exam(
    exam: str, wanted: CorrectRequest, visitor: Corrects, services: Services
) -> CorrectionView:
    """Have an exam corrected: copies that say otherwise, originals rejected; audited."""
    found = _exam(exam, visitor, services)
    one = desk.ask(
        _wanted(found, wanted, visitor, services),
        scope=visitor.scope,
        bench=services.settling.quality,
        now=services.clock(),
    )
    return _correction(one, _Said(visitor, services))


@routes.post("/corrections/{name}/undo", operation_id="undo_correction")
def undo_correction(name: str, visitor: Corrects, services: Services) -> CorrectionView:
    """Have a correction undone: the originals come back byte for byte; audited."""
    one = desk.ask_undo(
        name, scope=visitor.scope, bench=services.settling.quality, now=services.clock()
    )
    return _correction(one, _Said(visitor, services))


class _Said:
    """What studies say of themselves, each read once a request."""

    def __init__(self, visitor: Visitor, services: WebServices) -> None:
        self._scope, self._studies = visitor.scope, services.settling.quality.studies
        self._known: dict[StudyKey, Mapping[int, str]] = {}

    def of(self, key: StudyKey) -> Mapping[int, str]:
        """Return the attributes of a study; none where it is gone."""
        if key not in self._known:
            self._known[key] = self._studies.attributes(key, scope=self._scope)
        return self._known[key]


def _exam(exam: str, visitor: Visitor, services: WebServices) -> Exam:
    return services.exams.exam(exam_id(exam), scope=visitor.scope, now=services.clock())


def _signed(exam: Exam) -> bool:
    return exam.signed is not None or bool(exam.report and exam.report.signed)


def _decision(
    exam: ExamId, why: str, series: list[str], visitor: Visitor, services: WebServices
) -> Decision:
    organisation = services.desk.organisations.organisation(tenant=exam.tenant)
    return Decision(
        key=StudyKey(exam.tenant, exam.study),
        why=why,
        by=visitor.person.name,
        institution=organisation.name if organisation else exam.tenant.value,
        series=frozenset(Uid(uid) for uid in series),
    )


def _wanted(exam: Exam, wanted: CorrectRequest, visitor: Visitor, services: WebServices) -> Wanted:
    if _signed(exam):
        raise Conflict("a report of this exam is signed: it names these images as they are")
    target = exam_id(wanted.target) if wanted.target else None
    if target is not None and target.tenant != exam.id.tenant:
        raise Conflict("images move within one organisation only")
    return Wanted(
        kind=Kind(wanted.kind),
        decision=_decision(exam.id, wanted.why, wanted.series, visitor, services),
        login=visitor.person.login,
        target=target.study if target else None,
        texts={_tag(tag): text for tag, text in wanted.values.items()},
    )


def _tag(text: str) -> int:
    try:
        return int(text, 16)
    except ValueError:
        raise Malformed(f"no tag: {text[:16]!r}") from None


def _values(before: Mapping[int, str], after: Mapping[int, str]) -> list[CorrectedValue]:
    return [
        CorrectedValue(
            tag=f"{tag:08X}",
            keyword=keyword_of(tag),
            before=before.get(tag, ""),
            after=after.get(tag, ""),
        )
        for tag in sorted(CORRECTABLE)
    ]


def _in_bin(one: Standing, said: _Said, sites: Sites) -> InBin:
    texts = said.of(one.key)
    return InBin(
        exam=str(ExamId(one.key.tenant, one.key.study)),
        note=one.note.value,
        patient=readable(texts.get(NAME, "")),
        description=texts.get(DESCRIPTION, ""),
        organisation=sites.of(one.key.tenant),
        reason=one.reason.value,
        instances=one.instances,
        whole_exam=one.whole_study,
        correction=one.of_correction,
        why=one.why,
        by=one.by,
        at=one.at,
    )


def _correction(one: Correction, said: _Said) -> CorrectionView:
    return CorrectionView(
        name=one.name,
        kind=one.kind.value,
        exam=str(ExamId(one.source.tenant, one.source.study)),
        target=str(ExamId(one.source.tenant, one.target)),
        patient=readable(said.of(one.source).get(NAME, "")),
        state=one.state.value,
        why=one.why,
        by=one.by,
        at=one.at,
        detail=one.detail,
    )


def _audit(visitor: Visitor, services: WebServices, subject: str) -> None:
    told = AuditEntry(
        tenant=visitor.person.tenant,
        at=services.clock(),
        actor=visitor.scope.actor,
        action=Action.READ,
        subject=subject,
        door=DOOR,
        detail="quality desk",
    )
    services.desk.audit.record([told])
