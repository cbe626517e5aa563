"""The demonstration's own door, on loopback: the start page, and the switch of the lines.

Nodes turn the lines by `app.network.switchboard`; the page does by the same requests. A page of
another site can send neither: it may not set the header (CORS), nor be served under another name.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from archipel.app.network.switchboard import HEADER
from archipel.kernel.errors import ArchipelError
from archipel.testing.demo.page import PAGE, POLICY

_BODY_BYTES = 1000


@dataclass
class Door:
    """Serves `lines` (their states and how to turn one) and what `state` says of the rest."""

    lines: Callable[[], Any]  # [(a, b, cut)]
    turn: Callable[..., None]
    state: Callable[[], dict[str, Any]]
    act: Callable[[str], None]  # the story's next step
    address: str = ""
    _server: ThreadingHTTPServer | None = field(default=None, repr=False)

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"of": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True, name="door").start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    of: Door
    timeout = 10

    def do_GET(self) -> None:
        """Answer the page, the lines, or everything the page shows."""
        if not self._at_home():
            return
        if self.path == "/":
            self._say(200, PAGE.encode(), "text/html; charset=utf-8")
        elif self.path == "/lines":
            self._json(self._lines())
        elif self.path == "/state":
            self._json(self._lines() | self.of.state())
        else:
            self._json({"detail": "nothing here"}, 404)

    def do_POST(self) -> None:
        """Cut or heal a line, or let the story go on."""
        if not self._at_home():
            return
        size = int(self.headers.get("Content-Length") or 0)
        if HEADER not in self.headers or not 0 < size <= _BODY_BYTES:
            self._json({"detail": "refused"}, 403)
            return
        try:
            said = json.loads(self.rfile.read(size))
            if self.path == "/lines":
                a, b = said["ends"]
                self.of.turn(str(a), str(b), cut=bool(said["cut"]))
            else:
                {"/story": self.of.act}[self.path](str(said["do"]))
        except (ArchipelError, KeyError, TypeError, ValueError):
            self._json({"detail": "nothing here"}, 404)
            return
        self._json(self._lines())

    def log_message(self, *_: object) -> None:
        """Say nothing: what the demonstration prints is its table."""

    def _lines(self) -> dict[str, Any]:
        return {"lines": [{"ends": [a, b], "cut": cut} for a, b, cut in self.of.lines()]}

    def _at_home(self) -> bool:
        """Refuse a request that came under another name (DNS rebinding)."""
        home = self.headers.get("Host") == self.of.address
        if not home:
            self._json({"detail": "refused"}, 421)
        return home

    def _json(self, said: Any, status: int = 200) -> None:
        self._say(status, json.dumps(said).encode(), "application/json")

    def _say(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        for name, value in (
            ("Content-Type", kind),
            ("Content-Length", str(len(content))),
            ("Cache-Control", "no-store"),
            ("Content-Security-Policy", POLICY),
            ("X-Content-Type-Options", "nosniff"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
