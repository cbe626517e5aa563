"""Fetches studies from one node over one link: as many chunks asked for as its window says.

The most urgent class goes first, with a floor for the others; an urgent study may exceed the
window that a backlog has filled. A link without a byte for some seconds is given up and dialled
again, without end. What the disk or the peer refuses stops a transfer, never the others.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from archipel.exchange.errors import Superseded
from archipel.exchange.plan import Step
from archipel.exchange.ports import Spool, Transfers
from archipel.exchange.schedule import TransferClass, Turns
from archipel.exchange.transfer import Happening, Transfer, TransferState, backoff_s
from archipel.exchange.window import Window
from archipel.kernel.clock import Clock
from archipel.kernel.errors import ArchipelError, Exhausted, Malformed, Unavailable
from archipel.protocols.peer.errand import Errand
from archipel.protocols.peer.fetching import Fetching
from archipel.protocols.peer.pack_client import Busy, PackClient, Troubled

_log = logging.getLogger(__name__)
WATCH_S = 0.2
KNOCK_S = 1.0
PROGRESS_S = 1.0
REMEMBER_S = 10.0
NO_ROOM = "no room: free some space; it goes on by itself"
TROUBLED_S = 5.0
FULL_S = 5.0
CONTROL_ANSWERS = 4  # answer times that a knock may take
LONGER_EVERY, LONGER = 4, 4  # one dialling in so many waits so many times longer
MEASURED = 3  # knocks on a new connection, to learn its answer time


@dataclass(slots=True, kw_only=True)
class LinkPuller:
    """The link from one node. `run` until cancelled."""

    node: str
    client: PackClient
    spool: Spool
    transfers: Transfers
    clock: Clock
    window: Window = field(default_factory=Window)
    turns: Turns = field(default_factory=Turns)
    errands: dict[str, Errand] = field(default_factory=dict)
    disbelieved: Callable[[str, str, str], None] = lambda _peer, _subject, _why: None
    taken_bytes: int = 0  # of all answers, for those who watch
    up: bool = False  # the link answered, reads may go
    down_since_s: float | None = None
    _flying: Counter[TransferClass] = field(default_factory=Counter)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _reads: set[asyncio.Task[None]] = field(default_factory=set)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _byte_at_s: float = 0.0
    _held_until_s: float = 0.0

    def __post_init__(self) -> None:
        self.client.on_bytes = self._byte
        self.client.on_answer = self.window.answered

    async def run(self) -> None:
        """Fetch what is added, until cancelled."""
        with suppress(ArchipelError):
            kept = await asyncio.to_thread(self.transfers.window, self.node)
            if kept is not None:
                self.window.recall(*kept)
        try:
            async with asyncio.TaskGroup() as group:
                for name, work in (("pump", self._pump), ("watch", self._watch)):
                    group.create_task(work(), name=f"{name} {self.node}")
                group.create_task(self._report(), name=f"report {self.node}")
        finally:
            for task in [*self._tasks, *self._reads]:
                task.cancel()
            await self.client.close()

    def add(self, transfer: Transfer) -> None:
        """Take a transfer up, or learn that its class or wishes changed."""
        known = self.errands.get(transfer.id)
        if known is None:
            known = self.errands[transfer.id] = Errand(
                work=Fetching(transfer, self.spool),
                node=self.node,
                client=self.client,
                spool=self.spool,
                transfers=self.transfers,
                clock=self.clock,
                wake=self._news.set,
                disbelieved=self.disbelieved,
            )
            self._spawn(self._run_errand(known))
            return
        work = known.work
        reorder = work.transfer.first != transfer.first and work.manifest is not None
        work.transfer = transfer
        if reorder:
            work.order()
        self._news.set()

    def drop(self, transfer: str) -> None:
        """Forget a transfer: published, withdrawn or somebody else's."""
        errand = self.errands.pop(transfer, None)
        if errand is not None:
            errand.work.over = True
            errand.work.news.set()

    async def pause(self, transfer: str, *, paused: bool) -> None:
        """Stop asking for a transfer's chunks because there is no room, or go on."""
        errand = self.errands.get(transfer)
        if errand is None:
            return
        work = errand.work
        if not paused and time.monotonic() < work.full_until_s:
            return
        work.paused = paused
        if paused != (work.transfer.state is TransferState.PAUSED):
            await errand.tell(
                Happening.NO_ROOM if paused else Happening.ROOM, NO_ROOM if paused else ""
            )
        self._news.set()

    def paused(self, transfer: str) -> bool:
        """Tell whether nothing is asked for because there is no room, whatever its row says."""
        errand = self.errands.get(transfer)
        return errand is not None and errand.work.paused

    @property
    def busy(self) -> bool:
        """Tell whether something is to be fetched."""
        return any(not (e.work.paused or e.work.over) for e in self.errands.values())

    async def _pump(self) -> None:
        """Keep the window full."""
        while True:
            held_s = self._held_until_s - time.monotonic()
            chosen = self._choose() if self.up and held_s <= 0 else None
            if chosen is None:
                self._news.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), max(0.01, min(held_s, 1.0)) or 1.0)
                continue
            errand, step = chosen
            of_class = errand.work.transfer.of_class
            self._flying[of_class] += 1
            reading = asyncio.create_task(self._read(errand, step, of_class))
            self._reads.add(reading)
            reading.add_done_callback(self._reads.discard)

    def _choose(self) -> tuple[Errand, Step] | None:
        """Choose the next chunk to ask for, among the classes whose window is open."""
        waiting: dict[TransferClass, list[Errand]] = {}
        for errand in self.errands.values():
            of_class = errand.work.transfer.of_class
            if errand.work.manifest is not None and self._admits(of_class):
                waiting.setdefault(of_class, []).append(errand)
        while waiting:
            of_class = self.turns.choose(waiting.keys())
            for errand in sorted(waiting.pop(of_class), key=lambda e: e.work.transfer.wanted_at):
                step = errand.work.next()
                if step is not None:
                    return errand, step
        return None

    def _admits(self, of_class: TransferClass) -> bool:
        """Tell whether the window has room: what is less urgent does not count."""
        above = sum(n for flying, n in self._flying.items() if flying.rank <= of_class.rank)
        return above < self.window.slots

    async def _read(self, errand: Errand, step: Step, of_class: TransferClass) -> None:
        """Fetch one chunk; whatever happens, it has come or is put back."""
        work, manifest = errand.work, errand.work.manifest
        pack = work.pack(step.pack)
        came = False
        try:
            content = await self.client.read(
                work.transfer.key,
                (pack.root, step.chunk),
                pack.chunk_bytes(step.chunk),
                of_class,
            )
            if work.manifest is manifest and not work.over:
                came = self._keep(errand, step, content)
        except ArchipelError as trouble:
            await self._trouble(errand, step, trouble)
        finally:
            self._flying[of_class] -= 1
            if not came and work.manifest is manifest:
                work.back(step)
            if work.whole or errand.superseded:
                work.news.set()
            self._news.set()

    def _keep(self, errand: Errand, step: Step, content: bytes) -> bool:
        """Keep a chunk. Raises `Malformed` when it has wrong bytes, `Exhausted`, `Troubled`."""
        work = errand.work
        try:
            kept = work.came(step, content)
        except Unavailable as disk:  # ours, not the link's
            raise Troubled(str(disk)) from disk
        if not kept:
            raise Malformed(f"chunk {step.chunk} of pack {step.pack} has wrong bytes")
        if work.transfer.state is not TransferState.FETCHING and not work.paused:
            self._spawn(errand.tell(Happening.BYTE))
        return True

    async def _trouble(self, errand: Errand, step: Step, trouble: ArchipelError) -> None:
        work = errand.work
        if work.over:  # it ended while the chunk was on its way
            return
        match trouble:
            case Superseded():
                errand.superseded = True
            case Malformed():
                if not work.wrong.again(work.pack(step.pack).root, step.chunk):
                    await errand.set_aside(str(trouble))
            case Busy(after_s=after_s):
                self._held_until_s = time.monotonic() + after_s
            case Exhausted():  # a quota, where the disk itself says that there is room
                work.full_until_s = time.monotonic() + FULL_S
                self._spawn(self.pause(work.transfer.id, paused=True))
            case Unavailable() if not isinstance(trouble, Troubled):
                self._lose(str(trouble))
            case _:  # this study cannot be had now, others can
                _log.warning("transfer %s: %s", work.transfer.id, trouble)
                errand.superseded = True
                work.held_until_s = time.monotonic() + TROUBLED_S

    def _byte(self, count: int) -> None:
        now_s = time.monotonic()
        self.taken_bytes += count
        self._byte_at_s = now_s
        self.window.took(count, at_s=now_s)

    async def _watch(self) -> None:
        """Dial while there is something to fetch; give the link up when it says nothing."""
        attempt = 0
        while True:
            if not self.busy:
                self.window.idle()
                await asyncio.sleep(WATCH_S)
                continue
            answer_s = self._answer_s(attempt)
            silent_s = time.monotonic() - self._byte_at_s
            if self.up and not (self._reads and silent_s > self.window.late_s - answer_s):
                await asyncio.sleep(WATCH_S)
                continue
            try:
                await self.client.knock(answer_s)
            except ArchipelError as away:
                attempt += 1
                self._lose(str(away))
                self.client.renew()
                await asyncio.sleep(backoff_s(attempt))
                continue
            attempt = 0
            self._byte_at_s = time.monotonic()
            if not self.up:
                self._spawn(self._measure())
            self.up, self.down_since_s = True, None
            self._news.set()

    def _answer_s(self, attempt: int) -> float:
        """Say how long an answer may take.

        A line that was never measured, or became longer than it was, is found by the patient
        tries among the quick ones; a line that heals is found by the quick ones.
        """
        usual_s = max(KNOCK_S, CONTROL_ANSWERS * (self.window.rtt_s or 0.0))
        return usual_s * (LONGER if attempt % LONGER_EVERY == LONGER_EVERY - 1 else 1)

    async def _measure(self) -> None:
        """Learn the answer time of a new connection: the line may have moved to another way."""
        self.window.moved()
        for _ in range(MEASURED):
            with suppress(ArchipelError):
                await self.client.knock(LONGER * KNOCK_S)

    def _lose(self, why: str) -> None:
        """Give the link up: what was asked for is asked for again when it answers."""
        if not self.up:
            return
        _log.info("link from %s: %s", self.node, why)
        self.up, self.down_since_s = False, time.monotonic()
        self.window.idle()
        for reading in list(self._reads):
            if reading is not asyncio.current_task():
                reading.cancel()
        self.client.renew()
        for errand in self.errands.values():
            if not errand.work.over and not errand.work.paused:
                self._spawn(errand.tell(Happening.SILENCE, why))

    async def _report(self) -> None:
        """Write down how far each transfer is, and what the link gives."""
        said: dict[str, int] = {}
        remembered_s = time.monotonic()
        while True:
            await asyncio.sleep(PROGRESS_S)
            try:
                for name, errand in list(self.errands.items()):
                    work = errand.work
                    if work.manifest is None or said.get(name) == work.done_bytes or work.over:
                        continue
                    said[name] = work.done_bytes
                    await asyncio.to_thread(
                        self.transfers.progress,
                        name,
                        done_bytes=work.done_bytes,
                        low_whole=work.low_whole,
                        now=self.clock(),
                    )
                if time.monotonic() - remembered_s > REMEMBER_S:
                    remembered_s = time.monotonic()
                    await self._remember()
            except ArchipelError as away:
                _log.warning("progress of transfers: %s", away)

    async def _remember(self) -> None:
        measured = self.window.remembered()
        if measured is not None:
            await asyncio.to_thread(
                self.transfers.remember_window,
                self.node,
                rate_bytes_per_s=measured[0],
                rtt_s=measured[1],
                now=self.clock(),
            )

    async def _run_errand(self, errand: Errand) -> None:
        """Run an errand; a bug in one is told, and it is taken up again, the others go on."""
        try:
            await errand.run()
        except Exception:  # noqa: BLE001  (a bug towards one study must not stop the others)
            _log.exception("transfer %s", errand.work.transfer.id)
            await asyncio.sleep(TROUBLED_S)
            errand.work.over = True
            self.errands.pop(errand.work.transfer.id, None)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
