"""What nodes tell each other of their lines, so that each can draw the whole archipelago.

A node asks its neighbours for it now and then, which is also how a silent line is noticed: the
feed's long poll alone would take a minute. It asks more often while somebody looks at the page.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from archipel.app.network.agreeing import Holding, Holdings, differing
from archipel.app.wiring import Node
from archipel.exchange.links import Board, Line, LinkState, compared
from archipel.exchange.model import NodeName, Peer
from archipel.kernel.errors import ArchipelError, Malformed, Refused, Unavailable
from archipel.protocols.peer.application import neighbour
from archipel.protocols.peer.neighbours import Neighbours

LOG = logging.getLogger(__name__)
WATCHED_FILE = "network.watched"
PATH = "/x/1/lines"
EVERY_S, WATCHED_EVERY_S, AGAIN_S = 40.0, 4.0, 1.0
WATCHED_S = 15.0  # since the page was last drawn
SILENT_S, SILENT_ANSWERS = 5.0, 6  # a line that needs longer, or so many times its usual answer
LONGEST = 64
_BODY_BYTES = 32 << 10


class ToldLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the node that tells."""

    peer: str
    state: str
    since: datetime | None = None
    rtt_ms: float | None = None
    loss_pct: float | None = None
    bps: float | None = None


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """What waits in one class: studies, and the bytes that are known of them."""

    studies: int
    bytes: int


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a neighbour told: its lines, and what it waits for from the asker."""

    node: str
    lines: tuple[ToldLine, ...]
    waits: dict[str, Waits]
    holds: Holding | None = None
    at: datetime | None = None  # when it was asked, by the asker's clock


def read(content: bytes, peer: NodeName) -> Told:
    """Read an answer. Raises `Malformed`."""
    if len(content) > _BODY_BYTES:
        raise Malformed(f"{peer} tells more than {_BODY_BYTES} bytes of its lines")
    try:
        told = msgspec.json.decode(content, type=Told)
        for line in told.lines:
            NodeName(line.peer)
            Line(line.state)
    except (msgspec.DecodeError, ValueError) as error:
        raise Malformed(f"{peer} tells its lines in another way: {error}") from error
    if told.node != peer.value or len(told.lines) > LONGEST or len(told.waits) > LONGEST:
        raise Malformed(f"{peer} tells of lines that are not its own")
    return told


def own(
    node: Node, board: Board, asker: NodeName, *, name: NodeName, holds: Holding | None = None
) -> Told:
    """Say what `asker` is told. Blocks on the database."""
    lines = tuple(
        ToldLine(
            peer=one.peer.value,
            state=one.state.value,
            since=one.since,
            rtt_ms=one.rtt_ms,
            loss_pct=one.loss_pct,
            bps=one.goodput_bps,
        )
        for one in board.all()[:LONGEST]
    )
    waits = waiting(node).get(asker.value, {})
    return Told(node=name.value, lines=lines, waits=waits, holds=holds)


def waiting(node: Node) -> Mapping[str, dict[str, Waits]]:
    """Sum up what is to be fetched, by node and class."""
    found: dict[str, dict[str, list[int]]] = defaultdict(dict)
    for one in node.transfers.under_way():
        held = found[one.from_node].setdefault(one.of_class.value, [0, 0])
        held[0] += 1
        held[1] += one.remaining_bytes
    return {
        peer: {of_class: Waits(studies=n, bytes=size) for of_class, (n, size) in classes.items()}
        for peer, classes in found.items()
    }


def line_routes(node: Node, board: Board, name: NodeName) -> list[BaseRoute]:
    """Return the route that tells a neighbour of our lines."""
    holdings = Holdings(node)

    async def lines(request: Request) -> Response:
        asker = await neighbour(request)
        told = await asyncio.to_thread(
            lambda: own(node, board, asker.name, name=name, holds=holdings.now())
        )
        return Response(msgspec.json.encode(told), media_type="application/json")

    return [Route(PATH, lines)]


@dataclass(kw_only=True)
class LinesTask:
    """`task.PeerTask`: asks each neighbour, and notices a line that falls silent."""

    node: Node
    board: Board
    told: dict[str, Told] = field(default_factory=dict)
    _holdings: Holdings = field(init=False)

    def __post_init__(self) -> None:
        self._holdings = Holdings(self.node)

    async def run(self, neighbours: Neighbours, *, stop: asyncio.Event) -> None:
        """Ask until told to stop."""
        asking: dict[NodeName, asyncio.Task[None]] = {}
        try:
            while not stop.is_set():
                try:
                    wanted = {o.name: o for o in await asyncio.to_thread(neighbours.wanted)}
                except ArchipelError as failure:
                    LOG.warning("lines: %s", failure)
                    wanted = {}
                for name in [one for one in asking if one not in wanted or asking[one].done()]:
                    asking.pop(name).cancel()
                    self.told.pop(name.value, None)
                for name, peer in wanted.items():
                    if name not in asking:
                        task = asyncio.create_task(self._ask(peer, neighbours))
                        asking[name] = task
                await asyncio.wait({asyncio.ensure_future(stop.wait())}, timeout=1.0)
        finally:
            for task in asking.values():
                task.cancel()
            await asyncio.gather(*asking.values(), return_exceptions=True)

    async def _ask(self, peer: Peer, neighbours: Neighbours) -> None:
        failures = 0
        while True:
            state = self.board.of(peer.name)
            if state.state is not Line.UP:  # the feed finds it again
                failures = 0
                await asyncio.sleep(AGAIN_S)
                continue
            try:
                await self._once(peer, neighbours, state)
                failures = 0
            except Refused:
                await asyncio.sleep(EVERY_S)  # the feed says so
            except (Unavailable, TimeoutError) as failure:
                failures += 1
                if failures > 1:
                    why = str(failure) or "it answers nothing"
                    self.board.line(peer.name, Line.DOWN, now=self.node.clock(), error=why[:200])
                    await neighbours.renewed(peer)
                await asyncio.sleep(AGAIN_S)
                continue
            except Malformed as failure:
                LOG.warning("lines: %s", failure)
            await self._pause()

    async def _once(self, peer: Peer, neighbours: Neighbours, state: LinkState) -> None:
        patience_s = max(SILENT_S, SILENT_ANSWERS * (state.rtt_min_ms or 0.0) / 1000)
        began = time.monotonic()
        async with asyncio.timeout(patience_s):
            content = await neighbours.of(peer).get(PATH)
        rtt_ms = (time.monotonic() - began) * 1000
        told = read(content, peer.name)
        self.told[peer.name.value] = msgspec.structs.replace(
            told, at=self.node.clock(), holds=None
        )
        await self._compare(peer.name, told)
        self.board.change(
            peer.name,
            lambda held: replace(
                held,
                rtt_ms=round(rtt_ms, 1),
                rtt_min_ms=round(min(held.rtt_min_ms or rtt_ms, rtt_ms), 1),
            ),
        )

    async def _compare(self, peer: NodeName, told: Told) -> None:
        """Note whether a neighbour makes the same of the same facts."""
        if told.holds is None:
            return
        mine = await asyncio.to_thread(self._holdings.now)
        found = differing(mine, told.holds)
        if found:
            LOG.error("%s makes something else of the same facts: %s", peer, " ".join(found))
        now, withheld = self.node.clock(), bool(mine.withheld or told.holds.withheld)
        self.board.change(peer, lambda held: compared(held, found, withheld=withheld, now=now))

    async def _pause(self) -> None:
        """Wait for the next time; not long while somebody looks."""
        began = time.monotonic()
        while time.monotonic() - began < EVERY_S:
            await asyncio.sleep(WATCHED_EVERY_S)
            if await asyncio.to_thread(self._watched):
                return

    def _watched(self) -> bool:
        try:
            at_s = (self.node.home.run / WATCHED_FILE).stat().st_mtime
        except FileNotFoundError:
            return False
        return time.time() - at_s < WATCHED_S
