"""Twin nodes: one where both organisations keep something, and one for each that is alone.

What an organisation is answered by the first must be, to the byte, what it is answered by the
node where it is alone: then nothing it can ask tells of the other (docs/adr/0056). Each node is
whole but for its processes: journal, SQLite index, packs, both doors.
"""

import contextlib
import shutil
import socket
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount
from tests.unit.dicomweb.conftest import Loopback, Slice, make_slice, visitor

from archipel.access.errors import NotSignedIn
from archipel.access.model import Device, Service, Visitor
from archipel.app.hl7.intake import Intake, Received
from archipel.archive.commit import decide
from archipel.archive.commitment import Asker, Commitment, CommitmentKey
from archipel.archive.model import JournalPlace
from archipel.archive.ports import Slot
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.aetitle import AETitle
from archipel.kernel.identifiers import Issuer, TenantId
from archipel.kernel.uid import Uid
from archipel.orders.model import Site
from archipel.orders.steps.perform import create
from archipel.protocols.dicomweb import DicomwebServices, router
from archipel.protocols.dimse.association import serve
from archipel.protocols.dimse.services import Services
from archipel.protocols.dimse.settings import DimseSettings
from archipel.protocols.dimse.user import Peer
from archipel.standards.dicom import pdu
from archipel.stores.sql.access import SqlOrganisations
from archipel.stores.sql.orders.book import SqlOrders
from archipel.stores.sql.orders.sites import SqlSites
from archipel.stores.sql.orders.steps import SqlWorkitems
from archipel.stores.sql.session import Database, open_database
from archipel.testing.access_builders import EAST, WEST, organisation
from archipel.testing.memory import (
    MemoryArchive,
    MemoryAudit,
    MemoryCatalogue,
    MemoryContents,
    MemoryDevices,
    MemoryJournal,
    MemoryWorklist,
)
from archipel.testing.memory_commitments import MemoryCommitments
from archipel.testing.memory_images import InlineWorkshop
from archipel.testing.steps import scheduled
from archipel.testing.storage_node import START, StorageNode

TENANTS = (WEST, EAST)
OTHER: Mapping[TenantId, TenantId] = {WEST: EAST, EAST: WEST}
HELD_TWICE = "1.2.9"  # a study UID that both organisations hold, each with bytes of its own
SETTINGS = DimseSettings(network_timeout_s=10, idle_timeout_s=20, artim_s=0.2)
NORTH = TenantId("north")  # has shared a study with each; the other holds its UID too
SHARED = {WEST: "1.2.8", EAST: "1.2.7"}
_ROOT = {WEST: "1.2.1", EAST: "1.2.2"}
_NAME = {WEST: "TEST-OUEST^Zoé", EAST: "TEST-EST^Éva", NORTH: "TEST-NORD^Anaïs"}
_SHAPE = (64, 96)  # enough for a layer of low resolution when sealed
_BORN = {WEST: "19700102", EAST: "19810304", NORTH: "19920506"}


def slice_of(tenant: TenantId, study: str, series: str, number: int) -> Slice:
    """Make one image that says in many attributes whose it is."""
    texts = {
        0x00080050: f"ACC-{tenant}-{study[-1]}",
        0x00080090: f"TEST-{tenant}^Anne",
        0x00081030: f"study of the {tenant}",
        0x00100010: _NAME[tenant],
        0x00100020: f"IPP-{study[-1]}",  # the same number names somebody else elsewhere
        0x00100030: _BORN[tenant],
    }
    return make_slice(study, series, number, texts=texts, shape=_SHAPE)


def order_of(tenant: TenantId, number: int) -> bytes:
    """Write an order that says in many fields whose it is; numbers are those of the other too."""
    return (
        f"MSH|^~\\&|RIS-{tenant}|CH|A|B|20260301||OMI^O23|{number}|P|2.5||||||UNICODE UTF-8\r"
        f"PID|||IPP-{number}||{_NAME[tenant]}||{_BORN[tenant]}|F\r"
        f"ORC|NW|PL{number}^R|FL{number}^R\rTQ1|||||||2026030{number}0930\r"
        f"OBR||PL{number}^R|FL{number}^R|X^order of the {tenant}\r"
        f"IPC|ACC-{tenant}-{number}|RP{number}|{_ROOT[tenant]}.{number}|SP{number}|CT||||\r"
    ).encode()


