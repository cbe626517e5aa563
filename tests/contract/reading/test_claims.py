"""Leases: one reader at a time, whatever the race; expiry, taking over, a lost lease."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from archipel.access.model import Action
from archipel.kernel.errors import Malformed, NotFound
from archipel.reading.claim import Desk, claim, release, renew, take_over
from archipel.reading.errors import ClaimHeld, ClaimLost
from archipel.reading.model import LEASE, Reader
from archipel.testing.memory_reading import OpenGate


@pytest.fixture
def desk(room, north, audit):
    return Desk(exams=room.exams, claims=room.claims, audit=audit, scope=north, gate=OpenGate())


@pytest.fixture
def this(room, exam):
    one = exam()
    room.given(one)
    return one.id


def test_a_claim_is_a_lease_of_fifteen_minutes(this, desk, reader, now):
    lease = claim(this, reader, desk=desk, now=now)

    assert (lease.reader, lease.since, lease.until, lease.fence) == (reader, now, now + LEASE, 1)
    assert desk.claims.latest(this, scope=desk.scope) == lease


def test_of_two_claimants_one_wins_and_the_other_is_told_who(this, desk, reader, other, now):
    claim(this, reader, desk=desk, now=now)

    with pytest.raises(ClaimHeld) as refused:
        claim(this, other, desk=desk, now=now + timedelta(minutes=14, seconds=59))

    assert refused.value.claim.reader == reader


def test_of_many_claimants_at_once_exactly_one_wins(this, desk, north, now):
    readers = [Reader(login=f"r{n}", name=f"TEST-{n}", tenant=this.tenant) for n in range(8)]

    def attempt(one):
        try:
            return claim(this, one, desk=desk, now=now)
        except ClaimHeld as held:
            return held.claim

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(attempt, readers))

    assert len({lease.reader.login for lease in seen}) == 1
    assert {lease.fence for lease in seen} == {1}


def test_claiming_again_renews_the_own_lease(this, desk, reader, now):
    first = claim(this, reader, desk=desk, now=now)
    later = now + timedelta(minutes=10)

    again = claim(this, reader, desk=desk, now=later)

    assert again == replace(first, until=later + LEASE)


def test_a_lease_that_ran_out_is_free_and_the_fence_grows(this, desk, reader, other, now):
    claim(this, reader, desk=desk, now=now)

    lease = claim(this, other, desk=desk, now=now + LEASE)

    assert (lease.reader, lease.fence) == (other, 2)


def test_a_heartbeat_prolongs_the_lease(this, desk, reader, now):
    lease = claim(this, reader, desk=desk, now=now)
    later = now + timedelta(minutes=14)

    renewed = renew(this, reader, lease.fence, desk=desk, now=later)

    assert renewed.until == later + LEASE
    assert renewed.since == now


def test_a_heartbeat_of_a_lease_that_ran_out_is_refused(this, desk, reader, now):
    lease = claim(this, reader, desk=desk, now=now)

    with pytest.raises(ClaimLost):
        renew(this, reader, lease.fence, desk=desk, now=now + LEASE)


def test_a_heartbeat_after_taking_over_is_refused_and_says_who(this, desk, reader, other, now):
    lease = claim(this, reader, desk=desk, now=now)
    taken = take_over(this, other, reason="urgent", desk=desk, now=now + timedelta(minutes=1))

    with pytest.raises(ClaimLost) as lost:
        renew(this, reader, lease.fence, desk=desk, now=now + timedelta(minutes=2))

    assert lost.value.claim == taken
    assert (taken.reader, taken.fence, taken.reason) == (other, 2, "urgent")


def test_an_old_fence_does_not_renew_a_later_lease_of_the_same_reader(this, desk, reader, now):
    old = claim(this, reader, desk=desk, now=now)
    claim(this, reader, desk=desk, now=now + LEASE)

    with pytest.raises(ClaimLost):
        renew(this, reader, old.fence, desk=desk, now=now + LEASE)


def test_taking_over_asks_a_reason_and_is_audited(this, desk, audit, reader, other, now):
    claim(this, reader, desk=desk, now=now)

    with pytest.raises(Malformed):
        take_over(this, other, reason="  ", desk=desk, now=now)
    take_over(this, other, reason="TEST-BALISIER is waiting", desk=desk, now=now)

    rows = [row.entry for row in audit.rows if row.entry.action is Action.CHANGE]
    assert len(rows) == 1
    assert rows[0].subject == str(this.study)
    assert "BALISIER" not in rows[0].detail


def test_taking_over_a_free_exam_is_claiming(this, desk, audit, reader, now):
    lease = take_over(this, reader, reason="free", desk=desk, now=now)

    assert lease.fence == 1
    assert len(audit.rows) == 0


def test_a_released_exam_is_free_at_once(this, desk, reader, other, now):
    lease = claim(this, reader, desk=desk, now=now)
    later = now + timedelta(minutes=1)

    release(this, reader, lease.fence, desk=desk, now=later)

    assert claim(this, other, desk=desk, now=later).fence == 2


def test_releasing_a_lost_lease_leaves_the_other_reader_alone(this, desk, reader, other, now):
    lease = claim(this, reader, desk=desk, now=now)
    taken = take_over(this, other, reason="urgent", desk=desk, now=now)

    release(this, reader, lease.fence, desk=desk, now=now)

    assert desk.claims.latest(this, scope=desk.scope) == taken


def test_changing_hands_is_told_and_renewing_is_not(this, room, desk, reader, other, now):
    start = room.changes.last_position()
    lease = claim(this, reader, desk=desk, now=now)
    renew(this, reader, lease.fence, desk=desk, now=now + timedelta(minutes=1))
    release(this, reader, lease.fence, desk=desk, now=now + timedelta(minutes=2))

    changes, _ = room.changes.after(start, limit=10)

    assert [change.kind for change in changes] == ["reading.ClaimChanged"] * 2


def test_nobody_claims_out_of_scope(this, room, audit, south, reader, now):
    desk = Desk(exams=room.exams, claims=room.claims, audit=audit, scope=south, gate=OpenGate())

    for attempt in (
        lambda: claim(this, reader, desk=desk, now=now),
        lambda: take_over(this, reader, reason="x", desk=desk, now=now),
        lambda: renew(this, reader, 1, desk=desk, now=now),
        lambda: release(this, reader, 1, desk=desk, now=now),
    ):
        with pytest.raises(NotFound):
            attempt()
