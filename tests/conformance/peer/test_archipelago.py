"""Three running nodes: they join, tell each other, are cut, and end with one state."""

import pytest

from archipel.testing.link import Link
from tests.conformance.peer.conftest import enrol, until

pytestmark = pytest.mark.slow


def test_three_nodes_join_and_end_with_one_state_through_a_cut(island) -> None:
    mq, gp, gf = (island(name) for name in ("mq", "gp", "gf"))
    with Link("127.0.0.1:0", mq.running.peer, rate_bps=20e6, rtt_s=0.07) as line:
        enrol(gp, mq)
        enrol(gf, mq, url=f"https://{line.address}")
        print(mq.running.last_words())
        until(lambda: len(gp.node.peers.all()) == 2, timeout_s=30)
        for one in (mq, gp, gf):
            for other in (mq, gp, gf):
                if one is not other:
                    one.share_with(other.name)
        for one in (mq, gp, gf):
            for number in range(5):
                one.state(number)
        until(lambda: len({one.hash() for one in (mq, gp, gf)}) == 1, timeout_s=30)
