"""How long a reader sees what they were asked to read, and what they may take in a cut."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import insert
from tests.unit.stores_sql.test_requests import (
    CITY,
    CITY_READER,
    DOCTOR,
    EXAM,
    LYON,
    NOW,
    WEST,
    Island,
    asked,
    scope,
)

from archipel.archive.model import Query, StudyKey
from archipel.exchange.schedule import TransferClass
from archipel.exchange.transfer import Transfer, TransferState
from archipel.kernel.hierarchy import Level
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.reading.errors import ClaimHeldElsewhere, ClaimNeedsLine
from archipel.reading.model import ExamId, Filters, SavedList, Urgency
from archipel.reading.request import lifecycle
from archipel.reading.request.body import new_request_id, written
from archipel.reading.request.ending import withdraw
from archipel.reading.request.island import Island as IslandRule
from archipel.reading.request.model import Agreement, Information, RequestId, Site, Stage
from archipel.reading.request.model import Level as Rung
from archipel.reading.request.ports import Telling
from archipel.stores.sql.archive.query import SqlCatalogue
from archipel.stores.sql.following.lending import share
from archipel.stores.sql.reading_exams import SqlExams
from archipel.stores.sql.schema.transfers import transfer
from archipel.stores.sql.transfer_rows import values_of
from archipel.testing.exams import drawing, hold


@pytest.fixture
def islands(tmp_path: Path) -> Iterator[tuple[Island, Island, Island]]:
    made = [Island(name, tmp_path / f"{name}.db") for name in ("gy", "mq", "fr")]
    yield made[0], made[1], made[2]
    for one in made:
        one.database.close()


def seen(island: Island, tenant: TenantId) -> set[str]:
    """Return the exams an organisation sees on a node, as each list and door says; they agree."""
    held = SqlExams(island.database).page(
        Filters(saved_list=SavedList.ALL), scope=scope(tenant), now=NOW
    )
    listed = {str(one.id.study) for one in held.exams}
    found = SqlCatalogue(island.database).find(
        Level.STUDY, Query(matching={}), scope=scope(tenant)
    )
    assert {one.attributes[0x0020000D] for one in found} == listed
    return listed


def sharing(island: Island) -> None:
    """Hold the exam and its prior on a node, shared with both who may read."""
    draw = drawing(WEST, now=NOW)
    for study in ("1.2.3", "1.2.2"):
        hold(island.database, draw(study=study), [CITY, LYON])


def declines(island: Island, request: RequestId) -> None:
    told = Telling(kind=lifecycle.DECLINED, body={"text": "plein"}, login="x", at=NOW)
    island.requests.tell(request, told, scope=scope(CITY))


def cancels(island: Island, request: RequestId) -> None:
    told = Telling(kind=lifecycle.CANCELLED, body={"text": "erreur"}, login="x", at=NOW)
    island.requests.tell(request, told, scope=scope(WEST))


def test_a_declined_request_takes_the_exam_and_its_prior_back_at_once_on_every_node(
    islands: tuple[Island, Island, Island],
) -> None:
    gy, mq, fr = islands
    for island in (gy, mq, fr):
        sharing(island)
    request = asked(gy)
    mq.hear(gy)
    fr.hear(gy)
    assert seen(mq, CITY) == {"1.2.3", "1.2.2"}

    declines(mq, request)
    assert seen(mq, CITY) == set()  # in the very transaction
    gy.hear(mq)
    fr.hear(gy)
    assert (seen(gy, CITY), seen(fr, LYON)) == (set(), set())
    assert seen(gy, WEST) == {"1.2.3", "1.2.2"}  # who asked keeps their own
    assert not gy.of(WEST, request).grants


def test_what_another_request_or_an_own_fetch_lets_see_stays(
    islands: tuple[Island, Island, Island],
) -> None:
    gy, mq, _fr = islands
    sharing(mq)
    first = asked(gy, id=new_request_id("gy", now=NOW))
    asked(gy, exam=ExamId(WEST, Uid("1.2.2")), priors=())
    mq.hear(gy)
    cancels(gy, first)
    mq.hear(gy)
    assert seen(mq, CITY) == {"1.2.2"}

    again = asked(gy)
    mq.hear(gy)
    sharing_again(mq)
    fetched = Transfer(
        id="f" * 32,
        key=StudyKey(WEST, Uid("1.2.3")),
        from_node="gy",
        wanted_by=CITY,
        of_class=TransferClass.ROUTINE,
        reason="j.letchimy",
        state=TransferState.PUBLISHED,
        wanted_at=NOW,
        changed_at=NOW,
    )
    with mq.database.write() as connection:
        connection.execute(insert(transfer), values_of(fetched))
    cancels(gy, again)
    mq.hear(gy)
    assert seen(mq, CITY) == {"1.2.3", "1.2.2"}


def sharing_again(island: Island) -> None:
    for study in ("1.2.3", "1.2.2"):
        share(island.database, Uid(study), tenant=WEST, to=CITY)


def acknowledged(gy: Island, mq: Island) -> RequestId:
    """Have one read to its end."""
    request = asked(gy)
    mq.hear(gy)
    mq.claims(CITY_READER, 1)
    gy.hear(mq)
    mq.signs(CITY_READER, 1, request)
    gy.hear(mq)
    told = Telling(kind=lifecycle.ACKNOWLEDGED, body={"by": written(DOCTOR)}, login="x", at=NOW)
    gy.requests.tell(request, told, scope=scope(WEST))
    mq.hear(gy)
    return request


@pytest.mark.parametrize(("ends", "kept"), [(None, True), (NOW, False)])
def test_when_an_agreement_has_ended_answered_exams_are_taken_back_and_open_ones_go_on(
    islands: tuple[Island, Island, Island], ends: datetime | None, kept: bool
) -> None:
    gy, mq, _fr = islands
    for island in (gy, mq):
        sharing(island)
    answered = acknowledged(gy, mq)
    waiting = asked(gy, exam=ExamId(WEST, Uid("1.2.2")), priors=())
    mq.hear(gy)
    agreement = Agreement(
        key="mq",
        asking=WEST,
        partner=Site(CITY, "mq", "renamed"),
        level=Rung.REGION,
        ends=ends,
    )
    ended = withdraw(WEST, [agreement], room=gy.requests, node="gy", now=NOW)
    assert ended == (0 if kept else 1)
    mq.hear(gy)
    assert gy.of(WEST, answered).grants is kept
    assert mq.of(CITY, answered).stage is Stage.ACKNOWLEDGED
    assert seen(mq, CITY) == ({"1.2.3", "1.2.2"} if kept else {"1.2.2"})
    assert mq.of(CITY, waiting).grants
    assert withdraw(WEST, [agreement], room=gy.requests, node="gy", now=NOW) == 0


def test_a_claim_that_was_taken_without_the_line_says_so_on_every_node(
    islands: tuple[Island, Island, Island],
) -> None:
    gy, mq, _fr = islands
    request = asked(gy)
    mq.hear(gy)
    mq.lines.cut.add("gy")
    mq.claims(CITY_READER, 1)
    gy.hear(mq)
    mq.lines.cut.clear()
    for held in (gy.of(WEST, request), mq.of(CITY, request)):
        assert held.claim is not None
        assert held.claim.alone


@pytest.mark.parametrize("urgency", Urgency)
@pytest.mark.parametrize("cut", [True, False])
def test_what_can_wait_is_not_claimed_in_a_cut_and_all_else_is(
    islands: tuple[Island, Island, Island], urgency: Urgency, cut: bool
) -> None:
    gy, mq, _fr = islands
    for island in (gy, mq):
        sharing(island)
    asked(gy, urgency=urgency, information=Information.CONSENTED)
    mq.hear(gy)
    for island in (gy, mq):
        island.lines.cut |= {"gy", "mq"} - {island.name} if cut else set()

    def admitted(island: Island, tenant: TenantId, *, routine_alone: bool = False) -> bool:
        gate = IslandRule(
            node=island.name,
            requests=island.requests,
            travel=island.lines,
            routine_alone=routine_alone,
        )
        try:
            gate.admit(EXAM, taking_over=False, scope=scope(tenant))
        except ClaimNeedsLine:
            return False
        return True

    assert admitted(mq, CITY) is (not cut or urgency <= Urgency.URGENT)
    assert admitted(mq, CITY, routine_alone=True)
    assert admitted(gy, WEST)  # home is here


def test_what_is_read_on_another_node_is_taken_over_with_a_reason_alone(
    islands: tuple[Island, Island, Island],
) -> None:
    gy, mq, fr = islands
    request = asked(gy)
    for island in (mq, fr):
        island.hear(gy)
    mq.claims(CITY_READER, 1)
    gy.hear(mq)
    fr.hear(gy)

    def gate(island: Island) -> IslandRule:
        return IslandRule(
            node=island.name,
            requests=island.requests,
            travel=island.lines,
            routine_alone=False,
        )

    for island, tenant in ((gy, WEST), (fr, LYON)):
        with pytest.raises(ClaimHeldElsewhere) as refused:
            gate(island).admit(EXAM, taking_over=False, scope=scope(tenant))
        assert refused.value.claim.reader == CITY_READER
        gate(island).admit(EXAM, taking_over=True, scope=scope(tenant))
    gate(mq).admit(EXAM, taking_over=False, scope=scope(CITY))  # its own leases judge there
    mq.signs(CITY_READER, 1, request)
    gy.hear(mq)
    gate(gy).admit(EXAM, taking_over=False, scope=scope(WEST))
