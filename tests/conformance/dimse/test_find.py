"""C-FIND at four levels and in both models (PS3.4 section C.4.1)."""

import pytest
from pydicom import Dataset
from pynetdicom import AE

from archipel.kernel.hierarchy import Level
from archipel.kernel.uid import Uid
from archipel.protocols.dimse.errors import OperationFailed
from archipel.protocols.dimse.find_scu import find
from archipel.protocols.dimse.user import Proposal, associate
from archipel.standards.dicom import dataset as datasets
from archipel.standards.dicom.command import CommandField, cancel, request
from archipel.standards.dicom.dataset import DataSet
from archipel.standards.dicom.service_classes import PATIENT_ROOT_FIND, STUDY_ROOT_FIND
from archipel.standards.dicom.transfer_syntax import EXPLICIT_VR_LITTLE_ENDIAN
from archipel.testing.instances import instance

NAME, PATIENT_ID, STUDY, SERIES, SOP = 0x00100010, 0x00100020, 0x0020000D, 0x0020000E, 0x00080018


@pytest.fixture
def study(node, send) -> Uid:
    """Store a study of two series of two instances."""
    study = Uid.fresh()
    texts = {NAME: "TEST-Müller^Jürgen", PATIENT_ID: f"F{study.value[-8:]}", 0x00080060: "CT"}
    for series in (Uid.fresh(), Uid.fresh()):
        send(node, *(instance(texts=texts, study=study, series=series) for _ in range(2)))
    return study


def test_each_level_is_answered(node, peer, study: Uid) -> None:
    keys = {STUDY: study.value, SERIES: "", SOP: "", NAME: ""}

    counts = {level: len(list(find(peer(node), level, keys))) for level in list(Level)[1:]}

    assert counts == {Level.STUDY: 1, Level.SERIES: 2, Level.IMAGE: 4}


def test_the_patient_level_is_answered_by_patient_root(node, peer, study: Uid) -> None:
    keys = {PATIENT_ID: f"F{study.value[-8:]}", NAME: ""}

    (patient,) = find(peer(node), Level.PATIENT, keys)

    assert patient.text(NAME) == "TEST-Müller^Jürgen"


def test_the_study_root_has_no_patient_level(node, dcmtk) -> None:
    done = dcmtk(
        *("findscu", "-v", "-S", "-aet", "MODALITY", "-aec", "OUEST"),
        *("-k", "QueryRetrieveLevel=PATIENT", "-k", "PatientID=*", "127.0.0.1", node.port),
    )

    assert "DataSetDoesNotMatchSOPClass" in done.stdout.replace(" ", "")


def test_an_unsupported_key_comes_back_empty(node, peer, study: Uid) -> None:
    keys = {STUDY: study.value, 0x00104000: "", 0x00400275: ""}
    asked = {tag: text for tag, text in keys.items() if tag != 0x00400275}

    (found,) = find(peer(node), Level.STUDY, asked)

    assert 0x00104000 in found
    assert found.text(0x00104000) == ""


@pytest.mark.parametrize("model", ["-P", "-S"])
def test_dcmtk_finds_accents_and_wildcards(node, dcmtk, study: Uid, model: str) -> None:
    done = dcmtk(
        *("findscu", model, "-v", "-aet", "MODALITY", "-aec", "OUEST"),
        *(
            "-k",
            "QueryRetrieveLevel=STUDY",
            "-k",
            "PatientName=test-m*",
            "-k",
            "ModalitiesInStudy",
        ),
        *("-k", f"StudyInstanceUID={study}", "127.0.0.1", node.port),
    )

    assert done.returncode == 0, done.stdout
    assert "Received Final Find Response (Success)" in done.stdout
    assert done.stdout.count("Find Response: 1 (Pending)") == 1
    assert "ISO_IR" in done.stdout
    assert "[CT]" in done.stdout


def test_pynetdicom_finds_sequences_asked_for(node, study: Uid) -> None:
    entity = AE("MODALITY")
    entity.add_requested_context(STUDY_ROOT_FIND)
    association = entity.associate("127.0.0.1", node.port, ae_title="OUEST")
    asked, item = Dataset(), Dataset()
    asked.QueryRetrieveLevel, asked.StudyInstanceUID, asked.SeriesInstanceUID = (
        "SERIES",
        study.value,
        "",
    )
    item.ScheduledProcedureStepID = ""
    asked.RequestAttributesSequence = [item]
    answers = list(association.send_c_find(asked, STUDY_ROOT_FIND))
    association.release()

    assert [status.Status for status, _ in answers] == [0xFF00, 0xFF00, 0x0000]
    assert answers[0][1].RequestAttributesSequence[0].ScheduledProcedureStepID == ""


def test_a_cancelled_query_stops(node, peer, send) -> None:
    texts = {PATIENT_ID: "CANCEL"}
    send(node, *(instance(texts=texts) for _ in range(100)))
    with associate(
        peer(node), [Proposal(STUDY_ROOT_FIND, (EXPLICIT_VR_LITTLE_ENDIAN,))]
    ) as association:
        keys = DataSet.from_texts({0x00080052: "STUDY", PATIENT_ID: "CANCEL"})
        identifier = datasets.write(keys, EXPLICIT_VR_LITTLE_ENDIAN)
        command = request(CommandField.C_FIND_RQ, 1, STUDY_ROOT_FIND, dataset=True)
        association.send(1, command, [identifier])
        association.send(1, cancel(1))
        answers = [association.response(1)[0].status]
        while answers[-1] == 0xFF00:
            answers.append(association.response(1)[0].status)

    assert answers[-1] == 0xFE00
    assert len(answers) <= 100


def test_too_many_answers_are_said_to_be_too_many(start, peer, send) -> None:
    node = start(settings={"max_matches": 3})
    send(node, *(instance() for _ in range(4)))
    found = []

    with pytest.raises(OperationFailed) as failed:
        found.extend(find(peer(node), Level.STUDY, {}))

    assert failed.value.status == 0xA700


def test_nothing_is_answered_while_the_audit_takes_nothing(start, peer, send) -> None:
    node = start(broken="audit")
    send(node, instance())

    with pytest.raises(OperationFailed) as failed:
        list(find(peer(node), Level.STUDY, {}))

    assert failed.value.status == 0xA700


@pytest.mark.parametrize(
    "identifier", [b"", b"garbage!", b"\x08\x00\x52\x00CS\xff\x00STUDY ", bytes(8)]
)
def test_a_bad_identifier_is_refused(node, peer, identifier: bytes) -> None:
    with associate(
        peer(node), [Proposal(PATIENT_ROOT_FIND, (EXPLICIT_VR_LITTLE_ENDIAN,))]
    ) as association:
        command = request(CommandField.C_FIND_RQ, 1, PATIENT_ROOT_FIND, dataset=True)
        association.send(1, command, [identifier])

        assert association.response(1)[0].status == 0xA900
