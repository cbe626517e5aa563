"""The calling side: one HTTP/2 connection for each neighbour, opened once and kept.

A connection that is opened late costs three round trips, so nothing here closes an idle one. The
wrong node answering fails the handshake before anything is sent (`identity.NodeContext`).
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import httpx

from archipel.exchange.model import NodeName, Peer
from archipel.exchange.ports import Peers
from archipel.kernel.errors import Malformed, Unavailable
from archipel.protocols.peer import problem, sockets
from archipel.protocols.peer.identity import Identity

CONNECT_S, ANSWER_S = 10.0, 15.0
KEPT_S = 3600.0
WHOLE_S = 180.0  # an answer as a whole: one that trickles on for ever is none
BODY_BYTES = 16 << 20
_CONGESTION = (socket.IPPROTO_TCP, getattr(socket, "TCP_CONGESTION", 13), sockets.WANTED)


class Neighbour:
    """One peer as we call it. Not for several event loops."""

    def __init__(self, peer: Peer, identity: Identity, *, connections: int = 1) -> None:
        self.peer = peer
        self._http = httpx.AsyncClient(
            base_url=f"https://{peer.address}",
            transport=httpx.AsyncHTTPTransport(
                verify=identity.client_context(peer.name),
                http1=False,
                http2=True,
                limits=httpx.Limits(
                    max_connections=connections,
                    max_keepalive_connections=connections,
                    keepalive_expiry=KEPT_S,
                ),
                socket_options=_options(),
            ),
            timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S),
            trust_env=False,
        )
        self.socket: Any = None  # of the last answer, for figures of the kernel

    async def get(
        self, path: str, *, params: Mapping[str, str] | None = None, wait_s: float = 0
    ) -> bytes:
        """Ask; returns the body. `wait_s` is what the peer may take beyond the usual.

        Raises `Unavailable` when it does not answer, or in the kind it answered.
        """
        timeout = httpx.Timeout(ANSWER_S + wait_s, connect=CONNECT_S)
        return await self._asked(
            self._http.build_request("GET", path, params=params, timeout=timeout)
        )

    async def post(self, path: str, said: Any) -> bytes:
        """Send JSON, or bytes as they are; returns the body. Raises as `get`."""
        body = {"content": said} if isinstance(said, bytes) else {"json": said}
        return await self._asked(self._http.build_request("POST", path, **body))

    @property
    def http(self) -> httpx.AsyncClient:
        """Return the client itself, for whoever streams."""
        return self._http

    async def close(self) -> None:
        """Let the connection go."""
        await self._http.aclose()

    async def _asked(self, request: httpx.Request) -> bytes:
        try:
            async with asyncio.timeout(WHOLE_S):
                return await self._answered(request)
        except (httpx.HTTPError, httpx.StreamError, ssl.SSLError, OSError) as failure:
            raise Unavailable(f"{self.peer.name} does not answer: {_why(failure)}") from failure

    async def _answered(self, request: httpx.Request) -> bytes:
        answer = await self._http.send(request, stream=True)
        try:
            stream = answer.extensions.get("network_stream")
            if stream is not None:
                self.socket = stream.get_extra_info("socket")
            body = bytearray()
            async for part in answer.aiter_raw():
                body += part
                if len(body) > BODY_BYTES:
                    raise Malformed(f"{self.peer.name} answers more than {BODY_BYTES} bytes")
        finally:
            await answer.aclose()
        if answer.status_code >= httpx.codes.BAD_REQUEST:
            raise problem.failure_of(answer.status_code, _detail(bytes(body)))
        return bytes(body)


class Neighbours:
    """Every active peer with an address, as we call it. `current` follows the list of peers."""

    def __init__(
        self,
        identity: Callable[[], Identity],
        peers: Peers,
        *,
        via: Mapping[str, str] | None = None,
    ) -> None:
        self._identity, self._peers, self._via = identity, peers, via or {}
        self._known: dict[NodeName, tuple[str, str, Neighbour]] = {}

    def wanted(self) -> Sequence[Peer]:
        """Return the peers that can be called. Blocks on the database."""
        return [
            self.reached(peer)
            for peer in self._peers.all()
            if peer.active and self.reached(peer).address
        ]

    def reached(self, peer: Peer) -> Peer:
        """Return a peer at the address at which this node reaches it: its own, unless told."""
        address = self._via.get(peer.name.value)
        return replace(peer, address=address) if address else peer

    def of(self, peer: Peer) -> Neighbour:
        """Return how `peer` is called; a new connection when its address or our key changed."""
        identity = self._identity()
        known = self._known.get(peer.name)
        if known is not None and known[:2] == (peer.address, identity.certificate):
            return known[2]
        fresh = Neighbour(peer, identity)
        self._known[peer.name] = (peer.address, identity.certificate, fresh)
        return fresh

    async def renewed(self, peer: Peer) -> None:
        """Let a connection that failed go: the next call opens another."""
        known = self._known.pop(peer.name, None)
        if known is not None:
            await known[2].close()

    async def close(self) -> None:
        """Let every connection go."""
        for _, _, neighbour in self._known.values():
            await neighbour.close()
        self._known.clear()

    @property
    def identity(self) -> Identity:
        """Return who calls."""
        return self._identity()


def _options() -> list[tuple[int, int, int] | tuple[int, int, bytes | bytearray]]:
    options: list[tuple[int, int, int] | tuple[int, int, bytes | bytearray]] = [*sockets.OPTIONS]
    return [*options, _CONGESTION] if sockets.has_bbr() else options


def _why(failure: Exception) -> str:
    said = str(failure) or type(failure).__name__
    return said.splitlines()[0][:200]


def _detail(body: bytes) -> str:
    try:
        return str(httpx.Response(200, content=body).json()["detail"])
    except (ValueError, KeyError, TypeError):
        return "no reason"
