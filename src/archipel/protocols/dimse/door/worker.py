"""A worker process: one thread for each association that the guard hands over."""

import contextlib
import logging
import os
import socket
import threading
import time

from archipel.kernel.errors import ArchipelError, Refused
from archipel.protocols.dimse.association import serve
from archipel.protocols.dimse.door.crew import NUMBER
from archipel.protocols.dimse.errors import AssociationLost, ProtocolViolated
from archipel.protocols.dimse.secure import context_of, secured
from archipel.protocols.dimse.services import BuildServices, Services
from archipel.protocols.dimse.settings import DimseSettings
from archipel.standards.dicom import pdu
from archipel.standards.dicom.pdu import PduType

log = logging.getLogger(__name__)

_MESSAGE_BYTES = 256
_FDS = 2  # the connection, the request


class _Associations:
    """Those under way in this worker."""

    def __init__(self, link: socket.socket, services: Services, settings: DimseSettings) -> None:
        self._link = link
        self._services = services
        self._settings = settings
        self._lock = threading.Lock()
        self._under_way: dict[int, tuple[threading.Thread, socket.socket]] = {}

    def begin(self, number: int, sock: socket.socket, host: str, request: bytes) -> None:
        """Serve it in a thread of its own."""
        thread = threading.Thread(
            target=self._live, args=(number, sock, host, request), daemon=True
        )
        with self._lock:
            self._under_way[number] = thread, sock
        thread.start()

    def _live(self, number: int, sock: socket.socket, host: str, request: bytes) -> None:
        try:
            self._serve(sock, host, request)
        except ArchipelError as failure:
            log.info("%s: %s", host, failure)
        finally:
            with self._lock:
                del self._under_way[number]
            with contextlib.suppress(OSError):  # the guard is gone
                self._link.send(NUMBER.pack(number))

    def _serve(self, sock: socket.socket, host: str, request: bytes) -> None:
        certificate = None
        if not request:
            sock, request, certificate = self._unwrap(sock)
        serve(
            sock,
            request,
            host=host,
            services=self._services,
            settings=self._settings,
            certificate=certificate,
        )

    def _unwrap(self, sock: socket.socket) -> tuple[socket.socket, bytes, str]:
        """Shake hands over TLS and read the A-ASSOCIATE-RQ, all within the time it has."""
        files, timeout_s = self._settings.tls, self._settings.associate_timeout_s
        if files is None:
            raise Refused("a connection to the TLS port, and no certificate to show")
        until = time.monotonic() + timeout_s
        context = context_of(files, server=True)
        clear, certificate = secured(sock, context, timeout_s=timeout_s)
        try:
            request = self._request(clear, until)
        except BaseException:
            clear.close()
            raise
        clear.settimeout(None)
        return clear, request, certificate

    def _request(self, clear: socket.socket, until: float) -> bytes:
        kind, _, length = pdu.HEADER.unpack(_exactly(clear, pdu.HEADER.size, until))
        if kind != PduType.ASSOCIATE_RQ or not 0 < length <= self._settings.max_associate_bytes:
            raise ProtocolViolated(f"it began with a PDU of type {kind:02X} and {length} bytes")
        return _exactly(clear, length, until)

    def drain(self) -> None:
        """Wait for what is under way; after the time granted, cut it off."""
        deadline = time.monotonic() + self._settings.drain_timeout_s
        for cut in (False, True):
            with self._lock:
                left = list(self._under_way.values())
            for thread, sock in left:
                if cut:
                    with contextlib.suppress(OSError):
                        sock.shutdown(socket.SHUT_RDWR)
                thread.join(max(deadline - time.monotonic(), 1.0 if cut else 0.0))


def _exactly(sock: socket.socket, size: int, until: float) -> bytes:
    whole = b""
    while len(whole) < size:
        left_s = until - time.monotonic()
        if left_s <= 0:
            raise AssociationLost("too slow in asking for an association")
        sock.settimeout(left_s)
        try:
            piece = sock.recv(size - len(whole))
        except OSError as error:
            raise AssociationLost(f"gone before it asked for an association: {error}") from error
        if not piece:
            raise AssociationLost("closed before it asked for an association")
        whole += piece
    return whole


def work(link: socket.socket, build_services: BuildServices, settings: DimseSettings) -> None:
    """Serve what comes over `link` until it ends."""
    associations = _Associations(link, build_services(), settings)
    while True:
        message, fds, _, _ = socket.recv_fds(link, _MESSAGE_BYTES, _FDS)
        if not message:
            break
        connection, memory = fds
        with os.fdopen(memory, "rb") as file:
            file.seek(0)
            request = file.read()
        sock = socket.socket(fileno=connection)
        sock.setblocking(True)
        number = NUMBER.unpack_from(message)[0]
        associations.begin(number, sock, message[NUMBER.size :].decode("ascii"), request)
    associations.drain()
