"""A node to talk to, and ways to talk: our own user, a raw socket, dcmtk."""

import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from archipel.kernel.aetitle import AETitle
from archipel.protocols.dimse.outgoing import batches
from archipel.protocols.dimse.settings import DimseSettings
from archipel.protocols.dimse.store_scu import sender
from archipel.protocols.dimse.user import Peer
from archipel.standards.dicom import pdu
from archipel.standards.dicom.user_information import UserInformation
from archipel.testing.dimse_node import DimseNode, KnownDevice
from archipel.testing.instances import Instance

DEVICES = (
    KnownDevice(title="MODALITY"),
    KnownDevice(title="EST_CT", organisation="est"),
    KnownDevice(title="VIEWER", may=("find",)),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Call slow what starts a node of its own."""
    for item in items:
        if "start" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DimseNode]:
    running = DimseNode.start(DEVICES, log_file=tmp_path_factory.mktemp("node") / "log")
    yield running
    assert running.stop() == 0


Start = Callable[..., DimseNode]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a node of one's own; it is stopped with the test."""
    running: list[DimseNode] = []

    def begin(devices: Sequence[KnownDevice] = DEVICES, **options) -> DimseNode:
        log_file = tmp_path / f"node{len(running)}.log"
        running.append(DimseNode.start(devices, log_file=log_file, **options))
        return running[-1]

    yield begin
    assert [one.stop() for one in running] == [0] * len(running)


def peer_of(node: DimseNode, calling: str = "MODALITY", called: str = "OUEST") -> Peer:
    return Peer(
        host="127.0.0.1",
        port=node.port,
        calling=AETitle(calling),
        called=AETitle(called),
        settings=DimseSettings(network_timeout_s=10, idle_timeout_s=20, artim_s=2),
    )


@pytest.fixture
def peer() -> Callable[..., Peer]:
    return peer_of


@pytest.fixture
def send() -> Callable[..., list[int]]:
    """Send instances by our own user; return the statuses."""

    def stored(node: DimseNode, *instances: Instance, **names: str) -> list[int]:
        statuses = []
        for proposals, part in batches([each.outgoing() for each in instances]):
            with sender(peer_of(node, **names), proposals) as to_node:
                statuses += [to_node.store(each) for each in part]
        return statuses

    return stored


class RawAssociation:
    """A socket and just enough to misbehave on it."""

    def __init__(self, node: DimseNode, *syntaxes: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", node.port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        contexts = tuple(
            pdu.ProposedContext(2 * n + 1, abstract, ("1.2.840.10008.1.2.1",))
            for n, abstract in enumerate(syntaxes)
        )
        self.request = pdu.AssociateRq(
            called="OUEST", calling="MODALITY", contexts=contexts, user=UserInformation()
        )

    def open(self) -> pdu.Pdu:
        self.socket.sendall(pdu.encode(self.request))
        return self.read()

    def read(self) -> pdu.Pdu:
        """Return the next PDU. Raises `EOFError` when the node closed."""
        kind, _, length = pdu.HEADER.unpack(self._exactly(pdu.HEADER.size))
        return pdu.decode(kind, self._exactly(length))

    def _exactly(self, size: int) -> bytes:
        whole = b""
        while len(whole) < size:
            try:
                piece = self.socket.recv(size - len(whole))
            except ConnectionResetError:
                piece = b""
            if not piece:
                raise EOFError
            whole += piece
        return whole


@pytest.fixture
def raw() -> Iterator[Callable[..., RawAssociation]]:
    opened: list[RawAssociation] = []

    def begin(node: DimseNode, *syntaxes: str) -> RawAssociation:
        opened.append(RawAssociation(node, *syntaxes))
        return opened[-1]

    yield begin
    for each in opened:
        each.socket.close()


Tool = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def dcmtk() -> Tool:
    """Run a tool of dcmtk; skip where it is not installed."""

    def run(tool: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        path = Path("/usr/bin") / tool
        if not path.exists():
            pytest.skip(f"{tool} of dcmtk is not installed")
        command = [str(path), *map(str, arguments)]
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=60, check=False
        )
        done.stdout += done.stderr
        return done

    return run