def _holding(tenant: TenantId) -> tuple[Sequence[Slice], Sequence[Slice]]:
    """Make what an organisation keeps: what gets sealed, and what stays in the journal."""
    root = _ROOT[tenant]
    sealed = [slice_of(tenant, f"{root}.1", f"{root}.1.1", number) for number in (1, 2)]
    return sealed, [
        slice_of(tenant, f"{root}.1", f"{root}.1.2", 1),
        slice_of(tenant, f"{root}.2", f"{root}.2.1", 1),
        slice_of(tenant, HELD_TWICE, f"{HELD_TWICE}.1", 1),
        slice_of(tenant, SHARED[OTHER[tenant]], f"{SHARED[OTHER[tenant]]}.{len(tenant.value)}", 1),
    ]


_HOLDINGS = {tenant: _holding(tenant) for tenant in TENANTS}
_SHARED = {t: slice_of(NORTH, SHARED[t], f"{SHARED[t]}.9", 1) for t in TENANTS}
STEP = {tenant: f"{sealed[0].study}.77" for tenant, (sealed, _) in _HOLDINGS.items()}
HELD = {tenant: [*sealed, *unsealed] for tenant, (sealed, unsealed) in _HOLDINGS.items()}


def now() -> datetime:
    """Say that no time passes."""
    return START


class _IndexedAtOnce:
    """A node's journal: whoever waits for the index has it catch up."""

    def __init__(self, node: StorageNode) -> None:
        self._node = node

    def slot(self) -> Slot:
        return self._node.journal.slot()

    def wait_indexed(self, place: JournalPlace, *, timeout_s: float) -> bool:
        del place, timeout_s
        self._node.catch_up()
        return True


class DimseDoor:
    """The DICOM provider on a socket, one association at a time."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def _run(self) -> None:
        while True:
            try:
                sock, (host, _) = self._listener.accept()
            except OSError:
                return
            sock.settimeout(10)
            _, _, length = pdu.HEADER.unpack(sock.recv(pdu.HEADER.size, socket.MSG_WAITALL))
            request = sock.recv(length, socket.MSG_WAITALL)
            serve(sock, request, host=host, services=self._services, settings=SETTINGS)


def _device(title: str, tenant: TenantId, port: int | None = None) -> Device:
    host = "127.0.0.1" if port else None
    return Device(
        ae_title=AETitle(title), tenant=tenant, host=host, port=port, may=frozenset(Service)
    )


def title_of(tenant: TenantId) -> str:
    """Say how an organisation is called."""
    return tenant.value.upper()


class Target:
    """An archive of somebody else, to which devices have instances moved."""

    def __init__(self) -> None:
        self._archive = MemoryArchive()
        known = MemoryDevices(
            [organisation(WEST, *(f"{title_of(t)}_PACS" for t in TENANTS))],
            [_device(title_of(t), WEST) for t in TENANTS],
        )
        self.door = DimseDoor(
            Services(
                journal=MemoryJournal(self._archive),
                catalogue=MemoryCatalogue(self._archive),
                contents=MemoryContents(self._archive),
                devices=known,
                audit=MemoryAudit(),
                commitments=MemoryCommitments(),
                worklist=MemoryWorklist(),
                clock=now,
            )
        )

    def taken(self) -> list[tuple[str, bytes]]:
        """Return what came since the last time, in order."""
        with self._archive.lock:
            came = self._archive.instances
            listed = [(uid.value, one.dataset) for (_, uid), one in came.items()]
            came.clear()
        return listed


class TwinNode:
    """One node with what some organisations see; people and devices of both."""

    def __init__(self, home: Path, tenants: Sequence[TenantId], target: Target) -> None:
        self.audit = MemoryAudit()
        self._storage = StorageNode(home)
        self._storage.replay()
        for part in (0, 1):
            for tenant in tenants:
                for one in _HOLDINGS[tenant][part]:
                    self._receive(one, tenant)
            self._storage.catch_up()
            if not part:
                self._storage.seal()
        for tenant in tenants:
            self._receive(_SHARED[tenant], NORTH)
            self._storage.catch_up()
            self._storage.share(Uid(SHARED[tenant]), tenant=NORTH, to=tenant)
        port = target.door.port
        devices = [_device("CT", WEST), _device("CT", EAST)]  # a title that both have given
        devices += [_device(f"{title_of(t)}_MR", t) for t in TENANTS]
        devices += [_device(f"{title_of(t)}_PACS", t, port) for t in TENANTS]
        self._ports = {
            "catalogue": self._storage.catalogue,
            "contents": self._storage.contents,
            "journal": _IndexedAtOnce(self._storage),
            "audit": self.audit,
            "clock": now,
        }
        known = MemoryDevices([organisation(WEST), organisation(EAST)], devices)
        self.commitments = self._storage.commitments
        self.dimse = DimseDoor(
            Services(
                devices=known,
                commitments=self.commitments,
                worklist=SqlOrders(self._ordered(home, tenants)),
                **self._ports,
            )
        )
        self._clients: dict[str, httpx.Client] = {}

    def _ordered(self, home: Path, tenants: Sequence[TenantId]) -> Database:
        """Take orders of these organisations in, some of them under the same numbers."""
        self._database = open_database(f"sqlite:///{home / 'index.db'}")
        self.workitems = SqlWorkitems(self._database)
        intake = Intake(self._database, now)
        for tenant in tenants:
            SqlOrganisations(self._database).add(organisation(tenant))
            step = create(scheduled(), uid=Uid(STEP[tenant]), tenant=tenant, now=START)
            self.workitems.add(step)
            transaction = CommitmentKey(
                tenant=tenant,
                asker=Asker.CLIENT,
                peer=AETitle("DICOMWEB"),
                transaction=Uid(STEP[tenant]),
            )
            asked = Commitment(
                key=transaction, own=transaction.peer, references=(), asked_at=START, failed={}
            )
            self.commitments.ask(asked)
            self.commitments.decide(transaction, {}, now=START)
            own = Issuer(f"ISSUER-{tenant}")
            SqlSites(self._database).put(
                Site(
                    name=f"ris-{tenant}",
                    tenant=tenant,
                    application=f"RIS-{tenant}",
                    patient_issuer=own,
                    accession_issuer=own,
                )
            )
            for number in (1, 2):
                intake.take([Received(order_of(tenant, number), "192.0.2.7")])
        return self._database

    def _receive(self, one: Slice, tenant: TenantId) -> None:
        self._storage.receive(one.dataset, tenant=tenant, issuer=f"ISSUER-{tenant}")

    def web(self, who: str) -> httpx.Client:
        """Return a client that acts as somebody of `who`, or as nobody."""
        if who not in self._clients:
            services = DicomwebServices(
                visitor=_visitor,
                issuer_of=lambda t: Issuer(f"ISSUER-{t}"),
                workshop=InlineWorkshop(),
                workitems=self.workitems,
                commitments=self.commitments,
                **self._ports,
            )
            app = Starlette(routes=[Mount("/dicomweb", router(services))])
            self._clients[who] = httpx.Client(
                transport=Loopback(app),
                base_url="http://node/dicomweb",
                headers={"Authorization": f"Bearer {who}"},
            )
        return self._clients[who]

    def decide(self, tenant: TenantId) -> list[object]:
        """Decide as durable work does; return, and have told, what one's devices asked for."""
        scope = Scope(Actor(ActorKind.PERSON, "test"), frozenset({tenant}))
        decided: list[object] = []
        for one in self.commitments.latest(scope=scope):
            if one.key.asker is Asker.PEER and one.told_at is None:
                failed = decide(
                    one.references,
                    tenant=one.key.tenant,
                    holdings=self._storage.holdings,
                    contents=self._storage.contents,
                    commitments=self.commitments,
                )
                decided.append((one.key, one.references, failed))
                self.commitments.decide(one.key, failed, now=START)
                self.commitments.tell(one.key, now=START)
        return decided

    def peer(self, calling: str, called: str) -> Peer:
        """Say how a device calls this node."""
        return Peer(
            host="127.0.0.1",
            port=self.dimse.port,
            calling=AETitle(calling),
            called=AETitle(called),
            settings=SETTINGS,
        )

    def stop(self) -> None:
        self.dimse.stop()
        for client in self._clients.values():
            client.close()
        self._storage.close()
        self._database.close()


