"""Place a request, follow it, acknowledge its answer: what the screens call.

Every verb states one fact; the standing that comes back is folded from all of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archipel.access.model import Action, AuditEntry
from archipel.access.ports import Audit
from archipel.exchange.fold.requests import RECONCILED
from archipel.kernel.actors import Scope
from archipel.kernel.errors import Conflict, Malformed, NotFound, Refused
from archipel.kernel.identifiers import PatientIdentifier, TenantId
from archipel.reading.model import Exam, ExamId, Urgency
from archipel.reading.ports import Exams
from archipel.reading.request import lifecycle
from archipel.reading.request.awaited import Awaited, candidates
from archipel.reading.request.body import new_request_id, written
from archipel.reading.request.model import (
    TEXT_MAX,
    Agreement,
    Contact,
    Information,
    Justification,
    Professional,
    Referrer,
    Request,
    RequestId,
    Rung,
    Site,
    Stage,
    Standing,
    Subject,
)
from archipel.reading.request.partner import Outlook, choose, ladder
from archipel.reading.request.ports import Agreements, Requests, Telling, Travel

_ENDED = frozenset({Stage.RETURNED, Stage.ACKNOWLEDGED, Stage.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What asking needs at hand, for one actor. `site` is the actor's organisation here."""

    requests: Requests
    agreements: Agreements
    travel: Travel
    exams: Exams
    opposed: Callable[[PatientIdentifier, TenantId], bool]
    audit: Audit
    scope: Scope
    site: Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What somebody typed. `partner` None: whom the ladder proposes."""

    exam: ExamId | Awaited
    question: str
    urgency: Urgency
    justification: Justification
    information: Information
    contact: Contact
    informed_by: str = ""
    informed_at: datetime | None = None
    priors: tuple[ExamId, ...] | None = None  # None: the one that helps most
    partner: TenantId | None = None
    override: str = ""
    referrer: Referrer | None = None


def read(request: RequestId, *, desk: Desk, now: datetime) -> Standing:
    """Return all of one request; audited. Raises `NotFound`."""
    held = desk.requests.standing(request, scope=desk.scope)
    audited(desk, held.request, "read", now, Action.READ)
    return held


def look(exam: ExamId | Awaited, urgency: Urgency, *, desk: Desk, now: datetime) -> Sequence[Rung]:
    """Return who could read this exam, with the reason for each. Raises `NotFound`."""
    found, _ = case(exam, desk=desk, now=now)
    sent = exam if isinstance(exam, ExamId) else None
    return rungs_of(sent, modality_of(found), urgency, desk, now)


def case(exam: ExamId | Awaited, *, desk: Desk, now: datetime) -> tuple[Exam, Sequence[Exam]]:
    """Return what is asked about, and the person's other exams.

    One that is awaited is drawn after an exam that names the patient as asked: whose it is, is
    copied from there. Raises `NotFound`.
    """
    if isinstance(exam, ExamId):
        found = desk.exams.exam(exam, scope=desk.scope, now=now)
        return found, desk.exams.priors(exam, scope=desk.scope, now=now)
    theirs = desk.exams.of_person(exam.person, scope=desk.scope, now=now)
    own = [one for one in theirs if one.id.tenant == desk.site.tenant]
    known = next((one for one in own if one.patient == exam.patient), None)
    if known is None:
        raise NotFound("your organisation knows this person by no such identifier")
    return exam.drawn(known), own


def near(exam: ExamId | Awaited, *, desk: Desk, now: datetime) -> Sequence[Standing]:
    """Return the requests about this exam that are not ended: asking twice helps nobody."""
    if isinstance(exam, Awaited):
        return [
            one
            for one in desk.requests.board(scope=desk.scope, now=now)
            if one.awaits
            and one.request.asking.tenant == desk.site.tenant
            and one.request.subject.identifier == exam.patient
            and one.request.modality == exam.modality
        ]
    desk.exams.exam(exam, scope=desk.scope, now=now)
    found = desk.requests.of_exam(exam, scope=desk.scope)
    return [one for one in found if one.stage not in _ENDED | {Stage.DECLINED}]


def place(asking: Asking, *, by: Professional, desk: Desk, now: datetime) -> Standing:
    """Ask. Raises `NotFound`, `Malformed`, `Refused`, `Conflict` where it is asked already."""
    exam, priors = case(asking.exam, desk=desk, now=now)
    awaited = asking.exam if isinstance(asking.exam, Awaited) else None
    if exam.id.tenant != desk.site.tenant:
        raise Refused(f"only {exam.id.tenant}, whose exam it is, asks for its reading")
    if near(asking.exam, desk=desk, now=now):
        raise Conflict("a request for this exam is under way: follow that one, or cancel it")
    if desk.opposed(exam.patient, exam.id.tenant):
        raise Conflict("the patient opposes sharing with other organisations: read it on site")
    sent = None if awaited else exam.id
    rungs = rungs_of(sent, modality_of(exam), asking.urgency, desk, now)
    chosen, kept = choose(rungs, wanted=asking.partner, override=asking.override)
    agreement = agreement_of(chosen, desk)
    request = Request(
        id=new_request_id(desk.site.node, now=now),
        asked_by=by,
        asking=desk.site,
        partner=chosen.site,
        subject=Subject(
            name=exam.patient_name,
            birth_date=exam.birth_date,
            sex=exam.sex,
            identifier=exam.patient,
        ),
        exam=sent,
        priors=_priors(asking, exam, priors),
        modality=modality_of(exam),
        procedure=exam.description,
        question=asking.question,
        urgency=asking.urgency,
        promised=agreement.promise(asking.urgency),
        justification=asking.justification,
        information=asking.information,
        informed_by=asking.informed_by.strip(),
        informed_at=asking.informed_at,
        contact=asking.contact,
        relief=agreement.relief,
        ladder=kept,
        override=asking.override.strip(),
        placed_at=now,
        accession=awaited.number if awaited else None,
        referrer=asking.referrer,
    )
    audited(desk, request, "placed", now)
    return desk.requests.place(request, scope=desk.scope)


def awaited_by(held: Standing, *, desk: Desk, now: datetime) -> Sequence[Exam]:
    """Return the exams that may be the one a request of ours awaits, the latest first."""
    if not held.awaits or held.request.asking.tenant != desk.site.tenant:
        return []
    known = desk.exams.of_patient(held.request.subject.identifier, scope=desk.scope, now=now)
    found: dict[ExamId, Exam] = {}
    for person in dict.fromkeys(one.person_key for one in known):
        for one in desk.exams.of_person(person, scope=desk.scope, now=now):
            found[one.id] = one
    return [one for one in candidates(held, found.values()) if not _asked(one.id, desk)]


def attach(
    request: RequestId, exam: ExamId, *, by: Professional, desk: Desk, now: datetime
) -> Standing:
    """Say that this is the exam a request awaited: its images travel as urgent as it was asked.

    Raises `NotFound`, `Refused` for who did not ask or an exam that cannot be it, `Conflict`.
    """
    held = own(request, desk)
    if not held.awaits:
        raise Conflict("this request has its exam already, or is ended")
    if _asked(exam, desk):
        raise Conflict("a request for this exam is under way: follow that one, or cancel it")
    if exam not in {one.id for one in awaited_by(held, desk=desk, now=now)}:
        raise Refused("this exam is another person's, or came long before the request")
    body = {"exam": str(exam), "priors": [str(one) for one in held.request.priors]}
    return told_of(held, telling(lifecycle.ATTACHED, body, by, now), desk)


def detach(request: RequestId, *, by: Professional, desk: Desk, now: datetime) -> Standing:
    """Take an exam back that was attached by mistake: its readers see it no more.

    Raises `NotFound`, `Refused`, `Conflict` where none was attached, or it is being read.
    """
    held = own(request, desk)
    if held.request.exam is not None or held.exam is None:
        raise Conflict("no exam was attached to this request")
    if held.stage not in (Stage.TRAVELLING, Stage.READY):
        raise Conflict("it is being read, answered or cancelled already")
    return told_of(held, telling(lifecycle.DETACHED, {}, by, now), desk)


def note(
    request: RequestId, text: str, *, by: Professional, desk: Desk, now: datetime
) -> Standing:
    """Add a line to the thread. Raises `NotFound`, `Malformed`."""
    if not text.strip() or len(text) > TEXT_MAX:
        raise Malformed(f"a message has 1 to {TEXT_MAX} characters")
    held = desk.requests.standing(request, scope=desk.scope)
    return told_of(held, telling(lifecycle.NOTED, {"text": text.strip()}, by, now), desk)


def cancel(
    request: RequestId, reason: str, *, by: Professional, desk: Desk, now: datetime
) -> Standing:
    """Take a request back. Raises `NotFound`, `Refused`, `Malformed`, `Conflict` once answered."""
    held = own(request, desk)
    if held.stage in _ENDED:
        raise Conflict("it is answered or cancelled already")
    return told_of(held, telling(lifecycle.CANCELLED, reason_of(reason), by, now), desk)


def decline(
    request: RequestId, reason: str, *, by: Professional, desk: Desk, now: datetime
) -> Standing:
    """Say that it will not be read here, and why: the asker must know at once."""
    held = desk.requests.standing(request, scope=desk.scope)
    if desk.site.tenant not in {site.tenant for site in held.request.readers}:
        raise Refused("only who was asked declines")
    if held.stage in _ENDED or held.stage is Stage.READING:
        raise Conflict("it is being read, answered or cancelled already")
    return told_of(held, telling(lifecycle.DECLINED, reason_of(reason), by, now), desk)


def acknowledge(request: RequestId, *, by: Professional, desk: Desk, now: datetime) -> Standing:
    """Say that the answer was read by who asked. Raises `NotFound`, `Refused`, `Conflict`."""
    held = own(request, desk)
    if held.stage is Stage.ACKNOWLEDGED:
        return held
    if held.stage is not Stage.RETURNED:
        raise Conflict("there is no validated answer to acknowledge yet")
    return told_of(held, telling(lifecycle.ACKNOWLEDGED, {}, by, now), desk)


def reconcile(
    request: RequestId, document: str, *, by: Professional, desk: Desk, now: datetime
) -> Standing:
    """Choose which of two readings is the principal one; the other stays, as an additional one.

    Raises `NotFound`, `Refused`, `Conflict` where nothing is to be chosen.
    """
    held = own(request, desk)
    if not held.conflict:
        raise Conflict("there are no two readings to choose from")
    if document not in {answer.document for answer in held.answers}:
        raise NotFound("no such reading of this request")
    return told_of(held, telling(RECONCILED, {"principal": document}, by, now), desk)


def _asked(exam: ExamId, desk: Desk) -> bool:
    found = desk.requests.of_exam(exam, scope=desk.scope)
    return any(one.stage not in _ENDED | {Stage.DECLINED} for one in found)


def rungs_of(
    exam: ExamId | None, modality: str, urgency: Urgency, desk: Desk, now: datetime
) -> tuple[Rung, ...]:
    """Judge every agreement of the actor's organisation for an exam, acquired or not."""
    waiting: dict[TenantId, int] = {}
    for one in desk.requests.board(scope=desk.scope, now=now):
        if one.stage not in _ENDED:
            partner = one.request.partner.tenant
            waiting[partner] = waiting.get(partner, 0) + 1

    def outlook(agreement: Agreement) -> Outlook:
        way = desk.travel.way(agreement.partner.node, exam=exam)
        return Outlook(
            images_in=way.images_in,
            waiting=waiting.get(agreement.partner.tenant, 0),
            reachable=way.reachable,
        )

    return ladder(
        desk.agreements.of(desk.site.tenant, scope=desk.scope),
        modality=modality,
        urgency=urgency,
        outlook=outlook,
        now=now,
    )


