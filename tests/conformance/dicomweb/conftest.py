"""A real node of the DICOMweb door: SQLite, journal, packs, granian, one process."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from archipel.kernel.uid import Uid
from archipel.standards.dicom import part10
from archipel.standards.dicom.dataset import DataSet, Element, write
from archipel.testing.peers.plain import PLAIN

ROOT = Path(__file__).parents[3]
CT = Uid("1.2.840.10008.5.1.4.1.1.2")
EXPLICIT = "1.2.840.10008.1.2.1"


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict]:
    """Address and tokens of a node of this test run."""
    home = tmp_path_factory.mktemp("node")
    command = [sys.executable, "-m", "archipel.testing.dicomweb_node", str(home)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        try:
            line = process.stdout.readline()
            assert line, "the node did not start"
            yield json.loads(line) | {"pid": process.pid, "home": home}
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture
def west(node: dict) -> Iterator[httpx.Client]:
    """Somebody of the west."""
    with _client(node, "west") as client:
        yield client


@pytest.fixture
def east(node: dict) -> Iterator[httpx.Client]:
    """Somebody of the east."""
    with _client(node, "east") as client:
        yield client


def _client(node: dict, tenant: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {node['tokens'][tenant]}"}
    return httpx.Client(
        base_url=f"{node['http']}/dicomweb", headers=headers, timeout=60, verify=PLAIN
    )


@pytest.fixture
def seal(node: dict) -> Callable[[], int]:
    """Seal all that lies in the journal; returns how many series."""
    return lambda: httpx.post(f"{node['http']}/seal", timeout=120, verify=PLAIN).json()["sealed"]


def _volume(study: str, slices: int, *, side: int = 96) -> list[tuple[bytes, np.ndarray]]:
    """Make a smooth ball in noise, signed: files and pixels of each slice."""
    noise = np.random.default_rng(7)
    rows, columns = np.mgrid[:side, :side] - side / 2
    made = []
    for number in range(1, slices + 1):
        radius = np.hypot(rows, columns) + abs(number - slices / 2)
        pixels = np.where(radius < side / 3, 60, -900) + noise.integers(-15, 15, (side, side))
        made.append((_file(study, number, pixels.astype("<i2")), pixels.astype(np.int16)))
    return made


def _file(study: str, number: int, pixels: np.ndarray) -> bytes:
    instance = f"{study}.1.{number}"
    dataset = DataSet()
    texts = {
        0x00080005: "ISO_IR 192",
        0x00080016: CT.value,
        0x00080018: instance,
        0x00080020: "20261123",
        0x00080060: "CT",
        0x00100010: "TEST-Éloïse^Zoé",
        0x00100020: f"IPP-{study}",
        0x0020000D: study,
        0x0020000E: f"{study}.1",
        0x00200013: str(number),
        0x00280002: "1",
        0x00280004: "MONOCHROME2",
        0x00280010: str(pixels.shape[0]),
        0x00280011: str(pixels.shape[1]),
        0x00280100: "16",
        0x00280101: "16",
        0x00280102: "15",
        0x00280103: "1",
    }
    for tag, text in texts.items():
        dataset.set_text(tag, text)
    dataset.elements[0x7FE00010] = Element("OW", pixels.tobytes())
    head = part10.meta(sop_class=CT, sop_instance=Uid(instance), transfer_syntax=Uid(EXPLICIT))
    return head + write(dataset, EXPLICIT)


@pytest.fixture
def volume() -> Callable[..., list[tuple[bytes, np.ndarray]]]:
    """Make a small CT: (file, pixels) of each slice."""
    return _volume


@pytest.fixture
def store(west: httpx.Client) -> Callable[[list[bytes]], httpx.Response]:
    """Send files by STOW-RS as somebody of the west."""

    def send(files: list[bytes]) -> httpx.Response:
        part = b"--x-y-z\r\nContent-Type: application/dicom\r\n\r\n"
        body = b"".join(part + one + b"\r\n" for one in files) + b"--x-y-z--\r\n"
        kind = 'multipart/related; type="application/dicom"; boundary=x-y-z'
        return west.post("/studies", content=body, headers={"Content-Type": kind})

    return send
