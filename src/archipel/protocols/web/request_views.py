"""Requests for reading as the front end reads them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, cast

from archipel.access.model import Permission, Visitor
from archipel.protocols.web.ladder_views import rung_view, seconds, site_view, urgency_name
from archipel.protocols.web.models.request import (
    ArrivingExam,
    AwaitedChoice,
    CallbackView,
    ConsentKind,
    ConsentView,
    JustificationView,
    LineView,
    MayDo,
    RequestAcknowledgement,
    RequestAnswer,
    RequestImages,
    RequestMark,
    RequestNote,
    RequestPatient,
    RequestReader,
    RequestRow,
    RequestStep,
    RequestView,
)
from archipel.protocols.web.services import WebServices
from archipel.protocols.web.words import day, name_parts
from archipel.reading.model import Exam, ExamId, Filters
from archipel.reading.request.island import Island
from archipel.reading.request.model import (
    Arrival,
    Information,
    Line,
    ReadingClaim,
    Request,
    Rung,
    Site,
    Stage,
    Standing,
    Verdict,
)
from archipel.reading.request.passing import unclaimed

CONSENT: Mapping[Information, ConsentKind] = {
    Information.CONSENTED: "given",
    Information.REPRESENTED: "represented",
    Information.DEFERRED: "emergency",
}
_ON_THE_WAY = frozenset({Stage.PLACED, Stage.TRAVELLING, Stage.DECLINED, Stage.CANCELLED})
_OPEN = frozenset({Stage.PLACED, Stage.TRAVELLING, Stage.READY})


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestViews:
    """Turns standings into rows for one visitor. `arrivals`: images on their way here."""

    visitor: Visitor
    node: str
    now: datetime
    arrivals: Mapping[ExamId, Arrival]
    island: Island
    lines: dict[str, Line]  # asked once each

    def row(self, held: Standing) -> RequestRow:
        """Return the card of one request."""
        number = held.request.accession
        request, principal = held.request, next((a for a in held.answers if a.principal), None)
        last = [a for a in held.answers if a.principal][-1:]
        report = last[0].status if last else "none"
        seen = held.acknowledged
        return RequestRow(
            request=request.id.value,
            exam=str(held.exam) if held.exam else None,
            accession=number.value if number else "",
            side=self._side(held),
            asking=site_view(request.asking),
            reading=site_view(self._reads(held)),
            asked_by=request.asked_by.name,
            patient=patient_view(held),
            modality=request.modality,
            procedure=request.procedure,
            question=request.question,
            urgency=urgency_name(request.urgency),
            stage=held.stage.value,
            placed_at=request.placed_at,
            promised_s=seconds(request.promised) or 0,
            due_at=held.due,
            changed_at=held.changed_at,
            answered_at=min((one.at for one in held.answers), default=None),
            images=self.images(held),
            line=self._other_line(held),
            waits_for_line=self._waits(held),
            reader=self._reads_now(held),
            report=cast("Any", report),
            report_digest=last[0].document if principal else None,
            conflict=held.conflict,
            unclaimed=unclaimed(held, now=self.now),
            acknowledged=RequestAcknowledgement(by=seen.author.name, at=seen.at) if seen else None,
            notes=len(held.notes),
            may=self._may(held),
        )

    def whole(
        self, held: Standing, candidates: Sequence[Exam] = (), following: Rung | None = None
    ) -> RequestView:
        """Return all of one request.

        `candidates` are the exams that may be the awaited one, `following` who may be asked next.
        """
        request = held.request
        return RequestView(
            row=self.row(held),
            priors=[str(one) for one in held.priors],
            relief=[site_view(one) for one in request.relief],
            justification=JustificationView(
                reason=request.justification.reason,
                substitution=request.justification.substitution,
            ),
            consent=ConsentView(
                kind=CONSENT[request.information],
                by=request.informed_by,
                at=request.informed_at,
            ),
            callback=CallbackView(
                name=request.contact.name,
                phone=request.contact.phone,
                verified_at=request.contact.verified_at,
            ),
            ladder=[rung_view(one, None) for one in request.ladder],
            override=request.override,
            reason=held.reason,
            superseded=[self._reader(request, one) for one in held.superseded],
            answers=[
                RequestAnswer(
                    digest=one.document,
                    status=one.status,
                    by=one.author.name,
                    organisation=request.name_of(one.author.tenant),
                    node=one.node,
                    at=one.at,
                    principal=one.principal,
                    stale=one.stale,
                )
                for one in held.answers
            ],
            notes=[
                RequestNote(
                    by=one.author.name,
                    organisation=request.name_of(one.author.tenant),
                    text=one.text,
                    at=one.at,
                )
                for one in held.notes
            ],
            log=[RequestStep(at=at.at, kind=at.kind, node=at.node, by=at.by) for at in held.log],
            candidates=[awaited_choice(one) for one in candidates],
            next=rung_view(following, None) if following else None,
            follows=request.follows.value if request.follows else None,
            referrer=request.referrer.name if request.referrer else "",
        )

    def mark(self, held: Standing) -> RequestMark:
        """Return what a worklist row says of its request."""
        request = held.request
        return RequestMark(
            request=request.id.value,
            asking=site_view(request.asking),
            question=request.question,
            urgency=urgency_name(request.urgency),
            stage=held.stage.value,
            due_at=held.due,
            images=self.images(held),
            conflict=held.conflict,
            line=self._other_line(held),
            waits_for_line=self._waits(held),
            reader=self._reads_now(held),
        )

    def arriving(self, held: Standing) -> ArrivingExam:
        """Return an exam that is on its way."""
        return ArrivingExam(
            exam=str(held.exam),
            patient=patient_view(held),
            modality=held.request.modality,
            procedure=held.request.procedure,
            request=self.mark(held),
        )

    def images(self, held: Standing) -> RequestImages:
        """Say where the images are, from the transfer where it is ours, else as estimated."""
        if not held.grants:
            return RequestImages(state="withdrawn", percent=None, eta_s=None, estimated=False)
        arrival = self.arrivals.get(held.exam) if held.exam else None
        if arrival is not None:
            return RequestImages(
                state="travelling" if arrival.moving else "stalled",
                percent=arrival.percent,
                eta_s=seconds(arrival.due_in),
                estimated=False,
            )
        if held.stage not in _ON_THE_WAY:
            return RequestImages(state="here", percent=100, eta_s=0, estimated=False)
        chosen = next((r for r in held.request.ladder if r.verdict is Verdict.CHOSEN), None)
        whole = chosen.images_in if chosen and held.exam else None
        left = None
        if whole is not None:
            left = max(held.request.placed_at + whole - self.now, timedelta())
        waits = held.stage is Stage.PLACED
        return RequestImages(
            state="waiting" if waits else "travelling",
            percent=None,
            eta_s=seconds(left),
            estimated=True,
        )

    def _side(self, held: Standing) -> Literal["asking", "reading", "both"]:
        mine = self.visitor.scope.tenants
        asks = held.request.asking.tenant in mine
        reads = any(site.tenant in mine for site in held.request.readers)
        if asks and reads:
            return "both"
        return "asking" if asks else "reading"

    def _reads(self, held: Standing) -> Site:
        """Return who reads: the organisation of the claim, else who was asked."""
        request, claim = held.request, held.claim
        for site in request.readers:
            if claim is not None and site.tenant == claim.reader.tenant:
                return site
        return request.partner

    def _reads_now(self, held: Standing) -> RequestReader | None:
        """Return whose claim stands; nobody's once the request was taken back or refused."""
        if held.claim is None or held.stage in (Stage.CANCELLED, Stage.DECLINED):
            return None
        return self._reader(held.request, held.claim)

    def _reader(self, request: Request, claim: ReadingClaim) -> RequestReader:
        return RequestReader(
            login=claim.reader.login,
            name=claim.reader.name,
            organisation=request.name_of(claim.reader.tenant),
            node=claim.node,
            since=claim.at,
            confirmed=claim.fence is not None,
            mine=claim.reader.login == self.visitor.person.login and claim.node == self.node,
            alone=claim.alone,
        )

    def _waits(self, held: Standing) -> bool:
        """Tell whether it may not be claimed here before the line to who asked is back."""
        return self.island.waits(held, self._line(held.request.id.home))

    def _other_line(self, held: Standing) -> LineView | None:
        """Return the line to the other side: that of who reads for who asked, and the reverse."""
        home, other = held.request.id.home, self._reads(held).node
        node = other if home == self.node else home
        if node == self.node:
            return None
        line = self._line(node)
        return LineView(node=line.node, cut=line.cut, since=line.since)

    def _line(self, node: str) -> Line:
        if node not in self.lines:
            self.lines[node] = self.island.travel.line(node)
        return self.lines[node]

    def _is_mine(self, held: Standing) -> bool:
        return held.claim is not None and self._reader(held.request, held.claim).mine

    def _may(self, held: Standing) -> list[MayDo]:
        person, may, request = self.visitor.person, self.visitor.may, held.request
        asks = (held.request.asking.tenant, held.request.asking.node) == (person.tenant, self.node)
        reads = any(site.tenant == person.tenant for site in held.request.readers)
        here = asks or self.images(held).state == "here"
        rules: dict[MayDo, bool] = {
            "open": here and may(Permission.SEE_EXAMS),
            "read": reads
            and here
            and may(Permission.WRITE_REPORTS)
            and (not self._waits(held) or self._is_mine(held)),
            "note": may(Permission.ASK_READING),
            "cancel": asks and held.stage in _OPEN | {Stage.READING, Stage.DECLINED},
            "decline": reads and held.stage in _OPEN and may(Permission.WRITE_REPORTS),
            "acknowledge": asks and held.stage is Stage.RETURNED,
            "reconcile": asks and held.conflict and may(Permission.CHOOSE_READING),
            "attach": asks and held.awaits and may(Permission.SEE_EXAMS),
            "pass-on": asks and unclaimed(held, now=self.now),
            "detach": asks
            and request.exam is None
            and held.exam is not None
            and held.stage in (Stage.TRAVELLING, Stage.READY)
            and may(Permission.SEE_EXAMS),
        }
        return [name for name, allowed in rules.items() if allowed]


