"""The HL7 door on a socket, in a thread of its own, over a real database."""

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from archipel.app.hl7.intake import Intake
from archipel.app.hl7.process import Counter
from archipel.kernel.identifiers import Issuer
from archipel.orders.model import Site
from archipel.protocols.mllp.framing import Deframer
from archipel.protocols.mllp.provider import Provider
from archipel.protocols.mllp.settings import MllpSettings
from archipel.stores.sql.access import SqlOrganisations
from archipel.stores.sql.orders.sites import SqlSites
from archipel.testing.access_builders import NOW, WEST, organisation

ORDER = (
    "MSH|^~\\&|RIS|CHU|ARCHIPEL|MQ|20260301120000||ORM^O01^ORM_O01|{control}|P|2.5|||{wishes}"
    "||UNICODE UTF-8\rPID|||IPP1^^^ISSUER-west^PI||TEST-DUPONT^ZOÉ||19790328|F\r"
    "ORC|NW|PL{control}^RIS||\rOBR|1|PL{control}^RIS||CT^Scanner\r"
)


def order(control: str, wishes: str = "|") -> bytes:
    return ORDER.format(control=control, wishes=wishes).encode()


class RunningDoor:
    """The provider and what it takes in."""

    def __init__(self, database, settings: MllpSettings, tls=None) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._database, self._settings, self._tls = database, settings, tls
        self._ready = threading.Event()
        self.slow_s = 0.0
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    async def _serve(self) -> None:
        self._stop, self._loop = asyncio.Event(), asyncio.get_running_loop()
        counter = Counter(Intake(self._database, lambda: NOW))
        taking = asyncio.create_task(counter.run())

        async def take(body: bytes, host: str):
            await asyncio.sleep(self.slow_s)
            return await counter.take(body, host)

        provider = Provider(take, self._settings, tls=self._tls)
        self._ready.set()
        await provider.serve(self._listener, stop=self._stop)
        taking.cancel()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(15)
        assert not self._thread.is_alive()


class Peer:
    """A raw socket to the door."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._deframer, self._blocks = Deframer(1 << 20), []

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def block(self) -> bytes | None:
        """Return the next block; None when the door closed."""
        while not self._blocks:
            try:
                data = self.socket.recv(1 << 16)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self._blocks += self._deframer.feed(data)
        return self._blocks.pop(0)


@pytest.fixture
def start(sqlite_database) -> Iterator:
    SqlOrganisations(sqlite_database).add(organisation(WEST))
    own = Issuer("ISSUER-west")
    SqlSites(sqlite_database).put(
        Site(
            name="ris",
            tenant=WEST,
            application="RIS",
            facility="CHU",
            patient_issuer=own,
            accession_issuer=own,
        )
    )
    doors = []

    def begin(*, tls=None, **settings) -> RunningDoor:
        doors.append(RunningDoor(sqlite_database, MllpSettings(**settings), tls))
        return doors[-1]

    yield begin
    for door in doors:
        door.stop()


@pytest.fixture
def connect() -> Iterator:
    peers = []

    def begin(door: RunningDoor) -> Peer:
        peers.append(Peer(door.port))
        return peers[-1]

    yield begin
    for peer in peers:
        peer.socket.close()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """Make a certificate of 127.0.0.1 that nobody else signed, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    now = datetime.now(UTC)  # noqa: TID251  (TLS looks at the real clock)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = tmp_path / "door.pem", tmp_path / "door.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths
