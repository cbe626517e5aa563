"""The feed's puller: for each neighbour one long poll after another, facts before all else.

Nothing is lost by a cut: the cursor is what the database holds. After a failure the next try
comes soon, then later and later, five seconds at most, for as long as it takes.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from archipel.exchange.links import Board, Line, LinkState
from archipel.exchange.model import Batch, NodeName, Peer, Taken
from archipel.exchange.ports import FactLog, HeadVerifier
from archipel.exchange.trust import certificates
from archipel.kernel.clock import Clock
from archipel.kernel.errors import ArchipelError, Malformed, Refused, Unavailable
from archipel.protocols.peer import sockets, wire
from archipel.protocols.peer.neighbours import Neighbour, Neighbours

LOG = logging.getLogger(__name__)
WAIT_S = 50
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
HELLO_EVERY_S = 30.0
FEED = "feed"
_NAMED = 8  # of what one batch holds that cannot be believed
LOOK_EVERY_S = 1.0  # for peers that came, went or moved


@dataclass(kw_only=True)
class FeedPuller:
    """A `task.PeerTask`."""

    facts: FactLog
    verifier: Callable[[], HeadVerifier]
    board: Board
    clock: Clock
    address: str = ""  # where this node is reached
    disbelieved: Callable[[str, str, str], None] = lambda _peer, _subject, _why: None
    _terms: dict[NodeName, str] = field(default_factory=dict)

    async def run(self, neighbours: Neighbours, *, stop: asyncio.Event) -> None:
        """Pull from every peer until `stop` is set."""
        pulling: dict[NodeName, tuple[str, asyncio.Task[None]]] = {}
        try:
            while not stop.is_set():
                await self._look(neighbours, pulling)
                await asyncio.wait({asyncio.ensure_future(stop.wait())}, timeout=LOOK_EVERY_S)
        finally:
            for _, task in pulling.values():
                task.cancel()
            await asyncio.gather(*(task for _, task in pulling.values()), return_exceptions=True)

    async def _look(
        self, neighbours: Neighbours, pulling: dict[NodeName, tuple[str, asyncio.Task[None]]]
    ) -> None:
        try:
            wanted = {one.name: one for one in await asyncio.to_thread(neighbours.wanted)}
        except ArchipelError as failure:
            LOG.warning("peers: %s", failure)
            return
        for name, (address, task) in list(pulling.items()):
            if name not in wanted or wanted[name].address != address or task.done():
                task.cancel()
                del pulling[name]
                if name not in wanted:
                    self.board.forget(name)
        for name, peer in wanted.items():
            if name not in pulling:
                task = asyncio.create_task(self._pull(peer, neighbours), name=f"feed of {name}")
                pulling[name] = (peer.address, task)

    async def _pull(self, peer: Peer, neighbours: Neighbours) -> None:
        pause_s = FIRST_PAUSE_S
        greeted_s = -HELLO_EVERY_S
        while True:
            try:
                neighbour = neighbours.of(peer)
                if time.monotonic() - greeted_s >= HELLO_EVERY_S:
                    await self._greet(neighbour)
                    greeted_s = time.monotonic()
                await self._once(neighbour)
                pause_s = FIRST_PAUSE_S
            except Refused as failure:
                await self._failed(peer, neighbours, Line.REFUSED, failure)
                await asyncio.sleep(LONGEST_PAUSE_S)
            except ArchipelError as failure:
                if isinstance(failure, Malformed):
                    await asyncio.to_thread(self.disbelieved, peer.name.value, FEED, str(failure))
                line = Line.DOWN if isinstance(failure, Unavailable) else Line.UP
                await self._failed(peer, neighbours, line, failure)
                greeted_s = -HELLO_EVERY_S
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            except Exception:  # a bug towards one peer must not stop the others
                LOG.exception("feed of %s", peer.name)
                await asyncio.sleep(LONGEST_PAUSE_S)

    async def _once(self, neighbour: Neighbour) -> None:
        """Ask once, and take in what comes."""
        name = neighbour.peer.name
        known = self._terms.get(name)
        cursor = await asyncio.to_thread(lambda: self.facts.cursor(refill=known is None))
        params = {"after": wire.cursor_text(cursor), "wait": str(WAIT_S if known else 0)}
        if known:
            params["terms"] = known
        content = await neighbour.get("/x/1/feed", params=params, wait_s=WAIT_S)
        now = self.clock()
        self.board.line(name, Line.UP, now=now)
        batch = await asyncio.to_thread(wire.unpacked, content)
        taken = await asyncio.to_thread(
            lambda: self.facts.take(batch, verify=self.verifier(), now=now)
        )
        # Other terms: what was withheld may be known now, so the next cursor begins at the stubs.
        changed = known is not None and batch.terms != known
        self._terms.pop(name, None) if changed else self._terms.update({name: batch.terms})
        self._told(neighbour, batch, taken, len(content))
        refused = [f"{log} goes on in two ways: it is frozen" for log in taken.frozen]
        refused += taken.refused
        if refused:
            LOG.warning("feed of %s: %s", name, "; ".join(refused[:3])[:500])
            await asyncio.to_thread(self._disbelieve, name, refused)
        if not batch.links or taken.applied or taken.filled:
            return
        if refused or taken.waiting:
            why = refused[0] if refused else f"{taken.waiting} wait for others"
            raise Unavailable(f"nothing of its facts could be taken in: {why}")
        await asyncio.sleep(FIRST_PAUSE_S)  # another told them meanwhile; or it repeats itself

    def _disbelieve(self, name: NodeName, refused: Sequence[str]) -> None:
        for why in refused[:_NAMED]:
            self.disbelieved(name.value, FEED, why)

    async def _greet(self, neighbour: Neighbour) -> None:
        """Measure the line by a request and its answer."""
        began = time.monotonic()
        answer = await neighbour.post("/x/1/hello", self.address.encode())
        rtt_ms = (time.monotonic() - began) * 1000
        if _named(answer) != neighbour.peer.name.value:
            raise Unavailable(f"{neighbour.peer.name} does not say its name")
        kernel = sockets.figures(neighbour.socket) if neighbour.socket is not None else None
        certificate = neighbour.peer.certificate
        left = certificates.expires_at(certificate) - self.clock() if certificate else None

        def measured(state: LinkState) -> LinkState:
            best = min(state.rtt_min_ms or rtt_ms, rtt_ms)
            return replace(
                state,
                rtt_ms=round(rtt_ms, 1),
                rtt_min_ms=round(best, 1),
                loss_pct=round(kernel.loss_pct, 2) if kernel else None,
                congestion=sockets.congestion(neighbour.socket) if kernel else "",
                certificate_days=left.days if left else None,
            )

        self.board.line(neighbour.peer.name, Line.UP, now=self.clock())
        self.board.change(neighbour.peer.name, measured)

    async def _failed(
        self, peer: Peer, neighbours: Neighbours, line: Line, failure: ArchipelError
    ) -> None:
        if self.board.of(peer.name).state is not line or line is Line.UP:
            LOG.warning("feed of %s: %s", peer.name, failure)
        self.board.line(peer.name, line, now=self.clock(), error=str(failure)[:200])
        if line is not Line.UP:
            await neighbours.renewed(peer)

    def _told(self, neighbour: Neighbour, batch: Batch, taken: Taken, size_bytes: int) -> None:
        own = [head.log for head in batch.heads if head.log.node == neighbour.peer.name]
        now = self.clock()

        def after(state: LinkState) -> LinkState:
            return replace(
                state,
                feed_at=now,
                feed_behind=PAGE_UNKNOWN if batch.more else 0,
                facts_taken=state.facts_taken + taken.applied,
                feed_bytes=state.feed_bytes + size_bytes,
                waiting=taken.waiting,
                incarnation=str(own[-1]) if own else state.incarnation,
            )

        self.board.change(neighbour.peer.name, after)


def _named(answer: bytes) -> object:
    """Return the name that an answer says. Raises `Malformed`."""
    try:
        said = json.loads(answer)
    except (ValueError, RecursionError):
        raise Malformed("its greeting cannot be read") from None
    return said.get("node") if isinstance(said, dict) else None


PAGE_UNKNOWN = 1
"""At least one more page follows; how much is not announced."""
