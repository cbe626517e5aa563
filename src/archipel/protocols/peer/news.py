"""Wakes those who wait for facts: one look at the database for all of them."""

import asyncio
import logging
from collections.abc import Callable

from archipel.kernel.errors import ArchipelError

LOG = logging.getLogger(__name__)
EVERY_S = 0.1


class News:
    """The position of the facts, watched while somebody waits."""

    def __init__(self, position: Callable[[], int]) -> None:
        self._position = position
        self._changed = asyncio.Condition()
        self._known = -1
        self._waiting = 0

    async def after(self, known: int, *, timeout_s: float) -> bool:
        """Wait until the position is beyond `known`; False when the time is over."""
        self._waiting += 1
        try:
            async with asyncio.timeout(timeout_s), self._changed:
                await self._changed.wait_for(lambda: self._known > known)
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1
        return True

    async def watch(self, *, stop: asyncio.Event) -> None:
        """Look until told to stop; not at all while nobody waits."""
        while not stop.is_set():
            if self._waiting:
                try:
                    now = await asyncio.to_thread(self._position)
                except ArchipelError as failure:
                    LOG.warning("facts: %s", failure)
                    now = self._known
                if now != self._known:
                    async with self._changed:
                        self._known = now
                        self._changed.notify_all()
            await asyncio.sleep(EVERY_S)
