"""The real engine: killed again and again, it does everything, and nothing it had finished."""

import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from archipel.app.operations.letters import Letters
from archipel.archive.events import DifferentBytesRefused, SeriesReceived, StudyCompleted
from archipel.kernel.clock import utc_now
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.sql import outbox
from archipel.stores.sql.audit import SqlAudit
from archipel.stores.sql.session import Database
from archipel.testing.access_builders import scope_of

WORKER = Path(__file__).with_name("worker_for_test.py")
WEST = TenantId("west")
WIDTH = 4


@pytest.fixture
def effects(tmp_path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(tmp_path / "effects.db", timeout=30)
    connection.executescript(
        "PRAGMA journal_mode=WAL; CREATE TABLE call (name); CREATE TABLE done (name PRIMARY KEY);"
    )
    yield connection
    connection.close()


def _start(home: Path) -> subprocess.Popen[str]:
    worker = subprocess.Popen(
        [sys.executable, WORKER, home],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout.readline() == "ready\n"
    return worker


def _finish(worker: subprocess.Popen[str]) -> str:
    said, _ = worker.communicate("", timeout=90)
    assert worker.returncode == 0
    return said


def _announce(database: Database, numbers: range) -> None:
    with database.write() as connection:
        for number in numbers:
            outbox.announce(
                connection,
                SeriesReceived(
                    tenant=WEST, at=utc_now(), study=Uid("1.2"), series=Uid(f"1.2.{number}")
                ),
            )


def _until(condition, *, timeout_s: float) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def _count(effects: sqlite3.Connection, query: str) -> int:
    return effects.execute(f"SELECT count(*) FROM ({query})").fetchone()[0]  # noqa: S608


@pytest.mark.slow
def test_facts_are_delivered_and_what_must_wait_holds_no_place(
    sqlite_database, tmp_path, effects
) -> None:
    studies = [Uid(f"1.3.{number}") for number in range(4)]
    with sqlite_database.write() as connection:
        for study in studies:
            outbox.announce(connection, StudyCompleted(tenant=WEST, at=utc_now(), study=study))
    _announce(sqlite_database, range(20))
    worker = _start(tmp_path)

    _until(lambda: _count(effects, "SELECT * FROM call") == 20 + 4 * 3, timeout_s=40)

    assert _finish(worker) == "waiting 0 stuck 0\n"
    assert _count(effects, "SELECT * FROM done") == 20


@pytest.mark.slow
def test_a_worker_killed_at_any_moment_loses_nothing_and_repeats_only_what_was_in_flight(
    sqlite_database, tmp_path, effects
) -> None:
    kills, total, chance = 6, 300, random.Random(7)  # noqa: S311  (a schedule, not a secret)
    for kill in range(kills):
        _announce(sqlite_database, range(kill * total // kills, (kill + 1) * total // kills))
        worker = _start(tmp_path)
        time.sleep(chance.uniform(0.05, 0.9))
        worker.kill()
        worker.communicate(timeout=30)
    before = _count(effects, "SELECT * FROM call")
    assert before > 0

    worker = _start(tmp_path)
    _until(lambda: _count(effects, "SELECT * FROM done") == total, timeout_s=120)
    assert _finish(worker) == "waiting 0 stuck 0\n"

    repeated = _count(effects, "SELECT * FROM call") - total
    assert 0 <= repeated <= kills * WIDTH
    finished = sqlite3.connect(tmp_path / "work.db")
    done = finished.execute(
        "SELECT count(*), count(DISTINCT workflow_uuid) FROM workflow_status"
        " WHERE status = 'SUCCESS'"
    ).fetchone()
    finished.close()
    assert done == (total, total)


@pytest.mark.slow
def test_what_is_stuck_is_done_once_it_is_healed_and_somebody_asks(
    sqlite_database, tmp_path, effects
) -> None:
    with sqlite_database.write() as connection:
        refused = DifferentBytesRefused(
            tenant=WEST, at=utc_now(), study=Uid("1.2"), sop_instance=Uid("1.2.9")
        )
        outbox.announce(connection, refused)
    letters = Letters(sqlite_database, SqlAudit(sqlite_database), utc_now, door="cli")
    worker = _start(tmp_path)
    _until(lambda: letters.listed(scope=scope_of(WEST)), timeout_s=40)
    assert _count(effects, "SELECT * FROM done") == 0

    (tmp_path / "healed").touch()
    (stuck,) = letters.listed(scope=scope_of(WEST))
    letters.retry(stuck.id, scope=scope_of(WEST))

    _until(lambda: _count(effects, "SELECT * FROM done") == 1, timeout_s=20)
    assert letters.listed(scope=scope_of(WEST)) == []
    assert _finish(worker) == "waiting 0 stuck 0\n"


def test_importing_starts_nothing() -> None:
    probe = (
        "import threading, archipel.app.dispatcher, archipel.app.work;"
        "print([t.name for t in threading.enumerate()])"
    )

    said = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, check=True, text=True
    )

    assert said.stdout == "['MainThread']\n"
