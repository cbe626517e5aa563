"""Facts are there if and only if the change is, in order, until all have read them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archipel.archive.events import SeriesReceived, StudyCompleted
from archipel.kernel.errors import Malformed
from archipel.kernel.events import Event
from archipel.kernel.identifiers import Issuer, PatientIdentifier, TenantId
from archipel.kernel.uid import Uid
from archipel.stores.sql import outbox
from archipel.stores.sql.session import Database

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WEST = TenantId("west")


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything(Event):
    """A fact with every kind of field that facts have."""

    patient: PatientIdentifier | None
    series: tuple[Uid, ...]
    count: int
    flag: bool
    digest: bytes


def _series(number: int) -> SeriesReceived:
    return SeriesReceived(tenant=WEST, at=NOW, study=Uid("1.2"), series=Uid(f"1.2.{number}"))


def test_a_fact_comes_back_as_it_was(database: Database) -> None:
    with database.write() as connection:
        outbox.announce(connection, _series(1))

    with database.read() as connection:
        (found,) = outbox.after(connection, 0, limit=10)
    assert found.event() == _series(1)
    assert found.kind == "archive.SeriesReceived"


@given(
    st.datetimes(timezones=st.just(UTC)),
    st.none() | st.builds(PatientIdentifier, st.text(), st.builds(Issuer, st.text())),
    st.lists(st.integers(0, 10**9).map(lambda n: Uid(f"1.2.{n}"))).map(tuple),
    st.integers(-(2**53), 2**53),
    st.booleans(),
    st.binary(),
)
def test_every_fact_survives_the_outbox(at, patient, series, count, flag, digest) -> None:
    fact = Everything(
        tenant=WEST, at=at, patient=patient, series=series, count=count, flag=flag, digest=digest
    )

    assert outbox.decode(outbox.kind_of(Everything), outbox.encode(fact)) == fact


def test_an_unknown_kind_is_malformed() -> None:
    with pytest.raises(Malformed, match="no such kind"):
        outbox.decode("archive.NeverHeardOf", {})


def test_a_damaged_fact_is_malformed() -> None:
    with pytest.raises(Malformed):
        outbox.decode("archive.SeriesReceived", {"tenant": {"value": "NOT A KEY"}})


def test_a_rolled_back_change_announces_nothing(database: Database) -> None:
    with pytest.raises(KeyError), database.write() as connection:
        outbox.announce(connection, _series(1))
        raise KeyError

    with database.read() as connection:
        assert outbox.after(connection, 0, limit=10) == []


def test_a_subscriber_reads_on_from_its_position(database: Database) -> None:
    with database.write() as connection:
        places = [outbox.announce(connection, _series(n)) for n in range(5)]
        outbox.advance(connection, "seal", places[2])
        outbox.advance(connection, "seal", places[1])  # never back

    with database.read() as connection:
        reached = outbox.position_of(connection, "seal")
        rest = [fact.position for fact in outbox.after(connection, reached, limit=10)]
    assert rest == places[3:]


def test_only_wanted_kinds_are_given(database: Database) -> None:
    with database.write() as connection:
        outbox.announce(connection, _series(1))
        outbox.announce(connection, StudyCompleted(tenant=WEST, at=NOW, study=Uid("1.2")))

    with database.read() as connection:
        found = outbox.after(connection, 0, limit=9, kinds=["archive.StudyCompleted"])
    assert [fact.kind for fact in found] == ["archive.StudyCompleted"]


def test_facts_are_swept_when_all_have_read_them_and_numbers_never_return(
    database: Database,
) -> None:
    with database.write() as connection:
        places = [outbox.announce(connection, _series(n)) for n in range(4)]
        outbox.advance(connection, "fast", places[3])
        outbox.advance(connection, "slow", places[1])

    with database.write() as connection:
        later = NOW + timedelta(days=30)
        assert outbox.sweep(connection, ["fast", "slow"], before=NOW) == 0
        assert outbox.sweep(connection, ["fast", "slow"], before=later) == 2
        outbox.advance(connection, "slow", places[3])
        assert outbox.sweep(connection, ["fast", "slow"], before=later) == 2
        assert outbox.announce(connection, _series(9)) > places[3]
