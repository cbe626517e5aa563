"""Stuck work is seen in words, tried again when somebody asks, and every decision is audited."""

from datetime import timedelta

import pytest

from archipel.access.model import AuditQuery
from archipel.app.dispatcher import Dispatcher, Subscription
from archipel.app.operations.letters import Letters
from archipel.app.work import Delivery
from archipel.archive.events import SeriesReceived
from archipel.kernel.errors import ArchipelError, Malformed, NotFound, Unavailable
from archipel.kernel.uid import Uid
from archipel.stores.sql import outbox
from archipel.stores.sql.audit import SqlAudit
from archipel.testing.access_builders import EAST, NOW, WEST, scope_of
from archipel.testing.memory_work import MemoryWork


class Server:
    """A subscriber that sends to a server that is away until somebody mends it."""

    def __init__(self) -> None:
        self.down: ArchipelError | None = Malformed("the archive at pacs.exemple.fr says 0xA900")
        self.got: list[str] = []

    def __call__(self, event: SeriesReceived, *, now) -> None:  # noqa: ARG002  (as a handle is called)
        if self.down:
            raise self.down
        self.got.append(event.series.value)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def queue(sqlite_database, server) -> MemoryWork:
    queue = MemoryWork(NOW)
    dispatcher = Dispatcher(
        sqlite_database,
        subscriptions=[Subscription(SeriesReceived, "send", server)],
        clock=queue.clock,
    )
    queue.deliver, queue.dispatcher = dispatcher.deliver, dispatcher
    with sqlite_database.write() as connection:
        for tenant, series in ((WEST, "1.2.1"), (EAST, "1.2.2")):
            outbox.announce(
                connection,
                SeriesReceived(tenant=tenant, at=NOW, study=Uid("1.2"), series=Uid(series)),
            )
    dispatcher.relay(queue)
    queue.run(until=NOW + timedelta(days=1))
    return queue


@pytest.fixture
def letters(sqlite_database, queue) -> Letters:
    return Letters(sqlite_database, SqlAudit(sqlite_database), queue.clock, door="cli")


def test_what_failed_for_good_is_listed_in_words_to_its_own_organisation(letters, server) -> None:
    (mine,) = letters.listed(scope=scope_of(WEST))

    assert (mine.organisation, mine.study_instance_uid) == (WEST.value, "1.2")
    assert mine.reason == "the archive at pacs.exemple.fr says 0xA900"
    assert (mine.subscriber, mine.kind, mine.attempts) == ("send", "archive.SeriesReceived", 4)
    assert server.got == []


def test_once_healed_a_retry_does_it_and_the_letter_is_gone(letters, queue, server) -> None:
    (stuck,) = letters.listed(scope=scope_of(WEST))
    server.down = None

    letters.retry(stuck.id, scope=scope_of(WEST))
    assert letters.listed(scope=scope_of(WEST))[0].asked_at == queue.now
    assert queue.dispatcher.revive_asked(queue) == 1
    queue.run(until=queue.now + timedelta(minutes=1))

    assert server.got == ["1.2.1"]
    assert letters.listed(scope=scope_of(WEST)) == []
    assert queue.dispatcher.revive_asked(queue) == 0


def test_a_retry_that_fails_again_is_a_letter_nobody_asked_for(letters, queue, server) -> None:
    (stuck,) = letters.listed(scope=scope_of(WEST))
    server.down = Unavailable("pacs.exemple.fr does not answer")

    letters.retry(stuck.id, scope=scope_of(WEST))
    queue.dispatcher.revive_asked(queue)
    queue.run(until=queue.now + timedelta(days=2))

    (again,) = letters.listed(scope=scope_of(WEST))
    assert (again.id, again.reason) == (stuck.id, "pacs.exemple.fr does not answer")
    assert again.asked_at is None
    assert again.attempts > stuck.attempts


def test_what_is_dropped_is_gone_for_a_reason_that_stays_in_the_audit(
    letters, sqlite_database
) -> None:
    (stuck,) = letters.listed(scope=scope_of(WEST))
    with pytest.raises(Malformed):
        letters.drop(stuck.id, reason="  ", scope=scope_of(WEST))

    letters.drop(stuck.id, reason="sent by hand", scope=scope_of(WEST))

    assert letters.listed(scope=scope_of(WEST)) == []
    asked = AuditQuery(subject=stuck.id, limit=9)
    trail = SqlAudit(sqlite_database).search(asked, scope=scope_of(WEST), node=False)
    assert [row.entry.detail for row in trail] == [
        "work archive.SeriesReceived dropped: sent by hand"
    ]


@pytest.mark.parametrize("name", ["", "1", "x-send", "1-", "999-send", "1-other", "²-send"])
def test_nobody_decides_on_what_is_not_there_or_not_theirs(letters, name) -> None:
    with pytest.raises(NotFound):
        letters.retry(name, scope=scope_of(WEST))
    (stuck,) = letters.listed(scope=scope_of(WEST))
    with pytest.raises(NotFound):
        letters.drop(stuck.id, reason="mine now", scope=scope_of(EAST))


def test_what_the_queue_gave_up_becomes_a_letter(letters, queue, sqlite_database) -> None:
    lost = Delivery(
        era="e",
        position=77,
        kind="archive.SeriesReceived",
        body=outbox.encode(
            SeriesReceived(tenant=WEST, at=NOW, study=Uid("1.2"), series=Uid("1.2.7"))
        ),
        subscriber="send",
    )
    dropped: list[Delivery] = []
    queue.given_up = lambda: [lost]
    queue.drop = dropped.extend

    queue.dispatcher.bury_given_up(queue)

    assert dropped == [lost]
    (letter,) = [one for one in letters.listed(scope=scope_of(WEST)) if one.id == "77-send"]
    assert letter.reason == "the worker died in it again and again"


def test_a_letter_to_a_subscriber_of_another_release_says_so(letters, queue) -> None:
    (stuck,) = letters.listed(scope=scope_of(WEST))
    letters.retry(stuck.id, scope=scope_of(WEST))
    queue.dispatcher._subscriptions.clear()

    queue.dispatcher.revive_asked(queue)

    (still,) = letters.listed(scope=scope_of(WEST))
    assert "no such subscriber" in still.reason
    assert still.asked_at is None
