"""What may go goes by two persons' word, wholly, and nothing that something keeps."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from tests.unit.keeping.conftest import Kept

from archipel.access.model import Permission
from archipel.archive.keeping.binning import RejectionBin
from archipel.archive.keeping.disposal import Desk, Disposal, Hands, Outcome, Stage
from archipel.archive.keeping.dispose import (
    decide,
    execute,
    hold,
    lift,
    preview,
    propose,
    set_rules,
)
from archipel.archive.keeping.retention import Bar, parse
from archipel.archive.model import StudyKey
from archipel.archive.quality.bin import Bench
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.errors import Conflict, Malformed, NotFound, Refused
from archipel.kernel.identifiers import Issuer, PatientIdentifier, TenantId
from archipel.stores.sql.archive.studies import SqlStudies
from archipel.stores.sql.audit import SqlAudit
from archipel.stores.sql.keeping.disposals import SqlDisposals
from archipel.stores.sql.keeping.register import SqlRegister

RULES = parse('[[rule]]\nname = "test"\nyears = 5\n')
TODAY = date(2032, 1, 6)  # the exams are of 5 January 2026
NOW = datetime(2032, 1, 6, 9, tzinfo=UTC)
PATIENT = PatientIdentifier("TEST-0001", Issuer("CHO"))


def desk(kept: Kept, login: str = "n.payet", *, admin: bool = True) -> Desk:
    database = kept.node.database
    return Desk(
        register=SqlRegister(database),
        disposals=SqlDisposals(database),
        audit=SqlAudit(database),
        tenant=kept.node.tenant,
        actor=Actor(ActorKind.PERSON, login),
        permissions=frozenset({Permission.ADMINISTER_ORGANISATION} if admin else ()),
        door="test",
    )


def approved(kept: Kept) -> Disposal:
    made = propose("", desk=desk(kept), today=TODAY, now=NOW)
    return decide(made.number, approve=True, desk=desk(kept, "m.hoarau"), now=NOW)


def hands(kept: Kept, *, days: float = 0) -> Hands:
    at = desk(kept)
    bench = Bench(
        studies=SqlStudies(kept.node.database),
        deposit=Deposit(kept),
        audit=SqlAudit(kept.node.database),
        door="test",
    )
    return Hands(
        register=at.register,
        disposals=at.disposals,
        bin=RejectionBin(bench, lambda _key: "TEST"),
        delay=timedelta(days=days),
    )


class Deposit:
    """The one way in, as `app.operations.quality` goes it, into the storage under test."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def store(self, files, *, tenant: TenantId, decision: str) -> None:
        del decision  # the association's name; here there is none
        for one in files:
            self._kept.node.receive(one.body, tenant=tenant)
        self._kept.node.catch_up()


def carried_out(kept: Kept, disposal: Disposal, rounds: int = 2) -> Disposal:
    at = hands(kept)
    for _ in range(rounds):
        known = at.disposals.disposal(disposal.number, tenant=kept.node.tenant)
        assert known is not None
        if known.stage is not Stage.APPROVED:
            break
        for pack in execute(known, hands=at, today=TODAY, now=NOW):
            kept.node.packs.retire(pack, now=kept.node.now)
        kept.node.settle()
    done = at.disposals.disposal(disposal.number, tenant=kept.node.tenant)
    assert done is not None
    return done


def bars(kept: Kept, key: StudyKey) -> frozenset[Bar]:
    at = desk(kept)
    verdicts = preview(register=at.register, tenant=at.tenant, today=TODAY, now=NOW)
    (mine,) = [one for one in verdicts if one.exam.key == key]
    return mine.bars


def ready(kept: Kept) -> StudyKey:
    key = kept.node.study(series=(2, 1))
    set_rules(RULES, desk=desk(kept), now=NOW)
    return key


def test_what_was_approved_is_gone_from_index_packs_and_journal(kept: Kept) -> None:
    key = ready(kept)
    kept.node.offered(key)

    done = carried_out(kept, approved(kept))

    (item,) = done.items
    assert (done.stage, item.outcome, item.study) == (Stage.DONE, Outcome.GONE, key.study)
    assert kept.node.held() == []
    scope = Scope(Actor(ActorKind.NODE, "test"), frozenset({kept.node.tenant}))
    assert list(kept.node.catalogue.instances(scope=scope, study=key.study)) == []
    kept.node.tidy()
    assert list(kept.node.packs.inventory()) == []
    assert kept.node.segments.numbers() == []
    assert kept.node.offers.manifest(key) is None
    said = [row.entry for row in _audit(kept) if row.entry.subject == key.study.value]
    assert any("proposed by n.payet, approved by m.hoarau" in one.detail for one in said)
    assert kept.scrub() == []


def test_whoever_proposed_cannot_approve_nor_who_does_not_administer(kept: Kept) -> None:
    ready(kept)
    made = propose("", desk=desk(kept), today=TODAY, now=NOW)

    with pytest.raises(Refused, match="another person"):
        decide(made.number, approve=True, desk=desk(kept), now=NOW)
    with pytest.raises(Refused):
        decide(made.number, approve=True, desk=desk(kept, "x", admin=False), now=NOW)
    with pytest.raises(Conflict):
        execute(made, hands=hands(kept), today=TODAY, now=NOW)
    decide(made.number, approve=False, desk=desk(kept), now=NOW)
    with pytest.raises(Conflict):
        decide(made.number, approve=True, desk=desk(kept, "m.hoarau"), now=NOW)
    assert kept.node.held()


