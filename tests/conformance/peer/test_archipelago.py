"""Three running nodes: they join, tell each other, are cut, and end with one state."""

import time
import pytest
from contextlib import ExitStack

from archipel.testing.islands import Island, until
from archipel.testing.link import Link

pytestmark = pytest.mark.slow


def test_three_nodes_join_and_end_with_one_state_through_a_cut(tmp_path) -> None:
    t0 = time.time()

    def tick(w):
        print(f"{time.time() - t0:.1f} {w}", flush=True)

    with ExitStack() as stack:
        mq, gp, gf = (stack.enter_context(Island(n, tmp_path / n)) for n in ("mq", "gp", "gf"))
        tick("started")
        line = stack.enter_context(Link("127.0.0.1:0", mq.running.peer, rate_bps=20e6, rtt_s=0.07))
        gp.join(mq)
        tick("joined")
        gf.join(mq, url=f"https://{line.address}")
        tick("joined")
        until(lambda: len(gp.node.peers.all()) == 2, timeout_s=30)
        tick("peers")
        for one in (mq, gp, gf):
            for other in (mq, gp, gf):
                if one is not other:
                    until(lambda: one.node.peers.peer(other.called))
                    one.share_with(other.called)
        for one in (mq, gp, gf):
            for number in range(5):
                one.state(f"study:1.2.{number}", "study.available", {"rev": 1})
        tick("stated")
        until(lambda: len({one.state_hash() for one in (mq, gp, gf)}) == 1, timeout_s=30)
        tick("equal")
        print((mq.home / "run/links.json").read_text())
    tick("stop")