def agreement_of(chosen: Rung, desk: Desk) -> Agreement:
    """Return the agreement behind a rung. Raises `Conflict` where it ended meanwhile."""
    for one in desk.agreements.of(desk.site.tenant, scope=desk.scope):
        if one.partner == chosen.site and one.level is chosen.level:
            return one
    raise Conflict(f"the agreement with {chosen.site.name} ended meanwhile: look again")


def modality_of(exam: Exam) -> str:
    """Return the modality of an exam's images; empty where it has none."""
    images = [one for one in exam.modalities if one not in ("SR", "PR", "KO", "DOC")]
    return images[0] if images else ""


def _priors(asking: Asking, exam: Exam, priors: Sequence[Exam]) -> tuple[ExamId, ...]:
    if asking.priors is None:
        return relevant(exam, priors)
    sent = {one.id for one in priors if one.id.tenant == exam.id.tenant}
    if strange := [str(one) for one in asking.priors if one not in sent]:
        raise Malformed(f"no earlier exam of this person that can be sent: {strange[0][:80]}")
    return tuple(dict.fromkeys(asking.priors))


def relevant(exam: Exam, priors: Sequence[Exam]) -> tuple[ExamId, ...]:
    """Return the prior that helps most: same body part, then same modality, then the latest."""
    held = [one for one in priors if one.id.tenant == exam.id.tenant]
    held.sort(
        key=lambda one: (
            bool(exam.body_part) and one.body_part == exam.body_part,
            modality_of(one) == modality_of(exam),
            one.studied or one.arrived_at.replace(tzinfo=None),
        ),
        reverse=True,
    )
    return tuple(one.id for one in held[:1])


