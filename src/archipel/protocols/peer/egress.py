"""The sender's queue, in one event loop: who may send a piece now, by class, cap and peer.

Nothing is handed to the kernel before its turn, so that the backlog waits here, where an urgent
study overtakes it, and not in a socket or a router.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from archipel.exchange.schedule import Egress, TransferClass, Waiting

QUEUED_BYTES = 64 << 20  # of one node's egress, all peers together
_LONGEST_SLEEP_S = 1.0

Turn = asyncio.Future[None]


@dataclass(slots=True)
class EgressPump:
    """Gives turns while somebody waits for one. For one event loop."""

    egress: Egress[Turn] = field(default_factory=Egress)
    clock_s: Callable[[], float] = time.monotonic
    queued_bytes: int = QUEUED_BYTES
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _pumping: asyncio.Task[None] | None = None

    @property
    def full(self) -> bool:
        """Tell whether too much waits already."""
        return self.egress.queued_bytes >= self.queued_bytes

    async def turn(self, peer: str, of_class: TransferClass, size_bytes: int) -> None:
        """Wait until `size_bytes` may go.

        Cancelling it gives the place up; a turn that was never taken costs nothing.
        """
        turn: Turn = asyncio.get_running_loop().create_future()
        waiting = Waiting(peer, of_class, size_bytes, turn)
        self.egress.put(waiting)
        self._news.set()
        if self._pumping is None or self._pumping.done():
            self._pumping = asyncio.create_task(self._pump(), name="egress")
        try:
            await turn
        except asyncio.CancelledError:
            self.egress.drop(waiting)
            raise

    async def _pump(self) -> None:
        """Give turns until nothing waits."""
        while True:
            following = self.egress.next(now_s=self.clock_s())
            if isinstance(following, Waiting):
                if not following.item.done():
                    following.item.set_result(None)
                continue
            if following is None:
                return
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), min(following, _LONGEST_SLEEP_S))
