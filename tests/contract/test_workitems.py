"""`orders.steps.ports.Workitems` on SQLite and on PostgreSQL."""

import threading
from datetime import UTC, datetime
from functools import partial

import pytest

from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.aetitle import AETitle
from archipel.kernel.errors import ArchipelError
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.orders.steps import perform, seek
from archipel.orders.steps.errors import AlreadyInProgress, NoSuchWorkitem, WorkitemKnown
from archipel.orders.steps.model import GLOBAL, State, Subscription
from archipel.stores.sql.orders.steps import SqlWorkitems
from archipel.testing.steps import scheduled

OUEST, EST = TenantId("ouest"), TenantId("est")
NOW = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)
UID, WATCHER = Uid("2.25.9"), AETitle("WATCHER")
WHO = Actor(ActorKind.PERSON, "lecteur")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def workitems(request: pytest.FixtureRequest) -> SqlWorkitems:
    return SqlWorkitems(request.getfixturevalue(f"{request.param}_database"))


def add(workitems: SqlWorkitems, uid: Uid = UID, tenant: TenantId = OUEST, **texts: str) -> None:
    workitems.add(perform.create(scheduled(**texts), uid=uid, tenant=tenant, now=NOW))


def claim(workitems: SqlWorkitems, transaction: Uid) -> State:
    verb = partial(
        perform.change_state, wanted=State.IN_PROGRESS, transaction=transaction, now=NOW
    )
    return workitems.change(UID, verb, tenant=OUEST).workitem.state


def test_what_is_kept_comes_back(workitems) -> None:
    add(workitems)
    claim(workitems, Uid("2.25.1"))

    held = workitems.workitem(UID, scope=Scope(WHO, frozenset({OUEST})))

    assert (held.state, held.transaction) == (State.IN_PROGRESS, Uid("2.25.1"))
    assert held.modified_at == NOW
    assert held.content.text(0x00100010) == "TEST-Léveillé^Aimée"
    assert held.content.items(0x00404018)[0].text(0x00080100) == "110005"


def test_of_many_who_claim_at_once_one_has_it(workitems) -> None:
    add(workitems)
    results: list[object] = []
    begin = threading.Barrier(6)

    def try_it(number: int) -> None:
        begin.wait(20)
        try:
            results.append(claim(workitems, Uid(f"2.25.{number}")))
        except ArchipelError as failure:
            results.append(type(failure))

    threads = [threading.Thread(target=try_it, args=(n,)) for n in range(1, 7)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)

    assert sorted(map(str, results)) == sorted(
        map(str, [State.IN_PROGRESS, *[AlreadyInProgress] * 5])
    )


def test_each_organisation_has_its_own(workitems) -> None:
    add(workitems)
    add(workitems, tenant=EST)
    with pytest.raises(WorkitemKnown):
        add(workitems)
    claim(workitems, Uid("2.25.1"))

    theirs = workitems.workitem(UID, scope=Scope(WHO, frozenset({EST})))

    assert theirs.state is State.SCHEDULED
    with pytest.raises(NoSuchWorkitem):
        workitems.workitem(UID, scope=Scope(WHO, frozenset({TenantId("nord")})))


def test_a_search_narrows_in_the_database_and_tests_every_key(workitems) -> None:
    add(workitems)
    add(workitems, Uid("2.25.10"), t00100020="TEST-0008")
    add(workitems, Uid("2.25.11"), EST)
    keys = [seek.key([0x00741000], "SCHEDULED"), seek.key([0x00404018, 0x00080100], "1100*")]
    scope = Scope(WHO, frozenset({OUEST}))

    both = workitems.search(keys, scope=scope, limit=9)
    one = workitems.search([*keys, seek.key([0x00100020], "TEST-0008")], scope=scope, limit=9)

    assert [item.uid for item in both] == [UID, Uid("2.25.10")]
    assert [item.uid for item in one] == [Uid("2.25.10")]


def test_reports_wait_in_order_and_go_when_they_were_taken(workitems) -> None:
    wish = Subscription(tenant=OUEST, subscriber=WATCHER, target=GLOBAL, lock=False)
    workitems.subscribe(wish, now=NOW)
    workitems.subscribe(wish, now=NOW)
    add(workitems)
    add(workitems, tenant=EST)
    claim(workitems, Uid("2.25.1"))

    waiting = workitems.waiting(WATCHER, tenant=OUEST)
    workitems.told([waiting[0].number], tenant=EST)
    still = workitems.waiting(WATCHER, tenant=OUEST)
    workitems.told([waiting[0].number], tenant=OUEST)

    assert len(waiting) == len(still) == 2
    assert [b"IN PROGRESS" in one.content for one in waiting] == [False, True]
    assert workitems.waiting(WATCHER, tenant=OUEST) == waiting[1:]
    assert workitems.waiting(WATCHER, tenant=EST) == []
