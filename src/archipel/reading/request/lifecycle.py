"""Where a request stands: a pure function of the facts about it, the same on every node.

Who may state what is read off the log a fact stands in: the asking node places, attaches images
or detaches them, confirms, acknowledges, cancels and ends the readers' access; the readers' nodes
claim, receive, decline and sign. What anybody else states, or states unreadably, counts for
nothing.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from archipel.exchange import hlc
from archipel.exchange.fold import requests as claims
from archipel.exchange.model import Fact
from archipel.kernel.errors import Malformed
from archipel.reading.model import ExamId
from archipel.reading.request.body import read
from archipel.reading.request.model import (
    Answer,
    Note,
    Professional,
    ReadingClaim,
    Request,
    Stage,
    Standing,
    Step,
)

PLACED, ATTACHED, DETACHED = "request.placed", "request.attached", "request.detached"
ARRIVED = "request.arrived"
NOTED, DECLINED, CANCELLED = "request.noted", "request.declined", "request.cancelled"
ACKNOWLEDGED, WITHDRAWN = "request.acknowledged", "request.withdrawn"
FINAL = frozenset({"final", "addendum", "amended", "corrected"})
_OF_HOME = frozenset(
    {
        *(PLACED, ATTACHED, DETACHED, CANCELLED, ACKNOWLEDGED, WITHDRAWN),
        *(claims.CONFIRMED, claims.RECONCILED),
    }
)
_OF_READERS = frozenset({ARRIVED, DECLINED, claims.CLAIMED, claims.RELEASED, claims.SIGNED})


def standing(facts: Collection[Fact]) -> Standing | None:
    """Fold the facts about one request; None where it was not (readably) placed."""
    ordered = sorted(facts, key=lambda fact: fact.order)
    request = next((one for one in map(_request, ordered) if one is not None), None)
    if request is None:
        return None
    ordered = [fact for fact in ordered if _may_state(fact, request)]
    reading = claims.fold(ordered)
    taken = reading.winner is not None or reading.principal is not None
    exam, priors, attached_at = _images(request, ordered, taken=taken)
    acknowledged = _acknowledged(reading, ordered)
    answers = _answers(reading)
    ended = _last(ordered, {CANCELLED, DECLINED})
    return Standing(
        request=request,
        stage=_stage(request, exam, reading, ordered, acknowledged),
        exam=exam,
        priors=priors,
        claim=_claim(reading.winner, reading.fence, ordered),
        superseded=tuple(
            one for f in reading.others if (one := _claim(f, None, ordered)) is not None
        ),
        answers=answers,
        conflict=reading.conflict,
        notes=_notes(ordered),
        acknowledged=_note(acknowledged) if acknowledged else None,
        reason=_text(ended, "text") if ended else "",
        log=tuple(_step(fact, request) for fact in ordered),
        withdrawn=any(fact.kind == WITHDRAWN for fact in ordered),
        attached_at=attached_at,
        fences=max((_fence(f) for f in ordered if f.kind == claims.CONFIRMED), default=0),
    )


def _request(fact: Fact) -> Request | None:
    body = fact.body.get("request")
    if fact.kind != PLACED or fact.log.node != fact.home or not isinstance(body, dict):
        return None
    try:
        request = read(body, Request)
    except Malformed:
        return None
    honest = request.id.home == request.asking.node == fact.home.value
    return request if honest and request.asking.tenant == fact.tenant else None


def _may_state(fact: Fact, request: Request) -> bool:
    node = fact.log.node.value
    if fact.kind in _OF_HOME:
        return node == request.id.home
    reads = node in {site.node for site in request.readers}
    if fact.kind in _OF_READERS:
        return reads
    return fact.kind == NOTED and (reads or node == request.id.home)


def _stage(
    request: Request,
    exam: ExamId | None,
    reading: claims.Claims,
    ordered: Sequence[Fact],
    acknowledged: Fact | None,
) -> Stage:
    if reading.principal is not None and _is_final(reading):
        return Stage.ACKNOWLEDGED if acknowledged is not None else Stage.RETURNED
    if any(fact.kind == CANCELLED for fact in ordered):
        return Stage.CANCELLED
    if reading.winner is not None:
        return Stage.READING
    if any(fact.kind == DECLINED for fact in ordered):
        return Stage.DECLINED
    if exam is None:
        return Stage.PLACED
    at_home = request.partner.node == request.id.home
    here = at_home or any(
        fact.kind == ARRIVED and fact.body.get("exam") == str(exam) for fact in ordered
    )
    return Stage.READY if here else Stage.TRAVELLING


def _is_final(reading: claims.Claims) -> bool:
    every = [reading.principal, *reading.additional]
    return any(
        _text(version, "status") in FINAL for one in every if one for version in one.versions
    )


def _acknowledged(reading: claims.Claims, ordered: Sequence[Fact]) -> Fact | None:
    """Return the acknowledgement that knew every signed version; an addendum asks for another."""
    every = [reading.principal, *reading.additional]
    signed = [version for one in every if one for version in one.versions]
    last = _last(ordered, {ACKNOWLEDGED})
    return last if last and all(last.knew(version) for version in signed) else None


def _images(
    request: Request, ordered: Sequence[Fact], *, taken: bool
) -> tuple[ExamId | None, tuple[ExamId, ...], datetime | None]:
    """Return the exam, its priors and when it was attached; nobody loses what is being read."""
    exam, priors, attached_at = request.exam, request.priors, None
    for fact in ordered:
        if fact.kind == DETACHED and not taken:
            exam, priors, attached_at = request.exam, request.priors, None
        if fact.kind == ATTACHED:
            named = fact.body.get("priors", ())
            try:
                exam = ExamId.parse(_text(fact, "exam"))
                attached_at = _at(fact)
                if isinstance(named, list | tuple):
                    priors = tuple(ExamId.parse(str(one)) for one in named)
            except Malformed:
                continue
    return exam, priors, attached_at


def _answers(reading: claims.Claims) -> tuple[Answer, ...]:
    every = [reading.principal, *reading.additional]
    found = []
    for one in every:
        for fact in one.versions if one else ():
            author = _person(fact)
            if author is not None:
                answer = Answer(
                    document=_text(fact, "document"),
                    status=_text(fact, "status"),
                    author=author,
                    node=fact.log.node.value,
                    at=_at(fact),
                    principal=one is reading.principal,
                    stale=fact.body.get("stale") is True,
                )
                found.append(answer)
    return tuple(found)


def _claim(fact: Fact | None, fence: int | None, ordered: Sequence[Fact]) -> ReadingClaim | None:
    reader = _person(fact) if fact else None
    if fact is None or reader is None:
        return None
    claim = _text(fact, "claim")
    return ReadingClaim(
        claim=claim,
        reader=reader,
        node=fact.log.node.value,
        at=_at(fact),
        fence=fence,
        released=any(f.kind == claims.RELEASED and _text(f, "claim") == claim for f in ordered),
        alone=fact.body.get("alone") is True,
        over=_text(fact, "over"),
    )


def _note(fact: Fact) -> Note | None:
    author = _person(fact)
    if author is None:
        return None
    return Note(author=author, text=_text(fact, "text"), at=_at(fact))


def _notes(ordered: Sequence[Fact]) -> tuple[Note, ...]:
    every = [_note(fact) for fact in ordered if fact.kind == NOTED]
    return tuple(one for one in every if one is not None)


def _person(fact: Fact) -> Professional | None:
    body = fact.body.get("by")
    if not isinstance(body, dict):
        return None
    try:
        return read(body, Professional)
    except Malformed:
        return None


def _step(fact: Fact, request: Request) -> Step:
    person = request.asked_by if fact.kind == PLACED else _person(fact)
    name = person.name if person else fact.author.subject
    return Step(at=_at(fact), kind=fact.kind, node=fact.log.node.value, by=name)


def _last(ordered: Sequence[Fact], kinds: Collection[str]) -> Fact | None:
    return next((fact for fact in reversed(ordered) if fact.kind in kinds), None)


def _at(fact: Fact) -> datetime:
    return hlc.moment_of(fact.clock)


def _fence(fact: Fact) -> int:
    value = fact.body.get("fence")
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _text(fact: Fact, name: str) -> str:
    value = fact.body.get(name)
    return value if isinstance(value, str) else ""
