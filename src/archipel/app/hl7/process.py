"""The process of the HL7 door: connections in one event loop, messages into rows in one thread.

Whatever came while the last transaction was written goes into the next one, so that the cost of a
commit is shared by all who wait for it.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from archipel.app.hl7.intake import Intake, Received
from archipel.app.home import Home
from archipel.app.settings import Hl7Settings
from archipel.app.wiring import Node
from archipel.kernel.errors import Malformed
from archipel.protocols.mllp.provider import Provider
from archipel.protocols.mllp.settings import MllpSettings

MOST_AT_ONCE = 64  # messages in one transaction
_log = logging.getLogger(__name__)


def run(home: Home, listener: socket.socket, *, ready: Callable[[], None], stop: int) -> None:
    """Serve until `stop` is readable."""
    with Node.open(home) as node:
        asyncio.run(_run(node, listener, ready, stop))


@dataclass(slots=True)
class Counter:
    """Where messages wait for the next transaction."""

    intake: Intake
    _waiting: list[tuple[Received, asyncio.Future[Sequence[bytes]]]] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, body: bytes, host: str) -> Sequence[bytes]:
        """Have one message taken in; return its answers after the commit."""
        answer: asyncio.Future[Sequence[bytes]] = asyncio.get_running_loop().create_future()
        self._waiting.append((Received(body, host), answer))
        self._news.set()
        return await answer

    async def run(self) -> None:
        """Take in what waits, for as long as the process lives."""
        while True:
            await self._news.wait()
            batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            if not self._waiting:
                self._news.clear()
            try:
                given = await asyncio.to_thread(self.intake.take, [one for one, _ in batch])
            except Exception as failure:  # noqa: BLE001  (told to each connection; the door stays)
                for _, answer in batch:
                    answer.set_exception(failure)
                continue
            for (_, answer), answers in zip(batch, given, strict=True):
                answer.set_result(answers)


async def _run(node: Node, listener: socket.socket, ready: Callable[[], None], stop: int) -> None:
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(stop, stopping.set)
    told = node.settings.hl7
    counter = Counter(Intake(node.database, node.clock))
    provider = Provider(counter.take, measures(told), tls=tls_of(told))
    taking = asyncio.create_task(counter.run())
    ready()
    try:
        await provider.serve(listener, stop=stopping)
    finally:
        taking.cancel()
        loop.remove_reader(stop)


def measures(told: Hl7Settings) -> MllpSettings:
    """Return the provider's measures from the node's settings."""
    return MllpSettings(
        max_message_bytes=told.maximum_bytes,
        max_connections=told.maximum_connections,
        max_connections_per_address=told.connections_per_address,
        idle_timeout_s=told.idle_timeout_s,
        messages_per_second=told.messages_per_second,
        release_2=told.release_2,
    )


def tls_of(told: Hl7Settings) -> ssl.SSLContext | None:
    """Return the TLS of the door; None: in clear. Raises `Malformed`."""
    if not told.tls_certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(told.tls_certificate, told.tls_key or None)
        if told.tls_authority:
            context.load_verify_locations(told.tls_authority)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise Malformed(f"hl7.tls_certificate, tls_key or tls_authority: {error}") from error
    return context
