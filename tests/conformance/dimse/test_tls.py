"""DICOM over TLS with DCMTK and OpenSSL as peers (PS3.15 B.9, B.10): who is heard, who is not."""

import contextlib
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.conformance.dimse.conftest import peer_of

from archipel.kernel.aetitle import AETitle
from archipel.kernel.clock import utc_now
from archipel.kernel.errors import Refused
from archipel.kernel.hierarchy import Level
from archipel.kernel.uid import Uid
from archipel.protocols.dimse.errors import AssociationRejected
from archipel.protocols.dimse.move_scu import move
from archipel.protocols.dimse.outgoing import batches
from archipel.protocols.dimse.secure import TlsFiles
from archipel.protocols.dimse.settings import DimseSettings
from archipel.protocols.dimse.store_scu import sender
from archipel.protocols.dimse.user import Peer
from archipel.standards.dicom.part10 import meta, split
from archipel.testing.dimse_node import DimseNode, KnownDevice
from archipel.testing.instances import Instance, instance
from archipel.testing.peers.free_ports import free_port

pytestmark = pytest.mark.slow

STUDY = 0x0020000D


@dataclass(frozen=True)
class Shown:
    """A certificate and its key, in files."""

    certificate: Path
    key: Path

    @property
    def fingerprint(self) -> str:
        pem = self.certificate.read_bytes()
        return x509.load_pem_x509_certificate(pem).fingerprint(hashes.SHA256()).hex()


