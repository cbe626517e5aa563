"""A disk that fails or fills refuses, loses nothing acknowledged, and is taken back when well."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.durability.receiver import META, content_of, receipt_of

from archipel.archive.errors import ReadOnly
from archipel.archive.model import PackPlace
from archipel.kernel.errors import Exhausted
from archipel.stores.journal.journal import FileJournal, JournalPolicy
from archipel.stores.journal.reader import JournalReader
from archipel.stores.journal.tail import JournalTail
from archipel.testing.storage_node import StorageNode

RECEIVER = Path(__file__).with_name("receiver.py")
SIZE_BYTES = 9000
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is missing")


def receive(home: Path, *options: str, inject: str | None = None) -> list[str]:
    """Run the receiver, perhaps with failing system calls; return what it said."""
    command = [sys.executable, str(RECEIVER), str(home), *options]
    if inject is not None:
        calls = inject.split(":")[0]
        command = [
            *("strace", "-f", "-o", "/dev/null", "-e", f"trace={calls}", "-e", f"inject={inject}"),
            *command,
        ]
    run = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=240,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUNBUFFERED": "1"},
    )
    if "KILL" not in (inject or ""):
        assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


def acknowledged(said: list[str]) -> set[int]:
    return {int(line.split()[1]) for line in said if line.startswith("ack ")}


def recovered(home: Path) -> set[int]:
    """Recover, read every record back, and return which instances there are."""
    tail = JournalTail(home, {})
    reader = JournalReader(home)
    numbers: list[int] = []
    for batch in tail.replay():
        for record in batch.records:
            number = int(record.receipt.sop_instance.value.removeprefix("2.25.")) - 1
            assert reader.dataset(record.place) == content_of(number, record.size_bytes)
            numbers.append(number)
    tail.close()
    assert len(numbers) == len(set(numbers))
    return set(numbers)


@needs_strace
@pytest.mark.parametrize("when", [1, 2, 5, 9])
@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
@pytest.mark.slow
def test_a_failed_fdatasync_is_refused_and_never_tried_again(tmp_path, error, when) -> None:
    said = receive(tmp_path, inject=f"fdatasync:error={error}:when={when}")

    refused = [line for line in said if line.startswith("refused")]
    kind = "Unavailable" if error == "EIO" else "Exhausted"
    assert refused[0].startswith(f"refused {when - 1} {kind} the journal's disk failed while")
    assert acknowledged(said) == set(range(30))  # the sender tried again, and was taken back
    assert recovered(tmp_path) == set(range(30))
    assert not (tmp_path / "run" / "read-only").exists()


@needs_strace
@pytest.mark.slow
def test_a_disk_that_stays_broken_takes_nothing_and_loses_nothing(tmp_path) -> None:
    said = receive(tmp_path, "--tries", "3", inject="fdatasync,fsync:error=EIO:when=8+")

    assert acknowledged(said) == set(range(len(acknowledged(said))))
    assert 3 <= len(acknowledged(said)) < 8
    assert recovered(tmp_path) == acknowledged(said)
    journal = FileJournal(tmp_path, policy=JournalPolicy(low_water_bytes=0))
    journal.health.probe_every_s = 60
    with pytest.raises(ReadOnly, match="the node takes nothing in"):
        journal.slot()
    journal.close()


@needs_strace
@pytest.mark.parametrize("when", [1, 2, 3, 4, 5, 6, 7, 12])
@pytest.mark.slow
def test_no_space_at_any_write_is_refused_and_costs_nothing(tmp_path, when) -> None:
    said = receive(tmp_path, inject=f"pwritev,pwritev2:error=ENOSPC:when={when}")

    assert next(line.split()[2] for line in said if line.startswith("refused")) == "Exhausted"
    assert acknowledged(said) == set(range(30))
    assert recovered(tmp_path) == set(range(30))


@needs_strace
@pytest.mark.parametrize("when", [*range(1, 10), 15, 22, 29])  # counted for each call by itself
@pytest.mark.slow
def test_killed_at_any_fsync_everything_acknowledged_is_there(tmp_path, when) -> None:
    said = receive(tmp_path, inject=f"fsync,fdatasync:signal=KILL:when={when}")

    assert "end" not in said
    kept = recovered(tmp_path)
    assert acknowledged(said) <= kept
    assert len(kept - acknowledged(said)) <= 1  # the one whose answer was under way


def test_a_node_below_its_low_water_mark_takes_nothing(tmp_path) -> None:
    journal = FileJournal(tmp_path, policy=JournalPolicy(low_water_bytes=1 << 60))

    with pytest.raises(ReadOnly, match="are free on the disk"):
        journal.slot()

    assert journal.health.reason()
    other = FileJournal(tmp_path, policy=JournalPolicy(low_water_bytes=0))
    with pytest.raises(ReadOnly):  # every process sees the flag
        other.slot()
    other.health.probe_every_s = 0
    other.slot().close()  # and whoever probes a disk that is well lowers it
    assert journal.health.reason() is None
    journal.close()
    other.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a file system of 4 MiB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(tmp_path)], check=False
    )
    if made.returncode:
        pytest.skip("this machine does not let us mount")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


@pytest.mark.root
def test_a_full_disk_refuses_reads_on_and_recovers_when_room_is_made(small_disk) -> None:
    journal = FileJournal(small_disk, policy=JournalPolicy(low_water_bytes=0))
    journal.health.probe_every_s = 0
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(3 << 20))
    kept = {}
    with pytest.raises(ReadOnly.__base__):
        for number in range(1000):
            kept[_append(journal, number)] = number

    reader = JournalReader(small_disk)
    assert len(kept) > 20
    assert all(reader.dataset(p) == content_of(n, SIZE_BYTES) for p, n in kept.items())
    with pytest.raises(ReadOnly):
        journal.slot()
    ballast.unlink()
    _append(journal, 1000)
    assert recovered(small_disk) == {*kept.values(), 1000}
    journal.close()


@pytest.mark.root
def test_a_series_that_finds_no_room_for_its_pack_stays_in_the_journal(small_disk) -> None:
    node = StorageNode(small_disk, policy=JournalPolicy(low_water_bytes=0))
    node.replay()
    for number in range(20):
        _append(node.journal, number)
    node.catch_up()
    ballast = small_disk / "ballast"
    with pytest.raises(OSError, match="No space"):
        ballast.write_bytes(bytes(8 << 20))

    with pytest.raises(Exhausted):
        node.seal()

    assert list((small_disk / "packs" / ".tmp").iterdir()) == []
    ballast.unlink()
    node.seal()
    held = {str(one.key.sop_instance): node.contents.dataset(one) for one in node.held()}
    assert held == {f"2.25.{n + 1}": content_of(n, SIZE_BYTES) for n in range(20)}
    assert {type(one.place) for one in node.held()} == {PackPlace}
    node.close()


def _append(journal: FileJournal, number: int):
    slot = journal.slot()
    try:
        content = content_of(number, SIZE_BYTES)
        slot.begin(META)
        slot.write([content])
        return slot.commit(receipt_of(number, content))
    finally:
        slot.close()
