"""C-STORE into whole nodes: rates, the wait for an acknowledgement, processor time, memory.

Each sender is a process of its own, so that four of them do not share an interpreter; it is ours
(one write for each message, TCP_NODELAY) for every server. `server cpu` is processor time of all
the server's processes for an instance: when other work runs on the machine it moves little, rates
and times move much.
"""

import multiprocessing
import os
import threading
import time
from collections.abc import Sequence
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import TypeAlias

import psutil

from archipel.kernel.errors import ArchipelError
from archipel.kernel.uid import Uid
from archipel.testing.instances import Instance, instance
from bench.processor import spent_s
from bench.servers import Found, Server, archipel, orthanc, send, settled, storescp

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
LOADS = {"CT of 526 kB": (400, 524_288), "10 kB": (1000, 9_000)}
ASSOCIATIONS = (1, 4)
LONG_BYTES = 300 << 20
Told: TypeAlias = "Queue[list[float] | str]"  # waits, or why there are none
_FORK = multiprocessing.get_context("fork")


def once(base: Path, turn: int) -> Found:
    """Measure each server once, fresh, in another order each turn."""
    found: Found = {}
    servers = [archipel, orthanc, storescp]
    for start in servers[turn % 3 :] + servers[: turn % 3]:
        with settled(start, base) as server:
            send(server, _load(10, 9_000))  # whoever loads on first use has done so
            for name, (count, pixel_bytes) in LOADS.items():
                for associations in ASSOCIATIONS:
                    each = count // associations
                    loads = [_load(each, pixel_bytes) for _ in range(associations)]
                    what = f"C-STORE {name}, {associations} assoc."
                    for row, value in _measured(server, loads).items():
                        found.setdefault(f"{what}: {row}", {})[server.name] = value
            for row, value in _long(server).items():
                found.setdefault(f"C-STORE of one 300 MB: {row}", {})[server.name] = value
    return found


def _load(count: int, pixel_bytes: int) -> list[Instance]:
    study, series = Uid.fresh(), Uid.fresh()
    return [
        instance(study=study, series=series, pixel_bytes=pixel_bytes, sop_class=CT_IMAGE)
        for _ in range(count)
    ]


def _measured(server: Server, loads: Sequence[Sequence[Instance]]) -> dict[str, float]:
    os.sync()  # nobody pays for what was written before
    before_s = spent_s(server.pid)
    took_s, waits = send_together(server, loads)
    time.sleep(0.3)  # for the children that end with their associations
    cpu_s = spent_s(server.pid) - before_s
    return {
        "per s": len(waits) / took_s,
        "answer p50, ms": waits[len(waits) // 2] * 1e3,
        "answer p99, ms": waits[int(len(waits) * 0.99)] * 1e3,
        "server cpu, ms": cpu_s / len(waits) * 1e3,
    }


def send_together(
    server: Server, loads: Sequence[Sequence[Instance]]
) -> tuple[float, Sequence[float]]:
    """Send each load on an association of its own, all at once.

    Returns the seconds it took and, sorted, the wait for each answer.
    """
    told: Told = _FORK.Queue()
    together = _FORK.Barrier(len(loads) + 1)
    senders = [_FORK.Process(target=_sender, args=(server, one, together, told)) for one in loads]
    for one in senders:
        one.start()
    together.wait(60)
    started_s = time.perf_counter()
    answers = [told.get(timeout=300) for _ in senders]
    took_s = time.perf_counter() - started_s
    for one in senders:
        one.join(60)
    if wrong := [answer for answer in answers if isinstance(answer, str)]:
        raise SystemExit("; ".join(wrong))
    return took_s, sorted(wait for answer in answers for wait in answer)


def _sender(server: Server, load: Sequence[Instance], together: Barrier, told: Told) -> None:
    together.wait(60)
    try:
        told.put(send(server, load))
    except (SystemExit, ArchipelError) as failure:
        told.put(str(failure))


def _long(server: Server) -> dict[str, float]:
    """Send one long instance; measure the time and by how much the server's memory grew."""
    load = _load(1, LONG_BYTES)
    os.sync()
    before = highest = _resident_bytes(server.pid)
    sent = threading.Event()
    times: list[float] = []

    def work() -> None:
        times.extend(send(server, load))
        sent.set()

    thread = threading.Thread(target=work)
    thread.start()
    while not sent.wait(0.02) and thread.is_alive():
        highest = max(highest, _resident_bytes(server.pid))
    thread.join()
    return {"s": times[0], "memory rise, MB": (highest - before) / 1e6}


def _resident_bytes(pid: int) -> int:
    """Return what a server's processes hold of their own; pages of files are not theirs."""
    root = psutil.Process(pid)
    total = 0
    for one in (root, *root.children(recursive=True)):
        try:
            memory = one.memory_info()
        except psutil.NoSuchProcess:
            continue
        total += memory.rss - memory.shared
    return total
