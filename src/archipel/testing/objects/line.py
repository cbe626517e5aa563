"""A line to an object store that misbehaves on command: a TCP relay on this machine."""

import contextlib
import socket
import threading
import time
from enum import Enum
from typing import Self
from urllib.parse import urlsplit

_PIECE = 1 << 16
_LARGE = 2048  # a piece of an answer that long is more than its head
_BUSY = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Mood(Enum):
    """What the line does to what passes."""

    HONEST = "honest"
    BUSY = "busy"  # every request is answered 503
    HUNG = "hung"  # nothing passes, nothing is closed
    DEAD = "dead"  # connections are closed at once
    WRONG = "wrong"  # one byte of each large answer is another
    CUT = "cut"  # an upload breaks off in its midst
    SLOW = "slow"  # 20 ms for each piece


class Line:
    """A relay to `endpoint`; a context manager. `mood` may be set at any time."""

    def __init__(self, endpoint: str) -> None:
        told = urlsplit(endpoint)
        self._target = (told.hostname or "", told.port or 80)
        self.mood = Mood.HONEST
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()

    @property
    def endpoint(self) -> str:
        """Return the address to be used instead."""
        host, port = self._listener.getsockname()[:2]
        return f"http://{host}:{port}"

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for one in list(self._sockets):
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with near, contextlib.suppress(OSError):
            if self.mood is Mood.DEAD:
                return
            with socket.create_connection(self._target, timeout=10) as far:
                far.settimeout(None)
                with self._lock:
                    self._sockets |= {near, far}
                back = threading.Thread(target=self._back, args=(far, near), daemon=True)
                back.start()
                self._forth(near, far)
                _end(near, far)
                back.join(5)
        with self._lock:
            self._sockets.discard(near)

    def _forth(self, near: socket.socket, far: socket.socket) -> None:
        passed = 0
        while piece := near.recv(_PIECE):
            while self.mood is Mood.HUNG:
                time.sleep(0.02)
            if self.mood is Mood.BUSY:
                near.sendall(_BUSY)
                return
            passed += len(piece)
            if self.mood is Mood.DEAD or (self.mood is Mood.CUT and passed > _PIECE // 2):
                return
            if self.mood is Mood.SLOW:
                time.sleep(0.02)
            far.sendall(piece)

    def _back(self, far: socket.socket, near: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := far.recv(_PIECE):
                if self.mood is Mood.WRONG and len(piece) > _LARGE:
                    spoilt = bytearray(piece)
                    spoilt[-17] ^= 0x40
                    piece = bytes(spoilt)
                near.sendall(piece)
        _end(near, far)


def _end(*sockets: socket.socket) -> None:
    for one in sockets:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
