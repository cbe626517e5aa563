"""The inbox page of the mail catcher: a list, and one mail, as plain HTML without a script."""

import re
from collections.abc import Callable, Sequence
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

from archipel.testing.mail.caught import Caught

_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
_PAGE = """<!doctype html>
<html lang="fr"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 44rem; padding: 1rem;
  background: #f4f6f6; color: #15201f }}
h1 {{ font-size: 1.25rem }} a {{ color: #0b6570 }}
ul {{ list-style: none; padding: 0 }}
li, pre, dl {{ background: #fff; border: 1px solid #cfd8d7; border-radius: 8px; padding: .75rem }}
li {{ margin-bottom: .5rem }} pre {{ white-space: pre-wrap; overflow-wrap: anywhere;
  font: inherit }} dt {{ font-weight: 600 }} dd {{ margin: 0 0 .5rem; overflow-wrap: anywhere }}
</style></head><body><main><h1>{title}</h1>
<p>Démonstration — ces messages n'ont quitté cette machine pour personne.</p>
{body}</main></body></html>
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


class Inbox(ThreadingHTTPServer):
    """Serves the page on loopback."""

    daemon_threads = True

    def __init__(self, mails: Callable[[], Sequence[Caught]], *, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Page)
        self.mails = mails

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])


class _Page(BaseHTTPRequestHandler):
    """GET / and /mails/NUMBER."""

    timeout = 10

    def do_GET(self) -> None:
        """Answer one page."""
        mails = cast("Inbox", self.server).mails()
        wanted = re.fullmatch(r"/mails/(\d{1,9})", self.path)
        if self.path == "/":
            self._send(listed(mails))
        elif wanted and (found := [one for one in mails if one.number == int(wanted[1])]):
            self._send(shown(found[0]))
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base's name)
        """Say nothing: addresses stand in no log."""

    def _send(self, page: str) -> None:
        content = page.encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Security-Policy", _POLICY)
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)


def listed(mails: "Sequence[Caught]") -> str:
    """Write the list of mails, newest first."""
    rows = "".join(
        f'<li><a href="/mails/{one.number}">{escape(one.subject)}</a><br>'
        f"{escape(', '.join(one.recipients))} · {one.at:%H:%M:%S} UTC</li>"
        for one in mails
    )
    body = f"<ul>{rows}</ul>" if mails else "<p>Aucun message pour l'instant.</p>"
    return _PAGE.format(title="Messages", body=body)


def shown(mail: "Caught") -> str:
    """Write one mail, its addresses as links."""
    text = escape(mail.text)
    linked = _ADDRESS.sub(lambda found: f'<a href="{found[0]}">{found[0]}</a>', text)
    body = (
        f"<dl><dt>De</dt><dd>{escape(mail.sender)}</dd>"
        f"<dt>À</dt><dd>{escape(', '.join(mail.recipients))}</dd></dl>"
        f'<pre>{linked}</pre><p><a href="/">Tous les messages</a></p>'
    )
    return _PAGE.format(title=escape(mail.subject), body=body)
