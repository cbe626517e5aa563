"""DICOMweb of a whole running node beside Debian Orthanc's plugin: STOW-RS, then reads.

Both hold the same series; ours is read before (open) and after sealing. Frames are asked for in
the transfer syntax sent, so that both move the same pixels: a sealed frame is then decoded. As
stored, as the viewer asks, it is HTJ2K here and native in Orthanc. `server cpu` as in `receive`.
"""

import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from archipel.kernel.uid import Uid
from archipel.standards.dicom import dataset as datasets
from archipel.standards.dicom import part10
from archipel.standards.dicom.dataset import DataSet, Element
from archipel.testing.instances import Instance
from archipel.testing.peers.plain import PLAIN
from bench.processor import spent_s
from bench.servers import Found, Server, archipel, gets, orthanc, send, settled

CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
JSON = "application/dicom+json"
PIXELS = f'multipart/related; type="application/octet-stream"; transfer-syntax={EXPLICIT}'
AS_STORED = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
SIDE, COUNT = 512, 100
STOWS = 3  # requests of `COUNT` instances
_TEXTS = {
    0x00080005: "ISO_IR 192", 0x00080016: CT, 0x00080020: "20260105", 0x00080060: "CT",
    0x00100010: "TEST-Lefèvre^Zoé", 0x00100020: "TEST-0001", 0x00280002: "1",
    0x00280004: "MONOCHROME2", 0x00280010: str(SIDE), 0x00280011: str(SIDE), 0x00280100: "16",
    0x00280101: "16", 0x00280102: "15", 0x00280103: "1", 0x00281050: "40", 0x00281051: "400",
    0x00281052: "0", 0x00281053: "1",
}  # fmt: skip


def once(base: Path, turn: int) -> Found:
    """Measure each server once, fresh, in another order each turn."""
    found: Found = {}
    for start in (archipel, orthanc) if turn % 2 == 0 else (orthanc, archipel):
        with settled(start, base) as server:
            for row, value in _all(server).items():
                found.setdefault(row, {})[server.name] = value
    return found


def _all(server: Server) -> dict[str, float]:
    first = _series()
    send(server, first)
    found = _open(server, first)
    found["STOW-RS of 100 CT: per s"] = statistics.median(
        _stow(server, _series()) for _ in range(STOWS)
    )
    _await_seal(server, _path(first))
    return found | _sealed(server, first) | _same(server, first)


def _open(server: Server, first: list[Instance]) -> dict[str, float]:
    """Read what has just come."""
    metadata = [f"{_path(first)}/metadata"]
    return {
        "metadata of 100, open, first: ms": gets(server, metadata, JSON)[0],
        "metadata of 100, open, again: ms": statistics.median(gets(server, metadata * 10, JSON)),
    } | _frames(server, first, "open")


def _sealed(server: Server, first: list[Instance]) -> dict[str, float]:
    metadata = [f"{_path(first)}/metadata"]
    return {
        "metadata of 100, sealed, first: ms": gets(server, metadata, JSON)[0],
        "metadata of 100, sealed, again: ms": statistics.median(gets(server, metadata * 10, JSON)),
    } | _frames(server, first, "sealed")


def _frames(server: Server, first: list[Instance], state: str) -> dict[str, float]:
    paths = [f"{_path(first)}/instances/{one.sop_instance}/frames/1" for one in first]
    before_s = spent_s(server.pid)
    one_s = sum(gets(server, paths, PIXELS)) / 1e3
    cpu_s = spent_s(server.pid) - before_s
    quarters = [paths[n::4] for n in range(4)]
    four_s = _together([lambda part=part: gets(server, part, PIXELS) for part in quarters])
    return {
        f"frames, {state}, 1 client: per s": len(paths) / one_s,
        f"frames, {state}, 1 client: server cpu, ms": cpu_s / len(paths) * 1e3,
        f"frames, {state}, 4 clients: per s": len(paths) / four_s,
    }


def _same(server: Server, first: list[Instance]) -> dict[str, float]:
    """Read what is the same for both states."""
    instances = [f"{_path(first)}/instances/{one.sop_instance}" for one in first]
    quarters = [[f"{one}/frames/1" for one in instances[n::4]] for n in range(4)]
    took_s = _together([lambda part=part: gets(server, part, AS_STORED) for part in quarters])
    rendered = [f"{one}/rendered" for one in instances]
    before_s = spent_s(server.pid)
    rendered_ms = statistics.median(gets(server, rendered, "image/jpeg"))
    cpu_s = spent_s(server.pid) - before_s
    listed = [f"{_path(first)}/instances"] * 10
    return {
        "frames as stored, 4 clients: per s": len(first) / took_s,
        "rendered: ms": rendered_ms,
        "rendered: server cpu, ms": cpu_s / len(rendered) * 1e3,
        "QIDO-RS of 100 instances: ms": statistics.median(gets(server, listed, JSON)),
    }


def _path(made: list[Instance]) -> str:
    return f"/studies/{made[0].study}/series/{made[0].series}"


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
    os.sync()
    with httpx.Client(headers=headers, timeout=120, verify=PLAIN) as client:
        started = time.perf_counter()
        answer = client.post(f"{server.web}/studies", content=body + b"--x--\r\n")
        took_s = time.perf_counter() - started
    if answer.status_code not in {200, 202}:
        raise SystemExit(f"{server.name} answered STOW by {answer.status_code}")
    return len(made) / took_s


def _await_seal(server: Server, base: str) -> None:
    """Wait until the series is sealed: then it has low resolutions. Orthanc seals nothing."""
    if server.name != "archipel":
        return
    until_s = time.monotonic() + 300
    with httpx.Client(headers=server.headers, timeout=60) as client:
        while client.get(f"{server.web}{base}/lowres").status_code != httpx.codes.OK:
            if time.monotonic() > until_s:
                raise SystemExit("the series is not sealed after 300 s")
            time.sleep(1)
