"""Three running nodes: they join, tell each other, are cut, and end with one state."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from archipel.app import archipelago
from archipel.exchange.model import Capability
from archipel.testing.archipelago.joined import Island, until
from archipel.testing.link import Link

pytestmark = pytest.mark.slow


@pytest.fixture
def islands(tmp_path: Path) -> Iterator[list[Island]]:
    """Run three nodes that are in no archipelago yet."""
    with ExitStack() as stack:
        yield [stack.enter_context(Island(name, tmp_path / name)) for name in ("mq", "gp", "gf")]


def equal(islands: list[Island]) -> bool:
    return len({one.state_hash() for one in islands}) == 1


def test_three_nodes_join_and_end_with_one_state_through_cuts(islands: list[Island]) -> None:
    mq, gp, gf = islands
    with Link("127.0.0.1:0", mq.running.peer, rate_bps=20e6, rtt_s=0.07) as line:
        gp.join(mq)
        gf.join(mq, url=f"https://{line.address}")
        for one in islands:
            until(lambda one=one: len(one.node.peers.all()) == 2)
            for other in islands:
                if one is not other:
                    one.share_with(other.called)
        until(lambda: equal(islands))

        line.cut()
        for number, one in enumerate(islands):
            one.state(f"study:1.2.{number}", "study.available", {"revision": 1})
            one.state("patient:h|1", "policy.denied" if one is gf else "policy.granted", {})
        line.cut(drop=True)
        mq.running.kill()
        mq.running.start()
        mq.state("study:1.2.9", "study.available", {"revision": 1})
        line.target = mq.running.peer
        line.heal()

        until(lambda: equal(islands) and len(gf.node.facts.everything()) > 10, timeout_s=30)
    for one in islands:
        told = {fact.subject for fact in one.node.facts.everything()}
        assert {f"study:1.2.{number}" for number in (0, 1, 2, 9)} <= told
        assert one.node.facts.withheld() == 0
    until(lambda: all(row["line"] == "up" for row in archipelago.rows(gp.node)))


def test_what_no_agreement_covers_is_a_stub_until_one_does(islands: list[Island]) -> None:
    mq, gp, _ = islands
    gp.join(mq)
    mq.state(
        "study:1.2.3", "study.available", {"revision": 1, "patient": "h|1"}, patient="patient:h|1"
    )
    mq.state("request:mq:1", "request.made", {})
    until(lambda: gp.node.facts.withheld() == 2)
    assert mq.tenant not in {fact.tenant for fact in gp.node.facts.everything()}

    mq.share_with(gp.called, frozenset({Capability.QUERY}))

    until(lambda: gp.node.facts.withheld() == 1)
    assert {f.subject for f in gp.node.facts.everything() if f.tenant == mq.tenant} == {
        "study:1.2.3"
    }
