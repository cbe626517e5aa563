"""What a peer cannot take as stored is rewritten without loss, or told as failed (ADR 0127)."""

import contextlib
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pynetdicom import AE, build_context, build_role, evt

from archipel.imaging.transcode import rewrite
from archipel.kernel.aetitle import AETitle
from archipel.kernel.hierarchy import Level
from archipel.kernel.uid import Uid
from archipel.protocols.dimse.move_scu import move
from archipel.standards.dicom import dataset as grammar
from archipel.standards.dicom import transfer_syntax as ts
from archipel.standards.dicom.dataset import Element
from archipel.standards.dicom.service_classes import STUDY_ROOT_GET
from archipel.testing.dimse_node import DimseNode, KnownDevice
from archipel.testing.instances import SECONDARY_CAPTURE, Instance, instance
from archipel.testing.peers.free_ports import free_port

pytestmark = pytest.mark.slow  # servers of dcmtk and pynetdicom take their time

STUDY, PIXEL_DATA = 0x0020000D, 0x7FE00010
SAMPLES = (np.add.outer(np.arange(48), np.arange(64)) * 13 % 3000 - 1000).astype("<i2")
LOSSLESS = [ts.JPEG_LS_LOSSLESS, ts.JPEG_2000_LOSSLESS, ts.HTJ2K_LOSSLESS, ts.RLE_LOSSLESS]
_PROFILE = """
[[TransferSyntaxes]]
[Only]
TransferSyntax1 = {syntax}
[[PresentationContexts]]
[Some]
PresentationContext1 = SecondaryCaptureImageStorage\\Only
[[Profiles]]
[One]
PresentationContexts = Some
"""


@pytest.fixture(scope="module")
def ports() -> tuple[int, int]:
    return free_port(), free_port()


@pytest.fixture(scope="module")
def node(ports, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DimseNode]:
    devices = [
        KnownDevice(title="MODALITY"),
        KnownDevice(title="TARGET", port=ports[0]),
        KnownDevice(title="FAR", port=ports[1], duties=("compress",)),
    ]
    running = DimseNode.start(devices, log_file=tmp_path_factory.mktemp("node") / "log")
    yield running
    assert running.stop() == 0


def _image(study: Uid, transfer_syntax: str = ts.EXPLICIT_VR_LITTLE_ENDIAN) -> Instance:
    """Make 12 bits with a sign in words of 16, as a CT has them."""
    made = instance(study=study)
    content = grammar.read(made.dataset, ts.EXPLICIT_VR_LITTLE_ENDIAN)
    numbers = {0x00280002: 1, 0x00280010: 48, 0x00280011: 64, 0x00280100: 16}
    numbers |= {0x00280101: 12, 0x00280102: 11, 0x00280103: 1}
    for tag, number in numbers.items():
        content.elements[tag] = Element("US", struct.pack("<H", number))
    content.set_text(0x00280004, "MONOCHROME2")
    content.elements[PIXEL_DATA] = Element("OW", SAMPLES.tobytes())
    written = grammar.write(content, ts.EXPLICIT_VR_LITTLE_ENDIAN)
    return Instance(
        sop_class=made.sop_class,
        sop_instance=made.sop_instance,
        study=study,
        series=made.series,
        transfer_syntax=Uid(transfer_syntax),
        dataset=rewrite(written, ts.EXPLICIT_VR_LITTLE_ENDIAN, transfer_syntax),
    )


@contextlib.contextmanager
def target(port: int, *syntaxes: str, title: str = "TARGET") -> Iterator[list[tuple[str, bytes]]]:
    """Run a destination of pynetdicom that takes these transfer syntaxes only."""
    entity = AE(title)
    for syntax in syntaxes:
        entity.add_supported_context(SECONDARY_CAPTURE, syntax)
    got: list[tuple[str, bytes]] = []

    def keep(event) -> int:
        got.append((event.context.transfer_syntax, event.request.DataSet.getvalue()))
        return 0

    handlers = [(evt.EVT_C_STORE, keep)]
    server = entity.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
    try:
        yield got
    finally:
        server.shutdown()


def _samples(dataset: bytes, transfer_syntax: str) -> bytes:
    plain = rewrite(dataset, transfer_syntax, ts.EXPLICIT_VR_LITTLE_ENDIAN)
    return grammar.read(plain, ts.EXPLICIT_VR_LITTLE_ENDIAN).elements[PIXEL_DATA].value


@contextlib.contextmanager
def storescp(folder: Path, port: int, syntax: str) -> Iterator[None]:
    if not Path("/usr/bin/storescp").exists():
        pytest.skip("storescp of dcmtk is not installed")
    profile = folder / "profile.cfg"
    profile.write_text(_PROFILE.format(syntax=syntax))
    command = ["/usr/bin/storescp", "-xf", str(profile), "One", "+B", "-od", str(folder / "got")]
    (folder / "got").mkdir()
    process = subprocess.Popen([*command, str(port)])
    try:
        time.sleep(0.3)
        yield
    finally:
        process.kill()
        process.wait(10)