def own(request: RequestId, desk: Desk) -> Standing:
    """Return a request that the actor's organisation made. Raises `NotFound`, `Refused`."""
    held = desk.requests.standing(request, scope=desk.scope)
    asking = held.request.asking
    if (asking.tenant, asking.node) != (desk.site.tenant, desk.site.node):
        raise Refused(f"only {held.request.asking.name}, who asked, may do this")
    return held


def told_of(held: Standing, told: Telling, desk: Desk) -> Standing:
    """State what followed; audited before."""
    audited(desk, held.request, told.kind.removeprefix("request."), told.at)
    return desk.requests.tell(held.request.id, told, scope=desk.scope)


def reason_of(text: str) -> dict[str, str]:
    """Read why something is done. Raises `Malformed`."""
    if not text.strip() or len(text) > TEXT_MAX:
        raise Malformed(f"say why, in 1 to {TEXT_MAX} characters")
    return {"text": text.strip()}


def telling(kind: str, body: Mapping[str, Any], by: Professional, now: datetime) -> Telling:
    """Write a later fact as somebody states it."""
    return Telling(kind=kind, body={**body, "by": written(by)}, login=by.login, at=now)


def audited(
    desk: Desk, request: Request, what: str, now: datetime, action: Action = Action.CHANGE
) -> None:
    """Write a row of the audit about a request: under its exam, else under its own name."""
    subject = str(request.exam.study) if request.exam else request.id.value
    entry = AuditEntry(
        tenant=desk.site.tenant,
        at=now,
        actor=desk.scope.actor,
        action=action,
        subject=subject,
        door="web",
        detail=f"request {request.id.value} {what}",
    )
    desk.audit.record([entry])
