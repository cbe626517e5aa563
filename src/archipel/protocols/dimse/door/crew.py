"""The worker processes as the guard sees them: forked, handed associations, buried, replaced.

A worker gets the connected socket and the A-ASSOCIATE-RQ that was read from it (as a memory file,
so that its size is no matter) over a socket of its own, and says when an association is over. It
ends when that socket does, so no worker outlives its guard.
"""

import logging
import os
import selectors
import signal
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from archipel.protocols.dimse.settings import DimseSettings

log = logging.getLogger(__name__)

NUMBER = struct.Struct("<Q")  # of an association, unique within its worker's life
_RESTART_DELAY_S = 1.0
_POLL_S = 0.02

Work = Callable[[socket.socket], None]
"""What a worker does with its end of the socket. Called in the child; its return ends it."""


@dataclass(slots=True)
class _Worker:
    pid: int
    link: socket.socket
    hosts: dict[int, str] = field(default_factory=dict)  # associations under way
    handed: int = 0


class Crew:
    """The workers of one guard."""

    def __init__(
        self, work: Work, selector: selectors.BaseSelector, settings: DimseSettings
    ) -> None:
        self._work = work
        self._selector = selector
        self._settings = settings
        self._workers: list[_Worker] = []
        self._due: list[float] = []  # when to replace those that died
        self._busy: Counter[str] = Counter()

    def start(self, inherited: list[socket.socket]) -> None:
        """Fork all workers. `inherited` are sockets of the guard that no worker may keep."""
        for _ in range(self._settings.workers):
            self._fork(inherited)

    def replace_the_dead(self, now_s: float, inherited: Callable[[], list[socket.socket]]) -> None:
        """Fork a worker for each that died long enough ago; `inherited` is asked only then."""
        if not self._due:
            return
        due = [when for when in self._due if when <= now_s]
        self._due = [when for when in self._due if when > now_s]
        for _ in due:
            self._fork(inherited())

    def full_for(self, host: str) -> bool:
        """Tell whether one more association of this address would be one too many."""
        return (
            self._busy.total() >= self._settings.max_associations
            or self._busy[host] >= self._settings.max_associations_per_address
        )

    def hand(self, sock: socket.socket, host: str, request: bytes) -> bool:
        """Give an association to the least busy worker; False when none can take it."""
        for worker in sorted(self._workers, key=lambda w: len(w.hosts)):
            number = worker.handed + 1
            memory = os.memfd_create("associate-rq", os.MFD_CLOEXEC)
            try:
                with os.fdopen(memory, "wb", closefd=False) as file:
                    file.write(request)
                message = NUMBER.pack(number) + host.encode("ascii", "replace")
                socket.send_fds(worker.link, [message], [sock.fileno(), memory])
            except OSError as error:  # its queue is full, or it has just died
                log.warning("worker %d takes no association: %s", worker.pid, error)
                continue
            finally:
                os.close(memory)
            worker.handed = number
            worker.hosts[number] = host
            self._busy[host] += 1
            return True
        return False

    def stop(self) -> None:
        """Let every worker finish what it does, no longer than the drain, and bury it."""
        deadline = time.monotonic() + self._settings.drain_timeout_s + 2.0
        for worker in self._workers:
            self._selector.unregister(worker.link)
            worker.link.close()
        left = [worker.pid for worker in self._workers]
        while left and time.monotonic() < deadline:
            left = [pid for pid in left if os.waitpid(pid, os.WNOHANG)[0] == 0]
            time.sleep(_POLL_S if left else 0)
        for pid in left:
            log.error("worker %d did not end and is killed", pid)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def _fork(self, inherited: list[socket.socket]) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                for foreign in [*inherited, ours, *(other.link for other in self._workers)]:
                    foreign.close()
                self._selector.close()
                # Ctrl-C and TERM reach the whole group: the end of the link is what stops us.
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                self._work(theirs)
                status = 0
            except BaseException:
                log.exception("a DICOM worker cannot work")
            finally:
                os._exit(status)
        theirs.close()
        ours.setblocking(False)
        worker = _Worker(pid, ours)
        self._workers.append(worker)
        self._selector.register(ours, selectors.EVENT_READ, lambda: self._listen(worker))

    def _listen(self, worker: _Worker) -> None:
        """Hear which associations ended, or that the worker did."""
        while True:
            try:
                message = worker.link.recv(NUMBER.size)
            except BlockingIOError:
                return
            except OSError:
                message = b""
            if len(message) < NUMBER.size:
                self._bury(worker)
                return
            host = worker.hosts.pop(NUMBER.unpack(message)[0], None)
            if host is not None:
                self._count_out(host)

    def _bury(self, worker: _Worker) -> None:
        self._selector.unregister(worker.link)
        worker.link.close()
        self._workers.remove(worker)
        for host in worker.hosts.values():
            self._count_out(host)
        _, status = os.waitpid(worker.pid, 0)
        log.error(
            "worker %d ended (%s) with %d associations: another takes its place",
            worker.pid,
            os.waitstatus_to_exitcode(status),
            len(worker.hosts),
        )
        self._due.append(time.monotonic() + _RESTART_DELAY_S)

    def _count_out(self, host: str) -> None:
        self._busy[host] -= 1
        if not self._busy[host]:
            del self._busy[host]
