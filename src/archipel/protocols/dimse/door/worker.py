"""A worker process: one thread for each association that the guard hands over."""

import contextlib
import logging
import os
import socket
import threading
import time

from archipel.protocols.dimse.association import serve
from archipel.protocols.dimse.door.crew import NUMBER
from archipel.protocols.dimse.services import BuildServices, Services
from archipel.protocols.dimse.settings import DimseSettings

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
            serve(sock, request, host=host, services=self._services, settings=self._settings)
        finally:
            with self._lock:
                del self._under_way[number]
            with contextlib.suppress(OSError):  # the guard is gone
                self._link.send(NUMBER.pack(number))

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
