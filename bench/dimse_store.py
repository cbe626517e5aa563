"""C-STORE into this node, beside dcmtk's storescp and Orthanc, in one run with one sender.

    python bench/dimse_store.py [repetitions]

The sender is ours: one write for each message, TCP_NODELAY. This node and Orthanc are durable at
each acknowledgement (Orthanc by its default settings); storescp syncs nothing, it is a ceiling.
No index writer follows the journal here: what is measured is the acknowledgement.
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
from pathlib import Path

from archipel.kernel.aetitle import AETitle
from archipel.kernel.uid import Uid
from archipel.protocols.dimse.outgoing import batches
from archipel.protocols.dimse.store_scu import sender
from archipel.protocols.dimse.user import Peer
from archipel.testing.dimse_node import DimseNode, KnownDevice
from archipel.testing.instances import Instance, instance

LOADS = {"ct 526 kB": (400, 524_288), "small 10 kB": (1000, 9_000)}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def _archipel(folder: Path) -> Iterator[int]:
    devices = [KnownDevice(title="SCU")]
    node = DimseNode.start(devices, journal=folder, log_file=folder / "log")
    try:
        yield node.port
    finally:
        node.stop()


@contextlib.contextmanager
def _process(port: int, *command: str) -> Iterator[int]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.1)
        time.sleep(0.5)
        yield port
    finally:
        process.terminate()
        process.wait(30)


@contextlib.contextmanager
def _storescp(folder: Path) -> Iterator[int]:
    port = _free_port()
    command = ["/usr/bin/storescp", "--fork", "-od", str(folder), "-aet", "OUEST", str(port)]
    with _process(port, *command) as ready:
        yield ready


@contextlib.contextmanager
def _orthanc(folder: Path) -> Iterator[int]:
    port = _free_port()
    settings = folder / "orthanc.json"
    settings.write_text(
        json.dumps(
            {
                "StorageDirectory": str(folder),
                "IndexDirectory": str(folder),
                "DicomPort": port,
                "HttpPort": _free_port(),
                "DicomAet": "OUEST",
                "DicomCheckCalledAet": False,
                "RemoteAccessAllowed": False,
            }
        )
    )
    with _process(port, shutil.which("Orthanc") or "/usr/sbin/Orthanc", str(settings)) as ready:
        yield ready


PEERS: dict[str, Callable[[Path], contextlib.AbstractContextManager[int]]] = {
    "archipel": _archipel,
    "dcmtk": _storescp,
    "orthanc": _orthanc,
}


def _load(count: int, pixel_bytes: int) -> list[Instance]:
    study, series = Uid.fresh(), Uid.fresh()
    return [
        instance(study=study, series=series, pixel_bytes=pixel_bytes, sop_class=_CT)
        for _ in range(count)
    ]


_CT = "1.2.840.10008.5.1.4.1.1.2"


def _send(port: int, load: list[Instance]) -> list[float]:
    """Send every instance; return how long each acknowledgement took, in seconds."""
    peer = Peer(host="127.0.0.1", port=port, called=AETitle("OUEST"), calling=AETitle("SCU"))
    waits = []
    for proposals, part in batches([each.outgoing() for each in load]):
        with sender(peer, proposals) as to_peer:
            for each in part:
                started = time.perf_counter()
                status = to_peer.store(each)
                waits.append(time.perf_counter() - started)
                if status:
                    raise SystemExit(f"{peer} answered {status:04X}H")
    return waits


Row = dict[str, str | float]


def measure(repetitions: int) -> list[Row]:
    """Run every load against every peer, interleaved; return medians."""
    base = Path(os.environ.get("BENCH_FOLDER", tempfile.gettempdir()))
    rows: list[Row] = []
    for name, (count, pixel_bytes) in LOADS.items():
        rates: dict[str, list[tuple[float, float, float]]] = {peer: [] for peer in PEERS}
        for _ in range(repetitions):
            for peer, start in PEERS.items():
                folder = Path(tempfile.mkdtemp(dir=base))
                load = _load(count, pixel_bytes)
                with start(folder) as port:
                    waits = sorted(_send(port, load))
                shutil.rmtree(folder)
                p50, p99 = waits[len(waits) // 2], waits[int(len(waits) * 0.99)]
                rates[peer].append((count / sum(waits), p50 * 1e3, p99 * 1e3))
        for peer, runs in rates.items():
            rate, p50, p99 = (statistics.median(column) for column in zip(*runs, strict=True))
            row: Row = {"load": name, "peer": peer, "per_s": round(rate, 1)}
            rows.append(row | {"p50_ms": round(p50, 3), "p99_ms": round(p99, 3)})
    return rows


def main() -> None:
    """Print the table."""
    for row in measure(int(sys.argv[1]) if len(sys.argv) > 1 else 3):
        print(*row.values(), sep="\t")


if __name__ == "__main__":
    main()
