"""kill -9 amid moves between two disks: every pack is whole somewhere, and read from there."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from archipel.kernel.uid import Uid
from archipel.stores.packs.tiers import Tiers
from archipel.testing.archipelago.travelling import ct_series
from archipel.testing.storage_node import StorageNode

MOVER = Path(__file__).with_name("mover.py")


@pytest.mark.parametrize(
    "kills",
    [
        pytest.param(4, marks=pytest.mark.slow),
        pytest.param(100, marks=[pytest.mark.slow, pytest.mark.long]),
    ],
)
def test_a_mover_that_is_killed_anywhere_loses_nothing(tmp_path: Path, kills: int) -> None:
    home, cold = tmp_path / "home", tmp_path / "cold"
    node = StorageNode(home, shelf=Tiers(home / "packs", cold, run=home / "run", note=False))
    node.replay()
    for _ in range(4):
        for content in ct_series(Uid.fresh(), number=1, images=3, side=256):
            node.receive(content)
    node.catch_up()
    node.seal()
    node.journal.close()
    node.tidy()  # no other copy is left
    before = [node.contents.dataset(held) for held in node.held()]
    moved = False

    for kill in range(kills):
        mover = subprocess.Popen(
            [sys.executable, str(MOVER), str(home), str(cold)],
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert mover.stdout is not None
        assert mover.stdout.readline() == b"moving\n"
        time.sleep(0.02 + 0.017 * (kill * 7 % 12))
        mover.kill()
        mover.communicate(timeout=10)

        moved |= any(cold.glob("*/*.pack"))
        assert [node.contents.dataset(held) for held in node.held()] == before
        assert not any(one.damage for one in node.findings())

    assert moved
    tiers = Tiers(home / "packs", cold, run=home / "run", note=False)
    tiers.settle()
    assert not {key for key, _ in tiers.hot.inventory()} & {
        key for key, _ in tiers.cold.inventory()
    }
    assert sum(1 for _ in tiers.inventory()) == 4
    node.close()
