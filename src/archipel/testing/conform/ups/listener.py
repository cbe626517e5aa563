"""A client of a WebSocket, as little of RFC 6455 as reading text messages takes."""

import base64
import json
import secrets
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from archipel.testing.conform.server import Unreadable, Unwanted

WITHIN_S = 10.0
_TEXT, _CLOSE, _PING, _MASKED, _OPCODE = 1, 8, 9, 0x80, 0x0F
_SHORT, _LONG, _SWITCHING = 126, 127, "101"


@dataclass(slots=True)
class Listener:
    """An open connection."""

    stream: Any

    def event(self) -> dict[str, Any]:
        """Wait for the next message. Raises `Unwanted` when none comes."""
        while True:
            opcode, content = self._frame()
            if opcode == _TEXT:
                told = json.loads(content)
                return dict(told[0] if isinstance(told, list) else told)
            if opcode == _CLOSE:
                raise Unwanted(0, "the server closed the connection")

    def _frame(self) -> tuple[int, bytes]:
        try:
            head = self._exactly(2)
            length = head[1] & 0x7F
            if length in {_SHORT, _LONG}:
                length = int.from_bytes(self._exactly(2 if length == _SHORT else 8))
            return head[0] & _OPCODE, self._exactly(length)
        except TimeoutError as late:
            raise Unwanted(0, f"no event came within {WITHIN_S:.0f} s") from late

    def _exactly(self, size: int) -> bytes:
        content: bytes = self.stream.read(size)
        if len(content) != size:
            raise Unreadable("the connection ended")
        return content


@contextmanager
def listening(url: str, headers: Mapping[str, str]) -> Iterator[Listener]:
    """Open a WebSocket (PS3.18 section 8.10.4). Raises `Unwanted`."""
    parts = urlsplit(url)
    secure = parts.scheme == "wss"
    port = parts.port or (443 if secure else 80)
    with socket.create_connection((parts.hostname or "", port), timeout=WITHIN_S) as opened:
        sock = opened
        if secure:
            context = ssl.create_default_context()
            sock = context.wrap_socket(opened, server_hostname=parts.hostname)
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        told = {
            "Host": parts.netloc,
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": key,
            "Sec-WebSocket-Version": "13",
            **headers,
        }
        lines = "".join(f"{name}: {text}\r\n" for name, text in told.items())
        sock.sendall(f"GET {parts.path} HTTP/1.1\r\n{lines}\r\n".encode())
        stream = sock.makefile("rb")
        status = stream.readline().decode("latin-1").split(" ")
        while stream.readline().strip():
            pass
        if status[1:2] != [_SWITCHING]:
            code = int(status[1]) if status[1:2] and status[1].isdigit() else 0
            raise Unwanted(code, "the WebSocket is not opened")
        yield Listener(stream)
        sock.sendall(bytes([_MASKED | _CLOSE, _MASKED]) + secrets.token_bytes(4))