def _visitor(request: Request) -> Visitor:
    who = request.headers["authorization"].removeprefix("Bearer ")
    if who not in {tenant.value for tenant in TENANTS}:
        raise NotSignedIn
    return visitor(TenantId(who))


@dataclass(frozen=True)
class Worlds:
    """The twin nodes."""

    both: TwinNode
    alone: Mapping[TenantId, TwinNode]
    target: Target

    def view(self, node: TwinNode, tenant: TenantId) -> list[object]:
        """Return all that an organisation sees on a node: what is listed, and the bytes."""
        client = node.web(tenant.value)
        listed = client.get("/instances", params={"includefield": "all"}).json()
        studies = sorted({one["0020000D"]["Value"][0] for one in listed})
        accept = {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}
        return [listed] + [
            client.get(f"/studies/{uid}", headers=accept).content for uid in studies
        ]


@contextlib.contextmanager
def worlds(folder: Path, migrated: Path):
    """Build the three nodes."""
    target = Target()
    nodes = []
    for number, tenants in enumerate((TENANTS, [WEST], [EAST])):
        home = folder / str(number)
        home.mkdir()
        shutil.copy(migrated, home / "index.db")
        nodes.append(TwinNode(home, tenants, target))
    try:
        yield Worlds(nodes[0], {WEST: nodes[1], EAST: nodes[2]}, target)
    finally:
        for node in nodes:
            node.stop()
        target.door.stop()
