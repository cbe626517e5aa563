"""Leases with a fence: one holder at a time; who was stopped and woken changes nothing."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from tests.scale.site import until

from archipel.app.hosts.keeper import LOST
from archipel.app.hosts.recovery import recover_lapsed
from archipel.kernel.errors import Conflict, Unavailable
from archipel.stores.sql.hosts import leases
from archipel.stores.sql.schema.events import outbox
from archipel.stores.sql.session import Database, open_database

PROCESS = Path(__file__).with_name("keeper_process.py")
LONG, SHORT = timedelta(seconds=60), timedelta(seconds=-1)
LENGTH_S = 1.0


def test_a_lease_has_one_holder_until_it_lapses(database: Database) -> None:
    with database.write() as connection:
        first = leases.take(connection, "work-1", "a", length=LONG)
    with database.write() as connection, pytest.raises(Conflict, match="another host"):
        leases.take(connection, "work-1", "b", length=LONG)
    with database.write() as connection:
        again = leases.take(connection, "work-1", "a", length=LONG)  # started again
        assert again.fence == first.fence + 1
        assert not leases.guard(connection, first)
        assert not leases.renew(connection, first, length=LONG)
        assert leases.guard(connection, again)
        assert leases.renew(connection, again, length=SHORT)
    with database.write() as connection:
        other = leases.take(connection, "work-1", "b", length=LONG)
        assert other.fence == again.fence + 1
        assert not leases.guard(connection, again)
        leases.release(connection, other)
    with database.write() as connection:
        assert leases.take(connection, "work-1", "c", length=LONG).fence == other.fence + 1


def test_a_lapsed_lease_is_cut_off_once_its_work_is_in_other_hands(database: Database) -> None:
    with database.write() as connection:
        gone = leases.take(connection, "work-1", "a", length=SHORT)
        leases.take(connection, "work-2", "b", length=LONG)
    asked: list[str] = []

    def die(name: str) -> int:
        asked.append(name)
        raise ZeroDivisionError  # whoever recovers dies as well

    with pytest.raises(ZeroDivisionError):
        recover_lapsed(database, die)
    assert recover_lapsed(database, lambda name: asked.append(name) or 3) == 3
    assert recover_lapsed(database, lambda _name: pytest.fail("again")) == 0
    assert asked == ["work-1", "work-1"]
    with database.read() as connection:
        assert leases.running(connection, "work-") == ["work-2"]
    with database.write() as connection:
        assert not leases.guard(connection, gone)
        assert not leases.renew(connection, gone, length=LONG)


@contextmanager
def writing(url: str, holder: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, str(PROCESS), url, "work-7", holder, str(LENGTH_S)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate(timeout=30)


def written(database: Database, holder: str) -> int:
    with database.read() as connection:
        query = select(func.count()).where(outbox.c.tenant == holder)
        return connection.execute(query).scalar_one()


def test_a_worker_that_was_stopped_and_woken_writes_nothing_more(fresh_postgresql: str) -> None:
    database = open_database(fresh_postgresql)
    with writing(fresh_postgresql, "asleep") as asleep:
        until(lambda: written(database, "asleep") > 3)
        asleep.send_signal(signal.SIGSTOP)
        recovered: list[str] = []
        until(lambda: bool(recover_lapsed(database, lambda name: recovered.append(name) or 1)))
        before = written(database, "asleep")
        with writing(fresh_postgresql, "awake"):  # its place is taken
            until(lambda: written(database, "awake") > 3)
            asleep.send_signal(signal.SIGCONT)
            assert asleep.wait(30) == LOST
            assert written(database, "asleep") == before
            held = written(database, "awake")
            until(lambda: written(database, "awake") > held)  # and the other goes on
    assert recovered == ["work-7"]
    database.close()


def test_a_session_that_sleeps_within_a_transaction_is_ended(fresh_postgresql: str) -> None:
    database = open_database(fresh_postgresql, idle_s=0.2)
    with pytest.raises(Unavailable), database.write() as connection:
        first = leases.take(connection, "work-1", "a", length=LONG)
        time.sleep(1)
        leases.release(connection, first)
    with database.write() as connection:  # nothing of it was left
        assert leases.take(connection, "work-1", "b", length=LONG).fence == 1
    database.close()