class Authority:
    """Somebody who vouches for devices."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("TEST authority")
        self.file = folder / "authority.pem"
        certificate = self._sign(self._name, self._key, authority=True)
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str) -> Shown:
        key = ec.generate_private_key(ec.SECP256R1())
        shown = Shown(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        certificate = self._sign(_name(name), key, authority=False)
        shown.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        shown.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return shown

    def _sign(self, subject: x509.Name, key, *, authority: bool) -> x509.Certificate:
        now = utc_now()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@dataclass(frozen=True)
class Place:
    node: DimseNode
    authority: Authority
    ours: Shown
    ct: Shown
    other: Shown
    keeper: Shown
    port: int  # where KEEPER listens, when it does
    files: TlsFiles

    def peer(self, calling: str, shown: Shown) -> Peer:
        """Say how a device calls the node over TLS."""
        files = TlsFiles(str(shown.certificate), str(shown.key), str(self.authority.file))
        return replace(
            peer_of(self.node, calling=calling),
            port=self.node.tls_port,
            certificate=self.ours.fingerprint,
            settings=DimseSettings(network_timeout_s=10, idle_timeout_s=20, artim_s=2, tls=files),
        )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("tls")
    authority, port = Authority(folder), free_port()
    ours, ct, other, keeper = map(authority.issue, ("node", "ct", "other", "keeper"))
    files = TlsFiles(str(ours.certificate), str(ours.key), str(authority.file))
    devices = [
        KnownDevice(title="CT", certificate=ct.fingerprint),
        KnownDevice(title="OPEN"),
        KnownDevice(title="KEEPER", port=port, certificate=keeper.fingerprint),
    ]
    node = DimseNode.start(devices, tls=files, log_file=folder / "log")
    yield Place(node, authority, ours, ct, other, keeper, port, files)
    assert node.stop() == 0


def test_dcmtk_stores_over_tls_bit_for_bit(place: Place, dcmtk, tmp_path: Path) -> None:
    study = Uid.fresh()
    made = [instance(study=study, pixel_bytes=3_000_000) for _ in range(3)]
    _store(place, made)
    folder = tmp_path / "got"
    folder.mkdir()

    with storescp(place, place.keeper, folder):
        moved = _move(place, study)

    assert (moved.status, moved.completed) == (0, 3)
    files = [path.read_bytes() for path in folder.iterdir()]
    assert {file[split(file)[1] :] for file in files} == {one.dataset for one in made}
    echoed = dcmtk(*_tools("echoscu", place, "CT", place.ct))
    assert echoed.returncode == 0, echoed.stdout


def _store(place: Place, made: list[Instance]) -> None:
    for proposals, part in batches([one.outgoing() for one in made]):
        with sender(place.peer("CT", place.ct), proposals) as to_node:
            assert [to_node.store(one) for one in part] == [0] * len(part)


def _move(place: Place, study: Uid):
    keys = {STUDY: study.value}
    return move(place.peer("CT", place.ct), Level.STUDY, keys, destination=AETitle("KEEPER"))


def _tools(tool: str, place: Place, calling: str, shown: Shown, *options: str) -> list[str]:
    return [
        *(tool, "+tls", str(shown.key), str(shown.certificate), "+cf", str(place.authority.file)),
        *(*options, "-aet", calling, "-aec", "OUEST", "127.0.0.1", str(place.node.tls_port)),
    ]


@pytest.mark.parametrize("profile", ["+py", "+px", "+pz"])
def test_dcmtk_stores_a_file_by_each_profile(
    place: Place, dcmtk, tmp_path: Path, profile: str
) -> None:
    one = instance(pixel_bytes=600_000)
    file = tmp_path / "one.dcm"
    _write(file, one)

    command = _tools("storescu", place, "CT", place.ct, profile)
    done = dcmtk(*command, file)

    assert done.returncode == 0, done.stdout


def _write(file: Path, one: Instance) -> None:
    head = meta(
        sop_class=one.sop_class,
        sop_instance=one.sop_instance,
        transfer_syntax=one.transfer_syntax,
        source="TEST",
    )
    file.write_bytes(head + one.dataset)


def test_a_title_with_a_certificate_is_not_heard_in_clear(place: Place) -> None:
    with (
        pytest.raises(AssociationRejected) as refused,
        sender(peer_of(place.node, calling="CT"), next(batches([instance().outgoing()]))[0]),
    ):
        pytest.fail("it was let in")

    assert refused.value.reason == 0x0103  # calling AE title not recognised


def test_a_title_is_not_heard_with_the_certificate_of_another(place: Place, dcmtk) -> None:
    done = dcmtk(*_tools("echoscu", place, "CT", place.other))

    assert done.returncode != 0
    assert "Calling AE Title Not Recognized" in done.stdout


def test_a_title_without_a_certificate_may_come_either_way(place: Place, dcmtk) -> None:
    over_tls = dcmtk(*_tools("echoscu", place, "OPEN", place.other))
    in_clear = dcmtk("echoscu", "-aet", "OPEN", "-aec", "OUEST", "127.0.0.1", place.node.port)

    assert (over_tls.returncode, in_clear.returncode) == (0, 0), over_tls.stdout


def test_who_shows_no_certificate_or_a_strangers_is_not_let_in(
    place: Place, dcmtk, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path).issue("stranger")
    anonymous = dcmtk(
        *("echoscu", "+tla", "+cf", place.authority.file, "-aet", "OPEN", "-aec", "OUEST"),
        *("127.0.0.1", place.node.tls_port),
    )
    strange = dcmtk(*_tools("echoscu", place, "OPEN", stranger))

    assert anonymous.returncode != 0
    assert strange.returncode != 0


@pytest.mark.parametrize(
    ("version", "suites"),
    [
        (ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0"),
        (ssl.TLSVersion.TLSv1_2, "AES128-SHA256:AES256-GCM-SHA384"),  # without forward secrecy
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA256"),  # without authenticated encryption
    ],
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_nothing_weaker_is_spoken(place: Place, version: ssl.TLSVersion, suites: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_cert_chain(place.ct.certificate, place.ct.key)
    context.load_verify_locations(place.authority.file)
    context.minimum_version = context.maximum_version = version
    context.set_ciphers(suites)
    with (
        socket.create_connection(("127.0.0.1", place.node.tls_port), timeout=10) as sock,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        context.wrap_socket(sock).close()


def test_nothing_is_sent_to_who_shows_another_certificate(place: Place, tmp_path: Path) -> None:
    study = Uid.fresh()
    _store(place, [instance(study=study)])

    with storescp(place, place.other, tmp_path):
        moved = _move(place, study)

    assert (moved.status, moved.failed) == (0xA702, 1)
    assert not list(tmp_path.iterdir())


def test_our_user_says_whom_it_will_not_talk_to(place: Place) -> None:
    peer = replace(place.peer("CT", place.ct), certificate=place.other.fingerprint)

    with (
        pytest.raises(Refused, match="another certificate"),
        sender(peer, next(batches([instance().outgoing()]))[0]),
    ):
        pytest.fail("it was let in")


def test_dcmtk_is_not_heard_without_encryption(place: Place, dcmtk) -> None:
    done = dcmtk(*_tools("echoscu", place, "CT", place.ct, "+pn"))

    assert done.returncode != 0


def test_garbage_and_silence_on_the_tls_port_hold_nobody_up(place: Place, dcmtk) -> None:
    with contextlib.ExitStack() as stack:
        for garbage in (b"", b"\x01\x00\x00\x00\x00\x04ABCD", b"GET / HTTP/1.0\r\n\r\n"):
            sock = socket.create_connection(("127.0.0.1", place.node.tls_port), timeout=10)
            stack.enter_context(sock).sendall(garbage)

        done = dcmtk(*_tools("echoscu", place, "CT", place.ct))

    assert done.returncode == 0, done.stdout


@contextlib.contextmanager
def storescp(place: Place, shown: Shown, folder: Path) -> Iterator[None]:
    if not Path("/usr/bin/storescp").exists():
        pytest.skip("storescp of dcmtk is not installed")
    command = ["/usr/bin/storescp", "+B", "+xa", "+tls", str(shown.key), str(shown.certificate)]
    command += ["+cf", str(place.authority.file), "-aet", "KEEPER", "-od", str(folder)]
    process = subprocess.Popen([*command, str(place.port)])
    try:
        time.sleep(0.5)
        yield
    finally:
        process.kill()
        process.wait(10)
