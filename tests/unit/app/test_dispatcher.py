"""What the dispatcher does with facts: in whatever queue, on a real database."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, event

from archipel.app.dispatcher import KEPT, Dispatcher, Subscription, pause_after
from archipel.archive.events import SeriesReceived, StudyCompleted
from archipel.kernel.errors import Malformed, NotFound, Unavailable
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.sql import outbox
from archipel.testing.memory_work import MemoryWork

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WEST = TenantId("west")


def series(number: int) -> SeriesReceived:
    return SeriesReceived(tenant=WEST, at=NOW, study=Uid("1.2"), series=Uid(f"1.2.{number}"))


class Subscriber:
    """Remembers what it was told; does what its script says at each call."""

    def __init__(self, *script) -> None:
        self.calls: list[tuple[object, datetime]] = []
        self.script = list(script)

    def __call__(self, event, *, now: datetime) -> timedelta | None:
        self.calls.append((event, now))
        act = self.script.pop(0) if self.script else None
        if isinstance(act, Exception):
            raise act
        return act


def build(database, *subscriptions: Subscription) -> tuple[Dispatcher, MemoryWork]:
    queue = MemoryWork(NOW)
    dispatcher = Dispatcher(database, subscriptions=subscriptions, clock=queue.clock)
    queue.deliver = dispatcher.deliver
    return dispatcher, queue


def announce(database, *facts) -> None:
    with database.write() as connection:
        for fact in facts:
            outbox.announce(connection, fact)


def dead(database) -> list[outbox.DeadLetter]:
    with database.read() as connection:
        return list(outbox.dead_letters(connection))


def test_each_subscriber_gets_its_kind_once_and_in_order(database) -> None:
    seal, count, other = Subscriber(), Subscriber(), Subscriber()
    dispatcher, queue = build(
        database,
        Subscription(SeriesReceived, "seal", seal, lane="seal"),
        Subscription(SeriesReceived, "count", count),
        Subscription(StudyCompleted, "other", other),
    )
    announce(database, *(series(n) for n in range(3)))

    assert dispatcher.relay(queue) == 6
    assert dispatcher.relay(queue) == 0
    queue.run(until=NOW)

    assert [event for event, _ in seal.calls] == [series(n) for n in range(3)]
    assert count.calls == seal.calls
    assert other.calls == []
    assert set(queue.lanes.values()) == {"seal", "facts"}


def test_while_nothing_is_announced_a_relay_is_one_question(sqlite_database) -> None:
    names = [f"s{n}" for n in range(8)]
    dispatcher, queue = build(
        sqlite_database, *(Subscription(SeriesReceived, name, Subscriber()) for name in names)
    )
    announce(sqlite_database, series(1))
    assert [dispatcher.relay(queue) for _ in range(2)] == [len(names), 0]
    asked: list[str] = []

    def hear(_connection, _cursor, statement: str, *_rest) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        assert dispatcher.relay(queue) == 0
    finally:
        event.remove(Engine, "before_cursor_execute", hear)
    assert len([statement for statement in asked if statement != "BEGIN"]) == 1
    announce(sqlite_database, series(2))
    assert dispatcher.relay(queue) == len(names)


def test_relaying_again_after_a_crash_delivers_nothing_twice(database) -> None:
    seal = Subscriber()
    dispatcher, queue = build(database, Subscription(SeriesReceived, "seal", seal))
    announce(database, series(1))
    dispatcher.relay(queue)
    with database.write() as connection:  # as if the position had not been moved
        connection.exec_driver_sql("DELETE FROM outbox_position")

    dispatcher.relay(queue)
    queue.run(until=NOW)

    assert len(seal.calls) == 1


def test_a_database_made_again_delivers_its_own_facts(database) -> None:
    seal = Subscriber()
    dispatcher, queue = build(database, Subscription(SeriesReceived, "seal", seal))
    announce(database, series(1))
    dispatcher.relay(queue)
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM outbox_position")
        connection.exec_driver_sql("DELETE FROM outbox_era")

    reborn, _ = build(database, Subscription(SeriesReceived, "seal", seal))
    reborn.relay(queue)

    assert len(queue.lanes) == 2


def test_not_yet_means_called_again_later(database) -> None:
    seal = Subscriber(timedelta(minutes=1), timedelta(seconds=30))
    dispatcher, queue = build(database, Subscription(SeriesReceived, "seal", seal))
    announce(database, series(1))

    dispatcher.relay(queue)
    queue.run(until=NOW + timedelta(hours=1))

    later = [NOW, NOW + timedelta(seconds=60), NOW + timedelta(seconds=90)]
    assert [now for _, now in seal.calls] == later


def test_a_failure_is_tried_again_later_and_later(database) -> None:
    flaky = Subscriber(Unavailable("away"), Unavailable("away"), Unavailable("away"))
    dispatcher, queue = build(database, Subscription(SeriesReceived, "send", flaky))
    announce(database, series(1))

    dispatcher.relay(queue)
    queue.run(until=NOW + timedelta(hours=1))

    assert [(now - NOW).total_seconds() for _, now in flaky.calls] == [0, 1, 3, 7]
    assert dead(database) == []


def test_what_keeps_failing_becomes_a_dead_letter_and_stops_nobody_else(database) -> None:
    broken, well = Subscriber(*[KeyError("TEST-NAME")] * 9), Subscriber()
    dispatcher, queue = build(
        database,
        Subscription(SeriesReceived, "broken", broken),
        Subscription(SeriesReceived, "well", well),
    )
    announce(database, series(1))

    dispatcher.relay(queue)
    queue.run(until=NOW + timedelta(days=1))

    (letter,) = dead(database)
    assert (letter.subscriber, letter.attempts, letter.reason) == ("broken", 4, "KeyError")
    assert len(well.calls) == 1


def test_an_outage_is_waited_for_longer_than_a_bug(database) -> None:
    away = Subscriber(*[Unavailable("the store is away")] * 30)
    dispatcher, queue = build(database, Subscription(SeriesReceived, "send", away))
    announce(database, series(1))

    dispatcher.relay(queue)
    queue.run(until=NOW + timedelta(hours=1))
    assert dead(database) == []
    queue.run(until=NOW + timedelta(days=1))

    (letter,) = dead(database)
    assert letter.reason == "the store is away"
    assert letter.at > NOW + timedelta(hours=2)


def test_a_dead_letter_can_be_revived(database) -> None:
    cured = Subscriber(*[Malformed("no")] * 4)
    dispatcher, queue = build(database, Subscription(SeriesReceived, "seal", cured))
    announce(database, series(1))
    dispatcher.relay(queue)
    queue.run(until=NOW + timedelta(days=1))
    (letter,) = dead(database)

    dispatcher.revive(letter.position, "seal", queue)
    queue.run(until=NOW + timedelta(days=2))

    assert len(cured.calls) == 5
    assert dead(database) == []
    with pytest.raises(NotFound):
        dispatcher.revive(letter.position, "seal", queue)


def test_a_fact_this_release_cannot_read_is_a_dead_letter(database) -> None:
    seal = Subscriber()
    dispatcher, queue = build(database, Subscription(SeriesReceived, "seal", seal))
    announce(database, series(1))
    with database.write() as connection:
        connection.exec_driver_sql("""UPDATE outbox SET body = '{"tenant": 1}'""")

    dispatcher.relay(queue)
    queue.run(until=NOW + timedelta(days=1))

    assert seal.calls == []
    assert "cannot be read" in dead(database)[0].reason


def test_facts_that_all_have_read_are_forgotten(database) -> None:
    dispatcher, queue = build(
        database,
        Subscription(SeriesReceived, "seal", Subscriber()),
        Subscription(StudyCompleted, "other", Subscriber()),
    )
    announce(database, series(1), series(2))
    dispatcher.relay(queue)

    queue.now = NOW + KEPT
    dispatcher.tidy(queue)
    with database.read() as connection:
        assert len(outbox.after(connection, 0, limit=9)) == 2
    queue.now += timedelta(seconds=1)
    dispatcher.tidy(queue)

    with database.read() as connection:
        assert outbox.after(connection, 0, limit=9) == []


def test_two_subscribers_have_two_names(database) -> None:
    twice = [Subscription(SeriesReceived, "seal", Subscriber())] * 2

    with pytest.raises(ValueError, match="one name"):
        Dispatcher(database, subscriptions=twice, clock=lambda: NOW)


def test_the_pause_grows_to_an_hour() -> None:
    assert [pause_after(n) for n in (1, 2, 3, 12, 13, 99)] == [1, 2, 4, 2048, 3600, 3600]
