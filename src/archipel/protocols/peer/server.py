"""The listening side: TLS accepted here, HTTP spoken by hypercorn, connections known by node.

hypercorn hands no certificate to the application and cannot close one node's connections; so
this module accepts, shakes hands, notes who came, and gives hypercorn the stream (ADR 0061).
"""

import asyncio
import logging
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import cast

from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.typing import ASGIFramework
from starlette.applications import Starlette

from archipel.exchange.model import NodeName
from archipel.exchange.trust import certificates
from archipel.kernel.errors import ArchipelError
from archipel.protocols.peer import sockets

LOG = logging.getLogger(__name__)
HANDSHAKE_S = 10.0  # three round trips by satellite take two
CONNECTIONS, PER_ADDRESS = 256, 64
STREAMS = 256  # at once on one connection
HEADER_BYTES = 16 << 10
REQUESTS = 1 << 40  # on one connection: a study is thousands, and closing it costs a second
SWEEP_EVERY_S = 1.0
_CLOSING_S = 3.0
_ENDING_S = 0.3

Refusal = Callable[[str, str], None]
"""Told the address and the reason when a handshake fails."""


@dataclass(kw_only=True)
class PeerServer:
    """Serves until told to stop. `welcome` tells whether a node may stay; asked each second."""

    app: Starlette
    context: ssl.SSLContext
    welcome: Callable[[], frozenset[NodeName]]
    refused: Refusal
    idle_timeout_s: float
    _open: dict[asyncio.Task[None], tuple[str, NodeName | None, asyncio.StreamWriter | None]] = (
        field(default_factory=dict)
    )

    async def serve(self, listener: socket.socket, *, stop: asyncio.Event) -> None:
        """Accept on `listener` until `stop` is set; then let every connection go."""
        loop = asyncio.get_running_loop()
        listener.setblocking(False)
        LOG.info("peer door: congestion control %s", sockets.prepare(listener))
        terminated = WorkerContext(None)
        sweeping = loop.create_task(self._sweep(stop))
        stopped = loop.create_task(stop.wait())
        try:
            while not stop.is_set():
                accepting = loop.create_task(loop.sock_accept(listener))
                await asyncio.wait({accepting, stopped}, return_when=asyncio.FIRST_COMPLETED)
                if not accepting.done():
                    accepting.cancel()
                    break
                try:
                    accepted, address = accepting.result()
                except OSError as failure:
                    LOG.warning("peer door: %s", failure)
                    await asyncio.sleep(0.1)
                    continue
                self._begin(accepted, str(address[0]), terminated)
        finally:
            await terminated.terminated.set()
            sweeping.cancel()
            stopped.cancel()
            await self._close_all()

    def _begin(self, accepted: socket.socket, address: str, context: WorkerContext) -> None:
        if len(self._open) >= CONNECTIONS or self._from(address) >= PER_ADDRESS:
            LOG.warning("peer door: too many connections, one from %s closed", address)
            accepted.close()
            return
        with suppress(OSError):
            sockets.prepare(accepted)
        task = asyncio.get_running_loop().create_task(self._one(accepted, address, context))
        # Until the handshake is over there is no writer; the place is taken all the same.
        self._open[task] = (address, None, None)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._open.pop(task, None)
        if not task.cancelled() and (failure := task.exception()) is not None:
            LOG.error("peer door: a connection failed", exc_info=failure)

    def _from(self, address: str) -> int:
        return Counter(place[0] for place in self._open.values())[address]

    async def _one(self, accepted: socket.socket, address: str, context: WorkerContext) -> None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        try:
            transport, _ = await loop.connect_accepted_socket(
                lambda: protocol,
                accepted,
                ssl=self.context,
                ssl_handshake_timeout=HANDSHAKE_S,
                ssl_shutdown_timeout=_CLOSING_S,
            )
        except (OSError, ConnectionError) as failure:
            accepted.close()
            if isinstance(failure, ssl.SSLError):
                await asyncio.to_thread(self.refused, address, _said(failure))
            return
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        node = _node(der)
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 (we run in one)
        self._open[task] = (address, node, writer)
        state = {"peer_certificate": der}
        with suppress(ConnectionError, ssl.SSLError, TimeoutError):
            await TCPServer(
                ASGIWrapper(cast("ASGIFramework", self.app)),
                loop,
                self._config(),
                context,
                state,
                reader,
                writer,
            ).run()

    def _config(self) -> Config:
        config = Config()
        config.accesslog = config.errorlog = None
        config.keep_alive_timeout = self.idle_timeout_s
        config.h2_max_concurrent_streams = STREAMS
        config.keep_alive_max_requests = REQUESTS
        config.h2_max_header_list_size = HEADER_BYTES
        config.h11_max_incomplete_size = HEADER_BYTES
        config.include_server_header = False
        return config

    async def _sweep(self, stop: asyncio.Event) -> None:
        """Close the connections of nodes that may not stay."""
        while not stop.is_set():
            await asyncio.sleep(SWEEP_EVERY_S)
            if not self._open:
                continue
            try:
                welcome = await asyncio.to_thread(self.welcome)
            except ArchipelError as failure:
                LOG.warning("peer door: %s", failure)
                continue
            for task, (_, node, writer) in list(self._open.items()):
                if writer is not None and node is not None and node not in welcome:
                    LOG.info("peer door: %s may not stay", node)
                    writer.transport.abort()
                    task.cancel()

    async def _close_all(self) -> None:
        """Let everybody go at once: whoever is cut off asks again, elsewhere or later."""
        tasks = dict(self._open)
        for _, _, writer in tasks.values():
            if writer is not None:
                writer.transport.abort()
        if tasks:  # most end by themselves then; who waits for news does not
            await asyncio.wait(tasks, timeout=_ENDING_S)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_CLOSING_S)


def _node(der: bytes | None) -> NodeName | None:
    if der is None:
        return None
    try:
        return certificates.node_of(ssl.DER_cert_to_PEM_cert(der))
    except ArchipelError:
        return None


def _said(failure: OSError) -> str:
    return str(getattr(failure, "verify_message", "") or failure.strerror or failure)[:200]
