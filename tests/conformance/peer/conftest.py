"""A peer door on a real socket over a real database, and nodes that knock at it."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from archipel.access.model import Action, AuditQuery, AuditRow
from archipel.app import archipelago, peer_process
from archipel.app.create import create_node
from archipel.app.home import Home
from archipel.app.peer_keys import PeerKeys
from archipel.app.transfer.packs import pack_routes
from archipel.app.wiring import Node
from archipel.exchange.model import Capability, NodeName, Purpose
from archipel.exchange.trust import assertions, certificates
from archipel.exchange.trust.assertions import Asked, Person
from archipel.exchange.trust.tokens import Token
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.clock import utc_now
from archipel.kernel.identifiers import TenantId
from archipel.protocols.peer import joining
from archipel.protocols.peer.application import services_of
from archipel.protocols.peer.identity import Identity
from archipel.protocols.peer.news import News

DOCTOR = Person(
    subject="rpps:10001234567",
    name="TEST-Dr A",
    role="radiologist",
    organisation="chu-mq",
    authentication="eidas2",
)
OPPOSED = "patient:h|9"


async def _read(request: Request) -> Response:
    """Stand for a room's route: it asks the doorkeeper as every such route must."""
    patient = request.path_params["patient"]
    held = await asyncio.to_thread(
        services_of(request).doorkeeper.person,
        request,
        act=Capability.READ,
        patient=patient,
        tenant=TenantId("ch-gp"),
        opposed=patient == OPPOSED,
    )
    return PlainTextResponse(held.person.subject)


@dataclass
class Door:
    """The node `gp`, its door open."""

    node: Node
    address: str

    @property
    def url(self) -> str:
        return f"https://{self.address}"

    def invite(self, name: str, *, home_of: str | None = None) -> Token:
        named = None if home_of is None else frozenset(TenantId(o) for o in home_of.split())
        return archipelago.invite(self.node, NodeName(name), by="test", organisations=named).token

    def enrol(self, name: str, folder: Path, *, may: str = "read,query") -> Identity:
        """Let a node in, with an agreement."""
        identity = joined(self.url, self.invite(name), NodeName(name), folder)
        self.agree(name, may)
        return identity

    def agree(self, name: str, may: str) -> None:
        archipelago.agree(
            self.node,
            NodeName(name),
            TenantId("ch-gp"),
            may=archipelago.capabilities_of(may),
            purposes=frozenset({Purpose.TREATMENT, Purpose.EMERGENCY}),
            by="test",
        )

    def refusals(self) -> list[AuditRow]:
        scope = Scope(Actor(ActorKind.NODE, "test"), frozenset({TenantId("ch-gp")}))
        wanted = AuditQuery(action=Action.REFUSE, door="peer", limit=100)
        return list(self.node.audit.search(wanted, scope=scope, node=True))


def joined(url: str, token: Token, name: NodeName, folder: Path, *, home_of: str = "") -> Identity:
    """Join as `name`; its files lie in `folder`."""
    key = certificates.new_key()
    organisations = frozenset(TenantId(one) for one in home_of.split())
    who = joining.Joining(node=name, key=key, address="", organisations=organisations)
    given = joining.join(url, token, who, clock=utc_now)
    return identity_of(name, given.certificate, key, given.authority, folder)


def identity_of(
    name: NodeName, certificate: str, key: str, authority: str, folder: Path
) -> Identity:
    folder.mkdir(parents=True, exist_ok=True)
    files = folder / f"{name}.pem", folder / f"{name}.key"
    files[0].write_text(certificate)
    files[1].write_text(key)
    return Identity(node=name, certificate=certificate, key=key, authority=authority, files=files)


def asserted(identity: Identity, patient: str, **changed: object) -> str:
    """Sign an assertion of the doctor for `gp`, with some part changed."""
    now = changed.pop("now", utc_now())
    audience = NodeName(str(changed.pop("audience", "gp")))
    asked = Asked(act=Capability.READ, patient=patient, purpose=Purpose.TREATMENT)
    return assertions.asserted(
        DOCTOR,
        replace(asked, **changed),
        node=identity.node,
        audience=audience,
        signer=identity,
        now=now,
    )


def knock(
    door: Door, identity: Identity, path: str, *, assertion: str = "", method: str = "GET"
) -> httpx.Response:
    """Ask the door over a connection of its own."""
    context = identity.client_context(NodeName("gp"))
    headers = {assertions.HEADER: assertion} if assertion else {}
    with httpx.Client(verify=context, http2=True, base_url=door.url, trust_env=False) as client:
        return client.request(method, path, headers=headers)


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    """Open the door of `gp`."""
    home = Home(tmp_path / "gp")
    create_node(home, name="CH gp", community="gp")
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"127.0.0.1:{listener.getsockname()[1]}"
    with home.settings_file.open("a") as file:
        file.write(f'[peer]\nlisten = "{address}"\n')
    read = [Route("/x/1/test/read/{patient}", _read)]
    with Node.open(home) as node:
        every = [*read, *pack_routes(node)]
        monkeypatch.setattr(peer_process, "routes", lambda _archipelago: every)
        opened = Door(node, address)
        archipelago.invite(node, None, by="test")
        shared = peer_process.Archipelago(node=node, keys=PeerKeys(home))
        stop = _Stop()
        thread = threading.Thread(target=lambda: asyncio.run(stop.serve(shared, listener)))
        thread.start()
        yield opened
        stop.now()
        thread.join(10)
    listener.close()


class _Stop:
    """Runs the door in a thread, and ends it from another."""

    def __init__(self) -> None:
        self._began = threading.Event()

    async def serve(self, shared: peer_process.Archipelago, listener: socket.socket) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self._began.set()
        news = News(shared.node.facts.position)
        watching = asyncio.create_task(news.watch(stop=self._stopping))
        await peer_process.door(shared, listener, news, self._stopping)
        await watching

    def now(self) -> None:
        self._began.wait(5)
        self._loop.call_soon_threadsafe(self._stopping.set)
