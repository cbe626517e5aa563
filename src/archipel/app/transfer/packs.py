"""Packs on the wire: what the peer process serves of our studies and fetches of others'."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import time
from zoneinfo import ZoneInfo

import httpx
from starlette.requests import Request
from starlette.routing import BaseRoute

from archipel.app.wiring import Node
from archipel.archive.model import StudyKey
from archipel.exchange.caps import Limits, caps_of
from archipel.exchange.model import Capability, NodeName, Peer, Purpose
from archipel.exchange.offered import OfferedPack
from archipel.exchange.schedule import SHAPED, Bucket, Egress, TransferClass
from archipel.exchange.transfer import Withholding
from archipel.exchange.trust import assertions
from archipel.exchange.trust.assertions import Asked, Person
from archipel.exchange.window import Window
from archipel.kernel.actors import Actor, ActorKind
from archipel.kernel.clock import Clock
from archipel.kernel.errors import ArchipelError, Refused
from archipel.protocols.peer.application import services_of
from archipel.protocols.peer.doorkeeper import certificate_of
from archipel.protocols.peer.egress import EgressPump
from archipel.protocols.peer.link_puller import LinkPuller
from archipel.protocols.peer.neighbours import Neighbour, Neighbours
from archipel.protocols.peer.pack_client import PackClient
from archipel.protocols.peer.pack_server import PackServer, PackServices, PeerReader
from archipel.protocols.peer.pullers import Pullers
from archipel.stores.packs.spool import DiskSpool

BYTES_IN_MBIT = 125_000
PREFETCH = Person(
    subject="system:prefetch",
    name="",
    role="",
    organisation="",
    authentication="node",
)
for _name in ("httpx", "httpcore", "hpack", "h2"):  # a line for each chunk, with its address
    logging.getLogger(_name).setLevel(logging.WARNING)


def pack_routes(node: Node) -> list[BaseRoute]:
    """Return the routes that serve our studies."""
    services = PackServices(
        offers=node.offers,
        ranges=node.packs.ranges,
        admit=lambda request, key: admitted(request, key, node=node),
        asker=certificate_of,
        audit=node.audit.record,
        egress=EgressPump(Egress(line=Bucket(_shaped(node)), limits=limits_of(node))),
        clock=node.clock,
        adopted=lambda root: adopted(root, node=node),
    )
    return [*PackServer(services).routes()]


def adopted(root: str, *, node: Node) -> OfferedPack | None:
    """Read and hash a pack that was fetched from its home; None when it is not as it came."""
    lying = node.transfers.adopted(root)
    if lying is None:
        return None
    pack, part = lying
    try:
        label, described = node.packs.label(pack), node.packs.describe(pack)[part]
    except (ArchipelError, IndexError):  # damaged, or replaced by another generation
        return None
    if described.entry.root != root:
        return None
    key = StudyKey(label.key.tenant, label.key.study)
    return OfferedPack(key=key, pack=pack, described=described)


def admitted(request: Request, key: StudyKey, *, node: Node) -> PeerReader:
    """Let a node read a study, on behalf of whom its assertion says.

    The home of a study needs nobody's leave to ask for the bytes that came from it. Raises
    `Refused`: by the agreements, because it was recalled or the patient opposes sharing.
    """
    asker = services_of(request).doorkeeper.node(request).name
    if node.owners.home(key.tenant) == asker:
        actor = Actor(ActorKind.NODE, f"node:{asker}")
        return PeerReader(node=asker.value, actor=actor, purpose="its own study, to mend it")
    why = node.withholdings.why(key)
    if why is Withholding.RECALLED:
        no = Refused("the study was recalled by its home")
        services_of(request).doorkeeper.refused(request, no, tenant=key.tenant)
        raise no
    held = services_of(request).doorkeeper.person(
        request,
        act=Capability.READ,
        patient=subject_of(key),
        tenant=key.tenant,
        opposed=why is Withholding.OPPOSED,
    )
    return PeerReader(
        node=held.issuer.value,
        actor=Actor(ActorKind.NODE, f"node:{held.issuer}"),
        purpose=f"{held.asked.purpose.value} {held.person.subject} {held.person.organisation}",
    )


def subject_of(key: StudyKey) -> str:
    """Say what an assertion for packs is bound to: one study, which is one patient's."""
    return f"study:{key.tenant}~{key.study}"


