"""The door: takes connections, waits for a whole A-ASSOCIATE-RQ, hands both on (PS3.8 9.1.4).

A stranger costs one small object until it has sent a request that may be one: the length is
checked before the body is read, the time is bounded, and when an address or all of them together
hold too much, its oldest waiting connection gives way to the new one. One process, one thread.
"""

import errno
import logging
import selectors
import socket
import time
from collections.abc import Callable

from archipel.protocols.dimse.door.crew import Crew
from archipel.protocols.dimse.settings import DimseSettings
from archipel.standards.dicom import pdu
from archipel.standards.dicom.pdu import AbortReason, PduType, RejectReason, RejectResult

log = logging.getLogger(__name__)

_TICK_S = 0.25
_ACCEPTED_AT_ONCE = 64
_NO_MORE_FILES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


class _Waiting:
    """A connection that has not asked for an association yet."""

    __slots__ = ("deadline", "got", "host", "sock", "wanted")

    def __init__(self, sock: socket.socket, host: str, deadline: float) -> None:
        self.sock = sock
        self.host = host
        self.deadline = deadline
        self.wanted = pdu.HEADER.size
        self.got = b""


class Guard:
    """Waiting connections, oldest first."""

    def __init__(
        self,
        listener: socket.socket,
        crew: Crew,
        selector: selectors.BaseSelector,
        settings: DimseSettings,
        secure: socket.socket | None = None,
    ) -> None:
        self._listener = listener
        self._secure = secure
        self._crew = crew
        self._selector = selector
        self._settings = settings
        self._waiting: dict[socket.socket, _Waiting] = {}
        self._by_host: dict[str, dict[socket.socket, _Waiting]] = {}
        self._bytes = 0  # that waiting connections may make us hold
        self._deaf_until = 0.0

    def sockets(self) -> list[socket.socket]:
        """Every socket of the guard: a forked worker must not keep one open."""
        listeners = [self._listener] if self._secure is None else [self._listener, self._secure]
        return [*listeners, *self._waiting]

    def run(self, stop: int) -> None:
        """Serve until `stop` becomes readable or reaches its end."""
        stopping: list[bool] = []
        self._listener.setblocking(False)
        self._selector.register(stop, selectors.EVENT_READ, lambda: stopping.append(True))
        self._hear(self._listener, self._accept)
        if self._secure is not None:
            self._secure.setblocking(False)
            self._hear(self._secure, self._accept_secure)
        try:
            while not stopping:
                for key, _ in self._selector.select(_TICK_S):
                    key.data()
                self._tick(time.monotonic())
        finally:
            for waiting in list(self._waiting.values()):
                self._drop(waiting)
            if not self._deaf_until:
                self._selector.unregister(self._listener)
            if self._secure is not None:
                self._selector.unregister(self._secure)

    def _hear(self, sock: socket.socket, then: Callable[[], None]) -> None:
        self._selector.register(sock, selectors.EVENT_READ, then)

    def _tick(self, now_s: float) -> None:
        while self._waiting:
            oldest = next(iter(self._waiting.values()))
            if oldest.deadline > now_s:
                break
            self._drop(oldest)
        if self._deaf_until and now_s >= self._deaf_until:
            self._deaf_until = 0.0
            self._hear(self._listener, self._accept)
        self._crew.replace_the_dead(now_s, self.sockets)

    def _accept(self) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                sock, address = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _NO_MORE_FILES:
                    self._make_room(error)
                    return
                continue  # the caller went before we looked
            sock.setblocking(False)
            self._welcome(sock, str(address[0]))

    def _accept_secure(self) -> None:
        """Hand a TLS connection on at once: its worker shakes hands and reads the request."""
        if self._secure is None:
            return
        try:
            sock, address = self._secure.accept()
        except OSError as error:
            if error.errno in _NO_MORE_FILES:
                log.error("no room for another TLS connection: %s", error)  # noqa: TRY400 (no bug)
                time.sleep(_TICK_S)  # everybody waits: there is nothing to be had now
            return
        host = str(address[0])
        with sock:
            if self._crew.full_for(host) or not self._crew.hand(sock, host, b""):
                log.warning("%s: a TLS connection is closed, too many associations", host)

    def _make_room(self, error: OSError) -> None:
        log.error("no room for another connection: %s", error)
        if self._waiting:
            self._drop(next(iter(self._waiting.values())))
        else:
            self._selector.unregister(self._listener)
            self._deaf_until = time.monotonic() + _TICK_S

    def _welcome(self, sock: socket.socket, host: str) -> None:
        waiting = _Waiting(sock, host, time.monotonic() + self._settings.associate_timeout_s)
        neighbours = self._by_host.setdefault(host, {})
        if len(neighbours) >= self._settings.max_waiting_per_address:
            self._drop(next(iter(neighbours.values())))
        elif len(self._waiting) >= self._settings.max_waiting:
            self._drop(next(iter(self._waiting.values())))
        self._waiting[sock] = waiting
        self._by_host.setdefault(host, {})[sock] = waiting
        self._hear(sock, lambda: self._read(waiting))

    def _read(self, waiting: _Waiting) -> None:
        if waiting.sock not in self._waiting:
            return  # dropped earlier in this round
        try:
            received = waiting.sock.recv(waiting.wanted - len(waiting.got))
        except BlockingIOError:
            return
        except OSError:
            received = b""
        if not received:
            self._drop(waiting)
            return
        waiting.got += received
        if len(waiting.got) < waiting.wanted:
            return
        if waiting.wanted == pdu.HEADER.size:
            self._read_header(waiting)
        else:
            self._hand_on(waiting)

    def _read_header(self, waiting: _Waiting) -> None:
        kind, _, length = pdu.HEADER.unpack(waiting.got)
        if kind != PduType.ASSOCIATE_RQ or not 0 < length <= self._settings.max_associate_bytes:
            known = kind in set(PduType)
            reason = AbortReason.UNEXPECTED_PDU if known else AbortReason.UNRECOGNIZED_PDU
            log.info("%s: began with a PDU of type %02X and %d bytes", waiting.host, kind, length)
            self._drop(waiting, pdu.encode(pdu.Abort(reason)))
            return
        waiting.wanted += length
        self._bytes += length
        while self._bytes > self._settings.max_waiting_bytes:
            holders = (w for w in self._waiting.values() if w.wanted > pdu.HEADER.size)
            self._drop(next(holders))

    def _hand_on(self, waiting: _Waiting) -> None:
        body = waiting.got[pdu.HEADER.size :]
        farewell = b""
        if self._crew.full_for(waiting.host):
            farewell = _rejection(RejectReason.LOCAL_LIMIT)
        elif not self._crew.hand(waiting.sock, waiting.host, body):
            farewell = _rejection(RejectReason.TEMPORARY_CONGESTION)
        if farewell:
            log.warning("%s: rejected, too many associations", waiting.host)
        self._drop(waiting, farewell)

    def _drop(self, waiting: _Waiting, farewell: bytes = b"") -> None:
        """Forget a connection: it was handed on, or is closed with `farewell`."""
        self._selector.unregister(waiting.sock)
        del self._waiting[waiting.sock]
        neighbours = self._by_host[waiting.host]
        del neighbours[waiting.sock]
        if not neighbours:
            del self._by_host[waiting.host]
        self._bytes -= waiting.wanted - pdu.HEADER.size
        try:
            if farewell:
                waiting.sock.send(farewell)
        except OSError:
            log.debug("%s: went before its rejection", waiting.host)
        waiting.sock.close()


def _rejection(reason: RejectReason) -> bytes:
    return pdu.encode(pdu.AssociateRj(RejectResult.TRANSIENT, reason))
