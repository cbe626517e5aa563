"""`archive.ports.Index`: one suite for the index in memory, on SQLite and on PostgreSQL."""

from datetime import timedelta

import pytest

from archipel.archive.completion import complete_quiet
from archipel.archive.ingest import Outcome, ingest
from archipel.archive.model import Batch, Series, SeriesKey, Study, StudyKey
from archipel.archive.ports import Index
from archipel.kernel.identifiers import TenantId
from archipel.stores.sql.archive.writer import SqlIndex
from archipel.testing.memory_index import MemoryIndex
from archipel.testing.receipts import (
    Sent,
    batch,
    instance_uid,
    later,
    receipt,
    series_uid,
    study_uid,
)

OUEST, EST = TenantId("ouest"), TenantId("est")
STUDY = StudyKey(OUEST, study_uid(1))
SERIES = SeriesKey(OUEST, study_uid(1), series_uid(1, 1))


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def index(request: pytest.FixtureRequest) -> Index:
    if request.param == "memory":
        return MemoryIndex()
    return SqlIndex(request.getfixturevalue(f"{request.param}_database"))


def take(index: Index, *batches: Batch, at: float = 0.0) -> Outcome:
    with index.transaction() as transaction:
        return ingest(batches, index=transaction, now=later(at))


def study_of(index: Index, key: StudyKey = STUDY) -> Study | None:
    with index.transaction() as transaction:
        return transaction.studies([key]).get(key)


def series_of(index: Index, key: SeriesKey = SERIES) -> Series | None:
    with index.transaction() as transaction:
        return transaction.series([key]).get(key)


def test_what_was_written_is_known(index: Index) -> None:
    take(index, batch(1, [Sent(), Sent(instance=2), Sent(series=2, at=later(9))]))

    study, series = study_of(index), series_of(index)

    assert study is not None
    assert (study.series, study.instances, study.modalities) == (2, 3, {"CT"})
    assert study.patient.value == "P1"
    assert study.patient.issuer.namespace == "ouest-ids"
    assert study.accession is not None
    assert study.accession.value == "ACC1"
    assert study.attributes[0x00100010] == "TEST-MARTIN^LÉA1"
    assert (study.received_first, study.received_last) == (later(0), later(9))
    assert series is not None
    assert (series.instances, series.generation, series.sealed) == (2, 1, False)
    assert {uid.value for uid in series.sop_classes} == {"1.2.840.10008.5.1.4.1.1.2"}


def test_another_organisation_knows_nothing_of_it(index: Index) -> None:
    take(index, batch(1, [Sent()]))

    assert study_of(index, StudyKey(EST, study_uid(1))) is None
    assert series_of(index, SeriesKey(EST, study_uid(1), series_uid(1, 1))) is None
    with index.transaction() as transaction:
        assert transaction.digests([(EST, instance_uid(1, 1, 1))]) == {}


def test_a_series_uid_may_stand_in_two_studies(index: Index) -> None:
    series = ((0x0020000E, series_uid(1, 1).value),)

    take(index, batch(1, [Sent(), Sent(study=2, header=series)]))

    other = SeriesKey(OUEST, study_uid(2), series_uid(1, 1))
    assert series_of(index) is not None
    assert series_of(index, other) is not None


def test_digests_tell_what_is_held(index: Index) -> None:
    take(index, batch(1, [Sent()]))

    with index.transaction() as transaction:
        held = transaction.digests(
            [(OUEST, instance_uid(1, 1, 1)), (OUEST, instance_uid(1, 1, 2))]
        )

    assert held == {(OUEST, instance_uid(1, 1, 1)): receipt(Sent()).digest}


def test_a_transaction_that_fails_leaves_no_trace(index: Index) -> None:
    with pytest.raises(ZeroDivisionError), index.transaction() as transaction:
        ingest([batch(1, [Sent()])], index=transaction, now=later(0))
        raise ZeroDivisionError

    assert study_of(index) is None
    with index.transaction() as transaction:
        assert transaction.applied([1]) == {}


def test_records_applied_before_are_passed_over(index: Index) -> None:
    first = batch(1, [Sent(), Sent(content="other")])
    take(index, first)
    study = study_of(index)

    outcome = take(index, first, batch(1, [Sent(instance=2)], first=2), at=0.1)

    assert outcome == Outcome(stored=1, duplicates=0, quarantined=0, passed_over=2)
    again = study_of(index)
    assert study is not None
    assert again is not None
    assert again.instances == study.instances + 1
    with index.transaction() as transaction:
        assert transaction.applied([1, 2]) == {1: batch(1, [Sent()], first=2).end}


def test_a_duplicate_and_other_bytes_are_told_apart_in_later_transactions(index: Index) -> None:
    take(index, batch(1, [Sent()]))

    outcome = take(index, batch(2, [Sent(), Sent(content="other")]))

    assert (outcome.duplicates, outcome.quarantined) == (1, 1)


def test_receptions_are_heard_of(index: Index) -> None:
    take(index, batch(1, [Sent()]))

    with index.transaction() as transaction:
        transaction.studies([STUDY])
        heard = transaction.heard([(STUDY, "a1"), (STUDY, "a2")])

    assert set(heard) == {(STUDY, "a1")}


def test_quiet_studies_complete_and_late_ones_open_again(index: Index) -> None:
    quiet = timedelta(seconds=60)
    take(index, batch(1, [Sent(), Sent(study=2, at=later(30))]))

    with index.transaction() as transaction:
        assert complete_quiet(index=transaction, quiet=quiet, now=later(60)) == 1
    completed = study_of(index)
    take(index, batch(1, [Sent(instance=2, at=later(70))], first=2), at=70)
    opened = study_of(index)

    assert completed is not None
    assert completed.completed_at == later(60)
    assert opened is not None
    assert opened.completed_at is None


def test_studies_of_one_identifier_are_one_persons(index: Index) -> None:
    same, other = ((0x00100020, "P1"),), ((0x00100020, "P1"), (0x00100021, "ailleurs"))
    take(index, batch(1, [Sent(), Sent(study=2, header=same), Sent(study=3, header=other)]))

    one, two, three = (study_of(index, StudyKey(OUEST, study_uid(n))) for n in (1, 2, 3))

    assert one is not None
    assert two is not None
    assert three is not None
    assert one.person
    assert one.person == two.person
    assert three.person not in {None, one.person}