@pytest.mark.parametrize(
    ("syntax", "name", "tool"),
    [
        (ts.JPEG_LS_LOSSLESS, "JPEGLSLossless", "dcmdjpls"),
        (ts.RLE_LOSSLESS, "RLELossless", "dcmdrle"),
        (ts.EXPLICIT_VR_LITTLE_ENDIAN, "LittleEndianExplicit", ""),
    ],
)
def test_storescp_that_takes_one_syntax_gets_the_very_samples(
    node, ports, send, peer, dcmtk, tmp_path, syntax, name, tool
) -> None:
    study = Uid.fresh()
    stored = ts.HTJ2K_LOSSLESS if not tool else ts.EXPLICIT_VR_LITTLE_ENDIAN
    send(node, _image(study, stored))

    with storescp(tmp_path, ports[0], name):
        moved = move(peer(node), Level.STUDY, {STUDY: study.value}, destination=AETitle("TARGET"))

    assert (moved.status, moved.completed) == (0, 1)
    (file,) = (tmp_path / "got").iterdir()
    assert dcmread(file).file_meta.TransferSyntaxUID == syntax
    if tool:
        dcmtk(tool, file, tmp_path / "plain.dcm")
        file = tmp_path / "plain.dcm"
    read = dcmread(file)
    assert np.array_equal(np.frombuffer(read.PixelData, "<i2").reshape(48, 64), SAMPLES)


@pytest.mark.parametrize("syntax", LOSSLESS)
def test_pynetdicom_that_takes_one_syntax_gets_the_very_samples(
    node, ports, send, peer, syntax
) -> None:
    study = Uid.fresh()
    send(node, *(_image(study, one) for one in [ts.IMPLICIT_VR_LITTLE_ENDIAN, *LOSSLESS]))

    with target(ports[0], syntax) as got:
        moved = move(peer(node), Level.STUDY, {STUDY: study.value}, destination=AETitle("TARGET"))

    assert (moved.status, moved.completed) == (0, 5)
    assert {one for one, _ in got} == {syntax}
    assert {_samples(content, syntax) for _, content in got} == {SAMPLES.tobytes()}


def test_a_peer_with_no_syntax_in_common_is_told_what_failed(node, ports, send, peer) -> None:
    study = Uid.fresh()
    send(node, _image(study))

    with target(ports[0], ts.JPEG_BASELINE, ts.JPEG_2000) as got:
        moved = move(peer(node), Level.STUDY, {STUDY: study.value}, destination=AETitle("TARGET"))

    assert (moved.status, moved.completed, moved.failed, got) == (0xA702, 0, 1, [])


def test_a_distant_peer_that_wants_it_so_gets_less_bytes(node, ports, send, peer) -> None:
    study = Uid.fresh()
    made = _image(study)
    send(node, made)

    with target(ports[1], ts.EXPLICIT_VR_LITTLE_ENDIAN, ts.JPEG_LS_LOSSLESS, title="FAR") as got:
        moved = move(peer(node), Level.STUDY, {STUDY: study.value}, destination=AETitle("FAR"))

    assert moved.completed == 1
    ((syntax, content),) = got
    assert syntax == ts.JPEG_LS_LOSSLESS
    assert len(content) < len(made.dataset)
    assert _samples(content, syntax) == SAMPLES.tobytes()


def test_what_the_peer_takes_as_stored_leaves_as_it_came(node, ports, send, peer) -> None:
    study = Uid.fresh()
    made = [_image(study, ts.JPEG_LS_LOSSLESS), _image(study)]
    send(node, *made)

    with target(ports[0], ts.EXPLICIT_VR_LITTLE_ENDIAN, ts.JPEG_LS_LOSSLESS) as got:
        move(peer(node), Level.STUDY, {STUDY: study.value}, destination=AETitle("TARGET"))

    assert {content for _, content in got} == {one.dataset for one in made}


def test_a_get_comes_back_in_what_the_asker_proposed(node, send) -> None:
    study, got = Uid.fresh(), []
    send(node, _image(study), _image(study, ts.HTJ2K_LOSSLESS))
    entity = AE("MODALITY")
    entity.requested_contexts = [
        build_context(STUDY_ROOT_GET),
        build_context(SECONDARY_CAPTURE, ts.JPEG_LS_LOSSLESS),
    ]
    asked = Dataset()
    asked.QueryRetrieveLevel, asked.StudyInstanceUID = "STUDY", study.value

    def keep(event) -> int:
        got.append(event.request.DataSet.getvalue())
        return 0

    association = entity.associate(
        *("127.0.0.1", node.port),
        ae_title="OUEST",
        ext_neg=[build_role(SECONDARY_CAPTURE, scp_role=True)],
        evt_handlers=[(evt.EVT_C_STORE, keep)],
    )
    statuses = [one.Status for one, _ in association.send_c_get(asked, STUDY_ROOT_GET)]
    association.release()

    assert statuses[-1] == 0
    assert [_samples(one, ts.JPEG_LS_LOSSLESS) for one in got] == [SAMPLES.tobytes()] * 2
