"""Exams whose time is over go in two steps, by two persons, and are judged again before each goes.

One person proposes, another approves; then a rejection note (113039) hides the exam, and when its
time in the bin is over it is erased. Up to that moment a hold, a request, a longer rule, or who
takes the note back, keeps it. Whatever happened to each is kept: the certificate.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime

from archipel.archive.keeping.disposal import (
    Desk,
    Disposal,
    Hands,
    Hold,
    Item,
    Outcome,
    Register,
    Stage,
)
from archipel.archive.keeping.retention import Bar, Rule, Verdict, judge, shortest_years
from archipel.kernel.errors import Conflict, Malformed, NotFound, Refused
from archipel.kernel.identifiers import PatientIdentifier, TenantId
from archipel.kernel.uid import Uid

MOST_ITEMS = 10_000  # of one proposal: somebody reads it


def set_rules(rules: Sequence[Rule], *, desk: Desk, now: datetime) -> None:
    """Say how long the organisation keeps its exams; audited. Raises `Refused`."""
    desk.check()
    desk.told("retention rules", ", ".join(rule.name for rule in rules) or "none", now=now)
    desk.register.set_rules(rules, tenant=desk.tenant, by=desk.actor.name, now=now)


def preview(*, register: Register, tenant: TenantId, today: date, now: datetime) -> list[Verdict]:
    """Judge every exam that some rule might let go: what would go, and what keeps the others."""
    rules = register.rules(tenant=tenant)
    years = shortest_years(rules)
    if years is None:
        return []
    before = _years_before(today, years)
    exams = register.exams(tenant=tenant, before=before, now=now)
    return [judge(exam, rules, today=today) for exam in exams]


def propose(why: str, *, desk: Desk, today: date, now: datetime) -> Disposal:
    """Propose all that may go now; audited. Raises `Refused`, `NotFound` when nothing may go."""
    desk.check()
    verdicts = preview(register=desk.register, tenant=desk.tenant, today=today, now=now)
    items = [_item(one) for one in verdicts if one.may_go][:MOST_ITEMS]
    if not items:
        raise NotFound("no exam may go: see `archipel retention preview`")
    made = desk.disposals.propose(items, tenant=desk.tenant, by=desk.actor.name, why=why, now=now)
    desk.told(f"disposal {made.number}", f"proposed: {len(items)} exams", now=now)
    return made


def decide(number: int, *, approve: bool, desk: Desk, now: datetime) -> Disposal:
    """Approve a disposal that somebody else proposed, or refuse it; audited.

    Raises `Refused` for whoever proposed it, `NotFound`, `Conflict`.
    """
    desk.check()
    found = desk.disposals.disposal(number, tenant=desk.tenant)
    if found is None:
        raise NotFound(f"no disposal {number} of {desk.tenant}")
    if approve and found.proposed_by == desk.actor.name:
        raise Refused("whoever proposed a disposal cannot approve it: another person must")
    if found.stage is not Stage.PROPOSED:
        raise Conflict(f"disposal {number} is {found.stage.value} already")
    stage = Stage.APPROVED if approve else Stage.REFUSED
    desk.told(f"disposal {number}", stage.value, now=now)
    desk.disposals.decide(number, stage, tenant=desk.tenant, by=desk.actor.name, now=now)
    decided = desk.disposals.disposal(number, tenant=desk.tenant)
    if decided is None:
        raise NotFound(f"no disposal {number} of {desk.tenant}")
    return decided


def hold(
    *,
    study: Uid | None,
    patient: PatientIdentifier | None,
    reason: str,
    desk: Desk,
    now: datetime,
) -> Hold:
    """Lay a legal hold on an exam or on all exams of a patient; audited. Raises `Refused`."""
    desk.check()
    if (study is None) == (patient is None):
        raise Malformed("a hold lies on one exam or on one patient")
    if not reason.strip():
        raise Malformed("a hold has a reason")
    laid = desk.register.hold(
        Hold(
            number=0,
            tenant=desk.tenant,
            study=study,
            patient=patient,
            reason=reason[:500],
            by=desk.actor.name,
            at=now,
        )
    )
    desk.told(f"hold {laid.number}", str(study) if study else "on a patient", now=now)
    return laid


def lift(number: int, *, desk: Desk, now: datetime) -> None:
    """Lift a hold; audited. Raises `Refused`, `NotFound`."""
    desk.check()
    desk.register.lift(number, tenant=desk.tenant, by=desk.actor.name, now=now)
    desk.told(f"hold {number}", "lifted", now=now)


def execute(disposal: Disposal, *, hands: Hands, today: date, now: datetime) -> list[str]:
    """Lay in the bin what an approved disposal names, and erase what lay there long enough.

    Each exam is judged once more before either. Gives packs to be retired. May be interrupted
    anywhere, and is done again until every exam is decided upon. Raises `Unavailable`.
    """
    if disposal.stage is not Stage.APPROVED:
        raise Conflict(f"disposal {disposal.number} is {disposal.stage.value}")
    packs: list[str] = []
    rules = hands.register.rules(tenant=disposal.tenant)
    waiting = False
    for item in disposal.items:
        if item.outcome in {Outcome.GONE, Outcome.KEPT}:
            continue
        exams = hands.register.exams(
            tenant=disposal.tenant, before=date.max, now=now, studies=[item.study]
        )
        if not exams:
            why = "it was gone already"
            hands.disposals.note(disposal, item.study, Outcome.KEPT, why, now=now)
            continue
        verdict = judge(exams[0], rules, today=today)
        if item.outcome is None:
            waiting |= _lay(disposal, verdict, hands, now)
        elif item.at is None or now - item.at < hands.delay:
            waiting = True
        else:
            gone = _erase(disposal, verdict, hands, now)
            waiting |= gone is None
            packs += gone or ()
    if not waiting:
        hands.disposals.end(disposal, now=now)
    return packs


def _lay(disposal: Disposal, verdict: Verdict, hands: Hands, now: datetime) -> bool:
    """Lay an exam in the bin, or say what keeps it; tell whether it lies there now."""
    key = verdict.exam.key
    if not verdict.may_go:
        hands.disposals.note(disposal, key.study, Outcome.KEPT, _words(verdict), now=now)
        return False
    why = f"disposal {disposal.number}, rule {verdict.rule.name if verdict.rule else ''}"
    hands.bin.lay(key, why=why, by=disposal.decided_by or "", now=now)
    hands.disposals.note(disposal, key.study, Outcome.BINNED, "", now=now)
    return True


def _erase(
    disposal: Disposal, verdict: Verdict, hands: Hands, now: datetime
) -> Collection[str] | None:
    """Erase an exam whose time in the bin is over; None: not yet, its note is being sealed."""
    key = verdict.exam.key
    if not hands.bin.lies(key):
        why = "taken back from the bin, or sent again"
        hands.disposals.note(disposal, key.study, Outcome.KEPT, why, now=now)
        return ()
    if verdict.bars == {Bar.INCOMPLETE}:
        return None
    if not verdict.may_go:
        why = _words(verdict)
        hands.bin.take_back(key, why=f"kept: {why}", by=disposal.decided_by or "", now=now)
        hands.disposals.note(disposal, key.study, Outcome.KEPT, why, now=now)
        return ()
    try:
        return hands.disposals.erase(disposal, verdict.exam, now=now)
    except Conflict:  # it changed this moment: judged again at the next round
        return None


def _words(verdict: Verdict) -> str:
    return ", ".join(sorted(bar.value for bar in verdict.bars))


def summary(verdicts: Sequence[Verdict]) -> dict[str, tuple[int, int]]:
    """Count studies and bytes that may go, and those kept, by what keeps them."""
    counted: dict[str, tuple[int, int]] = {}
    for one in verdicts:
        words = ["may go"] if one.may_go else sorted(bar.value for bar in one.bars)
        for word in words:
            studies, size_bytes = counted.get(word, (0, 0))
            counted[word] = (studies + 1, size_bytes + one.exam.size_bytes)
    return counted


def _item(verdict: Verdict) -> Item:
    if verdict.rule is None or verdict.until is None:  # never of what may go
        raise Conflict(f"{verdict.exam.key.study} has no rule")
    return Item(
        study=verdict.exam.key.study,
        rule=verdict.rule.name,
        until=verdict.until,
        size_bytes=verdict.exam.size_bytes,
        instances=verdict.exam.instances,
    )


def _years_before(day: date, years: int) -> date:
    year = max(day.year - years, date.min.year)
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 3, 1)
