"""A large disk into a node, running or not, in one go or in two (archipel import)."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from archipel.kernel.uid import Uid
from archipel.standards.dicom.part10 import meta
from archipel.testing.instances import instance
from archipel.testing.running_node import RunningNode

pytestmark = pytest.mark.slow

FILES = 6000  # more than the index writer may lag behind
KEY = "ch-de-l-ouest"
QUIET = {"ARCHIPEL_ARCHIVE__SERIES_QUIET_S": "600", "ARCHIPEL_ARCHIVE__LOW_DISK_BYTES": "1000000"}


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("disk")
    study, series = Uid.fresh(), Uid.fresh()
    for number in range(FILES):
        made = instance(study=study, series=series, pixel_bytes=64)
        head = meta(
            sop_class=made.sop_class,
            sop_instance=made.sop_instance,
            transfer_syntax=made.transfer_syntax,
        )
        (folder / f"{number:05}.dcm").write_bytes(head + made.dataset)
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    command = [sys.executable, "-m", "archipel", "init", "--home", tmp_path / "home"]
    subprocess.run([*command, "--name", "CH de l'Ouest"], check=True, capture_output=True)
    return tmp_path / "home"


def started(home: Path, disk: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "archipel", "import", "--home", str(home), str(disk)]
    return subprocess.Popen(
        [*command, "--organisation", KEY, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def imported(home: Path, disk: Path) -> dict[str, int]:
    out, said = started(home, disk).communicate(timeout=240)
    assert out, said
    return dict(json.loads(out)[0])


def instances(home: Path) -> int:
    command = [sys.executable, "-m", "archipel", "status", "--home", str(home), "--json"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=240)
    return int(json.loads(said.stdout)[0]["instances"])


def until_held(home: Path, number: int) -> None:
    for _ in range(60):
        if instances(home) >= number:
            break
        time.sleep(0.5)
    assert instances(home) == number


@pytest.mark.long
def test_a_stopped_node_takes_a_large_disk_and_goes_on_where_it_was_cut(home, disk) -> None:
    cut = started(home, disk)
    for _ in range(600):
        done = list((home / "imports").glob("*.done"))
        if done and done[0].stat().st_size > 33 * 1000:
            break
        time.sleep(0.05)
    cut.send_signal(signal.SIGKILL)
    cut.communicate(timeout=60)

    rest = imported(home, disk)

    assert rest["taken"] + rest["taken_before"] == FILES
    assert rest["taken_before"] >= 1000, "it began anew"
    assert rest["taken"] > 0, "it was not cut"
    with RunningNode(home, settings=QUIET):
        until_held(home, FILES)


@pytest.mark.long
def test_a_running_node_takes_a_large_disk(home, disk) -> None:
    with RunningNode(home, settings=QUIET):
        tally = imported(home, disk)
        until_held(home, FILES)

    assert tally == {"taken": FILES, "taken_before": 0, "not_images": 0, "refused": 0}


@pytest.mark.long
def test_a_node_started_during_an_import_indexes_all_of_it(home, disk) -> None:
    under_way = started(home, disk)
    with RunningNode(home, settings=QUIET):
        out, said = under_way.communicate(timeout=240)
        assert json.loads(out)[0]["taken"] == FILES, said
        until_held(home, FILES)
