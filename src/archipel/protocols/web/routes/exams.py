"""The exam page, claims and urgency."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query

from archipel.access.model import Action, AuditEntry, AuditQuery, Visitor
from archipel.archive.model import StudyKey
from archipel.kernel.actors import ActorKind
from archipel.kernel.errors import Malformed, NotFound
from archipel.kernel.identifiers import TenantId
from archipel.protocols.web.models.base import Problem
from archipel.protocols.web.models.exam import (
    ClaimRequest,
    ClaimView,
    CycleStep,
    ExamPage,
    ExamRow,
    HeartbeatRequest,
    Look,
    UrgencyRequest,
)
from archipel.protocols.web.routes.worklist import exam_views
from archipel.protocols.web.services import DOOR, Services, WebServices
from archipel.protocols.web.settling_views import difference_view
from archipel.protocols.web.transfer_views import provenance_view
from archipel.protocols.web.views import Sites, series_view
from archipel.protocols.web.visitors import SeesExams, WritesReports
from archipel.reading import claim as claiming
from archipel.reading.model import Exam, ExamId, Reader, ReportState, Urgency
from archipel.reading.urgency import set_urgency as keep_urgency
from archipel.results.model import Link
from archipel.results.visits import folded, link_of

routes = APIRouter(tags=["exams"])
LOOKS = 50
REPORT_MODALITIES = frozenset({"DOC", "KO"})  # no images: the report shows what they say
LOOKED = {Action.READ, Action.SEND, Action.REPORT}


@routes.get("/exams/{exam}", operation_id="get_exam")
def get_exam(exam: str, visitor: SeesExams, services: Services) -> ExamPage:
    """All of one exam; audited. 404 both for an absent one and for one out of scope."""
    now = services.clock()
    found = services.exams.exam(exam_id(exam), scope=visitor.scope, now=now)
    services.desk.audit.record(
        [
            AuditEntry(
                tenant=found.id.tenant,
                at=now,
                actor=visitor.scope.actor,
                action=Action.READ,
                subject=found.id.study.value,
                door=DOOR,
                detail="exam page",
            )
        ]
    )
    views = exam_views(visitor, services)
    priors = services.exams.priors(found.id, scope=visitor.scope, now=now)
    holders = services.exams.holders(found.id, scope=visitor.scope)
    origin = services.elsewhere.origin(StudyKey(found.id.tenant, found.id.study))
    shared = [TenantId(key) for key in holders if key != found.id.tenant.value]
    return ExamPage(
        row=views.row(found),
        series=[
            series_view(found, one)
            for one in services.exams.series(found.id, scope=visitor.scope)
            if one.modality not in REPORT_MODALITIES
        ],
        cycle=_cycle(found),
        looks=_looks(found, views.sites, visitor, services),
        priors=views.rows(priors),
        shared_with=[views.sites.of(tenant) for tenant in shared],
        differences=[
            difference_view(one)
            for one in services.settling.differences.of_study(
                StudyKey(found.id.tenant, found.id.study), scope=visitor.scope
            )
        ],
        viewer_url=f"/viewer/archipel?StudyInstanceUIDs={found.id.study}",
        provenance=provenance_view(origin) if origin else None,
    )


@routes.put("/exams/{exam}/urgency", operation_id="set_urgency")
def set_urgency(
    exam: str, wanted: UrgencyRequest, visitor: SeesExams, services: Services
) -> ExamRow:
    """Set the urgency of an exam; audited."""
    changed = keep_urgency(
        exam_id(exam),
        Urgency[wanted.urgency.upper()],
        scope=visitor.scope,
        exams=services.exams,
        audit=services.desk.audit,
        now=services.clock(),
    )
    return exam_views(visitor, services).row(changed)


@routes.post("/exams/{exam}/claim", operation_id="claim_exam", responses={409: {"model": Problem}})
def claim_exam(
    exam: str, wanted: ClaimRequest, visitor: WritesReports, services: Services
) -> ClaimView:
    """Claim for 15 minutes. 409 while somebody else holds it, unless taken over with a reason.

    The problem has a member `claim` that tells who.
    """
    desk, now, reader = services.claiming(visitor), services.clock(), reader_of(visitor)
    if wanted.take_over:
        reason = wanted.reason or ""
        taken = claiming.take_over(exam_id(exam), reader, reason=reason, desk=desk, now=now)
    else:
        taken = claiming.claim(exam_id(exam), reader, desk=desk, now=now)
    return exam_views(visitor, services).claim(taken)


@routes.post(
    "/exams/{exam}/claim/heartbeat",
    operation_id="renew_claim",
    responses={409: {"model": Problem}},
)
def renew_claim(
    exam: str, beat: HeartbeatRequest, visitor: WritesReports, services: Services
) -> ClaimView:
    """Renew the lease. 409 when it was lost meanwhile."""
    renewed = claiming.renew(
        exam_id(exam),
        reader_of(visitor),
        beat.fence,
        desk=services.claiming(visitor),
        now=services.clock(),
    )
    return exam_views(visitor, services).claim(renewed)


@routes.delete("/exams/{exam}/claim", operation_id="release_claim", status_code=204)
def release_claim(
    exam: str, fence: Annotated[int, Query()], visitor: WritesReports, services: Services
) -> None:
    """Give the exam back to the list."""
    claiming.release(
        exam_id(exam),
        reader_of(visitor),
        fence,
        desk=services.claiming(visitor),
        now=services.clock(),
    )


def exam_id(text: str) -> ExamId:
    """Read the name of an exam. Raises `NotFound`: a name nobody gave out names nothing."""
    try:
        return ExamId.parse(text)
    except Malformed:
        raise NotFound("there is no exam of this name within your organisations") from None


def reader_of(visitor: Visitor) -> Reader:
    """Return the visitor as one who claims and writes."""
    person = visitor.person
    return Reader(login=person.login, name=person.name, tenant=person.tenant)


def _cycle(exam: Exam) -> list[CycleStep]:
    steps = [
        CycleStep(step="first_received", at=exam.arrived_at),
        CycleStep(step="last_received", at=exam.last_received_at),
    ]
    if exam.studied is not None:
        steps.insert(0, CycleStep(step="studied", at=exam.studied))
    if exam.completed_at is not None:
        steps.append(CycleStep(step="completed", at=exam.completed_at))
    if exam.claim is not None:
        by = exam.claim.reader.name
        steps.append(CycleStep(step="claimed", at=exam.claim.since, by=by))
    if exam.signed is not None:
        told = exam.signed.state is ReportState.PRELIMINARY
        steps.append(
            CycleStep(
                step="told_preliminary" if told else "signed",
                at=exam.signed.signed_at,
                by=exam.signed.signer.name,
            )
        )
    elif exam.report is not None:
        by = exam.report.author.name
        steps.append(CycleStep(step="draft_saved", at=exam.report.saved_at, by=by))
    return steps


def _looks(exam: Exam, sites: Sites, visitor: Visitor, services: WebServices) -> list[Look]:
    wanted = AuditQuery(subject=exam.id.study.value, limit=LOOKS)
    rows = services.trail.search(wanted, scope=visitor.scope, node=False)
    links = services.sharing.links.of_exam(exam.id)
    return [
        _look(row.entry, links, sites, services)
        for row in folded((one for one in rows if one.entry.action in LOOKED), by_action=True)
    ]


def _look(entry: AuditEntry, links: Sequence[Link], sites: Sites, services: WebServices) -> Look:
    """Name who acted: a guest by the recipient of their link, a person by their account.

    Only who stands in a row of the audit within the visitor's scope is named so.
    """
    actor, tenant, name = entry.actor, entry.tenant, entry.actor.name
    if link := link_of(actor, links, services.sharing.links):
        actor, name = replace(actor, name=link.recipient.name), link.recipient.name
    elif actor.kind is ActorKind.PERSON and (held := services.desk.accounts.account(name)):
        name, tenant = held.person.name, held.person.tenant
    return Look(
        at=entry.at,
        actor=actor.name,
        name=name,
        kind=actor.kind.value,
        organisation=sites.of(tenant).name if tenant else None,
        action=entry.action.value,
        door=entry.door,
    )
