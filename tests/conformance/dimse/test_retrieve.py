"""C-MOVE and C-GET: bytes go out as they came in, to the right place only (PS3.4 C.4.2, C.4.3)."""

import contextlib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import Dataset
from pynetdicom import AE, build_context, build_role, evt

from archipel.kernel.aetitle import AETitle
from archipel.kernel.hierarchy import Level
from archipel.kernel.uid import Uid
from archipel.protocols.dimse.move_scu import move
from archipel.standards.dicom import transfer_syntax as ts
from archipel.standards.dicom.part10 import split
from archipel.standards.dicom.service_classes import STUDY_ROOT_GET, STUDY_ROOT_MOVE
from archipel.testing.dimse_node import DimseNode, KnownDevice
from archipel.testing.instances import SECONDARY_CAPTURE, instance
from archipel.testing.peers.free_ports import free_port

pytestmark = pytest.mark.slow  # servers of pynetdicom take their time to stop

STUDY, SERIES, SOP, PATIENT_ID = 0x0020000D, 0x0020000E, 0x00080018, 0x00100020


@contextlib.contextmanager
def storescp(folder: Path, port: int, *options: str) -> Iterator[None]:
    if not Path("/usr/bin/storescp").exists():
        pytest.skip("storescp of dcmtk is not installed")
    command = ["/usr/bin/storescp", *options, "-aet", "TARGET", "-od", str(folder), str(port)]
    process = subprocess.Popen(command)
    try:
        time.sleep(0.3)
        yield
    finally:
        process.kill()
        process.wait(10)


@contextlib.contextmanager
def pynetdicom_target(
    port: int, *, syntaxes: tuple[str, ...] = (ts.EXPLICIT_VR_LITTLE_ENDIAN,), status: int = 0
) -> Iterator[list]:
    """Run a destination that keeps the encoded data sets it gets."""
    entity = AE("TARGET")
    entity.add_supported_context(SECONDARY_CAPTURE, list(syntaxes))
    got: list[tuple[str, bytes, str]] = []

    def keep(event) -> int:
        got.append((event.request.AffectedSOPInstanceUID, event.request.DataSet.getvalue(), event))
        return status

    handlers = [(evt.EVT_C_STORE, keep)]
    server = entity.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
    try:
        yield got
    finally:
        server.shutdown()


@pytest.fixture(scope="module")
def port() -> int:
    """Choose where TARGET listens, when it does."""
    return free_port()


def _devices(port: int) -> list[KnownDevice]:
    return [
        KnownDevice(title="MODALITY"),
        KnownDevice(title="TARGET", port=port),
        KnownDevice(title="EST_CT", organisation="est"),
        KnownDevice(title="VIEWER", may=("find",)),
        KnownDevice(title="DEAF"),
    ]


@pytest.fixture
def study() -> Uid:
    return Uid.fresh()


@pytest.fixture(scope="module")
def node(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DimseNode]:
    running = DimseNode.start(_devices(port), log_file=tmp_path_factory.mktemp("node") / "log")
    yield running
    assert running.stop() == 0


def test_movescu_of_dcmtk_moves_to_storescp_bit_for_bit(
    node, study, port, send, dcmtk, tmp_path
) -> None:
    made = [instance(study=study, transfer_syntax=ts.JPEG_BASELINE) for _ in range(3)]
    made += [instance(study=study, pixel_bytes=400_000) for _ in range(3)]
    send(node, *made)
    folder = tmp_path / "got"
    folder.mkdir()

    with storescp(folder, port, "+B", "+xa"):
        done = dcmtk(
            *("movescu", "-v", "-S", "-aet", "MODALITY", "-aec", "OUEST", "-aem", "TARGET"),
            *("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study}"),
            *("127.0.0.1", node.port),
        )

    assert done.returncode == 0, done.stdout
    assert "Received Final Move Response (Success)" in done.stdout
    files = [path.read_bytes() for path in folder.iterdir()]
    assert {file[split(file)[1] :] for file in files} == {each.dataset for each in made}


def test_counts_and_originator_are_told(node, study, port, send, peer) -> None:
    with pynetdicom_target(port) as got:
        made = [instance(study=study) for _ in range(3)]
        send(node, *made)

        moved = move(peer(node), Level.STUDY, {STUDY: study.value}, destination=AETitle("TARGET"))

    assert (moved.status, moved.completed, moved.failed) == (0, 3, 0)
    assert {content for _, content, _ in got} == {each.dataset for each in made}
    assert got[0][2].request.MoveOriginatorApplicationEntityTitle.strip() == "MODALITY"


