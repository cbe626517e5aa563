"""Orders into this node's HL7 door, beside the plain server of the `hl7` library, in one run.

    python -m bench.mllp [repetitions]

The senders are raw sockets: each waits for its acknowledgement before the next message. This node
keeps every message and its order in SQLite, synced, before it answers; the library's server parses
the message, answers and keeps nothing: it is a ceiling, not a rival.
"""

import asyncio
import contextlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from archipel.app.create import create_node
from archipel.app.home import Home
from archipel.app.wiring import Node
from archipel.orders.model import Site

CONNECTIONS = (1, 8)
ORDERS = 400  # of one repetition, over all connections
ORDER = (
    "\x0bMSH|^~\\&|RIS|CHU|ARCHIPEL|MQ|20260106120000||ORM^O01|{n}|P|2.3.1||||||UNICODE UTF-8\r"
    "PID|||IPP{n}^^^CHU^PI||TEST-DUPONT^JEANNE||19790328|F\r"
    "PV1||O|RADIO|||||10000023084^TEST-AGNES^Isabelle\r"
    "ORC|NW|PL{n}^RIS|FL{n}^RIS||SC||^^^20260107083000^^R\r"
    "OBR|1|PL{n}^RIS|FL{n}^RIS|CTTHO^Scanner thorax^L|||||||||||||||ACC{n}|RP{n}|SPS{n}||||CT\r"
    "ZDS|1.2.250.1.999.1.{n}^Archipel^Application^DICOM\r\x1c\r"
)
_PLAIN = """
import asyncio, sys
from hl7.mllp import start_hl7_server

async def talk(reader, writer):
    while True:
        try:
            message = await reader.readmessage()
        except asyncio.IncompleteReadError:
            break
        writer.writemessage(message.create_ack())
        await writer.drain()
    writer.close()

async def main():
    server = await start_hl7_server(talk, host="127.0.0.1", port=0, encoding="utf-8")
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""


@contextlib.contextmanager
def _archipel(folder: Path) -> Iterator[int]:
    home = Home(folder / "node")
    organisation = create_node(home, name="TEST", community="bench").organisation
    with Node.open(home) as node:
        issuer = organisation.issuer
        node.sites.put(
            Site(
                name="ris",
                tenant=organisation.key,
                application="RIS",
                patient_issuer=issuer,
                accession_issuer=issuer,
            )
        )
    listener = socket.create_server(("127.0.0.1", 0))
    command = [sys.executable, "-m", "archipel.app.roles", "hl7", str(home.root)]
    environment = os.environ | {
        "ARCHIPEL_HL7_FD": str(listener.fileno()),
        "ARCHIPEL_HL7__MESSAGES_PER_SECOND": "0",
    }
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        command,
        env=environment,
        pass_fds=[listener.fileno()],
        stderr=log,
        stdin=subprocess.DEVNULL,
    )
    try:
        yield listener.getsockname()[1]
    finally:
        process.terminate()
        process.wait(20)
        log.close()
        listener.close()


@contextlib.contextmanager
def _library(_folder: Path) -> Iterator[int]:
    process = subprocess.Popen(
        [sys.executable, "-c", _PLAIN], stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL
    )
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(20)


async def _send(port: int, numbers: range, delays: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in numbers:
        began = time.perf_counter()
        writer.write(ORDER.format(n=number).encode())
        answer = await reader.readuntil(b"\x1c\r")
        delays.append(time.perf_counter() - began)
        assert b"MSA|AA|" in answer, answer
    writer.close()
    await writer.wait_closed()


async def _all(port: int, connections: int, first: int) -> tuple[float, list[float]]:
    delays: list[float] = []
    share = ORDERS // connections
    began = time.perf_counter()
    await asyncio.gather(
        *(
            _send(port, range(first + n * share, first + (n + 1) * share), delays)
            for n in range(connections)
        )
    )
    return len(delays) / (time.perf_counter() - began), sorted(delays)


def measure(repetitions: int) -> list[dict[str, object]]:
    """Return a row for each server and number of connections."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="archipel-bench-") as folder:
        for name, server in (("archipel, durable", _archipel), ("hl7 library", _library)):
            with server(Path(folder)) as port:
                asyncio.run(_all(port, 1, 10_000_000))  # warm
                first = 0
                for connections in CONNECTIONS:
                    runs = []
                    for _ in range(repetitions):
                        runs.append(asyncio.run(_all(port, connections, first)))
                        first += ORDERS
                    delays = sorted(one for _, run in runs for one in run)
                    rows.append(
                        {
                            "server": name,
                            "connections": connections,
                            "orders/s": round(statistics.median(rate for rate, _ in runs)),
                            "p50 ms": round(delays[len(delays) // 2] * 1000, 1),
                            "p99 ms": round(delays[len(delays) * 99 // 100] * 1000, 1),
                        }
                    )
    return rows


if __name__ == "__main__":
    for row in measure(int(sys.argv[1]) if len(sys.argv) > 1 else 3):
        print(row, flush=True)
