"""Lists of exams: what each holds, in which order, for whom."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.errors import Malformed, NotFound
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.reading.claim import Desk, claim
from archipel.reading.events import DraftSaved, UrgencySet
from archipel.reading.model import (
    Draft,
    ExamId,
    Filters,
    Reader,
    ReportHead,
    SavedList,
    Section,
    SectionCode,
    SeriesSummary,
    Status,
    Urgency,
)
from archipel.standards.dicom.matching import normalise_name
from archipel.testing.memory_reading import OpenGate


def to_read(**said):
    return Filters(saved_list=SavedList.TO_READ, login="letchimy", **said)


def names(page):
    return [str(exam.id.study) for exam in page.exams]


def write_draft(room, exam, reader, scope, now):
    head = ReportHead(version=1, author=reader, saved_at=now)
    fact = DraftSaved(
        tenant=exam.id.tenant, at=now, study=exam.id.study, version=1, login=reader.login
    )
    draft = Draft(head=head, sections=(Section(code=SectionCode.FINDINGS),))
    assert room.drafts.save(exam.id, draft, over=0, fact=fact, scope=scope)


def claimed(room, exam, reader, scope, now, audit):
    desk = Desk(exams=room.exams, claims=room.claims, audit=audit, scope=scope, gate=OpenGate())
    return claim(exam.id, reader, desk=desk, now=now)


def test_the_list_to_read_is_by_urgency_then_by_waiting(room, exam, north, now):
    first, second, third = exam(), exam(urgency=Urgency.STAT), exam(urgency=Urgency.URGENT)
    fourth = exam(urgency=Urgency.STAT, arrived_at=now - timedelta(minutes=5))
    for one in (first, second, third, fourth):
        room.given(one)

    page = room.exams.page(to_read(), scope=north, now=now)

    assert names(page) == [str(e.id.study) for e in (second, fourth, third, first)]


def test_the_other_lists_show_the_last_arrival_first(room, exam, north, now):
    old, young = exam(), exam()
    room.given(young)
    room.given(old)

    page = room.exams.page(Filters(saved_list=SavedList.ALL), scope=north, now=now)

    assert names(page) == [str(young.id.study), str(old.id.study)]


@pytest.mark.parametrize("saved_list", [SavedList.TO_READ, SavedList.ALL])
def test_pages_follow_each_other_without_gap_or_repetition(room, exam, north, now, saved_list):
    for number in range(7):
        room.given(exam(urgency=Urgency(number % 3 + 1)))
    whole = room.exams.page(Filters(saved_list=saved_list), scope=north, now=now)

    seen, after = [], None
    for _ in range(4):
        page = room.exams.page(
            Filters(saved_list=saved_list), scope=north, now=now, after=after, limit=2
        )
        seen += names(page)
        after = page.after

    assert after is None
    assert seen == names(whole)
    assert (whole.total, whole.hidden) == (7, 0)


@pytest.mark.parametrize("cursor", ["x", "W10", "eyJhIjoxfQ", "é", "99"])
def test_a_false_cursor_is_refused(room, exam, north, now, cursor):
    room.given(exam())

    with pytest.raises(Malformed):
        room.exams.page(to_read(), scope=north, now=now, after=cursor)


def test_what_was_sent_as_history_is_not_to_be_read(room, exam, north, now):
    fresh, undated = exam(), exam(studied=None)
    prior = exam(studied=datetime(2024, 3, 1, 8, 0))  # noqa: DTZ001  (local, as DICOM says)
    for one in (fresh, undated, prior):
        room.given(one)

    listed = names(room.exams.page(to_read(), scope=north, now=now))
    every = room.exams.page(Filters(), scope=north, now=now)

    assert listed == [str(fresh.id.study), str(undated.id.study)]
    assert every.total == 3


def test_an_exam_with_a_draft_leaves_the_list_to_read(room, exam, north, now, reader):
    one = exam()
    room.given(one)
    write_draft(room, one, reader, north, now)

    drafts = Filters(saved_list=SavedList.DRAFTS, login=reader.login)

    assert room.exams.page(to_read(), scope=north, now=now).total == 0
    assert names(room.exams.page(drafts, scope=north, now=now)) == [str(one.id.study)]
    assert room.exams.page(replace(drafts, login="zobda"), scope=north, now=now).total == 0


def test_a_running_lease_shows_and_an_ended_one_does_not(room, exam, north, now, reader, audit):
    one = exam()
    room.given(one)
    claimed(room, one, reader, north, now, audit)
    mine = Filters(saved_list=SavedList.MINE, login=reader.login)

    held = room.exams.exam(one.id, scope=north, now=now + timedelta(minutes=14))
    ended = room.exams.exam(one.id, scope=north, now=now + timedelta(minutes=16))

    assert (held.status, ended.status) == (Status.CLAIMED, Status.READY)
    assert held.claim is not None
    assert held.claim.reader == reader
    assert room.exams.page(mine, scope=north, now=now).total == 1
    assert room.exams.page(mine, scope=north, now=now + timedelta(hours=1)).total == 0


def test_every_filter_narrows_and_what_it_hides_is_counted(room, exam, north, now):
    ct = exam(name="TEST-HIBISCUS^Rose", patient_id="A-77", birth_date="19610203")
    mr = exam(modalities=("MR", "SR"), completed_at=None)
    old = exam(studied=datetime(2026, 11, 1, 8, 0), urgency=Urgency.URGENT)  # noqa: DTZ001
    for one in (ct, mr, old):
        room.given(one)

    def found(**said):
        page = room.exams.page(to_read(**said), scope=north, now=now)
        assert page.total + page.hidden == 3
        assert page.acquiring == 1
        return set(names(page))

    assert found(modalities=frozenset({"SR", "US"})) == {str(mr.id.study)}
    assert found(urgencies=frozenset({Urgency.URGENT})) == {str(old.id.study)}
    assert found(statuses=frozenset({Status.ACQUIRING})) == {str(mr.id.study)}
    assert found(first_day="20261102") == {str(ct.id.study), str(mr.id.study)}
    assert found(last_day="20261101") == {str(old.id.study)}
    assert found(sites=frozenset({TenantId("south")})) == set()
    assert found(text="hib") == {str(ct.id.study)}
    assert found(text="rosé hibisc") == {str(ct.id.study)}
    assert found(text="A-7") == {str(ct.id.study)}
    assert found(text="03/02/1961") == {str(ct.id.study)}
    assert found(text="a_77") == set()


def test_counts_say_what_the_pages_hold(room, exam, north, now, reader, audit):
    stat, drafted, prior = (
        exam(urgency=Urgency.STAT, completed_at=None),
        exam(arrived_at=now - timedelta(days=3)),
        exam(studied=datetime(2024, 3, 1, 8, 0)),  # noqa: DTZ001
    )
    for one in (stat, drafted, prior):
        room.given(one)
    write_draft(room, drafted, reader, north, now)

    before = room.exams.counts(reader.login, scope=north, now=now)
    claimed(room, stat, reader, north, now, audit)
    counts = room.exams.counts(reader.login, scope=north, now=now)

    assert (counts.stat, before.acquiring, counts.acquiring) == (1, 1, 0)
    for saved_list, figure in counts.lists.items():
        filters = Filters(saved_list=saved_list, login=reader.login)
        assert room.exams.page(filters, scope=north, now=now).total == figure
    assert counts.lists == {
        SavedList.TO_READ: 1,
        SavedList.MINE: 1,
        SavedList.DRAFTS: 1,
        SavedList.RECENT: 2,
        SavedList.ALL: 3,
    }


def test_nothing_counts_where_nothing_is_seen(room, exam, south, now):
    room.given(exam())

    counts = room.exams.counts("letchimy", scope=south, now=now)

    assert set(counts.lists.values()) == {0}
    assert (counts.stat, counts.acquiring) == (0, 0)


def test_priors_are_earlier_exams_of_the_same_person_within_scope(room, exam, north, south, now):
    earlier = exam(person="p1", studied=datetime(2025, 1, 1, 8), body_part="HEAD")  # noqa: DTZ001
    hidden = exam(person="p1", studied=datetime(2025, 2, 1, 8), tenant=TenantId("south"))  # noqa: DTZ001
    current = exam(person="p1")
    later = exam(person="p1", studied=datetime(2026, 11, 24, 10, 30))  # noqa: DTZ001
    stranger = exam(person="p2", studied=datetime(2025, 1, 1, 8))  # noqa: DTZ001
    for one in (earlier, hidden, current, later, stranger):
        room.given(one)

    marks = room.exams.exam(current.id, scope=north, now=now).priors
    others = room.exams.priors(current.id, scope=north, now=now)

    assert [(m.id, m.body_part) for m in marks] == [(earlier.id, "HEAD")]
    assert [o.id for o in others] == [later.id, earlier.id]


def test_while_identity_is_open_the_identifier_and_its_issuer_tell_priors(room, exam, north, now):
    earlier = exam(patient_id="7", studied=datetime(2025, 1, 1, 8))  # noqa: DTZ001
    elsewhere = exam(patient_id="7", issuer="clinic", studied=datetime(2025, 1, 1, 8))  # noqa: DTZ001
    current = exam(patient_id="7")
    for one in (earlier, elsewhere, current):
        room.given(one)

    found = room.exams.exam(current.id, scope=north, now=now)

    assert [mark.id for mark in found.priors] == [earlier.id]
    of_person = room.exams.of_person(found.person_key, scope=north, now=now)
    assert [one.id for one in of_person] == [current.id, earlier.id]


def test_a_shared_exam_is_seen_by_both_and_says_who_holds_it(room, exam, north, south, now):
    one = exam()
    room.given(one, shared_with=(TenantId("south"),))

    both = Scope(Actor(ActorKind.PERSON, "x"), north.tenants | south.tenants)

    assert room.exams.exam(one.id, scope=south, now=now).id == one.id
    assert room.exams.page(Filters(), scope=both, now=now).total == 1
    assert list(room.exams.holders(one.id, scope=both)) == ["north", "south"]
    assert list(room.exams.holders(one.id, scope=south)) == ["south"]
    assert room.changes.audience(one.id) == {"north", "south"}


def test_absent_and_hidden_are_the_same(room, exam, south, now, reader):
    one = exam(person="p1")
    room.given(one)
    absent = ExamId(one.id.tenant, Uid("1.2.3.999"))

    said = []
    for this in (one.id, absent):
        with pytest.raises(NotFound) as refused:
            room.exams.exam(this, scope=south, now=now)
        said.append(str(refused.value).replace(str(this), "-"))
        for refusing in (
            lambda this=this: room.exams.priors(this, scope=south, now=now),
            lambda this=this: room.claims.latest(this, scope=south),
            lambda this=this: room.drafts.current(this, scope=south),
            lambda this=this: room.drafts.versions(this, scope=south),
            lambda this=this: room.drafts.version(this, 1, scope=south),
        ):
            with pytest.raises(NotFound):
                refusing()

    assert said[0] == said[1]
    assert list(room.exams.series(one.id, scope=south)) == []
    assert list(room.exams.holders(one.id, scope=south)) == []
    assert list(room.exams.of_person("p1", scope=south, now=now)) == []
    assert list(room.exams.persons("balisier", scope=south, now=now, limit=9)) == []


def test_people_are_found_once_with_their_latest_exam(room, exam, north, now):
    old = exam(person="p1", studied=datetime(2025, 1, 1, 8))  # noqa: DTZ001
    new = exam(person="p1")
    other = exam(name="TEST-BALISIER^Guy", person="p2", studied=datetime(2020, 1, 1, 8))  # noqa: DTZ001
    for one in (old, new, other):
        room.given(one)

    found = room.exams.persons("test-balisier", scope=north, now=now, limit=9)

    assert [(one.latest.id, one.exams) for one in found] == [(new.id, 2), (other.id, 1)]
    assert len(room.exams.persons("balisier", scope=north, now=now, limit=1)) == 1
    assert [
        one.latest.id
        for one in room.exams.persons("balisier eleonore", scope=north, now=now, limit=9)
    ] == [new.id]
    assert normalise_name("Éléonore") == "ELEONORE"


def test_urgency_is_kept_and_told(room, exam, north, now):
    one = exam()
    room.given(one)
    start = room.changes.last_position()
    fact = UrgencySet(
        tenant=one.id.tenant, at=now, study=one.id.study, urgency="stat", login="letchimy"
    )

    room.exams.set_urgency(fact, Urgency.STAT, scope=north)
    room.exams.set_urgency(fact, Urgency.URGENT, scope=north)

    assert room.exams.exam(one.id, scope=north, now=now).urgency is Urgency.URGENT
    changes, reached = room.changes.after(start, limit=10)
    assert [(c.exam, c.kind) for c in changes] == [(one.id, "reading.UrgencySet")] * 2
    assert reached == room.changes.last_position() == changes[-1].position


def test_series_come_by_number(room, exam, north):
    one = exam()
    summaries = [
        SeriesSummary(
            series=Uid(f"1.2.3.4.{number}"),
            number=number,
            modality="CT",
            description=f"serie {number}",
            body_part="CHEST",
            instances=number,
        )
        for number in (1, 2, 10)
    ]
    room.given(one, series=summaries)

    assert list(room.exams.series(one.id, scope=north)) == summaries


def test_a_reader_of_another_organisation_may_claim_what_is_shared(room, exam, south, now, audit):
    one = exam()
    room.given(one, shared_with=(TenantId("south"),))
    guest = Reader(login="guest", name="Dr TEST-GUEST", tenant=TenantId("south"))

    lease = claimed(room, one, guest, south, now, audit)

    assert lease.reader == guest


def test_a_person_found_by_one_exam_counts_all_of_theirs(room, exam, north, now):
    for one in (exam(person="p1", name="TEST-BALISIER^Guy"), exam(person="p1", name="TEST-B^G")):
        room.given(one)

    (found,) = room.exams.persons("balisier", scope=north, now=now, limit=9)

    assert found.exams == 2


@pytest.mark.parametrize("text", ["p-77", "P-77", "19580414", "14/04/1958", "test", "test bal"])
def test_people_are_found_by_every_beginning(room, exam, north, now, text):
    room.given(exam(person="p1", patient_id="P-7700"))

    assert len(room.exams.persons(text, scope=north, now=now, limit=9)) == 1
    assert room.exams.persons(f"{text}zz", scope=north, now=now, limit=9) == []