@pytest.mark.parametrize("level", list(Level))
def test_each_level_moves_what_is_below_it(node, study, port, send, peer, level: Level) -> None:
    with pynetdicom_target(port) as got:
        series, texts = Uid.fresh(), {PATIENT_ID: f"M{study.value[-8:]}"}
        made = [instance(study=study, series=series, texts=texts) for _ in range(2)]
        send(node, *made, instance(study=study, texts=texts), instance(texts=texts), instance())
        keys = {PATIENT_ID: texts[PATIENT_ID], STUDY: study.value, SERIES: series.value}
        keys[SOP] = made[0].sop_instance.value
        unique = [PATIENT_ID, STUDY, SERIES, SOP][: level + 1]
        asked = {tag: keys[tag] for tag in unique}

        moved = move(peer(node), level, asked, destination=AETitle("TARGET"))

    expected = {Level.PATIENT: 4, Level.STUDY: 3, Level.SERIES: 2, Level.IMAGE: 1}[level]
    assert (moved.status, moved.completed, len(got)) == (0, expected, expected)


def test_what_the_destination_cannot_take_is_counted_as_failed(
    node, study, port, send, peer
) -> None:
    with pynetdicom_target(port):
        good = instance(study=study)
        send(node, good, instance(study=study, transfer_syntax=ts.JPEG_BASELINE))

        moved = move(peer(node), Level.STUDY, {STUDY: study.value}, destination=AETitle("TARGET"))

    assert (moved.status, moved.completed, moved.failed) == (0xB000, 1, 1)


@pytest.mark.parametrize(("answered", "status"), [(0xA700, 0xA702), (0xB000, 0xB000)])
def test_what_the_destination_answers_is_counted(
    node, study, port, send, peer, answered, status
) -> None:
    with pynetdicom_target(port, status=answered):
        send(node, *(instance(study=study) for _ in range(2)))

        moved = move(peer(node), Level.STUDY, {STUDY: study.value}, destination=AETitle("TARGET"))

    failed = 2 if answered == 0xA700 else 0
    assert (moved.status, moved.failed, moved.warning) == (status, failed, 2 - failed)


def test_a_destination_that_does_not_answer_fails_all(node, study, port, send, peer) -> None:
    send(node, *(instance(study=study) for _ in range(2)))

    moved = move(peer(node), Level.STUDY, {STUDY: study.value}, destination=AETitle("TARGET"))

    assert (moved.status, moved.failed) == (0xA702, 2)


@pytest.mark.parametrize("destination", ["NOBODY", "EST_CT", "DEAF"])
def test_nothing_goes_to_a_destination_that_is_not_registered(
    node, study, port, send, peer, destination: str
) -> None:
    send(node, instance(study=study))

    moved = move(peer(node), Level.STUDY, {STUDY: study.value}, destination=AETitle(destination))

    assert moved.status == 0xA801


def test_nothing_moves_without_the_right_or_the_audit(
    node, start, study, port, send, peer
) -> None:
    target = AETitle("TARGET")
    with pynetdicom_target(port) as got:
        send(node, instance(study=study))
        unaudited = start(_devices(port), broken="audit")
        send(unaudited, instance(study=study))
        keys = {STUDY: study.value}

        assert move(peer(node, "VIEWER"), Level.STUDY, keys, destination=target).status == 0x0124
        assert move(peer(unaudited), Level.STUDY, keys, destination=target).status == 0xA702
    assert got == []


def test_a_missing_unique_key_moves_nothing(node, peer) -> None:

    for level in (Level.STUDY, Level.SERIES, Level.IMAGE):
        moved = move(peer(node), level, {}, destination=AETitle("TARGET"))

        assert moved.status == 0xA900


def test_a_cancelled_move_stops(node, study, port, send) -> None:
    with pynetdicom_target(port) as got:
        send(node, *(instance(study=study) for _ in range(60)))
        entity = AE("MODALITY")
        entity.add_requested_context(STUDY_ROOT_MOVE)
        association = entity.associate("127.0.0.1", node.port, ae_title="OUEST")
        statuses = []
        for status, _ in association.send_c_move(_study(study.value), "TARGET", STUDY_ROOT_MOVE):
            statuses.append(status)
            if len(statuses) == 1:
                association.send_c_cancel(1, query_model=STUDY_ROOT_MOVE)
        association.release()

    assert statuses[-1].Status == 0xFE00
    remaining = statuses[-1].NumberOfRemainingSuboperations
    assert remaining + statuses[-1].NumberOfCompletedSuboperations == 60
    assert len(got) == statuses[-1].NumberOfCompletedSuboperations < 60


def _study(uid: str):
    asked = Dataset()
    asked.QueryRetrieveLevel, asked.StudyInstanceUID = "STUDY", uid
    return asked


