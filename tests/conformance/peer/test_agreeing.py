"""Two nodes that hold the same facts compare what they make of them, over their real door."""

from pathlib import Path

import pytest
from tests.conformance.peer.inside import LEFT_OPEN, address, door, peering

from archipel.app import archipelago as operator
from archipel.app.network import agreeing
from archipel.app.network.told import WATCHED_FILE
from archipel.testing.archipelago.islands import archipelago
from archipel.testing.archipelago.joined import until

pytestmark = LEFT_OPEN


@pytest.mark.slow
def test_nodes_that_hold_the_same_facts_say_that_they_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreeing, "AGAIN_S", 1.0)
    doors = {"gp": door(), "mq": door()}
    gp, mq = archipelago(tmp_path, {name: address(one) for name, one in doors.items()})
    for one in (gp, mq):
        (one.home.run / WATCHED_FILE).touch()  # somebody looks: they are asked more often
    with peering(gp, doors["gp"]), peering(mq, doors["mq"]), mq.open() as node:

        def agreed() -> bool:
            (mq.home.run / WATCHED_FILE).touch()
            (row,) = operator.rows(node)
            return row["states"] == "equal"

        until(agreed, timeout_s=120, every_s=0.5)
    for one in doors.values():
        one.close()
