"""What every answer of this door carries, and how much a request may bring.

The policy lets a page run our own scripts, WebAssembly and workers made of blobs (the viewer's
decoders), and nothing from elsewhere (Content Security Policy level 3). Styles may stand inline:
the component library of the front end writes them. Text from images or messages is never a script.

The viewer's decoders bind their WebAssembly by `new Function`. They run in workers, and a worker
obeys the policy of its own script's answer, not its page's (HTML section 10.2.4): so the scripts
of the viewer are answered with a policy that lets a worker evaluate, and pages never may.
"""

import re
from collections.abc import MutableMapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from archipel.protocols.web.problem import problem

CONTENT_SECURITY_POLICY = "; ".join(  # noqa: FLY002 (one source a line, as it is read)
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' blob: data:",
        "font-src 'self' data:",
        "connect-src 'self' blob: data:",
        "media-src 'self' blob:",
        "worker-src 'self' blob:",
        "frame-src 'self'",
        "frame-ancestors 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "object-src 'none'",
    )
)
DECODER_POLICY = CONTENT_SECURITY_POLICY.replace(
    "'wasm-unsafe-eval'", "'wasm-unsafe-eval' 'unsafe-eval'"
)
_DECODER = re.compile(r"/viewer/[A-Za-z0-9-]+\.bundle\.[0-9a-f]+\.js")
PORTAL_POLICY = "; ".join(  # noqa: FLY002 (as above)
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
"""The results portal runs its own script and shows its own pictures, framed by nobody."""
HEADERS: dict[bytes, bytes] = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), payment=(), usb=()",
}
HSTS = (b"strict-transport-security", b"max-age=31536000")
APIS = ("/api", "/portal/api")
BODY_BYTES = 2 << 20  # of a request to /api: a long report with its measurements is below 1 MiB


class BodyTooLarge(Exception):
    """A request to /api brought more than `BODY_BYTES`."""


class Security:
    """ASGI middleware: headers on every answer, no caching and a body limit below `APIS`."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app, self._secure = app, secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        policy = _policy_of(scope["path"])
        ours = any(_below(scope["path"], api) for api in APIS)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._mark(message, no_store=ours, policy=policy)
            await send(message)

        if not ours:
            await self._app(scope, receive, answer)
            return
        if _announced(scope) > BODY_BYTES:
            await _too_large(scope, receive, answer)
            return
        try:
            await self._app(scope, _bounded(receive), answer)
        except BodyTooLarge:
            await _too_large(scope, receive, answer)

    def _mark(self, message: MutableMapping[str, Any], *, no_store: bool, policy: str) -> None:
        headers = list(message.get("headers", ()))
        named = {name.lower() for name, _ in headers}
        wanted = HEADERS | {b"content-security-policy": policy.encode("ascii")}
        if self._secure:
            wanted[HSTS[0]] = HSTS[1]
        if no_store:
            wanted[b"cache-control"] = b"no-store"
        headers += [(name, value) for name, value in wanted.items() if name not in named]
        message["headers"] = headers


def _policy_of(path: str) -> str:
    if _below(path, "/portal"):
        return PORTAL_POLICY
    return DECODER_POLICY if _may_be_decoder(path) else CONTENT_SECURITY_POLICY


def _below(path: str, root: str) -> bool:
    return path == root or path.startswith(f"{root}/")


def _may_be_decoder(path: str) -> bool:
    """Tell whether a path may name the script of a worker; no page has such a name."""
    return _DECODER.fullmatch(path) is not None


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


def _bounded(receive: Receive) -> Receive:
    brought = 0

    async def bounded() -> Message:
        nonlocal brought
        message = await receive()
        brought += len(message.get("body", b""))
        if brought > BODY_BYTES:
            raise BodyTooLarge
        return message

    return bounded


async def _too_large(scope: Scope, receive: Receive, send: Send) -> None:
    detail = f"a request to /api may bring {BODY_BYTES >> 20} MiB"
    await problem(413, "too-large", detail)(scope, receive, send)
