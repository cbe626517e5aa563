"""What runs beside the server in the peer process, for as long as the node runs."""

import asyncio
from typing import Protocol

from archipel.protocols.peer.neighbours import Neighbours


class PeerTask(Protocol):
    """One stream of work towards the neighbours: the feed's puller, the transfer's."""

    async def run(self, neighbours: Neighbours, *, stop: asyncio.Event) -> None:
        """Work until `stop` is set. Blocking work goes to a thread (`asyncio.to_thread`)."""
