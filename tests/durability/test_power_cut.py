"""Nothing acknowledged is lost when the power goes, whatever the node was doing."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FEW = int(os.environ.get("ARCHIPEL_CUTS", "50"))
MANY = 2000
FEW_OF_A_NODE = 2
MANY_OF_A_NODE = 200
SECONDS_A_CUT = 40  # on a machine that does other things too

pytestmark = pytest.mark.root


def _timeout_s(cuts: int) -> int:
    return 120 + cuts * SECONDS_A_CUT


def cut(filesystem: str, cuts: int, rounds: str = "rounds") -> dict[str, int]:
    """Run the rounds of a module in a mount namespace of their own."""
    if os.geteuid() != 0:
        pytest.skip("cutting the power of a loop device needs root")
    for tool in ("unshare", "mount", f"mkfs.{filesystem}"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is missing")
    run = subprocess.run(
        [
            *("unshare", "--mount", "--propagation", "private"),
            *(sys.executable, "-m", f"tests.durability.{rounds}"),
            *("--cuts", str(cuts), "--filesystem", filesystem),
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=_timeout_s(cuts),
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
    )
    if "failed to setup loop device" in run.stderr:
        pytest.skip("this machine has no loop devices")
    assert run.returncode == 0, run.stderr[-2000:]
    found: dict[str, int] = json.loads(run.stdout.splitlines()[-1])
    return found


def judge(found: dict[str, int]) -> None:
    wrong = {
        name: found[name]
        for name in ("lost", "lost_later", "torn", "inconsistent", "recovery_failed")
        if found.get(name)
    }
    assert wrong == {}, found
    assert found["acked"] > found["cuts"], found
    assert found["replayed"] > 0, found  # cuts did come between journal and index
    assert found["sealed"] > 0, found  # and among packs


@pytest.mark.slow
@pytest.mark.timeout(_timeout_s(FEW))
def test_power_cuts_lose_nothing_acknowledged() -> None:
    judge(cut("ext4", FEW))


@pytest.mark.long
@pytest.mark.timeout(_timeout_s(MANY))
@pytest.mark.parametrize("filesystem", ["ext4", "xfs"])
def test_many_power_cuts_lose_nothing_acknowledged(filesystem) -> None:
    judge(cut(filesystem, MANY // 2))


def judge_node(found: dict[str, int]) -> None:
    names = ("lost", "lost_later", "not_served", "torn")
    assert {name: found[name] for name in names if found.get(name)} == {}, found
    assert found["acked"] > found["cuts"], found
    assert found["packs"] > 0, found


@pytest.mark.slow
@pytest.mark.timeout(_timeout_s(FEW_OF_A_NODE))
def test_power_cuts_of_a_whole_node_lose_nothing_its_dicom_door_acknowledged() -> None:
    judge_node(cut("ext4", FEW_OF_A_NODE, "node_rounds"))


@pytest.mark.long
@pytest.mark.timeout(_timeout_s(MANY_OF_A_NODE))
@pytest.mark.parametrize("filesystem", ["ext4", "xfs"])
def test_many_power_cuts_of_a_whole_node_lose_nothing(filesystem) -> None:
    judge_node(cut(filesystem, MANY_OF_A_NODE // 2, "node_rounds"))


def test_the_tool_sees_a_missing_fsync(tmp_path) -> None:
    """Prove the test by a journal that does not fsync: then everything is lost."""
    if os.geteuid() != 0:
        pytest.skip("cutting the power of a loop device needs root")
    script = (
        "import os, sys; from pathlib import Path; from tests.durability.powercut import *;"
        "d = CuttableDisk(Path(sys.argv[1]), 'ext4'); d.make(); p = d.path / 'x';"
        "p.write_bytes(b'unsynced' * 999); d.cut(); d.restore();"
        "lost = not p.exists() or p.stat().st_size == 0; d.close(); sys.exit(0 if lost else 7)"
    )
    run = subprocess.run(
        [
            *("unshare", "--mount", "--propagation", "private"),
            *(sys.executable, "-c", script, str(tmp_path)),
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=240,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
    )
    if "failed to setup loop device" in run.stderr:
        pytest.skip("this machine has no loop devices")
    assert run.returncode == 0, run.stderr
