"""QIDO-RS over 10,000 studies, in our node and in Orthanc: end to end, one client."""

import json
import statistics
import time
from pathlib import Path

import httpx

from archipel.testing.instances import Instance, instance
from archipel.testing.peers.plain import PLAIN
from bench.receive import send_together
from bench.servers import Found, Server, archipel, gets, orthanc, settled

STUDIES = 10_000
AT_ONCE = 1000  # a new study takes the index longer than the door: it would refuse for a while
EVERY = 4  # one study in so many is a CT, the others are of another modality
PATIENCE_S = 120
JSON = "application/dicom+json"
QUERIES = {
    "limit=100": "/studies?limit=100",
    "PatientID": "/studies?PatientID=TEST-5000",
    "ModalitiesInStudy=CT, limit=100": "/studies?ModalitiesInStudy=CT&limit=100",
    "date range, limit=100": "/studies?StudyDate=20260101-20260102&limit=100",
}


def once(base: Path, _turn: int) -> Found:
    """Fill each server by four associations, then ask."""
    found: Found = {}
    studies = [_study(number) for number in range(STUDIES)]
    for start in (archipel, orthanc):
        with settled(start, base) as server:
            for begin in range(0, STUDIES, AT_ONCE):
                some = studies[begin : begin + AT_ONCE]
                send_together(server, [some[n::4] for n in range(4)])
                _await_index(server, begin + AT_ONCE)
            for name, path in QUERIES.items():
                row = f"QIDO-RS at 10,000 studies, {name}: ms"
                gets(server, [path] * 3, JSON)
                value = statistics.median(gets(server, [path] * 20, JSON))
                found.setdefault(row, {})[server.name] = value
    return found


def _study(number: int) -> Instance:
    modality = "CT" if number % EVERY == 0 else "MR"
    texts = {
        0x00080020: f"202601{number % 28 + 1:02d}",
        0x00080050: f"TEST-A{number}",
        0x00080060: modality,
        0x00100010: f"TEST-Martin^Zo\N{LATIN SMALL LETTER E WITH DIAERESIS}{number}",
        0x00100020: f"TEST-{number}",
    }
    return instance(texts=texts, pixel_bytes=64)


def _await_index(server: Server, count: int) -> None:
    """Wait until so many studies can be found: our index follows the journal."""
    until_s = time.monotonic() + PATIENCE_S
    with httpx.Client(
        headers={**server.headers, "Accept": JSON}, timeout=60, verify=PLAIN
    ) as client:
        while True:
            answer = client.get(f"{server.web}/studies?limit=1&offset={count - 1}")
            if answer.status_code == httpx.codes.OK and json.loads(answer.content or b"[]"):
                return
            if time.monotonic() > until_s:
                raise SystemExit(f"{server.name}: fewer than {count} studies are found")
            time.sleep(0.2)
