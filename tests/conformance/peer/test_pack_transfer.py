"""Two real nodes and a line of 20 Mbit/s: cuts, kill -9 of either end, digests equal, once."""

import time
from pathlib import Path

import pytest

from archipel.archive.model import StudyKey
from archipel.exchange.schedule import TransferClass
from archipel.exchange.transfer import TransferState
from archipel.kernel.uid import Uid
from archipel.testing.archipelago.islands import archipelago, store
from archipel.testing.archipelago.travelling import ct_study
from archipel.testing.link import Link
from archipel.testing.peers.free_ports import free_port

IMAGES = 120
WINDOW_BYTES = 3 << 20  # asked for and not yet here when an end dies, at most


def done_bytes(island, transfer) -> int:
    return island.transfer(transfer.id).done_bytes


def await_bytes(island, transfer, least: int) -> None:
    until_s = time.monotonic() + 240
    while done_bytes(island, transfer) < least:
        assert time.monotonic() < until_s, island.transfer(transfer.id)
        time.sleep(0.1)


@pytest.mark.slow
def test_a_study_outlives_cuts_and_the_death_of_either_node(tmp_path: Path) -> None:
    door, address = (f"127.0.0.1:{free_port()}" for _ in range(2))
    source, reader = archipelago(tmp_path, {"gp": address, "mq": f"127.0.0.1:{free_port()}"})
    study = Uid.fresh()
    key = StudyKey(source.tenant, study)
    serving = source.running(ARCHIPEL_PEER__LISTEN=door, ARCHIPEL_PEER__LINE_OUT_MBIT="20")
    reading = reader.running(ARCHIPEL_PEER__LISTEN=reader.address)
    with Link(address, door, rate_bps=20e6, rtt_s=0.07) as link:
        serving.start()
        reading.start()
        try:
            store(serving, source.tenant, ct_study(study, images=IMAGES))
            source.await_offer(key)
            wanted = reader.want(key, source, TransferClass.STAT)
            await_bytes(reader, wanted, 2_000_000)
            for drop in (False, True):
                link.cut(drop=drop)
                time.sleep(4)
                assert reader.digests(key) == {}
                link.heal()
                await_bytes(reader, wanted, done_bytes(reader, wanted) + 1_500_000)
            reading.kill()
            reading.start()
            await_bytes(reader, wanted, done_bytes(reader, wanted) + 1_500_000)
            serving.kill()
            serving.start()
            whole = reader.await_state(wanted.id, TransferState.PUBLISHED, within_s=90)
        finally:
            reading.stop()
            serving.stop()
        assert reader.digests(key) == source.digests(key)
        assert len(reader.digests(key)) == IMAGES
        with reader.open() as node:
            assert [one.from_node for one in node.provenance.of(key)] == ["gp"]
        assert sum(link.carried_bytes) < whole.size_bytes + 4 * WINDOW_BYTES
