"""Power cuts on a node at work: two receivers, the index writer and the sealer on one disk.

Each round lets them work for a random moment, cuts the power, mounts the disk again, recovers by
the index writer's replay and holds what the index then says against what was acknowledged. Prints
what it found so far, a line of JSON after each disk; the last line counts. Run within its own
mount namespace:

    unshare --mount --propagation private python -m tests.durability.rounds --cuts 50

Two artefacts of the simulation: processes run on for some microseconds behind the cut, so an
acknowledgement counts only if it came before (CLOCK_MONOTONIC), and every second cut stops all of
them first.
"""

import argparse
import json
import os
import select
import shutil
import signal
import struct
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from random import Random

from sqlalchemy import func, text
from sqlalchemy import select as sql_select
from tests.durability.powercut import CuttableDisk
from tests.durability.receiver import META, content_of, receipt_of

from archipel.app.index_writer import Gauges, IndexWriter
from archipel.archive.seal import Graces, seal, tidy
from archipel.kernel.clock import utc_now
from archipel.stores.journal.journal import FileJournal, JournalPolicy
from archipel.stores.sql.schema.archive import series, study
from archipel.stores.sql.session import open_database
from archipel.testing.storage_node import StorageNode

RECEIVERS = 2
PER_RECEIVER = 400
PER_ROUND = 1000
ROUNDS_ON_ONE_DISK = 25
ACK = struct.Struct("<Qd")
READY_TIMEOUT_S = 60.0


def size_of(number: int) -> int:
    """Say how large instance `number` is."""
    return 500 + number * 7919 % 12_000


def receive(home: Path, first: int, acks: int) -> None:
    """Append instances and write each acknowledgement to the pipe at once."""
    journal = FileJournal(home, policy=JournalPolicy(roll_bytes=200_000, low_water_bytes=0))
    slot = journal.slot()
    for number in range(first, first + PER_RECEIVER):
        content = content_of(number, size_of(number))
        slot.begin(META)
        slot.write([content])
        slot.commit(receipt_of(number, content))
        os.write(acks, ACK.pack(number, time.monotonic()))


def follow(home: Path, ready: int) -> None:
    """Be the index writer."""
    node = StorageNode(home)
    IndexWriter(
        tail=node.tail,
        index=node.index,
        clock=utc_now,
        gauges=Gauges(home / "run" / "gauges.json"),
        study_quiet=timedelta(seconds=5),
    ).run(ready=lambda: os.write(ready, b"r"))


def keep_sealing(home: Path, ready: int) -> None:
    """Seal whatever is open, again and again, and give segments back."""
    node = StorageNode(home)
    os.write(ready, b"s")
    while True:
        now = utc_now() + timedelta(days=3)
        for key in node.seals.quiet_series(before=now, limit=3):
            seal(key, index=node.seals, packs=node.packs, now=now)
        tidy(
            index=node.seals,
            packs=node.packs,
            segments=node.segments,
            now=utc_now(),
            graces=Graces(segment=timedelta(0)),
        )
        time.sleep(0.02)


