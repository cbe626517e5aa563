"""One task a process that follows what happens to exams and hands it to every open stream.

The streams share one poll of the outbox. A client that does not read is dropped when its queue
is full: it comes back with Last-Event-ID and misses nothing.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool

from archipel.kernel.errors import ArchipelError
from archipel.reading.answers import Change
from archipel.reading.ports import Changes

LOG = logging.getLogger(__name__)
POLL_S = 0.3
RETRY_S = 2.0  # after a failed poll
QUEUED = 500  # changes a slow client may be behind
RESUMED = 2_000  # changes a client may have missed and still catch up with
BATCH = 500


@dataclass(slots=True, eq=False)
class Stream:
    """One client's place: what waits for it, and whether it was given up."""

    queue: asyncio.Queue[Change] = field(default_factory=lambda: asyncio.Queue(QUEUED))
    dropped: bool = False


@dataclass(slots=True)
class Live:
    """Follows `changes` while anybody listens."""

    changes: Changes
    poll_s: float = POLL_S
    _streams: set[Stream] = field(default_factory=set)
    _task: asyncio.Task[None] | None = None
    _position: int = 0

    @asynccontextmanager
    async def follow(self) -> AsyncIterator[tuple[Stream, int]]:
        """Open a stream; gives it and the position behind which it will be told."""
        stream = Stream()
        if self._task is None or self._task.done():
            self._position = await run_in_threadpool(self.changes.last_position)
        # No await from here to the task: two first clients must not start two polls.
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._poll(), name="live")
        self._streams.add(stream)
        try:
            yield stream, self._position
        finally:
            self._streams.discard(stream)
            if not self._streams and self._task is not None:
                self._task.cancel()
                self._task = None

    async def missed(self, since: int, *, until: int) -> Sequence[Change] | None:
        """Return what happened behind `since` up to `until`; None when that is not known."""
        if since > until:
            return None  # a position of another node or of an index that was rebuilt
        oldest = await run_in_threadpool(self.changes.oldest_position)
        if since < oldest - 1:
            return None
        found: list[Change] = []
        position = since
        while position < until:
            batch, reached = await run_in_threadpool(self._after, position)
            found.extend(one for one in batch if one.position <= until)
            if len(found) > RESUMED:
                return None
            if reached == position:
                break
            position = reached
        return found

    async def _poll(self) -> None:
        while True:
            try:
                found, self._position = await run_in_threadpool(self._after, self._position)
            except ArchipelError as failure:
                LOG.warning("the live stream waits: %s", failure)
                await asyncio.sleep(RETRY_S)
                continue
            for change in found:
                self._tell(change)
            if len(found) < BATCH:
                await asyncio.sleep(self.poll_s)

    def _after(self, position: int) -> tuple[Sequence[Change], int]:
        return self.changes.after(position, limit=BATCH)

    def _tell(self, change: Change) -> None:
        for stream in self._streams:
            try:
                stream.queue.put_nowait(change)
            except asyncio.QueueFull:
                stream.dropped = True
