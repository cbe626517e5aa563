"""Strangers' pixels are decoded in processes of their own, few, bounded, and replaced (ADR 0058).

A codec is C code that reads what anybody sent: it may crash, never end, or take all memory. Here
it does so in a worker that is killed and replaced, and the one who asked for that image gets a
failure; the door and its other visitors do not notice.
"""

import json
import logging
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, LifoQueue
from typing import BinaryIO

from archipel.app import workbench as bench
from archipel.imaging.errors import Undecodable
from archipel.imaging.ports import MOST_BYTES, Task
from archipel.kernel.errors import Exhausted, Unavailable

MEMORY_BYTES = 3 << 30  # address space that one task may take
TIME_S = 20.0
_START_S = 30.0
_PIECE_BYTES = 1 << 20
_LONGEST_BYTES = 4 << 30
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Worker:
    """One worker: the socket it serves, and the handle by which it is killed."""

    socket: socket.socket
    pidfd: int

    def end(self) -> None:
        with suppress(OSError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        os.close(self.pidfd)
        self.socket.close()


@dataclass(slots=True)
class _Result:
    """What came of a task: bytes, or a file without a name that holds them."""

    content: bytes = b""
    file: BinaryIO | None = None
    length: int = 0


class ProcessWorkshop:
    """`imaging.ports.Workshop`, for any thread of one process. Starts with the first task.

    `spool` is a directory for results too long for memory, as files that have no name.
    """

    def __init__(
        self,
        spool: Path,
        *,
        workers: int = 0,
        memory_bytes: int = MEMORY_BYTES,
        time_s: float = TIME_S,
    ) -> None:
        self._spool, self._memory_bytes, self._time_s = spool, memory_bytes, time_s
        self._bench: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._lock = threading.Lock()
        self._places: LifoQueue[_Worker | None] = LifoQueue()
        self._workers = workers or max(2, os.cpu_count() or 1)
        for _ in range(self._workers):
            self._places.put(None)

    def warm(self) -> None:
        """Load the codecs and start a worker before somebody waits for them."""
        place = self._places.get(timeout=self._time_s)
        try:
            place = place or self._hire()
        finally:
            self._places.put(place)

    def run(self, task: Task, *, most_bytes: int = MOST_BYTES) -> bytes:
        """See the port."""
        result = self._do(task)
        if result.length > most_bytes:
            if result.file is not None:
                result.file.close()
            raise Exhausted(
                f"the result has {result.length} bytes, {most_bytes} are granted: ask for less"
            )
        return b"".join(_pieces(result))

    def pieces(self, task: Task) -> Iterator[bytes]:
        """See the port."""
        return _pieces(self._do(task))

    def close(self) -> None:
        """End every worker."""
        with self._lock:
            if self._control is not None:
                self._control.close()
            if self._bench is not None:
                self._bench.kill()
                self._bench.wait(5)
            self._control = self._bench = None
        for _ in range(self._workers):
            with suppress(Empty):
                worker = self._places.get_nowait()
                if worker is not None:
                    worker.end()

    def _do(self, task: Task) -> _Result:
        try:
            worker = self._places.get(timeout=self._time_s)
        except Empty:
            raise Exhausted("every decoder is busy: ask again in a moment") from None
        kept: _Worker | None = None
        try:
            worker = worker or self._hire()
            result = self._ask(worker, task)
            kept = worker
        except BaseException as failure:
            if worker is not None:
                worker.end()
                _log.warning("a decoder is replaced: %s", failure)
            raise
        finally:
            self._places.put(kept)
        return _told(result)

    def _ask(self, worker: _Worker, task: Task) -> tuple[int, _Result]:
        """Have one task done. Raises `Undecodable` when the worker dies on it, `Exhausted`."""
        content = pickle.dumps(task, protocol=5)
        deadline = time.monotonic() + self._time_s
        try:
            worker.socket.settimeout(self._time_s)
            worker.socket.sendall(bench.REQUEST.pack(len(content)))
            worker.socket.sendall(content)
            worker.socket.settimeout(max(deadline - time.monotonic(), 0.01))
            head, given, _, _ = socket.recv_fds(worker.socket, bench.REPLY.size, 1)
            file = os.fdopen(given[0], "rb") if given else None
            if len(head) != bench.REPLY.size:
                raise Undecodable("the decoder died on this object")
            kind, length = bench.REPLY.unpack(head)
            if kind == bench.FILED:
                return kind, _checked(file, length)
            if kind > bench.BUG or length > bench.INLINE_BYTES:
                raise Undecodable("the decoder answered nonsense on this object")
            payload = bench.receive(worker.socket, length)
            if len(payload) != length:
                raise Undecodable("the decoder died on this object")
        except TimeoutError:
            raise Exhausted("decoding took longer than is granted: ask for less") from None
        except OSError as error:
            raise Undecodable("the decoder died on this object") from error
        return kind, _Result(payload, length=length)

    def _hire(self) -> _Worker:
        """Have a worker forked. Raises `Unavailable`."""
        with self._lock:
            for _ in range(2):  # the bench itself may have died
                control = self._control or self._open_bench()
                ours, theirs = socket.socketpair()
                try:
                    socket.send_fds(control, [b"w"], [theirs.fileno()])
                    said, given, _, _ = socket.recv_fds(control, 1, 1)
                    if said == b"w" and given:
                        return _Worker(ours, given[0])
                except OSError as error:
                    _log.warning("the workbench does not answer: %s", error)
                finally:
                    theirs.close()
                ours.close()
                self._close_bench()
        raise Unavailable("no decoder can be started: see the log")

    def _open_bench(self) -> socket.socket:
        self._spool.mkdir(parents=True, exist_ok=True)
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "archipel.app.workbench"]
        command += [str(self._memory_bytes), str(self._time_s), str(self._spool)]
        one_thread = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # it forks
        with theirs:
            self._bench = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
                command, stdin=theirs.fileno(), env=os.environ | one_thread
            )
        ours.settimeout(_START_S)
        self._control = ours
        return ours

    def _close_bench(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._bench is not None:
            self._bench.kill()
            self._bench.wait(5)
        self._control = self._bench = None


def _checked(file: BinaryIO | None, length: int) -> _Result:
    """Hold a result's file against what was said of it. Raises `Undecodable`."""
    if file and length <= _LONGEST_BYTES and os.fstat(file.fileno()).st_size == length:
        return _Result(file=file, length=length)
    raise Undecodable("the decoder answered nonsense on this object")


def _told(answer: tuple[int, _Result]) -> _Result:
    """Raise the failure that a worker told, or return the result."""
    kind, result = answer
    if kind == bench.BUG:
        told = result.content.decode(errors="replace")
        raise RuntimeError(f"a decoder failed on a bug:\n{told}")
    if kind == bench.FAILED:
        number, said = json.loads(result.content)
        raise bench.TOLD[number](str(said))
    return result


def _pieces(result: _Result) -> Iterator[bytes]:
    if result.file is None:
        yield result.content
        return
    with result.file as file:
        file.seek(0)
        while piece := file.read(_PIECE_BYTES):
            yield piece
