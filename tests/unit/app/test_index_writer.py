"""The index writer on a real journal and a real database (archipel.app.index_writer)."""

import json
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from archipel.app.index_writer import GATHER_S, Gauges, IndexWriter, alone
from archipel.archive.model import JournalPlace
from archipel.archive.ports import Changes
from archipel.kernel.clock import utc_now
from archipel.kernel.errors import Conflict, Unavailable
from archipel.stores.journal.journal import FileJournal, JournalPolicy
from archipel.stores.journal.tail import JournalTail
from archipel.stores.sql.archive.writer import SqlIndex
from archipel.stores.sql.session import Database, open_database
from archipel.testing.receipts import Sent, commit, instance_uid, receipt
from archipel.testing.recount import digests, drift

PROCESS = Path(__file__).with_name("index_writer_process.py")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def journal(home: Path) -> Iterator[FileJournal]:
    opened = FileJournal(home, policy=JournalPolicy(low_water_bytes=0))
    yield opened
    opened.close()


@pytest.fixture
def database_behind(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """Open a second database, which knows nothing of the first one's last commits."""
    opened = open_database(f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'behind.db')}")
    yield opened
    opened.close()


def writer_of(home: Path, index: SqlIndex) -> IndexWriter:
    return IndexWriter(
        tail=JournalTail(home, index.applied()),
        index=index,
        clock=utc_now,
        gauges=Gauges(home / "run" / "index.json"),
        study_quiet=timedelta(seconds=60),
    )


@contextmanager
def running(writer: IndexWriter) -> Iterator[None]:
    ready = threading.Event()
    thread = threading.Thread(target=writer.run, kwargs={"ready": ready.set})
    thread.start()
    try:
        assert ready.wait(20)
        yield
    finally:
        writer.stop.set()
        thread.join(20)
    assert not thread.is_alive()


def send(journal: FileJournal, *instances: Sent) -> list[JournalPlace]:
    slot = journal.slot()
    places = [commit(slot, sent) for sent in instances]
    slot.close()
    return places


def test_what_came_before_it_started_is_replayed(
    home: Path, journal: FileJournal, sqlite_database: Database
) -> None:
    send(journal, Sent(), Sent(instance=2))

    with running(writer_of(home, SqlIndex(sqlite_database))):
        pass

    assert len(digests(sqlite_database)) == 2
    assert drift(sqlite_database) == []


def test_the_fence_opens_when_an_instance_is_indexed(
    home: Path, journal: FileJournal, sqlite_database: Database
) -> None:
    with running(writer_of(home, SqlIndex(sqlite_database))):
        (place,) = send(journal, Sent())

        assert journal.wait_indexed(place, timeout_s=10)
        assert len(digests(sqlite_database)) == 1


def test_what_was_announced_is_indexed_before_it_stops(
    home: Path, journal: FileJournal, sqlite_database: Database
) -> None:
    writer = writer_of(home, SqlIndex(sqlite_database))
    with running(writer):
        send(journal, *(Sent(instance=n) for n in range(300)))
        writer.stop.set()

    assert len(digests(sqlite_database)) == 300
    assert json.loads((home / "run" / "index.json").read_text())["stored"] == 300


def test_single_announcements_are_gathered_into_few_transactions(
    home: Path, journal: FileJournal, sqlite_database: Database
) -> None:
    writer = writer_of(home, SqlIndex(sqlite_database))
    with running(writer):
        began_s = time.monotonic()
        for number in range(60):
            (place,) = send(journal, Sent(instance=number))
        assert journal.wait_indexed(place, timeout_s=20)
        took_s = time.monotonic() - began_s

    assert writer.gauges.stored == 60
    assert writer.gauges.batches <= took_s / GATHER_S + 2


def test_there_is_one_index_writer_to_a_node(home: Path) -> None:
    with alone(home / "run"), pytest.raises(Conflict, match="runs already"), alone(home / "run"):
        pass


class _Away(SqlIndex):
    """An index whose database does not answer the first times: a failure no test can provoke."""

    def __init__(self, database: Database, times: int) -> None:
        super().__init__(database)
        self.times = times

    def transaction(self):
        if self.times:
            self.times -= 1
            raise Unavailable("away")
        return super().transaction()


