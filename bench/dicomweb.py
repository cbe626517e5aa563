"""DICOMweb of a whole running node beside Debian Orthanc's plugin, and C-STORE into whole nodes.

Both are given the same series over the same doors in one run: C-STORE with one and four
associations while the index is kept, STOW-RS, then reads before (open) and after sealing. dcmtk's
storescp, which keeps no index and syncs nothing, stands beside the C-STORE rows as a ceiling.
`server cpu_ms` is processor time of all the server's processes, for an instance or a picture:
when other work runs on the machine it moves little, rates and times move much. Frames
are asked for in the transfer syntax sent, so that both move the same pixels: a sealed frame is
then decoded. As stored, as the viewer asks, it is HTJ2K here and native in Orthanc.
"""

import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx

from archipel.kernel.aetitle import AETitle
from archipel.kernel.uid import Uid
from archipel.protocols.dimse.outgoing import batches
from archipel.protocols.dimse.store_scu import sender
from archipel.protocols.dimse.user import Peer
from archipel.standards.dicom import dataset as datasets
from archipel.standards.dicom import part10
from archipel.standards.dicom.dataset import DataSet, Element
from archipel.testing.furnished import Peer as Device
from archipel.testing.furnished import furnish
from archipel.testing.instances import Instance
from archipel.testing.running_node import RunningNode
from bench.processor import spent_s

CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
SIDE, COUNT = 512, 120
SETTLE_S = 5.0  # whoever has just opened its doors still loads what it needs later
PLUGIN = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"
_TEXTS = {
    0x00080005: "ISO_IR 192", 0x00080016: CT, 0x00080020: "20260105", 0x00080060: "CT",
    0x00100010: "TEST-Lefèvre^Zoé", 0x00100020: "TEST-0001", 0x00280002: "1",
    0x00280004: "MONOCHROME2", 0x00280010: str(SIDE), 0x00280011: str(SIDE), 0x00280100: "16",
    0x00280101: "16", 0x00280102: "15", 0x00280103: "1", 0x00281050: "40", 0x00281051: "400",
    0x00281052: "0", 0x00281053: "1",
}  # fmt: skip
Row = dict[str, str | float]


@dataclass(frozen=True)
class Server:
    """One of them: its DICOMweb root (empty: none) and headers, its DICOM door, its process."""

    name: str
    web: str
    headers: dict[str, str]
    peer: Peer
    pid: int


