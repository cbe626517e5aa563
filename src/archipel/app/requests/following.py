"""What the work process does about requests for reading, on each fact that concerns one."""

from datetime import datetime, timedelta

from archipel.app.dispatcher import Subscription
from archipel.app.peer_keys import name_of
from archipel.app.requests.travel import LinkTravel
from archipel.app.requests.wishes import ACTOR, TransferWishes
from archipel.app.wiring import Node
from archipel.archive.events import StudyCompleted, StudySettled
from archipel.exchange.events import FactsApplied, TransferPublished
from archipel.kernel.actors import Scope
from archipel.kernel.errors import NotFound
from archipel.kernel.identifiers import TenantId
from archipel.reading.events import ClaimChanged, ReportReleased
from archipel.reading.model import Claim, ExamId
from archipel.reading.request import ending, follow
from archipel.reading.request.events import AgreementKept, RequestChanged, RequestPlaced
from archipel.reading.request.model import Professional, RequestId, Stage


def subscriptions(node: Node) -> list[Subscription]:
    """Return who hears of what, of requests."""
    here = follow.Here(
        node=name_of(node.settings).value,
        room=node.requests,
        wishes=TransferWishes(node),
        documents=node.documents,
        travel=LinkTravel(node),
    )

    def placed(event: RequestPlaced, *, now: datetime) -> None:
        follow.placed(RequestId(event.request), tenant=event.tenant, here=here, now=now)
        _look_back(event, node, here, now)

    def facts_came(event: FactsApplied, *, now: datetime) -> None:
        for subject in event.subjects:
            follow.facts_came(subject, tenant=event.tenant, here=here, now=now)

    def lease_changed(event: ClaimChanged, *, now: datetime) -> timedelta | None:
        return follow.lease_changed(event, holder_of(event, node), here=here, now=now)

    def arrived(event: TransferPublished, *, now: datetime) -> None:
        follow.arrived(ExamId(event.owner, event.study), here=here, now=now)

    def signed(event: ReportReleased, *, now: datetime) -> None:
        if event.request is not None:
            told = signed_report(event, node)
            follow.signed(told, RequestId(event.request), here=here, now=now)

    return [
        *_endings(node, here),
        *_awaited(node, here),
        Subscription(RequestPlaced, "requests-placed", placed),
        Subscription(FactsApplied, "requests-facts", facts_came),
        Subscription(ClaimChanged, "requests-lease", lease_changed),
        Subscription(TransferPublished, "requests-arrived", arrived),
        Subscription(ReportReleased, "requests-signed", signed),
    ]


def _awaited(node: Node, here: follow.Here) -> list[Subscription]:
    def acquired(event: StudyCompleted | StudySettled, *, now: datetime) -> None:
        own = Scope(ACTOR, frozenset({event.tenant}))
        try:
            exam = node.exams.exam(ExamId(event.tenant, event.study), scope=own, now=now)
        except NotFound:
            return
        follow.acquired(exam, here=here, now=now)

    return [
        Subscription(StudyCompleted, "requests-acquired", acquired),
        Subscription(StudySettled, "requests-settled", acquired),
    ]


def _look_back(event: RequestPlaced, node: Node, here: follow.Here, now: datetime) -> None:
    """Attach an exam that came while the form was filled."""
    held = node.requests.node_standing(RequestId(event.request), tenant=event.tenant)
    if held is None or not held.awaits:
        return
    own = Scope(ACTOR, frozenset({event.tenant}))
    for exam in node.exams.of_patient(held.request.subject.identifier, scope=own, now=now):
        follow.acquired(exam, here=here, now=now)


def _endings(node: Node, here: follow.Here) -> list[Subscription]:
    def changed(event: RequestChanged, *, now: datetime) -> None:
        request = RequestId(event.request)
        follow.changed(request, tenant=event.tenant, here=here, now=now)
        if event.stage == Stage.ACKNOWLEDGED.value:
            withdraw_where_ended(node, event.tenant, now=now)

    def agreement_kept(event: AgreementKept, *, now: datetime) -> timedelta | None:
        if event.ends is not None and event.ends > now:
            return event.ends - now
        withdraw_where_ended(node, event.tenant, now=now)
        return None

    return [
        Subscription(RequestChanged, "requests-changed", changed),
        Subscription(AgreementKept, "requests-agreements", agreement_kept),
    ]


def withdraw_where_ended(node: Node, asking: TenantId, *, now: datetime) -> None:
    """End the access of readers whom no agreement lets read any more."""
    scope = Scope(ACTOR, frozenset({asking}))
    agreements = node.reading_agreements.of(asking, scope=scope)
    here = name_of(node.settings).value
    ending.withdraw(asking, agreements, room=node.requests, node=here, now=now)


def holder_of(event: ClaimChanged, node: Node) -> Claim | None:
    """Return the lease that changed; None where it has passed on since."""
    exam = ExamId(event.tenant, event.study)
    try:
        last = node.claims.latest(exam, scope=Scope(ACTOR, frozenset({exam.tenant})))
    except NotFound:
        return None
    return last if last is not None and last.fence == event.fence else None


def signed_report(event: ReportReleased, node: Node) -> follow.SignedReport:
    """Read the version that was released. Raises `NotFound`."""
    exam = ExamId(event.tenant, event.study)
    kept = node.documents.of_node(exam, event.digest, tenant=exam.tenant)
    if kept is None:
        raise NotFound(f"no version {event.digest[:12]} of the report of {exam}")
    signer = kept.document.signer
    return follow.SignedReport(
        exam=exam,
        document=event.digest,
        content=kept.content,
        parents=event.parents,
        status=event.state,
        fence=event.fence,
        stale=event.stale,
        signer=Professional(login=signer.login, name=signer.name, tenant=signer.organisation),
        at=event.signed_at,
    )
