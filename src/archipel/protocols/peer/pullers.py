"""All that this node fetches: one puller for each node it wants something from.

Looks at the transfers' rows several times a second: a row is how the rest of the node speaks to
this process. Keeps room on the disk: backlog stops first, the most urgent last.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from archipel.exchange.ports import Spool, Transfers
from archipel.exchange.schedule import TransferClass
from archipel.exchange.transfer import KEPT, LEASE, Happening, Transfer, TransferState
from archipel.kernel.clock import Clock
from archipel.kernel.errors import ArchipelError, Conflict
from archipel.protocols.peer.link_puller import LinkPuller

_log = logging.getLogger(__name__)
LOOK_S = 0.2
PART_S = 1.0
RESERVE_BYTES = 2 << 30
URGENT = frozenset({TransferClass.STAT, TransferClass.ON_CALL})
ROOM_AGAIN = 1.25  # of what is kept free, before what was paused goes on


@dataclass(slots=True, kw_only=True)
class Pullers:
    """`link` makes the puller of a node, or None when the node is no peer of ours (any more)."""

    transfers: Transfers
    spool: Spool
    link: Callable[[str], LinkPuller | None]
    clock: Clock
    holder: str
    reserve_bytes: int = RESERVE_BYTES
    welcome: Callable[[str], bool] = lambda _node: True
    links: dict[str, LinkPuller] = field(default_factory=dict)
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _leased: dict[str, datetime] = field(default_factory=dict)
    _parted_s: float = 0.0

    async def run(self) -> None:
        """Fetch what is wanted, until cancelled."""
        try:
            while True:
                try:
                    await self.look()
                except ArchipelError as away:
                    _log.warning("transfers: %s", away)
                await asyncio.sleep(LOOK_S)
        finally:
            for task in self._tasks.values():
                task.cancel()
            for task in self._tasks.values():
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def look(self) -> None:
        """Look at the rows once, and do what they say."""
        rows = await asyncio.to_thread(self.transfers.under_way)
        await self._part()
        mine = [row for row in rows if await self._leases(row)]
        for row in mine:
            if row.state is not TransferState.WHOLE:
                self._take_up(row)
        fetched = {row.id for row in mine if row.state is not TransferState.WHOLE}
        for link in self.links.values():
            for gone in link.errands.keys() - fetched:
                link.drop(gone)
        free = await asyncio.to_thread(self.spool.free_bytes)
        await self._tidy({row.id for row in rows}, short=free < self.reserve_bytes)
        await self._keep_room(mine, free)

    async def _part(self) -> None:
        """Close the connections to nodes that are peers no longer, whatever they carry."""
        now_s = time.monotonic()
        if now_s - self._parted_s < PART_S:
            return
        self._parted_s = now_s
        for name in list(self.links):
            if await asyncio.to_thread(self.welcome, name):
                continue
            _log.warning("%s is no peer any more: nothing is fetched from it", name)
            link, task = self.links.pop(name), self._tasks.pop(name)
            for errand in list(link.errands.values()):
                await errand.tell(Happening.SILENCE, f"{name} is no peer of this node any more")
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _leases(self, row: Transfer) -> bool:
        """Hold the row; renewed when a third of the lease has gone."""
        now = self.clock()
        until = self._leased.get(row.id)
        if until is not None and until - now > LEASE * 2 / 3:
            return True
        try:
            lease = await asyncio.to_thread(
                self.transfers.lease, row.id, holder=self.holder, now=now
            )
        except Conflict:
            self._leased.pop(row.id, None)
            return False
        self._leased[row.id] = lease.until
        return True

    def _take_up(self, row: Transfer) -> None:
        task = self._tasks.get(row.from_node)
        if task is not None and task.done():
            if not task.cancelled() and (failure := task.exception()) is not None:
                _log.error("the puller of %s ended", row.from_node, exc_info=failure)
            self.links.pop(row.from_node)
            self._tasks.pop(row.from_node)
        link = self.links.get(row.from_node)
        if link is None:
            link = self.link(row.from_node)
            if link is None:
                return  # no peer of ours: the row waits, and says so by its state
            self.links[row.from_node] = link
            self._tasks[row.from_node] = asyncio.create_task(link.run())
        link.add(row)

    async def _tidy(self, known: set[str], *, short: bool) -> None:
        """Erase what ended transfers have left.

        What may be wanted again stays while there is room; what was recalled goes at once.
        """
        left = set(await asyncio.to_thread(self.spool.transfers)) - known
        if not left:
            return
        since = self.clock() - KEPT
        kept = set() if short else set(await asyncio.to_thread(self.transfers.resumable, since))
        for name in left:
            do = self.spool.release if name in kept else self.spool.forget
            await asyncio.to_thread(do, name)
            self._leased.pop(name, None)

    async def _keep_room(self, rows: list[Transfer], free: int) -> None:
        for row in rows:
            link = self.links.get(row.from_node)
            if link is None or row.state is TransferState.WHOLE:
                continue
            least = self.reserve_bytes / 2 if row.of_class in URGENT else self.reserve_bytes
            if row.state is TransferState.PAUSED or link.paused(row.id):
                if free - row.remaining_bytes > least * ROOM_AGAIN:
                    await link.pause(row.id, paused=False)
            elif free < least or (row.size_bytes and free - row.remaining_bytes < least):
                await link.pause(row.id, paused=True)
