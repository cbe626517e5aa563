"""A long line between two network namespaces: delay, loss, rate, queue, cuts. Needs root.

A TUN device in each namespace and one process that carries the packets; nothing of the kernel's
own emulation (sch_netem) is needed. The queue is given in seconds of the line: what does not fit
is dropped at its tail, as a router does.
"""

import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from archipel.kernel.errors import Unavailable

NEAR, FAR = "10.77.0.1", "10.77.0.2"
_MTU = 1400
_SETNS_NETWORK = 0x40000000
_TUNSETIFF, _TUN, _NO_HEADER = 0x400454CA, 0x0001, 0x1000
_PACKETS_AT_ONCE = 64
_START_S = 20.0
_LEAST_QUEUE_BYTES = 40 * _MTU


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What the line is like, in each direction; rate 0: as fast as this machine carries."""

    rtt_s: float = 0.0
    rate_bps: float = 0.0
    loss: float = 0.0
    queue_s: float = 0.15
    cut: bool = False


@dataclass
class Wan:
    """Two namespaces, `near` (10.77.0.1) and `far` (10.77.0.2), and the line between them."""

    line: Line = field(default_factory=Line)

    def __post_init__(self) -> None:
        self.near, self.far = (f"arc{end}{os.getpid()}" for end in "ab")

    def __enter__(self) -> Self:
        for name in (self.near, self.far):
            _ip("netns", "add", name)
        self._carrier = subprocess.Popen(  # noqa: S603  (our own interpreter and module)
            [sys.executable, "-m", "archipel.testing.archipelago.wan", self.near, self.far],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if self._answer() != "ready":
            raise Unavailable("the line did not come up: see above")
        self.set(self.line)
        return self

    def __exit__(self, *_: object) -> None:
        for name in (self.near, self.far):
            said = subprocess.run(  # noqa: S603
                ["ip", "netns", "pids", name],  # noqa: S607
                capture_output=True,
                text=True,
                check=False,
            )
            for pid in said.stdout.split():
                with suppress(OSError):
                    os.kill(int(pid), signal.SIGKILL)
        self._carrier.kill()
        self._carrier.wait(5)
        for pipe in (self._carrier.stdin, self._carrier.stdout):
            if pipe is not None:
                pipe.close()
        for name in (self.near, self.far):
            _ip("netns", "del", name)

    def set(self, line: Line) -> None:
        """Make the line like this from now on."""
        self.line = line
        self._say(asdict(line))

    def cut(self, *, cut: bool = True) -> None:
        """Let nothing through, or everything again."""
        self.set(Line(**(asdict(self.line) | {"cut": cut})))

    def counts(self) -> tuple[int, int, int]:
        """Return packets carried, lost and dropped at the tail since the line last changed."""
        self._say({})
        carried, lost, dropped, _bytes = json.loads(self._answer())
        return carried, lost, dropped

    def carried_bytes(self) -> int:
        """Return the bytes of all packets carried from near to far since the line was laid."""
        self._say({})
        *_packets, carried = json.loads(self._answer())
        return int(carried)

    @staticmethod
    def inside(namespace: str) -> Sequence[str]:
        """Return the words before a command that is to run in a namespace."""
        return ("ip", "netns", "exec", namespace)

    def _say(self, what: dict[str, Any]) -> None:
        assert self._carrier.stdin is not None  # noqa: S101  (a pipe was asked for)
        self._carrier.stdin.write(json.dumps(what) + "\n")
        self._carrier.stdin.flush()

    def _answer(self) -> str:
        assert self._carrier.stdout is not None  # noqa: S101
        if not select.select([self._carrier.stdout], [], [], _START_S)[0]:
            raise Unavailable("the line does not answer")
        return self._carrier.stdout.readline().strip()


class _Carrier:
    """Carries packets between two TUN devices until its stdin ends."""

    def __init__(self, ends: tuple[int, int]) -> None:
        self._ends = ends
        self._line = Line()
        self._waiting: list[tuple[float, int, int, bytes]] = []
        self._number = 0
        self._free_at = [0.0, 0.0]
        self._counts = [0, 0, 0]
        self._bytes = 0
        self._chance = random.Random(1)  # noqa: S311  (a line's noise, the same each time)

    def run(self) -> None:
        """Carry until told to stop."""
        while True:
            now = time.monotonic()
            due_s = self._waiting[0][0] - now if self._waiting else 0.05
            heard = select.select([*self._ends, 0], [], [], min(0.05, max(0.0, due_s)))[0]
            if 0 in heard and not self._told():
                return
            for way, end in enumerate(self._ends):
                if end in heard:
                    self._take(way)
            self._give()

    def _told(self) -> bool:
        said = sys.stdin.readline()
        if not said:
            return False
        changed = json.loads(said)
        if changed:
            self._line = Line(**changed)
            self._counts = [0, 0, 0]
        else:
            sys.stdout.write(json.dumps([*self._counts, self._bytes]) + "\n")
            sys.stdout.flush()
        return True

    def _take(self, way: int) -> None:
        line, now = self._line, time.monotonic()
        for _ in range(_PACKETS_AT_ONCE):
            try:
                packet = os.read(self._ends[way], 65536)
            except BlockingIOError:
                return
            if line.cut or (line.loss and self._chance.random() < line.loss):
                self._counts[1] += 1
                continue
            at = now
            if line.rate_bps:
                free_at = max(self._free_at[way], now)
                room_s = max(line.queue_s, _LEAST_QUEUE_BYTES * 8 / line.rate_bps)
                if free_at - now > room_s:
                    self._counts[2] += 1
                    continue
                at = self._free_at[way] = free_at + len(packet) * 8 / line.rate_bps
            self._number += 1
            heapq.heappush(self._waiting, (at + line.rtt_s / 2, self._number, way, packet))

    def _give(self) -> None:
        now = time.monotonic()
        while self._waiting and self._waiting[0][0] <= now:
            _at, _number, way, packet = heapq.heappop(self._waiting)
            with suppress(OSError):
                os.write(self._ends[1 - way], packet)
                self._counts[0] += 1
                self._bytes += len(packet) if way == 0 else 0


def available() -> str | None:
    """Say why no line can be laid here; None when it can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not os.path.exists("/dev/net/tun"):  # noqa: PTH110  (a device)
        return "there is no /dev/net/tun"
    tried = subprocess.run(["ip", "netns", "list"], capture_output=True, check=False)  # noqa: S607
    return None if tried.returncode == 0 else "the command `ip netns` does not work here"


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)  # noqa: S603, S607
    if done.returncode:
        raise Unavailable(f"ip {' '.join(words)}: {done.stderr.strip()}")


def _tun(namespace: str, address: str, other: str) -> int:
    """Make a TUN device in a namespace and come back from there."""
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    _enter(os.open(f"/run/netns/{namespace}", os.O_RDONLY))
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH", b"wan0", _TUN | _NO_HEADER))
    _ip("addr", "add", address, "peer", other, "dev", "wan0")
    _ip("link", "set", "lo", "up")
    _ip("link", "set", "wan0", "mtu", str(_MTU), "txqueuelen", "5000", "up")
    _enter(here)
    return device


def _enter(namespace: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, _SETNS_NETWORK):
        raise OSError(ctypes.get_errno(), "setns")
    os.close(namespace)


def main() -> None:
    """Carry for the namespaces named on the command line."""
    near, far = sys.argv[1:3]
    ends = _tun(near, NEAR, FAR), _tun(far, FAR, NEAR)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    _Carrier(ends).run()


if __name__ == "__main__":
    main()
