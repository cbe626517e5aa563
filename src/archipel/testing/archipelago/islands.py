"""Nodes of one small archipelago, each with an organisation, enrolled and agreed beforehand.

What `archipel peer invite` and `join` do over a line is done here on files: for tests and
benchmarks of what comes after.
"""

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from archipel.access import enrol
from archipel.access.model import Device, Service
from archipel.app.create import create_node
from archipel.app.home import Home
from archipel.app.peer_keys import PeerKeys
from archipel.app.wiring import Node
from archipel.archive.model import StudyKey
from archipel.exchange.model import Agreement, Capability, NodeName, Peer, Purpose, Standing
from archipel.exchange.schedule import TransferClass
from archipel.exchange.transfer import ENDED, Transfer, TransferState
from archipel.exchange.trust import certificates
from archipel.exchange.want import Wish, want
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.aetitle import AETitle
from archipel.kernel.clock import utc_now
from archipel.kernel.errors import Unavailable
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.protocols.dimse.outgoing import Outgoing, batches
from archipel.protocols.dimse.store_scu import sender
from archipel.protocols.dimse.user import Peer as DicomPeer
from archipel.standards.dicom.transfer_syntax import EXPLICIT_VR_LITTLE_ENDIAN
from archipel.stores.sql import peers
from archipel.stores.sql.facts import open_log
from archipel.stores.sql.peering import homes
from archipel.testing.archipelago.travelling import CT_IMAGE
from archipel.testing.running_node import RunningNode

MODALITY = AETitle("SIM_CT1")
QUICK = {
    "ARCHIPEL_ARCHIVE__SERIES_QUIET_S": "1",
    "ARCHIPEL_ARCHIVE__STUDY_QUIET_S": "1",
    "ARCHIPEL_ARCHIVE__LOW_DISK_BYTES": str(64 << 20),
}


@dataclass
class Island:
    """One node and its organisation. `address` is where the others reach its peer door."""

    root: Path
    name: str
    address: str
    tenant: TenantId
    settings: dict[str, str] = field(default_factory=dict)
    before: Sequence[str] = ()  # words before its command, as `ip netns exec NAME`

    @property
    def home(self) -> Home:
        """Return the node's home."""
        return Home(self.root)

    @property
    def scope(self) -> Scope:
        """Return what its organisation sees."""
        return Scope(Actor(ActorKind.NODE, "test"), frozenset({self.tenant}))

    def running(self, **more: str) -> RunningNode:
        """Return the node as processes, not yet started."""
        listen = {"ARCHIPEL_PEER__ADDRESS": self.address, "ARCHIPEL_PEER__NAME": self.name}
        return RunningNode(
            self.root, before=self.before, settings=QUICK | listen | self.settings | more
        )

    @contextmanager
    def open(self) -> Iterator[Node]:
        """Open its ports in this process."""
        with Node.open(self.home) as node:
            yield node

    def want(
        self, study: StudyKey, source: "Island", of_class: TransferClass = TransferClass.ROUTINE
    ) -> Transfer:
        """Have a study fetched from another island."""
        wish = Wish(
            study=study,
            from_node=source.name,
            of_class=of_class,
            reason="test",
            wanted_by=self.tenant,
        )
        with self.open() as node:
            return want(wish, transfers=node.transfers, owners=node.owners, now=utc_now())

    def transfer(self, name: str) -> Transfer:
        """Return how far a transfer is."""
        with self.open() as node:
            return node.transfers.get(name, scope=self.scope)

    def await_state(self, name: str, *states: TransferState, within_s: float) -> Transfer:
        """Wait for one of these states. Raises `Unavailable` when it does not come in time."""
        until_s = time.monotonic() + within_s
        with self.open() as node:
            while True:
                found = node.transfers.get(name, scope=self.scope)
                if found.state in states:
                    return found
                if time.monotonic() > until_s or (
                    found.state in ENDED and found.state not in states
                ):
                    raise Unavailable(
                        f"transfer is {found.state} at {found.percent} %: {found.detail}"
                    )
                time.sleep(0.05)

    def await_offer(self, study: StudyKey, *, within_s: float = 30) -> str:
        """Wait until a study is offered; returns its manifest's digest."""
        until_s = time.monotonic() + within_s
        with self.open() as node:
            while (offered := node.offers.manifest(study)) is None:
                if time.monotonic() > until_s:
                    raise Unavailable("the study is not offered")
                time.sleep(0.05)
            return offered.digest

    def digests(self, study: StudyKey) -> dict[str, str]:
        """Give the SHA-256 of every data set of a study as it comes back from here."""
        scope = Scope(Actor(ActorKind.NODE, "test"), frozenset({study.tenant}))
        with self.open() as node:
            return {
                str(held.key.sop_instance): hashlib.sha256(node.contents.dataset(held)).hexdigest()
                for held in node.catalogue.instances(scope=scope, study=study.study)
            }


