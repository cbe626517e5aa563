"""What leaves for a node stays below its cap, on real doors and sockets."""

import time
from pathlib import Path

import pytest
from tests.conformance.peer.inside import LEFT_OPEN, address, door, peering
from tests.conformance.peer.test_cuts import study_of

from archipel.exchange.transfer import TransferState
from archipel.testing.archipelago.islands import archipelago
from archipel.testing.link import Link

pytestmark = LEFT_OPEN

SLOW_MBIT, FAST_MBIT = 2, 8
BITS_IN_MBIT = 1e6
BURSTS_BYTES = 256 << 10  # what a bucket lets go at once, manifests, digests, handshakes


@pytest.mark.slow
def test_two_nodes_are_given_as_their_caps_are_and_never_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHIPEL_ARCHIVE__LOW_DISK_BYTES", str(64 << 20))
    listener = door()
    with Link("127.0.0.1:0", address(listener)) as near, Link("127.0.0.1:0", near.target) as far:
        doors = {"gp": address(listener), "mq": "127.0.0.1:1", "gf": "127.0.0.1:2"}
        source, fast, slow = archipelago(tmp_path, doors)
        source.settings["caps"] = f'"mq={FAST_MBIT} gf={SLOW_MBIT}"'
        fast.settings["via"] = f'"gp={near.address}"'
        slow.settings["via"] = f'"gp={far.address}"'
        key = study_of(source, 18)
        with peering(source, listener):
            wishes = [(one, one.want(key, source)) for one in (fast, slow)]
            began_s = time.monotonic()
            with peering(fast), peering(slow):
                whole = fast.await_state(wishes[0][1].id, TransferState.WHOLE, within_s=60)
                passed_s = time.monotonic() - began_s
                gave = [line.carried_bytes[1] for line in (near, far)]
                held = slow.transfer(wishes[1][1].id)
    listener.close()

    assert whole.size_bytes > 1 << 20
    assert held.state is not TransferState.WHOLE
    for given, mbit in zip(gave, (FAST_MBIT, SLOW_MBIT), strict=True):
        assert given <= mbit * BITS_IN_MBIT / 8 * passed_s + BURSTS_BYTES, (gave, passed_s)
    ratio = gave[1] / gave[0]
    assert SLOW_MBIT / FAST_MBIT * 0.7 <= ratio <= SLOW_MBIT / FAST_MBIT * 1.6, (gave, passed_s)
