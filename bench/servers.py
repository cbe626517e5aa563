"""The servers that are measured, each fresh in a folder of its own, with its usual settings.

Archipel is the whole node: door, journal, index, relay, audit. Orthanc is Debian's with its
DICOMweb plugin: it makes every file durable before it answers, as we do. dcmtk's storescp keeps no
index and syncs nothing: for receiving it is the ceiling.
"""

import contextlib
import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from archipel.kernel.aetitle import AETitle
from archipel.protocols.dimse.outgoing import batches
from archipel.protocols.dimse.store_scu import sender
from archipel.protocols.dimse.user import Peer
from archipel.testing.furnished import Peer as Device
from archipel.testing.furnished import furnish
from archipel.testing.instances import Instance
from archipel.testing.peers.free_ports import free_port
from archipel.testing.peers.plain import PLAIN
from archipel.testing.running_node import RunningNode

Found = dict[str, dict[str, float]]
"""What was measured: row -> server -> value. The row's name ends with its unit."""

SETTLE_S = 5.0  # whoever has just opened its doors still loads what it needs later
SERIES_QUIET_S = 15  # then our node seals, and what reads a sealed series can be measured
PLUGIN = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"


@dataclass(frozen=True)
class Server:
    """One of them: its DICOMweb root (empty: none) and headers, its DICOM door, its process."""

    name: str
    web: str
    headers: dict[str, str]
    peer: Peer
    pid: int


@contextlib.contextmanager
def archipel(folder: Path) -> Iterator[Server]:
    """Run a node of ours."""
    token = furnish(folder / "home", {"ouest": [Device("SCU")]})["ouest"]
    settings = {"ARCHIPEL_ARCHIVE__SERIES_QUIET_S": str(SERIES_QUIET_S)}
    with RunningNode(folder / "home", settings=settings) as node:
        web = f"{node.http}/dicomweb"
        headers = {"Authorization": f"Bearer {token}"}
        yield Server("archipel", web, headers, _peer(node.dicom_port), node.pid)


@contextlib.contextmanager
def orthanc(folder: Path) -> Iterator[Server]:
    """Run Debian's Orthanc as it is delivered, with DICOMweb."""
    dicom, http = free_port(), free_port()
    settings = {
        "StorageDirectory": str(folder), "IndexDirectory": str(folder), "DicomPort": dicom,
        "HttpPort": http, "DicomAet": "OUEST", "DicomCheckCalledAet": False,
        "RemoteAccessAllowed": False, "Plugins": [PLUGIN], "DicomWeb": {"Enable": True},
    }  # fmt: skip
    (folder / "orthanc.json").write_text(json.dumps(settings))
    binary = shutil.which("Orthanc") or "/usr/sbin/Orthanc"
    with _process([binary, str(folder / "orthanc.json")], http) as pid:
        yield Server("orthanc", f"http://127.0.0.1:{http}/dicom-web", {}, _peer(dicom), pid)


@contextlib.contextmanager
def storescp(folder: Path) -> Iterator[Server]:
    """Run dcmtk's storescp, a process for each association."""
    port = free_port()
    command = ["/usr/bin/storescp", "--fork", "-od", str(folder), "-aet", "OUEST", str(port)]
    with _process(command, port) as pid:
        yield Server("storescp", "", {}, _peer(port), pid)


@contextlib.contextmanager
def settled(
    start: Callable[[Path], contextlib.AbstractContextManager[Server]], base: Path
) -> Iterator[Server]:
    """Start one in a fresh folder, wait until it is calm, take all away at the end."""
    folder = Path(tempfile.mkdtemp(dir=base))
    try:
        with start(folder) as server:
            time.sleep(SETTLE_S)
            yield server
    finally:
        shutil.rmtree(folder)


def send(server: Server, made: Sequence[Instance]) -> list[float]:
    """Send by C-STORE on one association; return the wait for each answer, in seconds."""
    waits = []
    for proposals, part in batches([one.outgoing() for one in made]):
        with sender(server.peer, proposals) as to_peer:
            for one in part:
                started = time.perf_counter()
                status = to_peer.store(one)
                waits.append(time.perf_counter() - started)
                if status:
                    raise SystemExit(f"{server.name} answered {status:04X}H")
    return waits


def gets(server: Server, paths: Sequence[str], accept: str) -> list[float]:
    """Ask one after the other on one connection; return how long each took, in milliseconds."""
    times = []
    with httpx.Client(
        headers={**server.headers, "Accept": accept}, timeout=60, verify=PLAIN
    ) as client:
        for path in paths:
            started = time.perf_counter()
            try:
                answer = client.get(server.web + path)
            except httpx.RemoteProtocolError:  # it closed a connection it had kept
                answer = client.get(server.web + path)
            times.append((time.perf_counter() - started) * 1e3)
            if answer.status_code != httpx.codes.OK:
                raise SystemExit(f"{server.name} answered {path} by {answer.status_code}")
    return times


@contextlib.contextmanager
def _process(command: Sequence[str], port: int) -> Iterator[int]:
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, **quiet)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait(60)


def _peer(port: int) -> Peer:
    return Peer(host="127.0.0.1", port=port, called=AETitle("OUEST"), calling=AETitle("SCU"))
