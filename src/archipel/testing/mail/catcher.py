"""Takes mails over SMTP (RFC 5321) on this machine, and keeps them in memory.

It relays nothing and listens on loopback only. With an inbox page (`inbox`) a demonstration shows
what a recipient would read.
"""

import socketserver
import threading
from dataclasses import dataclass, field
from typing import Self, cast

from archipel.kernel.clock import utc_now
from archipel.kernel.errors import Unavailable
from archipel.testing.mail.caught import Caught
from archipel.testing.mail.inbox import Inbox

LOOPBACK = "127.0.0.1"
MOST_BYTES = 1 << 20  # of one mail: ours hold a few lines
MOST_KEPT = 500
LONGEST_LINE = 1000  # RFC 5321 section 4.5.3.1.6
IDLE_S = 30.0


@dataclass
class MailCatcher:
    """A context manager: SMTP on `port`, the inbox page on `inbox_port`; 0 lets the system choose.

    Raises `Unavailable` where a port is taken.
    """

    port: int = 0
    inbox_port: int = 0
    refuse: str = ""  # what RCPT is answered instead of 250, such as "451 later"
    _kept: list[Caught] = field(default_factory=list)
    _count: int = 0
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    def __enter__(self) -> Self:
        try:
            self._smtp = _Smtp((LOOPBACK, self.port), _Session)
            self._smtp.catcher = self
            self._inbox = Inbox(self.mails, port=self.inbox_port)
        except OSError as failure:
            raise Unavailable(f"no port for the mail catcher: {failure.strerror}") from failure
        self.port, self.inbox_port = self._smtp.server_address[1], self._inbox.port
        self._threads = [
            threading.Thread(target=one.serve_forever, args=(0.1,), daemon=True)
            for one in (self._smtp, self._inbox)
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in (self._smtp, self._inbox):
            server.shutdown()
            server.server_close()
        for thread in self._threads:
            thread.join(5)

    @property
    def url(self) -> str:
        """Where the inbox page is."""
        return f"http://{LOOPBACK}:{self.inbox_port}/"

    def mails(self) -> list[Caught]:
        """Return what was taken, newest first."""
        with self._arrived:
            return list(reversed(self._kept))

    def wait_for(self, recipient: str, *, after: int = 0, timeout_s: float = 20.0) -> Caught:
        """Return the next mail to an address behind number `after`. Raises `Unavailable`."""

        def found() -> Caught | None:
            for one in self._kept:
                if one.number > after and recipient in one.recipients:
                    return one
            return None

        with self._arrived:
            mail = self._arrived.wait_for(found, timeout_s)
        if mail is None:
            raise Unavailable(f"no mail came to {recipient} within {timeout_s:g} s")
        return mail

    def keep(self, sender: str, recipients: tuple[str, ...], content: bytes) -> None:
        """Keep one mail; the oldest goes when too many are kept."""
        with self._arrived:
            self._count += 1
            self._kept.append(Caught(self._count, utc_now(), sender, recipients, content))
            del self._kept[:-MOST_KEPT]
            self._arrived.notify_all()


class _Smtp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    catcher: MailCatcher


class _Session(socketserver.StreamRequestHandler):
    """One client: HELO, MAIL, RCPT, DATA, RSET, NOOP, QUIT."""

    timeout = IDLE_S

    def handle(self) -> None:
        """Serve until QUIT, or until the client is gone."""
        self._sender, self._recipients = "", list[str]()
        self._say("220 localhost catches mail")
        while line := self.rfile.readline(LONGEST_LINE):
            verb, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
            if verb.upper() == "QUIT":
                self._say("221 good-bye")
                return
            self._say(self._answer(verb.upper(), rest))

    def _answer(self, verb: str, rest: str) -> str:
        if verb in {"EHLO", "HELO", "NOOP"}:
            return "250 at your service"
        if verb in {"MAIL", "RSET"}:
            self._sender, self._recipients = _address(rest), []
            return "250 go on"
        if verb == "RCPT":
            refused = cast("_Smtp", self.server).catcher.refuse
            if not refused:
                self._recipients.append(_address(rest))
            return refused or "250 go on"
        if verb == "DATA":
            return self._data()
        return "502 not known here"

    def _data(self) -> str:
        if not self._recipients:
            return "503 nobody to send it to"
        self._say("354 go ahead, a dot ends it")
        content = bytearray()
        while (line := self.rfile.readline(MOST_BYTES)) not in {b".\r\n", b".\n", b""}:
            content += line[1:] if line.startswith(b".") else line  # RFC 5321 section 4.5.2
            if len(content) > MOST_BYTES:
                return "552 too long"
        catcher = cast("_Smtp", self.server).catcher
        catcher.keep(self._sender, tuple(self._recipients), bytes(content))
        return "250 kept"

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


def _address(rest: str) -> str:
    return rest.partition("<")[2].partition(">")[0]
