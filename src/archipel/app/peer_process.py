"""The process of the archipelago: the peer door, the feed's puller, and the transfer's beside it.

One event loop; whatever blocks goes to a thread. Another room plugs in here, at `routes` (what
the door serves beside the feed) and `tasks` (what runs beside the feed's puller). A node that is
in no archipelago waits for `archipel peer invite` or `join`.
"""

import asyncio
import json
import logging
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from starlette.routing import BaseRoute

from archipel.access.model import Action, AuditEntry
from archipel.app.home import Home
from archipel.app.hosts.keeper import alone_of_all
from archipel.app.keeping.mending import MendTask
from archipel.app.network.disbelief import Disbelief
from archipel.app.network.keeping import LineKeeper
from archipel.app.network.told import LinesTask, Told, line_routes
from archipel.app.peer_keys import PeerKeys
from archipel.app.settings import ways
from archipel.app.transfer.packs import PackTask, pack_routes
from archipel.app.wiring import Node
from archipel.exchange.errors import NotEnrolled
from archipel.exchange.links import Board
from archipel.exchange.model import NodeName
from archipel.exchange.ports import HeadVerifier
from archipel.exchange.trust import certificates
from archipel.exchange.trust.heads import verifier
from archipel.kernel.actors import Actor, ActorKind
from archipel.kernel.errors import ArchipelError
from archipel.protocols.peer.application import PeerServices, application
from archipel.protocols.peer.doorkeeper import DOOR, Doorkeeper
from archipel.protocols.peer.enrolment import Enrolment
from archipel.protocols.peer.identity import Identity
from archipel.protocols.peer.link_puller import LinkPuller
from archipel.protocols.peer.neighbours import Neighbours
from archipel.protocols.peer.news import News
from archipel.protocols.peer.puller import FeedPuller
from archipel.protocols.peer.server import PeerServer
from archipel.protocols.peer.task import PeerTask

LOG = logging.getLogger(__name__)
_LOOK_EVERY_S = 0.5
_RENEW_EVERY_S = 3600.0


@dataclass(kw_only=True)
class Archipelago:
    """What the rooms of the peer process share."""

    node: Node
    keys: PeerKeys
    board: Board = field(default_factory=Board)
    pullers: dict[str, LinkPuller] = field(default_factory=dict)
    told: dict[str, Told] = field(default_factory=dict)

    def identity(self) -> Identity:
        """Return who this node is, as its files say now."""
        return self.keys.identity()

    def keeper(self) -> LineKeeper:
        """Return who writes down how the lines are."""
        return LineKeeper(node=self.node, board=self.board, pullers=self.pullers, told=self.told)

    def verifier(self) -> HeadVerifier:
        """Return the check of signed heads, with the peers as they are now."""
        revoked = {one.name.value for one in self.node.peers.all() if not one.active}
        return verifier(self.identity().authority, revoked=revoked.__contains__)

    def welcome(self) -> frozenset[NodeName]:
        """Return the nodes whose connections may stay."""
        return frozenset(one.name for one in self.node.peers.all() if one.active)

    def refused(self, address: str, reason: str) -> None:
        """Audit a handshake that failed: whoever it was has shown no name we believe."""
        entry = AuditEntry(
            tenant=None,
            at=self.node.clock(),
            actor=Actor(ActorKind.NODE, address),
            action=Action.REFUSE,
            subject="tls",
            door=DOOR,
            detail=reason,
        )
        with suppress(ArchipelError):
            self.node.audit.record([entry])


def routes(archipelago: Archipelago) -> Sequence[BaseRoute]:
    """Return what the door serves beside the feed."""
    node = archipelago.node
    lines = line_routes(node, archipelago.board, archipelago.identity().node)
    return [*pack_routes(node), *lines]


def tasks(archipelago: Archipelago) -> Sequence[PeerTask]:
    """Return what pulls: the feed, and the packs."""
    feed = FeedPuller(
        facts=archipelago.node.facts,
        verifier=archipelago.verifier,
        board=archipelago.board,
        clock=archipelago.node.clock,
        address=address_of(archipelago.node),
        disbelieved=(disbelieved := Disbelief(archipelago.node)),
    )
    node = archipelago.node
    packs = PackTask(node=node, pullers=archipelago.pullers, disbelieved=disbelieved)
    lines = LinesTask(node=node, board=archipelago.board, told=archipelago.told)
    return [feed, packs, lines, MendTask(node=node)]


