"""A worker process for test_work: notes each call, then the effect, in a file of its own."""

import sqlite3
import sys
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

from archipel.app.dispatcher import Dispatcher, Subscription
from archipel.app.work import Lane, Work
from archipel.archive.events import DifferentBytesRefused, SeriesReceived, StudyCompleted
from archipel.kernel.clock import utc_now
from archipel.kernel.errors import Malformed
from archipel.stores.sql.session import open_database

home = Path(sys.argv[1])
effects = sqlite3.connect(home / "effects.db", timeout=30, check_same_thread=False)
lock = threading.Lock()


def note(event: SeriesReceived, *, now: datetime) -> None:
    with lock, effects:
        effects.execute("INSERT INTO call VALUES (?)", (event.series.value,))
    time.sleep(0.004)
    with lock, effects:
        effects.execute("INSERT OR IGNORE INTO done VALUES (?)", (event.series.value,))


def wait(event: StudyCompleted, *, now: datetime) -> timedelta | None:
    with lock, effects:
        effects.execute("INSERT INTO call VALUES (?)", (event.study.value,))
    (calls,) = effects.execute(
        "SELECT count(*) FROM call WHERE name = ?", (event.study.value,)
    ).fetchone()
    return timedelta(seconds=0.5) if calls < 3 else None


def send(event: DifferentBytesRefused, *, now: datetime) -> None:
    if not (home / "healed").exists():
        raise Malformed("the archive at pacs.exemple.fr says 0xA900")
    with lock, effects:
        effects.execute("INSERT INTO done VALUES (?)", (event.sop_instance.value,))


database = open_database(f"sqlite:///{home / 'index.db'}")
dispatcher = Dispatcher(
    database,
    subscriptions=[
        Subscription(SeriesReceived, "note", note),
        Subscription(StudyCompleted, "wait", wait, lane="slow"),
        Subscription(DifferentBytesRefused, "send", send),
    ],
    clock=utc_now,
)
work = Work(
    f"sqlite:///{home / 'work.db'}",
    lanes={"facts": Lane(4), "slow": Lane(1)},
    deliver=dispatcher.deliver,
)
work.start()
sys.stdout.write("ready\n")
sys.stdout.flush()
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
dispatcher.run(work, stop=stop)
waited = time.monotonic() + 30
while sum(work.waiting().values()) and time.monotonic() < waited:
    time.sleep(0.1)
sys.stdout.write(f"waiting {sum(work.waiting().values())} stuck {len(work.given_up())}\n")
work.stop(timeout_s=5)
