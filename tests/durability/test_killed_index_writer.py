"""An index writer that dies at any write or fsync: nothing acknowledged is lost, nothing doubled.

Receivers go on meanwhile: they acknowledge from the journal and do not need the index.
"""

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from tests.durability.test_failing_disk import needs_strace

from archipel.app.index_writer import Gauges, IndexWriter
from archipel.kernel.clock import utc_now
from archipel.stores.journal.journal import FileJournal, JournalPolicy
from archipel.stores.journal.tail import JournalTail
from archipel.stores.sql.archive.writer import SqlIndex
from archipel.stores.sql.session import Database
from archipel.testing.receipts import Sent, commit
from archipel.testing.recount import digests, drift

WRITER = Path(__file__).parents[1] / "unit" / "app" / "index_writer_process.py"
EACH = 25  # instances before and while each writer lives
PATIENCE_S = 8.0
KILLS = [
    *[f"fsync,fdatasync:signal=KILL:when={n}" for n in (1, 2)],
    *[f"pwrite64:signal=KILL:when={n}" for n in (1, 4, 11, 26)],
]


def start(home: Path, url: str, inject: str) -> "subprocess.Popen[bytes]":
    calls = inject.split(":", maxsplit=1)[0]
    strace = ["strace", "-f", "-o", "/dev/null", "-e", f"trace={calls}", "-e", f"inject={inject}"]
    return subprocess.Popen(
        [*strace, sys.executable, str(WRITER), str(home), url],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # so that both it and strace can be ended
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )


def send(journal: FileJournal, first: int) -> None:
    slot = journal.slot()
    for number in range(first, first + EACH):
        commit(slot, Sent(instance=number, series=1 + number % 3))
    slot.close()


@needs_strace
@pytest.mark.slow
def test_killed_at_any_write_nothing_acknowledged_is_lost_and_nothing_doubled(
    tmp_path: Path, sqlite_database: Database
) -> None:
    home, sent, died = tmp_path / "home", 0, 0
    journal = FileJournal(home, policy=JournalPolicy(low_water_bytes=0))
    url = f"sqlite:///{tmp_path / 'index.db'}"
    for inject in KILLS:
        send(journal, sent)
        writer = start(home, url, inject)
        send(journal, sent + EACH)  # acknowledged whether the index lives or not
        sent += 2 * EACH
        try:
            died += writer.wait(PATIENCE_S) == -signal.SIGKILL
        except subprocess.TimeoutExpired:  # it wrote less often than that
            os.killpg(writer.pid, signal.SIGKILL)
            writer.wait(10)
        assert drift(sqlite_database) == []
    assert died >= len(KILLS) // 2

    last = IndexWriter(
        tail=JournalTail(home, SqlIndex(sqlite_database).applied()),
        index=SqlIndex(sqlite_database),
        clock=utc_now,
        gauges=Gauges(home / "run" / "index.json"),
        study_quiet=timedelta(seconds=60),
    )
    replayed = threading.Event()
    thread = threading.Thread(target=last.run, kwargs={"ready": replayed.set})
    thread.start()
    assert replayed.wait(60)
    last.stop.set()
    thread.join(20)
    journal.close()

    assert len(digests(sqlite_database)) == sent
    assert drift(sqlite_database) == []