def test_pynetdicom_gets_bit_for_bit(node, study, send) -> None:
    syntaxes = [ts.IMPLICIT_VR_LITTLE_ENDIAN, ts.JPEG_BASELINE, ts.EXPLICIT_VR_BIG_ENDIAN]
    made = [instance(study=study, transfer_syntax=syntax) for syntax in syntaxes]
    send(node, *made)
    got = {}

    def keep(event) -> int:
        got[event.request.AffectedSOPInstanceUID] = event.request.DataSet.getvalue()
        return 0

    entity = AE("MODALITY")
    entity.requested_contexts = [build_context(STUDY_ROOT_GET)] + [
        build_context(SECONDARY_CAPTURE, syntax) for syntax in syntaxes
    ]
    association = entity.associate(
        *("127.0.0.1", node.port),
        ae_title="OUEST",
        ext_neg=[build_role(SECONDARY_CAPTURE, scp_role=True)],
        evt_handlers=[(evt.EVT_C_STORE, keep)],
    )
    statuses = [
        status.Status for status, _ in association.send_c_get(_study(study.value), STUDY_ROOT_GET)
    ]
    association.release()

    assert statuses == [0xFF00, 0xFF00, 0x0000]
    assert got == {each.sop_instance.value: each.dataset for each in made}


def test_a_get_counts_and_stops_when_it_is_cancelled(node, study, send) -> None:
    send(node, *(instance(study=study) for _ in range(40)))
    entity = AE("MODALITY")
    entity.requested_contexts = [
        build_context(STUDY_ROOT_GET),
        build_context(SECONDARY_CAPTURE, ts.EXPLICIT_VR_LITTLE_ENDIAN),
    ]
    association = entity.associate(
        *("127.0.0.1", node.port),
        ae_title="OUEST",
        ext_neg=[build_role(SECONDARY_CAPTURE, scp_role=True)],
        evt_handlers=[(evt.EVT_C_STORE, lambda _: 0)],
    )
    statuses = []
    for status, _ in association.send_c_get(_study(study.value), STUDY_ROOT_GET):
        statuses.append(status)
        if len(statuses) == 2:
            association.send_c_cancel(1, query_model=STUDY_ROOT_GET)
    association.release()

    pending = [
        (s.NumberOfRemainingSuboperations, s.NumberOfCompletedSuboperations) for s in statuses
    ]
    assert pending[:2] == [(39, 1), (38, 2)]
    assert all(remaining + completed == 40 for remaining, completed in pending)
    assert statuses[-1].Status == 0xFE00
    assert pending[-1][1] <= 6  # what was on its way when the cancel was sent


def test_the_priority_of_a_move_is_that_of_its_stores(node, study, port, send) -> None:
    with pynetdicom_target(port) as got:
        send(node, instance(study=study))
        entity = AE("MODALITY")
        entity.add_requested_context(STUDY_ROOT_MOVE)
        association = entity.associate("127.0.0.1", node.port, ae_title="OUEST")
        urgent = association.send_c_move(
            _study(study.value), "TARGET", STUDY_ROOT_MOVE, priority=1
        )
        assert [status.Status for status, _ in urgent][-1] == 0
        association.release()

    assert got[0][2].request.Priority == 1


def test_getscu_of_dcmtk_gets_a_study(node, study, send, dcmtk, tmp_path: Path) -> None:
    send(node, *(instance(study=study) for _ in range(4)))

    done = dcmtk(
        *("getscu", "-v", "-S", "+B", "-aet", "MODALITY", "-aec", "OUEST", "-od", tmp_path),
        *("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study}"),
        *("127.0.0.1", node.port),
    )

    assert done.returncode == 0, done.stdout
    assert len(list(tmp_path.iterdir())) == 4


def test_an_instance_the_getter_cannot_take_is_counted_as_failed(node, study, send) -> None:
    made = instance(study=study, transfer_syntax=ts.JPEG_XL_LOSSLESS)
    send(node, made)
    entity = AE("MODALITY")
    entity.requested_contexts = [
        build_context(STUDY_ROOT_GET),
        build_context(SECONDARY_CAPTURE, ts.EXPLICIT_VR_LITTLE_ENDIAN),
    ]
    association = entity.associate(
        *("127.0.0.1", node.port),
        ae_title="OUEST",
        ext_neg=[build_role(SECONDARY_CAPTURE, scp_role=True)],
    )

    ((status, failed),) = association.send_c_get(_study(study.value), STUDY_ROOT_GET)
    association.release()

    assert (status.Status, status.NumberOfFailedSuboperations) == (0xA702, 1)
    assert failed.FailedSOPInstanceUIDList == made.sop_instance.value
