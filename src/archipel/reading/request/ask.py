"""Place a request, follow it, acknowledge its answer: what the screens call.

Every verb states one fact; the standing that comes back is folded from all of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from archipel.access.model import Action, AuditEntry
from archipel.access.ports import Audit
from archipel.exchange.fold.requests import RECONCILED
from archipel.kernel.actors import Scope
from archipel.kernel.errors import Conflict, Malformed, NotFound, Refused
from archipel.kernel.identifiers import PatientIdentifier, TenantId
from archipel.reading.model import Exam, ExamId, Urgency
from archipel.reading.ports import Exams
from archipel.reading.request import lifecycle
from archipel.reading.request.body import new_request_id, written
from archipel.reading.request.model import (
    TEXT_MAX,
    Agreement,
    Contact,
    Information,
    Justification,
    Professional,
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

    exam: ExamId
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


def read(request: RequestId, *, desk: Desk, now: datetime) -> Standing:
    """Return all of one request; audited. Raises `NotFound`."""
    held = desk.requests.standing(request, scope=desk.scope)
    _audited(desk, held.request, "read", now, Action.READ)
    return held


def look(exam: ExamId, urgency: Urgency, *, desk: Desk, now: datetime) -> Sequence[Rung]:
    """Return who could read this exam, with the reason for each. Raises `NotFound`."""
    return _rungs(desk.exams.exam(exam, scope=desk.scope, now=now), urgency, desk, now)


def near(exam: ExamId, *, desk: Desk, now: datetime) -> Sequence[Standing]:
    """Return the requests about this exam that are not ended: asking twice helps nobody."""
    desk.exams.exam(exam, scope=desk.scope, now=now)
    found = desk.requests.of_exam(exam, scope=desk.scope)
    return [one for one in found if one.stage not in _ENDED | {Stage.DECLINED}]


def place(asking: Asking, *, by: Professional, desk: Desk, now: datetime) -> Standing:
    """Ask. Raises `NotFound`, `Malformed`, `Refused`, `Conflict` where it is asked already."""
    exam = desk.exams.exam(asking.exam, scope=desk.scope, now=now)
    if exam.id.tenant != desk.site.tenant:
        raise Refused(f"only {exam.id.tenant}, whose exam it is, asks for its reading")
    if near(exam.id, desk=desk, now=now):
        raise Conflict("a request for this exam is under way: follow that one, or cancel it")
    if desk.opposed(exam.patient, exam.id.tenant):
        raise Conflict("the patient opposes sharing with other organisations: read it on site")
    rungs = _rungs(exam, asking.urgency, desk, now)
    chosen, kept = choose(rungs, wanted=asking.partner, override=asking.override)
    agreement = _agreement(chosen, desk)
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
        exam=exam.id,
        priors=_priors(asking, exam, desk.exams.priors(exam.id, scope=desk.scope, now=now)),
        modality=_modality(exam),
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
    )
    _audited(desk, request, "placed", now)
    return desk.requests.place(request, scope=desk.scope)


def note(
    request: RequestId, text: str, *, by: Professional, desk: Desk, now: datetime
) -> Standing:
    """Add a line to the thread. Raises `NotFound`, `Malformed`."""
    if not text.strip() or len(text) > TEXT_MAX:
        raise Malformed(f"a message has 1 to {TEXT_MAX} characters")
    held = desk.requests.standing(request, scope=desk.scope)
    return _told(held, _telling(lifecycle.NOTED, {"text": text.strip()}, by, now), desk)


def cancel(
    request: RequestId, reason: str, *, by: Professional, desk: Desk, now: datetime
) -> Standing:
    """Take a request back. Raises `NotFound`, `Refused`, `Malformed`, `Conflict` once answered."""
    held = _own(request, desk)
    if held.stage in _ENDED:
        raise Conflict("it is answered or cancelled already")
    return _told(held, _telling(lifecycle.CANCELLED, _reason(reason), by, now), desk)


def decline(
    request: RequestId, reason: str, *, by: Professional, desk: Desk, now: datetime
) -> Standing:
    """Say that it will not be read here, and why: the asker must know at once."""
    held = desk.requests.standing(request, scope=desk.scope)
    if desk.site.tenant not in {site.tenant for site in held.request.readers}:
        raise Refused("only who was asked declines")
    if held.stage in _ENDED or held.stage is Stage.READING:
        raise Conflict("it is being read, answered or cancelled already")
    return _told(held, _telling(lifecycle.DECLINED, _reason(reason), by, now), desk)


def acknowledge(request: RequestId, *, by: Professional, desk: Desk, now: datetime) -> Standing:
    """Say that the answer was read by who asked. Raises `NotFound`, `Refused`, `Conflict`."""
    held = _own(request, desk)
    if held.stage is Stage.ACKNOWLEDGED:
        return held
    if held.stage is not Stage.RETURNED:
        raise Conflict("there is no validated answer to acknowledge yet")
    return _told(held, _telling(lifecycle.ACKNOWLEDGED, {}, by, now), desk)


def reconcile(
    request: RequestId, document: str, *, by: Professional, desk: Desk, now: datetime
) -> Standing:
    """Choose which of two readings is the principal one; the other stays, as an additional one.

    Raises `NotFound`, `Refused`, `Conflict` where nothing is to be chosen.
    """
    held = _own(request, desk)
    if not held.conflict:
        raise Conflict("there are no two readings to choose from")
    if document not in {answer.document for answer in held.answers}:
        raise NotFound("no such reading of this request")
    return _told(held, _telling(RECONCILED, {"principal": document}, by, now), desk)


def _rungs(exam: Exam, urgency: Urgency, desk: Desk, now: datetime) -> tuple[Rung, ...]:
    waiting: dict[TenantId, int] = {}
    for one in desk.requests.board(scope=desk.scope, now=now):
        if one.stage not in _ENDED:
            partner = one.request.partner.tenant
            waiting[partner] = waiting.get(partner, 0) + 1

    def outlook(agreement: Agreement) -> Outlook:
        way = desk.travel.way(agreement.partner.node, exam=exam.id)
        return Outlook(
            images_in=way.images_in,
            waiting=waiting.get(agreement.partner.tenant, 0),
            reachable=way.reachable,
        )

    return ladder(
        desk.agreements.of(desk.site.tenant, scope=desk.scope),
        modality=_modality(exam),
        urgency=urgency,
        outlook=outlook,
        now=now,
    )


def _agreement(chosen: Rung, desk: Desk) -> Agreement:
    for one in desk.agreements.of(desk.site.tenant, scope=desk.scope):
        if one.partner == chosen.site and one.level is chosen.level:
            return one
    raise Conflict(f"the agreement with {chosen.site.name} ended meanwhile: look again")


def _modality(exam: Exam) -> str:
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
            _modality(one) == _modality(exam),
            one.studied or one.arrived_at.replace(tzinfo=None),
        ),
        reverse=True,
    )
    return tuple(one.id for one in held[:1])


def _own(request: RequestId, desk: Desk) -> Standing:
    held = desk.requests.standing(request, scope=desk.scope)
    asking = held.request.asking
    if (asking.tenant, asking.node) != (desk.site.tenant, desk.site.node):
        raise Refused(f"only {held.request.asking.name}, who asked, may do this")
    return held


def _told(held: Standing, told: Telling, desk: Desk) -> Standing:
    _audited(desk, held.request, told.kind.removeprefix("request."), told.at)
    return desk.requests.tell(held.request.id, told, scope=desk.scope)


def _reason(text: str) -> dict[str, str]:
    if not text.strip() or len(text) > TEXT_MAX:
        raise Malformed(f"say why, in 1 to {TEXT_MAX} characters")
    return {"text": text.strip()}


def _telling(kind: str, body: dict[str, str], by: Professional, now: datetime) -> Telling:
    return Telling(kind=kind, body={**body, "by": written(by)}, login=by.login, at=now)


def _audited(
    desk: Desk, request: Request, what: str, now: datetime, action: Action = Action.CHANGE
) -> None:
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