def request_views(visitor: Visitor, services: WebServices) -> RequestViews:
    """Return what turns requests into rows for this visitor."""
    now = services.clock()
    return RequestViews(
        visitor=visitor,
        node=services.asking.node,
        now=now,
        arrivals=services.asking.arrivals.under_way(scope=visitor.scope, now=now),
        island=services.asking.island,
        lines={},
    )


def marks(
    exams: Collection[ExamId], visitor: Visitor, services: WebServices
) -> Mapping[ExamId, RequestMark]:
    """Return what is asked about each of these exams."""
    held = services.asking.requests.by_exam(exams, scope=visitor.scope)
    if not held:
        return {}
    views = request_views(visitor, services)
    return {exam: views.mark(one) for exam, one in held.items()}


def arriving(narrowed: Filters, visitor: Visitor, services: WebServices) -> list[ArrivingExam]:
    """Return what the visitor's organisation is asked to read and has not got yet."""
    views, found = request_views(visitor, services), []
    for held in services.asking.requests.board(scope=visitor.scope, now=views.now):
        if held.stage not in (Stage.PLACED, Stage.TRAVELLING, Stage.READING):
            continue
        reads = any(site.tenant in visitor.scope.tenants for site in held.request.readers)
        if not reads or held.exam is None or views.images(held).state == "here":
            continue
        request = held.request
        fits = (
            (not narrowed.urgencies or request.urgency in narrowed.urgencies)
            and (not narrowed.modalities or request.modality in narrowed.modalities)
            and (not narrowed.sites or request.asking.tenant in narrowed.sites)
            and (not narrowed.text or _is_of(held, narrowed.text))
        )
        if fits:
            found.append(views.arriving(held))
    return found


def _is_of(held: Standing, text: str) -> bool:
    subject = held.request.subject
    said = f"{subject.name.replace('^', ' ')} {subject.identifier.value}".casefold()
    return all(word in said for word in text.casefold().split())


def awaited_choice(exam: Exam) -> AwaitedChoice:
    """Return an exam that may be the awaited one."""
    return AwaitedChoice(
        exam=str(exam.id),
        study_at=exam.studied,
        arrived_at=exam.arrived_at,
        modalities=list(exam.modalities),
        description=exam.description,
        accession=exam.accession.value if exam.accession else "",
        images=exam.instances,
    )


def patient_view(held: Standing) -> RequestPatient:
    """Return whose exam it is, as the asking site said."""
    subject = held.request.subject
    family, given = name_parts(subject.name)
    return RequestPatient(
        family_name=family,
        given_name=given,
        sex=subject.sex,
        birth_date=day(subject.birth_date),
        identifier=subject.identifier.value,
        issuer=subject.identifier.issuer.namespace,
    )
