"""A line between two islands on one machine: a rate, a delay, cuts. No root is needed.

Bytes are carried over loopback TCP, so none is lost or reordered; what a cut holds back arrives
after it. Loss cannot be shown this way (network namespaces can).
"""

import asyncio
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Self

from archipel.kernel.errors import Unavailable

_PIECE_BYTES = 16 << 10
_BURST_S = 0.01
_QUEUE_S = 0.25  # how much of the line's rate waits in it before the sender is slowed
_QUEUE_BYTES = 64 << 10
_START_S = 5.0


@dataclass
class _Way:
    """One direction of the line: what was carried, and when it is free again."""

    free_at: float = 0.0
    carried_bytes: int = 0


@dataclass
class Link:
    """Carries connections from `listen` to `target`, both host:port; a context manager.

    `rate_bps` holds for all connections together and each direction; `rtt_s` is there and back;
    None or 0: as loopback is. `listen` may name port 0: `address` says which was chosen.
    """

    listen: str
    target: str
    rate_bps: float | None = None
    rtt_s: float = 0.0
    address: str = ""
    _ways: tuple[_Way, _Way] = field(default_factory=lambda: (_Way(), _Way()))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Open the line, in a thread of its own. Raises `Unavailable`."""
        self._loop = asyncio.new_event_loop()
        self._open = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name=f"link {self.target}", daemon=True)
        self._thread.start()
        if not self._open.wait(_START_S) or self._failure is not None:
            raise Unavailable(f"no line on {self.listen}: {self._failure}")

    def stop(self) -> None:
        """Take the line away, and all it carries."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(_START_S)

    def cut(self, *, drop: bool = False) -> None:
        """Let nothing through. `drop`: also break the connections, as a router that restarts."""
        self._loop.call_soon_threadsafe(self._cut, drop)

    def heal(self) -> None:
        """Let everything through again."""
        self._loop.call_soon_threadsafe(self._through.set)

    @property
    def is_cut(self) -> bool:
        """Tell whether the line is cut."""
        return not self._through.is_set()

    @property
    def carried_bytes(self) -> tuple[int, int]:
        """Return what was carried: to the target, and back."""
        return self._ways[0].carried_bytes, self._ways[1].carried_bytes

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        except OSError as failure:
            self._failure = failure
        finally:
            self._open.set()
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    async def _serve(self) -> None:
        self._stopping, self._through = asyncio.Event(), asyncio.Event()
        self._through.set()
        self._tasks: set[asyncio.Task[None]] = set()
        host, _, port = self.listen.rpartition(":")
        server = await asyncio.start_server(self._accepted, host, int(port))
        name = server.sockets[0].getsockname()
        self.address = f"{name[0]}:{name[1]}"
        self._open.set()
        await self._stopping.wait()
        server.close()
        self._break()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2)

    def _cut(self, drop: bool) -> None:
        self._through.clear()
        if drop:
            self._break()

    def _break(self) -> None:
        for task in list(self._tasks):
            task.cancel()

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 (we run in one)
        self._tasks.add(task)
        far: asyncio.StreamWriter | None = None
        try:
            await self._through.wait()
            await asyncio.sleep(self.rtt_s)  # the handshake of TCP crosses the line once
            host, _, port = self.target.rpartition(":")
            back, far = await asyncio.open_connection(host.strip("[]"), int(port))
            async with asyncio.TaskGroup() as ways:
                ways.create_task(self._carry(reader, far, self._ways[0]))
                ways.create_task(self._carry(back, writer, self._ways[1]))
        except (OSError, ExceptionGroup, asyncio.CancelledError):
            pass  # one end is gone: so is the other
        finally:
            self._tasks.discard(task)
            for end in (writer, far):
                if end is not None:
                    end.transport.abort()

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: _Way
    ) -> None:
        queue: deque[tuple[float, bytes]] = deque()
        room, filled = asyncio.Event(), asyncio.Event()
        room.set()
        async with asyncio.TaskGroup() as both:
            both.create_task(self._deliver(queue, room, filled, writer, way))
            loop = asyncio.get_running_loop()
            while True:
                await room.wait()
                piece = await reader.read(_PIECE_BYTES)
                due = max(way.free_at, loop.time())
                if self.rate_bps:
                    due += len(piece) * 8 / self.rate_bps
                    way.free_at = due
                queue.append((due + self.rtt_s / 2, piece))
                filled.set()
                if self._full(queue):
                    room.clear()
                if not piece:
                    return

    def _full(self, queue: deque[tuple[float, bytes]]) -> bool:
        delay_s = _QUEUE_S + self.rtt_s
        allowed = max(_QUEUE_BYTES, (self.rate_bps or 1e9) / 8 * delay_s)
        return sum(len(piece) for _, piece in queue) >= allowed

    async def _deliver(
        self,
        queue: deque[tuple[float, bytes]],
        room: asyncio.Event,
        filled: asyncio.Event,
        writer: asyncio.StreamWriter,
        way: _Way,
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            while not queue:
                filled.clear()
                await filled.wait()
            due, piece = queue[0]
            if (early_s := due - loop.time()) > 0:
                await asyncio.sleep(early_s)
            await self._through.wait()
            queue.popleft()
            if not self._full(queue):
                room.set()
            if not piece:
                if writer.can_write_eof():
                    writer.write_eof()
                return
            writer.write(piece)
            way.carried_bytes += len(piece)
            await writer.drain()
