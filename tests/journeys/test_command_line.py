"""The life of a node from the command line: made, fed from a disk, checked, killed, rebuilt."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from archipel.kernel.clock import utc_now
from archipel.testing.phantoms.datasets import part10
from archipel.testing.phantoms.exams import plans
from archipel.testing.running_node import RunningNode

pytestmark = pytest.mark.slow

KEY = "ch-de-l-ouest"
QUIET = {"ARCHIPEL_ARCHIVE__SERIES_QUIET_S": "1", "ARCHIPEL_ARCHIVE__LOW_DISK_BYTES": "1000000"}
Said = subprocess.CompletedProcess[str]


def archipel(*words: str | Path) -> Said:
    command = [sys.executable, "-m", "archipel", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def figures(home: Path) -> dict[str, object]:
    said = archipel("status", "--home", home, "--json")
    assert said.returncode == 0, said.stderr
    (row,) = json.loads(said.stdout)
    return dict(row)


def until(wanted: Callable[[], bool]) -> None:
    for _ in range(120):
        if wanted():
            return
        time.sleep(0.5)
    raise AssertionError("it did not come")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = archipel("init", "--home", tmp_path / "home", "--name", "CH de l'Ouest")
    assert made.returncode == 0, made.stderr
    return tmp_path / "home"


@pytest.fixture
def medium(tmp_path: Path) -> Path:
    """Fill a disk: an ultrasound, an MR of five series, a file that is no image."""
    folder = tmp_path / "medium"
    folder.mkdir()
    for plan in plans(utc_now(), run="disk"):
        if plan.name in {"ultrasound", "brain"}:
            for number, dataset in enumerate(plan.instances(quick=True)):
                (folder / f"{plan.name}-{number:03}.dcm").write_bytes(part10(dataset))
    (folder / "letter.txt").write_text("Bonjour, ceci n'est pas une image. " * 20)
    return folder


def test_a_second_node_in_one_home_is_refused(home: Path) -> None:
    again = archipel("init", "--home", home, "--name", "Another")

    assert again.returncode == 1
    assert "is a node's home already" in again.stderr


def test_wrong_use_says_what_is_known(home: Path) -> None:
    said = archipel("ae", "add", "--home", home, "CT1", "--organisation", KEY, "--may", "paint")

    assert said.returncode == 2
    assert "paint" in said.stderr
    assert "store" in said.stderr


def test_a_disk_is_taken_in_once_whatever_how_often(home: Path, medium: Path) -> None:
    with RunningNode(home, settings=QUIET):
        first = archipel("import", "--home", home, medium, "--organisation", KEY, "--json")
        again = archipel("import", "--home", home, medium, "--organisation", KEY, "--json")
        until(lambda: figures(home)["series_to_seal"] == 0)
        held = figures(home)
        checked = archipel("verify", "--home", home, "--json")

    for said in (first, again):
        assert said.returncode == 1, "one file is no image"
        assert "letter.txt" in said.stderr
        assert json.loads(said.stdout)[0] == {
            "taken": 41,
            "taken_before": 0,
            "not_images": 0,
            "refused": 1,
        }
    assert (held["studies"], held["instances"], held["quarantined"]) == (2, 41, 0)
    assert checked.returncode == 0
    assert json.loads(checked.stdout)[0]["damaged"] == 0


def test_a_killed_node_says_that_its_doors_are_closed(home: Path) -> None:
    node = RunningNode(home, settings=QUIET)
    node.start()
    assert "dicom=" in str(figures(home)["doors"])

    node.kill()

    until(lambda: figures(home)["doors"] == "closed")


def test_the_index_is_made_again_and_damage_has_a_name(home: Path, medium: Path) -> None:
    with RunningNode(home, settings=QUIET):
        archipel("import", "--home", home, medium, "--organisation", KEY)
        until(lambda: figures(home)["series_to_seal"] == 0)
    for file in home.glob("index.db*"):
        file.rename(file.with_name(f"lost-{file.name}"))

    rebuilt = archipel("verify", "--rebuild", "--home", home, "--json")

    assert rebuilt.returncode == 0, rebuilt.stderr
    held = figures(home)
    assert (held["studies"], held["series"], held["instances"]) == (2, 6, 41)
    pack = max(home.glob("packs/*/*.pack"), key=lambda one: one.stat().st_size)
    content = bytearray(pack.read_bytes())
    content[len(content) // 2] ^= 1
    pack.chmod(0o600)
    pack.write_bytes(content)
    said = archipel("verify", "--home", home)
    assert said.returncode == 1
    assert pack.name in said.stderr
