"""One transfer's errand: manifest, part files, digests ahead of the chunks, and the end.

It is tried until it works. What cannot work by trying (wrong bytes) sets the transfer aside; what
the peer or the disk refuses makes it wait.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from archipel.archive.errors import DamagedContent
from archipel.exchange.errors import Superseded
from archipel.exchange.manifest import StudyManifest
from archipel.exchange.ports import Spool, Transfers
from archipel.exchange.transfer import Happening, TransferState, backoff_s
from archipel.kernel.clock import Clock
from archipel.kernel.errors import (
    ArchipelError,
    Exhausted,
    Malformed,
    NotFound,
    Refused,
    Unavailable,
)
from archipel.protocols.peer.fetching import Fetching
from archipel.protocols.peer.pack_client import Busy, PackClient

_log = logging.getLogger(__name__)
REFUSED_RETRY_S = 15.0
LISTS_IDLE_S = 1.0
GONE_S = 2.0
T = TypeVar("T")


class Over(Exception):
    """The transfer is set aside, withdrawn or somebody else's."""


@dataclass(slots=True, kw_only=True)
class Errand:
    """Runs one transfer beside the link's pump; `wake` tells the pump that there is news."""

    work: Fetching
    node: str
    client: PackClient
    spool: Spool
    transfers: Transfers
    clock: Clock
    wake: Callable[[], None]
    disbelieved: Callable[[str, str, str], None]
    superseded: bool = False
    _told: Happening | None = None
    _telling: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self) -> None:
        """Fetch what is no chunk, wait for the chunks, hand over what is whole."""
        try:
            manifest = await self._insist(self._before)
            while True:
                if manifest is None:
                    manifest = await self._insist(self._manifest)
                planned = manifest
                await self._insist(lambda: self._begin(planned))  # noqa: B023  (awaited here)
                self.superseded = False
                self.wake()
                if await self._insist(self._accompany):
                    await self._insist(self._hand_over)
                    return
                manifest = None
        except Over:
            return

    async def tell(self, happening: Happening, detail: str = "") -> None:
        """Move the transfer to its next state, once for each change. Raises nothing."""
        async with self._telling:
            if happening is self._told and happening is not Happening.WRONG_BYTES:
                return
            self._told = happening
            try:
                moved = await asyncio.to_thread(
                    self.transfers.happened,
                    self.work.transfer.id,
                    happening,
                    now=self.clock(),
                    detail=detail[:500],
                )
            except ArchipelError as failure:
                self._told = None
                _log.warning("transfer %s: %s", self.work.transfer.id, failure)
                return
            self.work.transfer = moved

    async def set_aside(self, why: str) -> None:
        """Stop for good, with an alarm: wrong bytes came twice."""
        _log.error("transfer %s from %s is set aside: %s", self.work.transfer.id, self.node, why)
        self.work.over = True
        await asyncio.to_thread(
            self.disbelieved, self.node, f"transfer {self.work.transfer.id}", why
        )
        await self.tell(Happening.WRONG_BYTES, why)
        self.work.news.set()

    async def _before(self) -> StudyManifest | None:
        """Return the manifest that was fetched before this process began.

        What is wanted once more after it was called off or set aside is described anew: its
        chunks are taken from the files that are here.
        """
        known = await asyncio.to_thread(self.transfers.manifest, self.work.transfer.id)
        if known is None or self.work.transfer.state is not TransferState.WANTED:
            return known
        await asyncio.to_thread(self._open, known)
        return None

    async def _manifest(self) -> StudyManifest:
        key = self.work.transfer.key
        _digest, content = await self.client.manifest(key, self.work.transfer.of_class)
        manifest = StudyManifest.parse(content)
        if manifest.key != key or manifest.home != self.node:
            raise Malformed("the manifest is of another study or of another home")
        return manifest

    async def _begin(self, manifest: StudyManifest) -> None:
        await asyncio.to_thread(self._open, manifest)
        self.work.begin(manifest)
        self.work.transfer = await asyncio.to_thread(
            self.transfers.planned,
            self.work.transfer.id,
            manifest,
            done_bytes=self.work.done_bytes,
            now=self.clock(),
        )
        self._told = None

    def _open(self, manifest: StudyManifest) -> None:
        """Open the part files: what lies in them is hashed."""
        for pack in manifest.packs:
            self.spool.open(self.work.transfer.id, pack)

    async def _accompany(self) -> bool:
        """Fetch digests ahead of the chunks; True when all is here, False when superseded."""
        work = self.work
        while not work.whole:
            if work.over:
                raise Over
            if self.superseded:
                return False
            wanted = [] if work.paused else work.wanted_lists()
            if not wanted:
                work.news.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(work.news.wait(), LISTS_IDLE_S)
                continue
            asked = [(work.pack(number).root, segment) for number, segment in wanted]
            sizes = [work.list_bytes(one) for one in wanted]
            try:
                contents = await self.client.lists(work.transfer.key, asked, sizes)
            except Superseded:
                return False
            except (NotFound, Refused) as no:  # its home knows this manifest no longer, or us
                await self.tell(Happening.SILENCE, str(no))
                await asyncio.sleep(GONE_S)
                return False
            await asyncio.to_thread(work.keep_lists, wanted, contents)
            self.wake()
        return True

    async def _hand_over(self) -> None:
        manifest = self.work.manifest
        if manifest is None:
            raise Over
        await asyncio.to_thread(self.spool.adopt, self.work.transfer.id, manifest)
        await self.tell(Happening.ALL_WHOLE)
        if self.work.transfer.state is not TransferState.WHOLE:
            raise Unavailable("the transfer's row cannot be written")
        self.work.over = True

    async def _insist(self, what: Callable[[], Awaitable[T]]) -> T:
        """Do it until it works. Raises `Over`."""
        attempt = 0
        while not self.work.over:
            try:
                return await what()
            except (Malformed, DamagedContent) as wrong:
                await self.set_aside(str(wrong))
            except Busy as busy:
                await asyncio.sleep(busy.after_s)
            except Exhausted as full:
                await self.tell(Happening.NO_ROOM, str(full))
                await asyncio.sleep(LISTS_IDLE_S)
            except (Refused, NotFound) as no:
                await self.tell(Happening.SILENCE, str(no))
                await asyncio.sleep(REFUSED_RETRY_S)
            except ArchipelError as away:
                attempt += 1
                await self.tell(Happening.SILENCE, str(away))
                await asyncio.sleep(backoff_s(attempt))
        raise Over