@dataclass(kw_only=True)
class PackTask:
    """`task.PeerTask`: fetches what is wanted here."""

    node: Node
    pullers: dict[str, LinkPuller] = field(default_factory=dict)  # for those who watch
    disbelieved: Callable[[str, str, str], None] = lambda _peer, _subject, _why: None

    async def run(self, neighbours: Neighbours, *, stop: asyncio.Event) -> None:
        """Fetch until told to stop."""
        spool = await asyncio.to_thread(
            lambda: DiskSpool(
                self.node.home.root,
                shelf=self.node.shelf(),
                adopted=self.node.transfers.adopted,
            )
        )
        pullers = Pullers(
            transfers=self.node.transfers,
            spool=spool,
            link=lambda name: self._link(name, neighbours, spool),
            welcome=lambda name: self._peer(name, neighbours) is not None,
            clock=self.node.clock,
            holder=neighbours.identity.node.value,
            reserve_bytes=self.node.settings.archive.low_disk_bytes,
        )
        fetching = asyncio.create_task(pullers.run())
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({fetching, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if fetching.done():
                fetching.result()
        finally:
            for task in (fetching, stopped):
                task.cancel()
            with suppress(asyncio.CancelledError):
                await fetching
            spool.close()

    def _link(self, name: str, neighbours: Neighbours, spool: DiskSpool) -> LinkPuller | None:
        peer = self._peer(name, neighbours)
        if peer is None:
            return None

        line = self.node.settings.peer.line_in_mbit * BYTES_IN_MBIT

        def dial() -> httpx.AsyncClient:
            # Asked each time: the peer may have moved, our certificate may be newer.
            return Neighbour(self._peer(name, neighbours) or peer, neighbours.identity).http

        self.pullers[name] = LinkPuller(
            node=name,
            client=PackClient(dial, spoken_for(PREFETCH, peer.name, neighbours, self.node.clock)),
            spool=spool,
            transfers=self.node.transfers,
            clock=self.node.clock,
            window=Window(line_bytes_per_s=line or None),
            disbelieved=self.disbelieved,
        )
        return self.pullers[name]

    def _peer(self, name: str, neighbours: Neighbours) -> Peer | None:
        with suppress(ArchipelError):
            peer = self.node.peers.peer(NodeName(name))
            reached = neighbours.reached(peer) if peer is not None and peer.active else None
            if reached is not None and reached.address:
                return reached
        return None


def spoken_for(
    person: Person, audience: NodeName, neighbours: Neighbours, clock: Clock
) -> Callable[[StudyKey, TransferClass], Mapping[str, str]]:
    """Return what signs each request for packs, on behalf of `person`."""

    def say(key: StudyKey, of_class: TransferClass) -> Mapping[str, str]:
        del of_class  # told in the request itself
        mine = neighbours.identity
        signed = assertions.asserted(
            person,
            Asked(act=Capability.READ, patient=subject_of(key), purpose=Purpose.TREATMENT),
            node=mine.node,
            audience=audience,
            signer=mine,
            now=clock(),
        )
        return {assertions.HEADER: signed}

    return say


def limits_of(node: Node) -> Limits:
    """Return what bounds what leaves for each node, at the hours of the site."""
    return Limits(caps_of(node.settings.peer.caps), lambda: time_of_day(node))


def time_of_day(node: Node) -> time:
    """Return the time where the site is; where `node.time_zone` is empty, that of this machine."""
    zone = node.settings.node.time_zone
    return node.clock().astimezone(ZoneInfo(zone) if zone else None).time()


def _shaped(node: Node) -> float | None:
    """Return how many bytes a second may leave; None where the line is not known."""
    mbit = node.settings.peer.line_out_mbit
    return mbit * BYTES_IN_MBIT * SHAPED if mbit else None
