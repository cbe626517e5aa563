"""The provider: connections in, one message at a time of each, answered when it is kept.

    provider = Provider(take, MllpSettings())
    await provider.serve(listener, stop=event)

`take` returns what a message is answered, after its commit. A peer whose bytes are no blocks, who
is too slow or silent, loses its connection; whatever else is told in an answer.
"""

import asyncio
import contextlib
import logging
import socket
import ssl
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from archipel.protocols.mllp.framing import COMMIT_ACK, Deframer, NotFramed, framed
from archipel.protocols.mllp.settings import MllpSettings

Take = Callable[[bytes, str], Awaitable[Sequence[bytes]]]
"""What is done of the bytes of a message that came from an address; gives the answers."""

_READ_BYTES = 1 << 16
_log = logging.getLogger(__name__)


class Provider:
    """Serves MLLP on one listening socket."""

    def __init__(
        self, take: Take, settings: MllpSettings, *, tls: ssl.SSLContext | None = None
    ) -> None:
        self._take, self._settings, self._tls = take, settings, tls
        self._open: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, listener: socket.socket, *, stop: asyncio.Event) -> None:
        """Serve until `stop` is set; then answer what is under way, for `drain_timeout_s`."""
        server = await asyncio.start_server(
            self._connected,
            sock=listener,
            limit=_READ_BYTES,
            ssl=self._tls,
            ssl_handshake_timeout=self._settings.message_timeout_s if self._tls else None,
        )
        async with server:
            await stop.wait()
            server.close()
            for task in self._tasks:
                task.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=self._settings.drain_timeout_s)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = writer.get_extra_info("peername")
        host = address[0] if address else ""
        settings = self._settings
        if (
            self._open.total() >= settings.max_connections
            or self._open[host] >= settings.max_connections_per_address
        ):
            _log.warning("hl7: too many connections, %s is turned away", host)
            writer.close()
            return
        self._open[host] += 1
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  (asyncio runs us in one)
        self._tasks.add(task)
        try:
            await self._converse(reader, writer, host)
        except NotFramed as error:
            _log.warning("hl7: %s: %s; the connection is closed", host, error)
        except (TimeoutError, ConnectionError, ssl.SSLError) as error:
            _log.info("hl7: %s: %s", host, str(error) or "silent for too long")
        except asyncio.CancelledError:
            _log.info("hl7: %s: the node stops", host)
        except Exception:  # noqa: BLE001  (of one connection: the others go on)
            _log.exception("hl7: %s: a fault of this node", host)
        finally:
            self._tasks.discard(task)
            self._open[host] -= 1
            if not self._open[host]:
                del self._open[host]
            writer.close()
            with contextlib.suppress(Exception):  # whatever it dies of, it is closed
                await asyncio.wait_for(writer.wait_closed(), 1.0)

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str
    ) -> None:
        settings = self._settings
        deframer = Deframer(settings.max_message_bytes)
        pace = _Pace(settings.messages_per_second)
        began_s = 0.0
        while True:
            patience_s = settings.idle_timeout_s
            if deframer.waiting:
                patience_s = began_s + settings.message_timeout_s - time.monotonic()
            data = await asyncio.wait_for(reader.read(_READ_BYTES), max(patience_s, 0.001))
            if not data:
                return
            was_waiting = deframer.waiting
            for message in deframer.feed(data):
                was_waiting = False
                await self._answer(writer, message, host)
                await pace.keep()
            if deframer.waiting and not was_waiting:
                began_s = time.monotonic()

    async def _answer(self, writer: asyncio.StreamWriter, message: bytes, host: str) -> None:
        """Have a message kept, then answer it; the node's end waits for both."""
        task = asyncio.ensure_future(self._take(message, host))
        try:
            answers = await asyncio.shield(task)
        except asyncio.CancelledError:
            answers = await task  # the node stops: what is under way is still answered
            self._write(writer, answers)
            await asyncio.wait_for(writer.drain(), self._settings.drain_timeout_s)
            raise
        self._write(writer, answers)
        await asyncio.wait_for(writer.drain(), self._settings.answer_timeout_s)

    def _write(self, writer: asyncio.StreamWriter, answers: Sequence[bytes]) -> None:
        if self._settings.release_2:
            writer.write(framed(COMMIT_ACK))
        for answer in answers:
            writer.write(framed(answer))


class _Pace:
    """Holds a connection to so many messages a second, with a second's worth in advance."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._left = per_second
        self._at_s = time.monotonic()

    async def keep(self) -> None:
        if self._per_second <= 0:
            return
        now_s = time.monotonic()
        gained = (now_s - self._at_s) * self._per_second
        self._left = min(self._left + gained, self._per_second) - 1
        self._at_s = now_s
        if self._left < 0:
            await asyncio.sleep(-self._left / self._per_second)
