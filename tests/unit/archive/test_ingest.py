"""What ingest decides (archipel.archive.ingest), on the index in memory."""

import pytest

from archipel.access.model import Action
from archipel.archive.events import DifferentBytesRefused, InstancesStored, SeriesReceived
from archipel.archive.ingest import Outcome, ingest
from archipel.archive.model import Batch, QuarantineReason, SeriesKey, StudyKey
from archipel.kernel.identifiers import TenantId
from archipel.testing.memory_index import MemoryIndex
from archipel.testing.receipts import (
    ABSENT,
    NOON,
    Sent,
    batch,
    instance_uid,
    later,
    series_uid,
    study_uid,
)

OUEST = TenantId("ouest")
STUDY = StudyKey(OUEST, study_uid(1))
SERIES = SeriesKey(OUEST, study_uid(1), series_uid(1, 1))


def take(index: MemoryIndex, *batches: Batch, at: float = 0.0) -> Outcome:
    with index.transaction() as transaction:
        return ingest(batches, index=transaction, now=later(at))


def test_instances_are_counted_in_their_series_and_study() -> None:
    index = MemoryIndex()

    outcome = take(index, batch(1, [Sent(instance=1), Sent(instance=2), Sent(series=2)]))

    assert outcome == Outcome(stored=3, duplicates=0, quarantined=0, passed_over=0)
    study = index.memory.studies[STUDY]
    assert (study.series, study.instances, study.modalities) == (2, 3, {"CT"})
    assert index.memory.series[SERIES].instances == 2
    assert index.memory.live == {1: 3}


def test_the_same_bytes_again_are_a_duplicate() -> None:
    index = MemoryIndex()
    take(index, batch(1, [Sent()]))

    outcome = take(index, batch(2, [Sent(), Sent()]))

    assert (outcome.stored, outcome.duplicates) == (0, 2)
    assert index.memory.studies[STUDY].instances == 1
    assert +index.memory.live == {1: 1}


def test_the_same_receipt_twice_in_one_batch_is_stored_once() -> None:
    index = MemoryIndex()

    outcome = take(index, batch(1, [Sent(), Sent()]))

    assert (outcome.stored, outcome.duplicates) == (1, 1)


def test_other_bytes_under_a_known_uid_are_set_aside_and_announced() -> None:
    index = MemoryIndex()
    take(index, batch(1, [Sent()]))
    kept = dict(index.memory.instances)

    outcome = take(index, batch(2, [Sent(content="other")]))

    assert outcome.quarantined == 1
    assert index.memory.instances == kept
    (aside,) = index.memory.quarantined
    assert aside.reason is QuarantineReason.OTHER_BYTES
    assert DifferentBytesRefused in {type(event) for event in index.memory.events}
    assert index.memory.audit[-1].action is Action.REFUSE
    assert index.memory.live[2] == 1  # the record stays the only copy of those bytes


def test_an_instance_that_belongs_nowhere_is_set_aside() -> None:
    index = MemoryIndex()

    outcome = take(index, batch(1, [Sent(header=((0x0020000D, ABSENT),)), Sent(instance=2)]))

    assert (outcome.stored, outcome.quarantined) == (1, 1)
    assert index.memory.quarantined[0].reason is QuarantineReason.UNPLACEABLE


def test_two_organisations_may_hold_the_same_uids() -> None:
    index = MemoryIndex()

    outcome = take(index, batch(1, [Sent(), Sent(tenant="est", content="other")]))

    assert outcome.stored == 2
    assert {key.tenant.value for key in index.memory.studies} == {"ouest", "est"}


def test_a_replayed_batch_changes_nothing() -> None:
    index = MemoryIndex()
    batches = [batch(1, [Sent(), Sent(content="other")]), batch(2, [Sent(instance=2)])]
    take(index, *batches)
    before = (dict(index.memory.studies), len(index.memory.quarantined), len(index.memory.audit))

    outcome = take(index, *batches, at=5)

    assert outcome == Outcome(stored=0, duplicates=0, quarantined=0, passed_over=3)
    assert (
        dict(index.memory.studies),
        len(index.memory.quarantined),
        len(index.memory.audit),
    ) == before