def check(
    home: Path, acked: dict[int, float], cut_at: float, owed: Iterable[int]
) -> dict[str, int]:
    """Recover and count what is wrong; `owed` was acknowledged before earlier cuts."""
    node = StorageNode(home)
    found: Counter[str] = Counter(replayed=node.replay())
    held = {
        int(h.key.sop_instance.value.removeprefix("2.25.")) - 1: h
        for h in node.holdings.everything()
    }
    for number, at in acked.items():
        if at > cut_at:
            found["acks_behind_the_cut"] += 1
        elif number not in held:
            found["lost"] += 1
        else:
            found["acked"] += 1
    found["lost_later"] += sum(number not in held for number in owed)
    this_round = range(min(acked, default=0) // PER_ROUND * PER_ROUND, max(acked, default=-1) + 1)
    for number, one in held.items():
        found["sealed"] += hasattr(one.place, "pack")
        if number in this_round or number % 17 == 0:
            found["torn"] += node.contents.dataset(one) != content_of(number, one.size_bytes)
        found["kept_unacknowledged"] += number in this_round and number not in acked
    found["inconsistent"] += not _consistent(home, len(held))
    node.close()
    return dict(found)


def _consistent(home: Path, held: int) -> bool:
    database = open_database(f"sqlite:///{home / 'index.db'}")
    with database.read() as connection:
        whole = connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
        counted = (
            connection.execute(sql_select(func.sum(study.c.instance_count))).scalar_one() or 0
        )
        of_series = (
            connection.execute(sql_select(func.sum(series.c.instance_count))).scalar_one() or 0
        )
    database.close()
    return whole and counted == of_series == held


def child(work: Callable[[], object]) -> int:
    """Run `work` in a process that ends with it."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        os.setsid()
        work()
        status = 0
    except BaseException:  # noqa: BLE001  (the disk dies under it: said, and judged by the parent)
        if os.environ.get("ROUNDS_SAY_WHY"):
            traceback.print_exc()
    finally:
        os._exit(status)


def one_round(disk: CuttableDisk, number: int, random: Random, owed: set[int]) -> dict[str, int]:
    """Work, cut, restore, recover, judge; what was acknowledged joins what is `owed`."""
    home = disk.path / "node"
    ready_read, ready_write = os.pipe()
    acks_read, acks_write = os.pipe()
    os.set_blocking(acks_read, False)
    workers = [child(lambda: follow(home, ready_write))]
    _await(ready_read)
    workers.append(child(lambda: keep_sealing(home, ready_write)))
    _await(ready_read)
    base = number * PER_ROUND
    workers += [
        child(lambda r=r: receive(home, base + r * PER_RECEIVER, acks_write))
        for r in range(RECEIVERS)
    ]
    select.select([acks_read], [], [], READY_TIMEOUT_S)
    time.sleep(random.uniform(0.01, 0.45))
    if number % 2:
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(random.choice([0.0005, 0.003]))
    cut_at = time.monotonic()
    disk.cut()
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    os.close(acks_write)
    acked = dict(ACK.iter_unpack(_drained(acks_read)))
    for fd in (acks_read, ready_read, ready_write):
        os.close(fd)
    disk.restore()
    found = _judged(home, acked, cut_at, owed)
    owed.update(at for at, when in acked.items() if when <= cut_at)
    return found


def _await(fd: int) -> None:
    if not select.select([fd], [], [], READY_TIMEOUT_S)[0]:
        raise TimeoutError("a process of the node does not start")
    os.read(fd, 1)


def _judged(
    home: Path, acked: dict[int, float], cut_at: float, owed: Iterable[int]
) -> dict[str, int]:
    """Check in a process of its own, so that nothing keeps the disk open."""
    read, write = os.pipe()
    pid = child(lambda: os.write(write, json.dumps(check(home, acked, cut_at, owed)).encode()))
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read()
    os.waitpid(pid, 0)
    return json.loads(said) if said else {"recovery_failed": 1}


def _drained(fd: int) -> bytes:
    content = b""
    while piece := os.read(fd, 1 << 20):
        content += piece
    return content[: len(content) // ACK.size * ACK.size]


def main() -> None:
    """Run the rounds asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cuts", type=int, default=50)
    parser.add_argument("--filesystem", default="ext4", choices=["ext4", "xfs"])
    parser.add_argument("--seed", type=int, default=time.time_ns() // 10**9)
    asked = parser.parse_args()
    random = Random(asked.seed)  # noqa: S311 (moments, not secrets)
    total: Counter[str] = Counter()
    work = Path(tempfile.mkdtemp())
    StorageNode(work / "warm").close()  # every module is loaded before the first fork
    disk = CuttableDisk(work, asked.filesystem)
    owed: set[int] = set()
    started = time.monotonic()
    try:
        for number in range(asked.cuts):
            if number % ROUNDS_ON_ONE_DISK == 0:
                disk.make()
                owed.clear()
            total.update(cuts=1)
            total.update(one_round(disk, number, random, owed))
            if number % ROUNDS_ON_ONE_DISK == ROUNDS_ON_ONE_DISK - 1:
                say(asked.seed, total, started)
    finally:
        disk.close()
        shutil.rmtree(work)
    say(asked.seed, total, started)


def say(seed: int, total: Counter[str], started: float) -> None:
    """Write one line of JSON at once."""
    seconds = round(time.monotonic() - started)
    sys.stdout.write(json.dumps({"seed": seed, **total, "seconds": seconds}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