def archipelago(root: Path, doors: Mapping[str, str]) -> list[Island]:
    """Lay out nodes that know and trust each other; `doors` gives each name its address."""
    now = utc_now()
    islands = [
        Island(root / name, name, address, TenantId(f"chu-{name}"))
        for name, address in doors.items()
    ]
    for island in islands:
        create_node(island.home, name=island.tenant.value, community=island.name)
        with island.open() as node:
            device = Device(
                ae_title=MODALITY,
                tenant=island.tenant,
                host=None,
                port=None,
                may=frozenset({Service.STORE}),
            )
            enrol.register_device(device, office=node.office("test"), now=now)
            with node.database.write() as connection:
                open_log(connection, NodeName(island.name), now=now)
    _enrol(islands)
    return islands


def _enrol(islands: Sequence[Island]) -> None:
    now = utc_now()
    first = PeerKeys(islands[0].home)
    first.found(NodeName(islands[0].name), now=now)
    authority = first.authority()
    assert authority is not None  # noqa: S101  (it was just made)
    for island in islands[1:]:
        name, key = NodeName(island.name), certificates.new_key()
        issued = authority.issue(certificates.request_for(name, key), name, now=now)
        PeerKeys(island.home).save(issued, key, authority.certificate)
    for island in islands:
        with island.open() as node, node.database.write() as connection:
            peers.trust(connection, authority.certificate, keeper=NodeName(islands[0].name))
            for one in islands:
                homes.settle(connection, [one.tenant], NodeName(one.name), clock="", now=now)
            for other in islands:
                if other is island:
                    continue
                identity = PeerKeys(other.home).identity()
                peers.save(
                    connection,
                    Peer(
                        name=NodeName(other.name),
                        address=other.address,
                        standing=Standing.ACTIVE,
                        authority=certificates.fingerprint(authority.certificate),
                        certificate=identity.certificate,
                        since=now,
                    ),
                )
                agreed = Agreement(
                    home=NodeName(island.name),
                    tenant=island.tenant,
                    peer=NodeName(other.name),
                    capabilities=frozenset(Capability),
                    purposes=frozenset(Purpose),
                )
                peers.agree(connection, agreed, by="test", now=now)


def store(node: RunningNode, tenant: TenantId, instances: Mapping[Uid, bytes]) -> None:
    """Send data sets of CT images by C-STORE, as a modality does."""
    outgoing = [
        Outgoing(
            sop_class=Uid(CT_IMAGE),
            sop_instance=uid,
            transfer_syntax=Uid(EXPLICIT_VR_LITTLE_ENDIAN),
            dataset=partial(_once, content),
        )
        for uid, content in instances.items()
    ]
    peer = DicomPeer(
        host=node.dicom_host,
        port=node.dicom_port,
        called=enrol.default_title(tenant),
        calling=MODALITY,
    )
    ((proposals, _),) = batches(outgoing)
    with sender(peer, proposals) as scu:
        for one in outgoing:
            status = scu.store(one)
            if status:
                raise Unavailable(f"{peer} answered {status:04X}H")


def _once(content: bytes) -> list[bytes]:
    return [content]