def _series(count: int = COUNT) -> list[Instance]:
    study, series = Uid.fresh(), Uid.fresh()
    made = []
    for number in range(1, count + 1):
        uid = Uid.fresh()
        data = DataSet.from_texts(
            _TEXTS
            | {0x00080018: uid.value, 0x0020000D: study.value, 0x0020000E: series.value}
            | {0x00200013: str(number)}
        )
        row = b"".join((x // 3 + number).to_bytes(2, "little") for x in range(SIDE))
        data.elements[0x7FE00010] = Element("OW", row * SIDE)
        made.append(
            Instance(
                sop_class=Uid(CT), sop_instance=uid, study=study, series=series,
                transfer_syntax=Uid(EXPLICIT), dataset=datasets.write(data, EXPLICIT),
            )
        )  # fmt: skip
    return made


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def _archipel(folder: Path) -> Iterator[Server]:
    token = furnish(folder / "home", {"ouest": [Device("SCU")]})["ouest"]
    settings = {"ARCHIPEL_ARCHIVE__SERIES_QUIET_S": "20"}
    with RunningNode(folder / "home", settings=settings) as node:
        yield Server(
            "archipel",
            f"{node.http}/dicomweb",
            {"Authorization": f"Bearer {token}"},
            _peer(node.dicom_port),
            node.pid,
        )


@contextlib.contextmanager
def _orthanc(folder: Path) -> Iterator[Server]:
    dicom, http = _free_port(), _free_port()
    settings = {
        "StorageDirectory": str(folder), "IndexDirectory": str(folder), "DicomPort": dicom,
        "HttpPort": http, "DicomAet": "OUEST", "DicomCheckCalledAet": False,
        "RemoteAccessAllowed": False, "Plugins": [PLUGIN], "DicomWeb": {"Enable": True},
    }  # fmt: skip
    (folder / "orthanc.json").write_text(json.dumps(settings))
    process = subprocess.Popen(
        [shutil.which("Orthanc") or "/usr/sbin/Orthanc", str(folder / "orthanc.json")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(200):
            with contextlib.suppress(httpx.TransportError):
                httpx.get(f"http://127.0.0.1:{http}/system")
                break
            time.sleep(0.1)
        web = f"http://127.0.0.1:{http}/dicom-web"
        yield Server("orthanc", web, {}, _peer(dicom), process.pid)
    finally:
        process.terminate()
        process.wait(60)


@contextlib.contextmanager
def _storescp(folder: Path) -> Iterator[Server]:
    port = _free_port()
    process = subprocess.Popen(
        ["/usr/bin/storescp", "--fork", "-od", str(folder), "-aet", "OUEST", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.1)
        yield Server("storescp", "", {}, _peer(port), process.pid)
    finally:
        process.terminate()
        process.wait(60)


def _peer(port: int) -> Peer:
    return Peer(host="127.0.0.1", port=port, called=AETitle("OUEST"), calling=AETitle("SCU"))


def _send(server: Server, made: list[Instance]) -> None:
    for proposals, part in batches([one.outgoing() for one in made]):
        with sender(server.peer, proposals) as to_peer:
            for one in part:
                if status := to_peer.store(one):
                    raise SystemExit(f"{server.name} answered {status:04X}H")


def _together(works: list[Callable[[], object]]) -> float:
    """Do all at once; return how long it took, in seconds. Raises what one of them raised."""
    with ThreadPoolExecutor(len(works)) as pool:
        started = time.perf_counter()
        for done in [pool.submit(work) for work in works]:
            done.result()
        return time.perf_counter() - started


def _stow(server: Server, made: list[Instance]) -> float:
    body = b""
    for one in made:
        head = part10.meta(
            sop_class=one.sop_class,
            sop_instance=one.sop_instance,
            transfer_syntax=one.transfer_syntax,
        )
        body += b"--x\r\nContent-Type: application/dicom\r\n\r\n" + head + one.dataset + b"\r\n"
    kind = 'multipart/related; type="application/dicom"; boundary=x'
    headers = {**server.headers, "Content-Type": kind, "Accept": "application/dicom+json"}
    started = time.perf_counter()
    answer = httpx.post(
        f"{server.web}/studies", content=body + b"--x--\r\n", headers=headers, timeout=120
    )
    if answer.status_code not in {200, 202}:
        raise SystemExit(f"{server.name} answered STOW by {answer.status_code}")
    return len(made) / (time.perf_counter() - started)


def _gets(server: Server, paths: list[str], accept: str) -> list[float]:
    times = []
    with httpx.Client(headers={**server.headers, "Accept": accept}, timeout=60) as client:
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


def _once(server: Server) -> dict[str, float]:
    """Measure everything on one fresh server: rates a second, times in milliseconds."""
    time.sleep(SETTLE_S)
    found: dict[str, float] = {}
    first = _series()
    _measured(found, "c-store 1 association", server, [lambda: _send(server, first)])
    four = [_series(COUNT // 4) for _ in range(4)]
    works = [lambda load=load: _send(server, load) for load in four]
    _measured(found, "c-store 4 associations", server, works)
    if not server.web:
        return found
    found["stow per_s"] = _stow(server, _series())
    return found | _reads(server, first)


def _measured(
    found: dict[str, float], name: str, server: Server, works: list[Callable[[], object]]
) -> None:
    """Note how many a second of `COUNT` were done, and the server's processor time for each."""
    before_s = spent_s(server.pid)
    took_s = _together(works)
    time.sleep(0.3)  # for the children that end with their associations
    found[f"{name} per_s"] = COUNT / took_s
    found[f"{name} server cpu_ms"] = (spent_s(server.pid) - before_s) / COUNT * 1e3


def _reads(server: Server, first: list[Instance]) -> dict[str, float]:
    found: dict[str, float] = {}
    study, series = first[0].study, first[0].series
    base = f"/studies/{study}/series/{series}"
    json_ = "application/dicom+json"
    pixels = f'multipart/related; type="application/octet-stream"; transfer-syntax={EXPLICIT}'
    frames = [f"{base}/instances/{one.sop_instance}/frames/1" for one in first]
    for state in ("open", "sealed"):
        if state == "sealed" and server.name == "archipel":
            _await_seal(server, base)
        found[f"metadata {state} first ms"] = _gets(server, [f"{base}/metadata"], json_)[0]
        found[f"metadata {state} again ms"] = statistics.median(
            _gets(server, [f"{base}/metadata"] * 10, json_)
        )
        _measured(
            found, f"frames {state} 1 client", server, [lambda: _gets(server, frames, pixels)]
        )
        quarters = [frames[n::4] for n in range(4)]
        took = _together([lambda part=part: _gets(server, part, pixels) for part in quarters])
        found[f"frames {state} 4 clients per_s"] = len(frames) / took
    quarters = [frames[n::4] for n in range(4)]
    as_stored = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
    took = _together([lambda part=part: _gets(server, part, as_stored) for part in quarters])
    found["frames sealed as stored 4 clients per_s"] = len(frames) / took
    found["qido studies ms"] = statistics.median(_gets(server, ["/studies?limit=50"] * 20, json_))
    found["qido instances ms"] = statistics.median(
        _gets(server, [f"{base}/instances"] * 10, json_)
    )
    rendered = [f"{base}/instances/{one.sop_instance}/rendered" for one in first]
    before_s = spent_s(server.pid)
    found["rendered ms"] = statistics.median(_gets(server, rendered, "image/jpeg"))
    found["rendered server cpu_ms"] = (spent_s(server.pid) - before_s) / len(rendered) * 1e3
    return found


def _await_seal(server: Server, base: str) -> None:
    """Wait until the series is sealed: then it has low resolutions."""
    until_s = time.monotonic() + 300
    with httpx.Client(headers=server.headers, timeout=60) as client:
        while client.get(f"{server.web}{base}/lowres").status_code != httpx.codes.OK:
            if time.monotonic() > until_s:
                raise SystemExit("the series is not sealed after 300 s")
            time.sleep(1)


def measure(repetitions: int) -> list[Row]:
    """Run everything on a fresh server of each kind in turn; return medians."""
    base = Path(os.environ.get("BENCH_FOLDER", tempfile.gettempdir()))
    runs: dict[str, dict[str, list[float]]] = {}
    load: list[float] = []
    for _ in range(repetitions):
        for start in (_archipel, _orthanc, _storescp):
            folder = Path(tempfile.mkdtemp(dir=base))
            with start(folder) as server:
                for name, value in _once(server).items():
                    runs.setdefault(name, {}).setdefault(server.name, []).append(value)
            shutil.rmtree(folder)
            load.append(os.getloadavg()[0])
    rows: list[Row] = []
    for name, by_server in runs.items():
        row: Row = {"what": name}
        row |= {server: round(statistics.median(v), 2) for server, v in by_server.items()}
        rows.append(row | {"load": round(statistics.median(load), 1)})
    return rows


def main() -> None:
    """Print the table."""
    for row in measure(int(sys.argv[1]) if len(sys.argv) > 1 else 3):
        print(*row.values(), sep="\t")


if __name__ == "__main__":
    main()
