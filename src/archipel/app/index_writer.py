"""The index writer: the one process that adds instances to the index, and the node's recovery.

It replays what the journal holds and the index lacks, then follows what receivers announce.
A batch is whatever came while the last one was written, and since it began at least `GATHER_S`:
a transaction costs as much as a dozen instances in it (docs/adr/0096). A database that does not
answer is waited for; a record that cannot be indexed is set aside, so that it stops nobody else's.
"""

import fcntl
import json
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import chain, repeat
from pathlib import Path

from archipel.app.home import noted
from archipel.archive.completion import complete_quiet
from archipel.archive.errors import IndexWentBack
from archipel.archive.ingest import ingest, set_aside
from archipel.archive.model import Batch
from archipel.archive.ports import Index, Tail
from archipel.kernel.clock import Clock
from archipel.kernel.errors import Conflict, Exhausted, Unavailable

WAIT_S = 0.25  # for news of the journal, between two looks at the clock
GATHER_S = 0.03  # between the beginnings of two small batches; a fence waits that much longer
LARGE = 100  # records: a batch of so many is worth its transaction
ADOPT_EVERY_S = 0.2  # at most: while instances come in, most looks would find nothing
SWEEP = timedelta(seconds=1)
COMPARE = timedelta(seconds=10)  # what the index remembers with what it was given
LATE = timedelta(seconds=1)  # behind by this, the writer has better to do than to sweep
PATIENCE_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)  # between two tries at a database that is away

_log = logging.getLogger(__name__)


