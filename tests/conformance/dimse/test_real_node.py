"""The whole node behind the door: journal, index writer, SQL catalogue, audit."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pynetdicom import AE

from archipel.app.home import Home
from archipel.app.wiring import Node
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.aetitle import AETitle
from archipel.kernel.hierarchy import Level
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.protocols.dimse.find_scu import find
from archipel.protocols.dimse.move_scu import move
from archipel.protocols.dimse.outgoing import batches
from archipel.protocols.dimse.store_scu import sender
from archipel.protocols.dimse.user import Peer
from archipel.standards.dicom import transfer_syntax as ts
from archipel.standards.dicom.part10 import meta
from archipel.testing.dimse_node import DimseNode, KnownDevice
from archipel.testing.instances import Instance, instance
from archipel.testing.running_node import RunningNode

pytestmark = pytest.mark.slow

STUDY, SERIES, SOP, NAME = 0x0020000D, 0x0020000E, 0x00080018, 0x00100010
INSTANCES_IN_STUDY = 0x00201208
KEY_OBJECT = "1.2.840.10008.5.1.4.1.1.88.59"


def _command(home: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "archipel", *arguments, "--home", str(home)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DimseNode]:
    """Run a second archive to move to; it knows the node by the title it calls itself."""
    folder = tmp_path_factory.mktemp("target")
    running = DimseNode.start(
        [KnownDevice(title="CHU"), KnownDevice(title="MODALITY")], log_file=folder / "log"
    )
    yield running
    running.stop()


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, target: DimseNode) -> Iterator[RunningNode]:
    home = tmp_path_factory.mktemp("node") / "home"
    _command(home, "init", "--name", "TEST CHU", "--community", "test")
    for key in ("chu", "clinic"):
        title = key.upper()
        _command(home, "organisation", "add", key, "--name", f"TEST {title}", "--ae-title", title)
        _command(home, "ae", "add", f"{title}_CT", "--organisation", key)
    address = f"127.0.0.1:{target.port}"
    _command(home, "ae", "add", "OUEST", "--organisation", "chu", "--address", address)
    with RunningNode(home) as running:
        yield running


Call = Callable[..., Peer]


@pytest.fixture
def call(real: RunningNode) -> Call:
    def peer(calling: str = "CHU_CT", called: str = "CHU") -> Peer:
        return Peer(
            host=real.dicom_host,
            port=real.dicom_port,
            called=AETitle(called),
            calling=AETitle(calling),
        )

    return peer


def _send(peer: Peer, *made: Instance) -> None:
    for proposals, part in batches([each.outgoing() for each in made]):
        with sender(peer, proposals) as to_node:
            assert [to_node.store(each) for each in part] == [0] * len(part)


def _studies(peer: Peer, study: Uid) -> list[str]:
    keys = {STUDY: study.value, INSTANCES_IN_STUDY: "", NAME: ""}
    return [found.text(INSTANCES_IN_STUDY) for found in find(peer, Level.STUDY, keys)]


def _kept(made: Instance, folder: Path) -> str:
    """Write an instance as a file, for dcmtk to send."""
    head = meta(
        sop_class=made.sop_class,
        sop_instance=made.sop_instance,
        transfer_syntax=made.transfer_syntax,
    )
    path = folder / f"{made.sop_instance}.dcm"
    path.write_bytes(head + made.dataset)
    return str(path)


def _dcmtk(program: str, real: RunningNode, *arguments: str) -> str:
    command = [f"/usr/bin/{program}", "-v", "-aet", "CHU_CT", "-aec", "CHU", real.dicom_host]
    done = subprocess.run(
        [*command, str(real.dicom_port), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "TCP_NODELAY": "1"},
    )
    return done.stdout + done.stderr


def _note(title: str, images: list[Instance]) -> Dataset:
    """Make a rejection note as a peer does, by pydicom."""
    (study,) = {one.study.value for one in images}
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID = KEY_OBJECT, generate_uid()
    made.StudyInstanceUID, made.SeriesInstanceUID = study, generate_uid()
    made.Modality, made.PatientName, made.PatientID = "KO", "TEST-Lefèvre^Zoé", "TEST-0001"
    made.SpecificCharacterSet = "ISO_IR 192"
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = title, "DCM", "Rejected"
    made.ConceptNameCodeSequence = [code]
    of_study, series = Dataset(), []
    for image in images:
        one, of_series = Dataset(), Dataset()
        one.ReferencedSOPClassUID = image.sop_class.value
        one.ReferencedSOPInstanceUID = image.sop_instance.value
        of_series.SeriesInstanceUID, of_series.ReferencedSOPSequence = image.series.value, [one]
        series.append(of_series)
    of_study.StudyInstanceUID, of_study.ReferencedSeriesSequence = study, series
    made.CurrentRequestedProcedureEvidenceSequence = [of_study]
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = KEY_OBJECT
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    return made


def test_images_that_dcmtk_rejects_vanish_and_are_refused_again(
    call: Call, real: RunningNode, tmp_path: Path
) -> None:
    study = Uid.fresh()
    images = [instance(study=study) for _ in range(3)]
    files = [_kept(each, tmp_path) for each in images]
    _dcmtk("storescu", real, *files)
    assert _studies(call(), study) == ["3"]
    note = tmp_path / "note.dcm"
    _note("113037", images).save_as(note, enforce_file_format=True)

    _dcmtk("storescu", real, str(note))

    keys = ("-S", "-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study}")
    assert "Find Response: 1" not in _dcmtk("findscu", real, *keys)
    assert _studies(call(), study) == []
    again = _dcmtk("storescu", real, files[0])
    assert "0x124" in again  # Refused: Not authorized (PS3.7 C.5.15)


def test_a_note_that_pynetdicom_sends_hides_poor_images_from_people_alone(
    call: Call, real: RunningNode
) -> None:
    study = Uid.fresh()
    images = [instance(study=study) for _ in range(2)]
    _send(call(), *images)
    ae = AE(ae_title="CHU_CT")
    ae.add_requested_context(KEY_OBJECT, ExplicitVRLittleEndian)
    association = ae.associate(real.dicom_host, real.dicom_port, ae_title="CHU")
    status = association.send_c_store(_note("113001", images[:1]))
    association.release()

    assert status.Status == 0
    assert _studies(call(), study) == ["3"]  # the peer sees the note beside what it rejects
    with Node.open(Home(real.home)) as node:
        scope = Scope(Actor(ActorKind.PERSON, "tess"), frozenset({TenantId("chu")}))
        assert len(node.catalogue.instances(scope=scope, study=study)) == 1


def test_what_is_released_can_be_found_at_once(call: Call) -> None:
    for _ in range(5):
        study = Uid.fresh()
        _send(call(), *(instance(study=study) for _ in range(20)))

        assert _studies(call(), study) == ["20"]


def test_each_level_is_found(call: Call) -> None:
    study, series = Uid.fresh(), Uid.fresh()
    texts = {0x00100020: f"R{study.value[-8:]}"}
    made = [instance(study=study, series=series, texts=texts) for _ in range(2)]
    _send(call(), *made, instance(study=study, texts=texts))
    keys = {**texts, STUDY: study.value, SERIES: "", SOP: "", NAME: ""}

    counts = {
        level: len(list(find(call(), level, texts if level is Level.PATIENT else keys)))
        for level in Level
    }

    assert counts == {Level.PATIENT: 1, Level.STUDY: 1, Level.SERIES: 2, Level.IMAGE: 3}


def test_one_organisation_sees_nothing_of_another(call: Call) -> None:
    study = Uid.fresh()
    _send(call(), instance(study=study))

    assert _studies(call("CLINIC_CT", "CLINIC"), study) == []
    assert _studies(call(), study) == ["1"]


def test_a_study_in_several_syntaxes_moves_to_another_archive(
    call: Call, target: DimseNode, peer: Callable[..., Peer]
) -> None:
    study = Uid.fresh()
    syntaxes = [ts.IMPLICIT_VR_LITTLE_ENDIAN, ts.JPEG_BASELINE, ts.EXPLICIT_VR_BIG_ENDIAN]
    made = [instance(study=study, transfer_syntax=s, pixel_bytes=100_000) for s in syntaxes]
    _send(call(), *made)

    moved = move(call(), Level.STUDY, {STUDY: study.value}, destination=AETitle("OUEST"))

    assert (moved.status, moved.completed) == (0, 3)
    assert _studies(peer(target), study) == ["3"]


def test_other_bytes_under_a_known_uid_do_not_replace(call: Call) -> None:
    first = instance(study=Uid.fresh())
    other = instance(study=first.study, pixel_bytes=512)
    forged = Instance(
        sop_class=first.sop_class,
        sop_instance=first.sop_instance,
        study=first.study,
        series=first.series,
        transfer_syntax=first.transfer_syntax,
        dataset=first.dataset[:-2] + b"!!",
    )
    _send(call(), first, forged, other)

    assert _studies(call(), first.study) == ["2"]
