"""A disk that fills while a study arrives, and a study that changes at home meanwhile."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.peer.inside import LEFT_OPEN, address, door, peering, taken_in
from tests.conformance.peer.test_cuts import await_bytes, await_manifest, study_of

from archipel.archive.model import StudyKey
from archipel.exchange.transfer import TransferState
from archipel.testing.archipelago.islands import Island, archipelago
from archipel.testing.archipelago.travelling import TravellingNode, ct_series
from archipel.testing.link import Link

pytestmark = LEFT_OPEN

DISK_BYTES, RESERVE_BYTES, LITTLE_BYTES = 64 << 20, 8 << 20, 4 << 20
RATE = 16e6


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Put the home of `mq` on a disk of its own."""
    place = tmp_path / "mq"
    place.mkdir()
    size = f"size={DISK_BYTES}"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(place)], check=False, capture_output=True
    )
    if done.returncode:
        pytest.skip("a disk of its own needs root")
    yield tmp_path
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.slow
@pytest.mark.root
def test_a_disk_that_fills_pauses_a_transfer_which_goes_on_by_itself(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHIPEL_ARCHIVE__LOW_DISK_BYTES", str(RESERVE_BYTES))
    listener, ballast = door(), small_disk / "mq" / "ballast"
    with Link("127.0.0.1:0", address(listener), rate_bps=RATE, rtt_s=0.02) as line:
        source, reader = archipelago(small_disk, {"gp": line.address, "mq": "127.0.0.1:1"})
        key = study_of(source, 50)
        with peering(source, listener), peering(reader):
            wanted = reader.want(key, source)
            size = await_manifest(reader, wanted)
            await_bytes(reader, wanted, size // 8)

            fill(ballast, leaving=LITTLE_BYTES)
            held = reader.await_state(wanted.id, TransferState.PAUSED, within_s=20)
            assert "no room" in held.detail
            time.sleep(2)
            stood = reader.transfer(wanted.id).done_bytes
            time.sleep(1)
            assert reader.transfer(wanted.id).done_bytes == stood < size
            ballast.unlink()
            await_bytes(reader, wanted, max(stood, size // 3))

            fill(ballast, leaving=0)  # not even its row can be written now
            time.sleep(4)
            ballast.unlink()
            whole = reader.await_state(wanted.id, TransferState.WHOLE, within_s=60)
    listener.close()
    assert taken_in(reader)
    assert reader.digests(key) == source.digests(key)
    assert len(reader.digests(key)) == 50
    assert not whole.detail


@pytest.mark.slow
def test_a_study_that_changes_while_it_travels_arrives_as_it_is_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHIPEL_ARCHIVE__LOW_DISK_BYTES", str(16 << 20))
    listener = door()
    with Link("127.0.0.1:0", address(listener), rate_bps=RATE / 3, rtt_s=0.02) as line:
        source, reader = archipelago(tmp_path, {"gp": line.address, "mq": "127.0.0.1:1"})
        key = study_of(source, 30)
        with peering(source, listener), peering(reader):
            wanted = reader.want(key, source)
            size = await_manifest(reader, wanted)
            await_bytes(reader, wanted, size // 4)

            grown = grow(source, key, by=2)

            whole = reader.await_state(wanted.id, TransferState.WHOLE, within_s=60)
        sent = line.carried_bytes[1]
    listener.close()
    assert whole.manifest == grown
    assert whole.size_bytes > size
    assert taken_in(reader)
    assert reader.digests(key) == source.digests(key)
    assert len(reader.digests(key)) == 32
    with reader.open() as node:
        assert [one.revision for one in node.provenance.of(key)] == [2]
    assert sent < size * 1.6, "what was equal came twice"


def grow(island: Island, key: StudyKey, *, by: int) -> str:
    """Have more images of the second series come, be sealed and offered; the manifest's digest."""
    node = TravellingNode(island.root, name=island.name, tenant=island.tenant)
    try:
        for content in ct_series(key.study, number=2, images=by, side=512, first=1000):
            node.receive(content, tenant=island.tenant)
        node.settle()
        node.offered(key)
        offered = node.offers.manifest(key)
        assert offered is not None
        return offered.digest
    finally:
        node.close()


def fill(ballast: Path, *, leaving: int) -> None:
    """Fill a disk to the brim, or so that a little is left."""
    with ballast.open("wb") as file:
        free = os.statvfs(ballast.parent)
        left = free.f_bavail * free.f_frsize - leaving
        while left > 0:
            try:
                left -= file.write(bytes(min(left, 1 << 20)))
                file.flush()
            except OSError:
                return