@contextmanager
def alone(run: Path, *, patience_s: float = 0.0) -> Iterator[None]:
    """Be the one index writer of this node. Raises `Conflict` when there is one already.

    `patience_s` outlasts an import, which holds the lock for a moment at a time.
    """
    run.mkdir(parents=True, exist_ok=True)
    lock = os.open(run / "index.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + patience_s
        while not _locked(lock):
            if time.monotonic() >= deadline:
                raise Conflict(
                    f"an index writer runs already in {run}: stop the other `archipel serve`"
                )
            time.sleep(0.02)
        yield
    finally:
        os.close(lock)


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@dataclass(slots=True)
class Gauges:
    """What the writer has done and how far behind it is, kept in a small file for /metrics."""

    path: Path
    stored: int = 0
    duplicates: int = 0
    quarantined: int = 0
    batches: int = 0
    waiting_for_database: bool = False
    lags_ms: deque[float] = field(default_factory=lambda: deque(maxlen=2000))

    def written(self) -> dict[str, float | int | bool]:
        """Give the gauges; lags are those of the last 2,000 batches' oldest record."""
        ordered = sorted(self.lags_ms)
        last = len(ordered) - 1
        return {
            "stored": self.stored,
            "duplicates": self.duplicates,
            "quarantined": self.quarantined,
            "batches": self.batches,
            "waiting_for_database": self.waiting_for_database,
            "lag_p50_ms": round(ordered[last // 2], 2) if ordered else 0.0,
            "lag_p99_ms": round(ordered[last * 99 // 100], 2) if ordered else 0.0,
            "lag_max_ms": round(ordered[last], 2) if ordered else 0.0,
        }

    def save(self) -> None:
        """Replace the file in one step: a reader sees the old one or the new one."""
        noted(self.path, json.dumps(self.written()))


@dataclass(slots=True, kw_only=True)
class IndexWriter:
    """Follows one journal into one index until told to stop."""

    tail: Tail
    index: Index
    clock: Clock
    gauges: Gauges
    study_quiet: timedelta
    adopt: Callable[[], bool] = lambda: False  # takes in what other nodes sent; tells whether
    stop: threading.Event = field(default_factory=threading.Event)
    _swept_at: datetime | None = None
    _compared_at: datetime | None = None
    _incomplete: bool = True  # until a sweep says otherwise

    def run(self, *, ready: Callable[[], None]) -> None:
        """Replay, say `ready`, follow; when told to stop, index what is announced and return.

        Raises `Unavailable` when the journal cannot be read.
        """
        for batch in self.tail.replay():
            if self.stop.is_set():
                return
            self._take_in([batch])
        ready()
        adopted_s = 0.0
        while not self.stop.is_set():
            batches = self.tail.batches(timeout_s=WAIT_S)
            began_s = time.monotonic()
            if batches:
                self._take_in(batches)
            late = bool(batches) and self._lag(batches) > LATE
            if not late and began_s - adopted_s >= ADOPT_EVERY_S:
                adopted_s = began_s
                self._incomplete |= self.adopt()  # a study taken in is complete by its age
            self._sweep(late=late)
            if batches and sum(len(batch.records) for batch in batches) < LARGE:
                self.stop.wait(max(began_s + GATHER_S - time.monotonic(), 0.0))
        while batches := self.tail.batches(timeout_s=0.0):
            if not self._take_in(batches):
                break  # the database is away: the next start replays
        self.gauges.save()

    def _take_in(self, batches: Sequence[Batch]) -> bool:
        try:
            indexed = self._patiently(partial(self._ingest, batches))
        except IndexWentBack as behind:
            return self._catch_up(str(behind))
        except Exception:  # noqa: BLE001  (a bug or a hostile record must not stop everybody's)
            _log.exception("a batch cannot be indexed: its records are tried one by one")
            indexed = all(self._one_by_one(batch) for batch in batches)
        if not indexed:
            return False
        self.tail.indexed(batches)
        self.gauges.batches += 1
        self.gauges.lags_ms.append(self._lag(batches) / timedelta(milliseconds=1))
        self._incomplete = True
        return True

    def _catch_up(self, why: str) -> bool:
        """Index again what a database that lost commits does not remember; the journal has it."""
        _log.error("the database lost what it had committed: replaying the journal (%s)", why)
        self.tail.rewind(self.index.applied())
        return all(self._take_in([batch]) for batch in self.tail.replay())

    def _compare(self) -> None:
        if self.tail.lost(self.index.applied()):
            self._catch_up("found while nothing came in")

    def _ingest(self, batches: Sequence[Batch]) -> None:
        with self.index.transaction() as transaction:
            outcome = ingest(batches, index=transaction, now=self.clock())
        self.gauges.stored += outcome.stored
        self.gauges.duplicates += outcome.duplicates
        self.gauges.quarantined += outcome.quarantined

    def _one_by_one(self, batch: Batch) -> bool:
        for record in batch.records:
            single = replace(batch, end=record.end, records=(record,))
            try:
                indexed = self._patiently(partial(self._ingest, [single]))
            except Exception:  # noqa: BLE001  (as above)
                _log.exception("record %s is set aside: it cannot be indexed", record.place)
                indexed = self._patiently(partial(self._set_aside, single))
            if not indexed:
                return False
        return True

    def _set_aside(self, single: Batch) -> None:
        with self.index.transaction() as transaction:
            set_aside(single, index=transaction, now=self.clock())
        self.gauges.quarantined += len(single.records)

    def _sweep(self, *, late: bool) -> None:
        now = self.clock()
        due = self._swept_at is None or now - self._swept_at >= SWEEP
        if late or not due:
            return
        self._swept_at = now
        if self._incomplete:
            self._patiently(partial(self._complete, now))
        if self._compared_at is None or now - self._compared_at >= COMPARE:
            self._compared_at = now
            self._patiently(self._compare)
        self.gauges.save()

    def _complete(self, now: datetime) -> None:
        with self.index.transaction() as transaction:
            left = complete_quiet(index=transaction, quiet=self.study_quiet, now=now)
        self._incomplete = left > 0

    def _patiently(self, work: Callable[[], None]) -> bool:
        """Work until the database answers; False when told to stop before it did."""
        for wait_s in chain(PATIENCE_S, repeat(PATIENCE_S[-1])):
            try:
                work()
            except IndexWentBack:
                raise
            except (Unavailable, Exhausted) as away:
                _log.warning("the index does not answer, the journal waits: %s", away)
                self.gauges.waiting_for_database = True
                self.gauges.save()
                if self.stop.wait(wait_s):
                    return False
            else:
                self.gauges.waiting_for_database = False
                return True
        return False

    def _lag(self, batches: Sequence[Batch]) -> timedelta:
        now = self.clock()
        return max(
            (now - batch.records[0].receipt.received_at for batch in batches if batch.records),
            default=timedelta(0),
        )