class _Stumbling(SqlIndex):
    """An index with a bug that one instance meets."""

    @contextmanager
    def transaction(self):
        with super().transaction() as transaction:
            write = transaction.write

            def stumble(changes: Changes) -> None:
                if instance_uid(1, 1, 2) in {one.key.sop_instance for one in changes.instances}:
                    raise ZeroDivisionError
                write(changes)

            transaction.write = stumble
            yield transaction


def test_what_a_database_lost_with_a_failover_is_replayed_from_the_journal(
    home: Path, journal: FileJournal, sqlite_database: Database, database_behind: Database
) -> None:
    writer = writer_of(home, SqlIndex(sqlite_database))
    with running(writer):
        (first,) = send(journal, Sent(instance=1))
        assert journal.wait_indexed(first, timeout_s=20)
        writer.index = SqlIndex(database_behind)  # a replica that lacks the last commits
        (second,) = send(journal, Sent(instance=2))
        assert journal.wait_indexed(second, timeout_s=20)

    assert len(digests(database_behind)) == 2


def test_what_a_database_lost_is_found_missing_though_nothing_comes_in(
    home: Path, journal: FileJournal, sqlite_database: Database, database_behind: Database
) -> None:
    writer = writer_of(home, SqlIndex(sqlite_database))
    with running(writer):
        (place,) = send(journal, Sent(instance=1))
        assert journal.wait_indexed(place, timeout_s=20)
        writer._compared_at = None
        writer.index = SqlIndex(database_behind)
        deadline = time.monotonic() + 20
        while not digests(database_behind) and time.monotonic() < deadline:
            time.sleep(0.05)

    assert len(digests(database_behind)) == 1


def test_a_database_that_is_away_is_waited_for(
    home: Path, journal: FileJournal, sqlite_database: Database
) -> None:
    send(journal, Sent())

    with running(writer_of(home, _Away(sqlite_database, 2))):
        pass

    assert len(digests(sqlite_database)) == 1


def test_a_record_that_cannot_be_indexed_stops_nobody_elses(
    home: Path, journal: FileJournal, sqlite_database: Database
) -> None:
    send(journal, Sent(), Sent(instance=2), Sent(instance=3))

    writer = writer_of(home, _Stumbling(sqlite_database))
    with running(writer):
        pass

    assert len(digests(sqlite_database)) == 2
    assert writer.gauges.quarantined == 1
    assert drift(sqlite_database) == []


@contextmanager
def process(home: Path, url: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run an index writer as a process of its own; it is ready when the block begins."""
    started = subprocess.Popen([sys.executable, PROCESS, home, url], stdout=subprocess.PIPE)
    try:
        assert started.stdout is not None
        assert started.stdout.readline() == b"ready\n"
        yield started
    finally:
        started.kill()
        started.wait(20)
        started.stdout.close()


def test_it_ends_on_sigterm_with_nothing_left(
    home: Path, journal: FileJournal, sqlite_database: Database, tmp_path: Path
) -> None:
    with process(home, f"sqlite:///{tmp_path / 'index.db'}") as started:
        send(journal, *(Sent(instance=n) for n in range(100)))
        started.send_signal(signal.SIGTERM)

        assert started.wait(10) == 0

    assert len(digests(sqlite_database)) == 100


@pytest.mark.slow
def test_killed_at_any_moment_it_loses_nothing_and_counts_nothing_twice(
    home: Path, journal: FileJournal, sqlite_database: Database, tmp_path: Path
) -> None:
    chance = random.Random(2)  # noqa: S311  (moments to kill at, nothing secret)
    acknowledged: dict[tuple[str, str], bytes] = {}
    url = f"sqlite:///{tmp_path / 'index.db'}"
    for life in range(12):
        with process(home, url) as started:
            killer = threading.Timer(chance.uniform(0.0, 0.3), started.kill)
            killer.start()
            slots = [journal.slot() for _ in range(2)]
            for n in range(200):
                again = chance.random() < 0.1
                sent = Sent(study=chance.randint(1, 9), series=1 if again else life, instance=n)
                commit(slots[n % 2], sent)
                made = receipt(sent)
                acknowledged["ouest", str(made.sop_instance)] = made.digest
            for slot in slots:
                slot.close()
            killer.join()

    with running(writer_of(home, SqlIndex(sqlite_database))):
        pass

    assert digests(sqlite_database) == acknowledged
    assert drift(sqlite_database) == []