def run(
    home: Home, listener: socket.socket | None, *, ready: Callable[[], None], stop: int
) -> None:
    """Serve and pull until `stop` is readable."""
    with Node.open(home) as node:
        if node.host is not None:
            ready()  # of several hosts one speaks with the other nodes; the rest stand by
        with alone_of_all(node, "peer", stop=stop) as mine:
            if mine:
                ours = Archipelago(node=node, keys=PeerKeys(home))
                asyncio.run(_run(ours, listener, ready, stop))


async def _run(
    archipelago: Archipelago,
    listener: socket.socket | None,
    ready: Callable[[], None],
    stop: int,
) -> None:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    loop.add_reader(stop, stopping.set)
    ready()
    while not archipelago.keys.enrolled and not stopping.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), _LOOK_EVERY_S)
    if not stopping.is_set():
        await _serve(archipelago, listener, stopping)
    loop.remove_reader(stop)


async def _serve(
    archipelago: Archipelago, listener: socket.socket | None, stopping: asyncio.Event
) -> None:
    node = archipelago.node
    via = ways(node.settings.peer.via)
    neighbours = Neighbours(archipelago.identity, node.peers, via=via)
    news = News(node.facts.position)
    running = [
        asyncio.create_task(one.run(neighbours, stop=stopping)) for one in tasks(archipelago)
    ]
    running += [
        asyncio.create_task(news.watch(stop=stopping)),
        asyncio.create_task(archipelago.keeper().keep(stopping)),
        asyncio.create_task(_renew(archipelago, neighbours, stopping)),
    ]
    if listener is not None:
        running.append(asyncio.create_task(door(archipelago, listener, news, stopping)))
    ended = asyncio.create_task(stopping.wait())
    await asyncio.wait({ended, *running}, return_when=asyncio.FIRST_COMPLETED)
    died = [one for one in running if one.done()]
    stopping.set()
    await asyncio.wait(running, timeout=5)
    await neighbours.close()
    for one in died:
        one.result()  # raises what it died of: the supervisor starts this role again


async def door(
    archipelago: Archipelago, listener: socket.socket, news: News, stopping: asyncio.Event
) -> None:
    """Serve the other nodes on `listener` until told to stop."""
    node, identity = archipelago.node, archipelago.identity()
    doorkeeper = Doorkeeper(
        identity=identity, peers=node.peers, audit=node.audit, clock=node.clock
    )
    address = address_of(node)
    enrolment = Enrolment(
        doorkeeper=doorkeeper, authority=archipelago.keys.authority, address=address
    )
    services = PeerServices(
        doorkeeper=doorkeeper, facts=node.facts, news=news, enrolment=enrolment, address=address
    )
    server = PeerServer(
        app=application(services, more=routes(archipelago)),
        context=identity.server_context(),
        welcome=archipelago.welcome,
        refused=archipelago.refused,
        idle_timeout_s=node.settings.peer.idle_timeout_s,
    )
    await server.serve(listener, stop=stopping)


def address_of(node: Node) -> str:
    """Return where the other nodes reach this one; empty where they do not."""
    return node.settings.peer.address or node.settings.peer.listen


async def _renew(
    archipelago: Archipelago, neighbours: Neighbours, stopping: asyncio.Event
) -> None:
    """Ask for a newer certificate in time. Ends when there is one: the process begins anew."""
    while not stopping.is_set():
        try:
            if await renew(archipelago, neighbours):
                LOG.info("this node's certificate was renewed: starting again with it")
                return
        except ArchipelError as failure:
            LOG.warning("renewing the certificate: %s", failure)
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), _RENEW_EVERY_S)


async def renew(archipelago: Archipelago, neighbours: Neighbours) -> bool:
    """Renew this node's certificate where it is due; tells whether it was."""
    node, identity = archipelago.node, archipelago.identity()
    now = node.clock()
    if not certificates.due(identity.certificate, now=now):
        return False
    request = certificates.request_for(identity.node, identity.key)
    authority = archipelago.keys.authority()
    if authority is not None:
        fresh = authority.issue(request, identity.node, now=now)
    else:
        fresh = await _from_keeper(node, neighbours, request)
    certificates.check_issued(fresh, authority=identity.authority, at=now)
    certificates.check_pair(fresh, identity.key)
    address = address_of(node)
    await asyncio.to_thread(node.peers.state_renewed, fresh, address, now=now)
    archipelago.keys.renewed(fresh)
    return True


async def _from_keeper(node: Node, neighbours: Neighbours, request: str) -> str:
    keeper = await asyncio.to_thread(node.peers.keeper)
    peer = await asyncio.to_thread(node.peers.peer, keeper) if keeper else None
    if peer is None:
        raise NotEnrolled("nobody is known who keeps the authority's key")
    answer = json.loads(await neighbours.of(peer).post("/x/1/renew", {"request": request}))
    return str(answer["certificate"])
