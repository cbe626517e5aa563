"""A node that is revoked while it sends: nothing more is fetched from it."""

import time
from pathlib import Path

import pytest
from tests.conformance.peer.inside import LEFT_OPEN, address, door, peering
from tests.conformance.peer.test_cuts import await_bytes, await_manifest, study_of

from archipel.app import archipelago as operator
from archipel.exchange.model import NodeName
from archipel.exchange.transfer import TransferState
from archipel.testing.archipelago.islands import archipelago
from archipel.testing.link import Link

pytestmark = LEFT_OPEN


@pytest.mark.slow
def test_nothing_more_comes_from_a_node_that_is_revoked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHIPEL_ARCHIVE__LOW_DISK_BYTES", str(16 << 20))
    listener = door()
    with Link("127.0.0.1:0", address(listener), rate_bps=6e6) as line:
        source, reader = archipelago(tmp_path, {"gp": line.address, "mq": "127.0.0.1:1"})
        key = study_of(source, 40)
        with peering(source, listener), peering(reader):
            wanted = reader.want(key, source)
            size = await_manifest(reader, wanted)
            await_bytes(reader, wanted, size // 5)

            with reader.open() as node:
                operator.revoke(node, NodeName("gp"), reason="stolen", by="test")
            held = reader.await_state(wanted.id, TransferState.STALLED, within_s=15)
            assert "no peer of this node" in held.detail
            time.sleep(1)
            stood = line.carried_bytes[1]
            time.sleep(2)
            assert line.carried_bytes[1] - stood < 64 << 10
            assert reader.transfer(wanted.id).done_bytes < size
    listener.close()