def test_a_hold_laid_after_the_approval_keeps_what_it_lies_on(kept: Kept) -> None:
    key = ready(kept)
    disposal = approved(kept)
    laid = hold(study=key.study, patient=None, reason="claim", desk=desk(kept), now=NOW)

    done = carried_out(kept, disposal)

    assert [(one.outcome, one.detail) for one in done.items] == [(Outcome.KEPT, "held")]
    assert len(kept.node.held()) == 3
    lift(laid.number, desk=desk(kept), now=NOW)
    assert bars(kept, key) == frozenset()


def test_a_hold_on_a_patient_lies_on_all_exams_of_the_person(kept: Kept) -> None:
    keys = [ready(kept) for _ in range(2)]
    hold(study=None, patient=PATIENT, reason="claim", desk=desk(kept), now=NOW)

    assert [bars(kept, key) for key in keys] == [{Bar.HELD}] * 2
    with pytest.raises(NotFound):
        propose("", desk=desk(kept), today=TODAY, now=NOW)
    with pytest.raises(Malformed):
        hold(study=None, patient=None, reason="claim", desk=desk(kept), now=NOW)


def test_what_lies_in_the_bin_is_hidden_whole_and_can_be_taken_back(kept: Kept) -> None:
    key = ready(kept)
    disposal = approved(kept)
    at = hands(kept, days=30)
    execute(disposal, hands=at, today=TODAY, now=NOW)
    kept.node.settle()

    scope = Scope(Actor(ActorKind.NODE, "test"), frozenset({kept.node.tenant}))
    assert list(kept.node.catalogue.instances(scope=scope, study=key.study)) == []
    assert len(kept.node.held()) == 4  # and the note
    (waiting,) = at.disposals.approved()
    assert execute(waiting, hands=at, today=TODAY, now=NOW + timedelta(days=29)) == []
    assert len(kept.node.held()) == 4

    at.bin.take_back(key, why="a mistake", by="m.hoarau", now=NOW)
    kept.node.settle()
    assert not at.bin.lies(key)
    execute(waiting, hands=at, today=TODAY, now=NOW + timedelta(days=31))

    done = at.disposals.disposal(disposal.number, tenant=kept.node.tenant)
    assert done is not None
    assert [one.outcome for one in done.items] == [Outcome.KEPT]
    assert len(list(kept.node.catalogue.instances(scope=scope, study=key.study))) >= 3


def test_a_hold_laid_while_it_lies_in_the_bin_brings_it_back(kept: Kept) -> None:
    key = ready(kept)
    disposal = approved(kept)
    carried_out(kept, disposal, rounds=1)
    hold(study=key.study, patient=None, reason="claim", desk=desk(kept), now=NOW)

    done = carried_out(kept, disposal)

    assert [(one.outcome, one.detail) for one in done.items] == [(Outcome.KEPT, "held")]
    scope = Scope(Actor(ActorKind.NODE, "test"), frozenset({kept.node.tenant}))
    assert len(list(kept.node.catalogue.instances(scope=scope, study=key.study))) >= 3


def test_a_longer_rule_set_after_the_approval_keeps_it(kept: Kept) -> None:
    ready(kept)
    disposal = approved(kept)
    set_rules(parse('[[rule]]\nname = "x"\nyears = 20\n'), desk=desk(kept), now=NOW)

    assert carried_out(kept, disposal).items[0].detail == "not-yet"
    assert kept.node.held()


def test_an_instance_that_comes_after_the_approval_keeps_the_exam(kept: Kept) -> None:
    from archipel.testing.archipelago.travelling import ct_series  # noqa: PLC0415  (one use)

    key = ready(kept)
    disposal = approved(kept)
    (late,) = ct_series(key.study, number=1, images=1, side=96, first=50)
    kept.node.receive(late, tenant=kept.node.tenant)
    kept.node.catch_up()

    assert carried_out(kept, disposal).items[0].outcome is Outcome.KEPT
    assert len(kept.node.held()) == 4


def test_an_exam_that_changed_while_it_was_judged_is_not_erased(kept: Kept) -> None:
    key = ready(kept)
    disposal = approved(kept)
    at = desk(kept)
    (exam,) = at.register.exams(tenant=at.tenant, before=date.max, now=NOW, studies=[key.study])
    with pytest.raises(Conflict):
        at.disposals.erase(disposal, replace(exam, instances=2), now=NOW)
    assert len(kept.node.held()) == 3


def test_an_execution_that_was_interrupted_is_carried_on(kept: Kept) -> None:
    first, second = sorted((ready(kept) for _ in range(2)), key=lambda key: key.study.value)
    disposal = approved(kept)
    at = desk(kept)
    (exam,) = at.register.exams(tenant=at.tenant, before=date.max, now=NOW, studies=[first.study])
    at.disposals.erase(disposal, exam, now=NOW)  # and the process died here

    (again,) = at.disposals.approved()
    done = carried_out(kept, again)

    assert [one.outcome for one in done.items] == [Outcome.GONE] * 2
    assert second.study in [one.study for one in done.items]
    assert kept.node.held() == []


def test_a_rule_that_asks_for_a_copy_elsewhere_lets_nothing_go_without_one(kept: Kept) -> None:
    key = ready(kept)
    set_rules(
        parse('[[rule]]\nname = "x"\nyears = 5\ncopy_elsewhere = true\n'),
        desk=desk(kept),
        now=NOW,
    )
    assert bars(kept, key) == {Bar.NO_COPY}


def _audit(kept: Kept):
    from archipel.access.model import AuditQuery  # noqa: PLC0415  (one use)

    scope = Scope(Actor(ActorKind.NODE, "test"), frozenset({kept.node.tenant}))
    return SqlAudit(kept.node.database).search(AuditQuery(limit=50), scope=scope, node=True)