def test_the_first_attributes_stay_and_what_differs_is_noted_once() -> None:
    index = MemoryIndex()
    other_name = ((0x00100010, "TEST-AUTRE^NOM"),)

    take(index, batch(1, [Sent(), *(Sent(instance=n, header=other_name) for n in (2, 3))]))

    assert index.memory.studies[STUDY].attributes[0x00100010] == "TEST-MARTIN^LÉA1"
    (conflict,) = index.memory.conflicts.values()
    assert (conflict.held, conflict.offered) == ("TEST-MARTIN^LÉA1", "TEST-AUTRE^NOM")


def test_trailing_delimiters_of_a_name_are_no_conflict() -> None:
    index = MemoryIndex()

    take(index, batch(1, [Sent(), Sent(instance=2, header=((0x00100010, "TEST-MARTIN^LÉA1^^"),))]))

    assert index.memory.conflicts == {}


@pytest.mark.parametrize(
    ("tag", "held", "offered"),
    [
        (0x00080030, "173500", "173500.000000"),
        (0x00080030, "1735", "17:35:00"),
        (0x00080020, "20261124", "2026.11.24"),
        (0x00081030, "TEST-THORAX", " TEST-THORAX"),
    ],
)
def test_the_same_value_written_otherwise_is_no_conflict(
    tag: int, held: str, offered: str
) -> None:
    index = MemoryIndex()

    take(
        index,
        batch(1, [Sent(header=((tag, held),)), Sent(instance=2, header=((tag, offered),))]),
    )

    assert index.memory.studies[STUDY].attributes[tag] == held
    assert index.memory.conflicts == {}


def test_another_time_is_a_conflict() -> None:
    index = MemoryIndex()
    later = ((0x00080030, "100000.5"),)

    take(index, batch(1, [Sent(header=((0x00080030, "100000"),)), Sent(instance=2, header=later)]))

    assert [one.offered for one in index.memory.conflicts.values()] == ["100000.5"]


def test_a_later_instance_fills_what_was_absent() -> None:
    index = MemoryIndex()
    bare = ((0x00081030, ABSENT), (0x00080050, ""))

    take(index, batch(1, [Sent(header=bare)]))
    take(index, batch(1, [Sent(instance=2)], first=1))

    study = index.memory.studies[STUDY]
    assert study.attributes[0x00081030] == "TEST-THORAX"
    assert study.accession is not None
    assert index.memory.conflicts == {}


def test_a_series_asks_to_be_sealed_once_while_it_is_open() -> None:
    index = MemoryIndex()

    take(index, batch(1, [Sent()]))
    take(index, batch(1, [Sent(instance=2)], first=1))

    received = [e for e in index.memory.events if isinstance(e, SeriesReceived)]
    assert [(e.study, e.series) for e in received] == [(study_uid(1), series_uid(1, 1))]
    assert index.memory.series[SERIES].generation == 2


def test_an_arriving_study_is_told_of_at_most_once_a_second() -> None:
    index = MemoryIndex()

    take(index, batch(1, [Sent()]), at=0)
    take(index, batch(1, [Sent(instance=2)], first=1), at=0.4)
    take(index, batch(1, [Sent(instance=3)], first=2), at=1.2)

    told = [e.instances for e in index.memory.events if isinstance(e, InstancesStored)]
    assert told == [1, 2]


def test_an_association_is_audited_once_for_each_study() -> None:
    index = MemoryIndex()

    take(index, batch(1, [Sent(), Sent(study=2)]))
    take(index, batch(1, [Sent(instance=2), Sent(instance=3, association="a2")], first=2))

    received = [row for row in index.memory.audit if row.action is Action.RECEIVE]
    assert [(row.subject, row.detail) for row in received] == [
        (study_uid(1).value, "association a1"),
        (study_uid(2).value, "association a1"),
        (study_uid(1).value, "association a2"),
    ]
    assert all("MARTIN" not in row.detail for row in received)


def test_what_was_sent_under_another_uid_than_its_own_is_set_aside() -> None:
    index = MemoryIndex()
    other = ((0x00080018, instance_uid(9, 9, 9).value),)

    take(index, batch(1, [Sent(header=other)]))

    assert "was sent as" in index.memory.quarantined[0].detail
    assert later(0) == NOON
