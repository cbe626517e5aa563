"""Every key of a query, a row each, asked by pynetdicom of the real index (PS3.4 C.2.2.2, C.6)."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydicom import Dataset
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation
from tests.properties.tenancy.worlds import DimseDoor

from archipel.access.model import Device, Service
from archipel.kernel.aetitle import AETitle
from archipel.kernel.uid import Uid
from archipel.protocols.dimse.services import Services
from archipel.standards.dicom.service_classes import PATIENT_ROOT_FIND, STUDY_ROOT_FIND
from archipel.testing.access_builders import WEST, organisation
from archipel.testing.instances import instance
from archipel.testing.memory import MemoryAudit, MemoryDevices, MemoryWorklist
from archipel.testing.storage_node import START, StorageNode

STUDY, SERIES, IMAGE = "STUDY", "SERIES", "IMAGE"
CT, MR, SR = (
    "1.2.840.10008.5.1.4.1.1.2",
    "1.2.840.10008.5.1.4.1.1.4",
    "1.2.840.10008.5.1.4.1.1.88.11",
)


def _texts(name: str, number: int, date: str, time: str, **more: str) -> dict[int, str]:
    return {
        0x00080020: date,
        0x00080030: time,
        0x00080050: f"ACC{number}",
        0x00080090: "TEST-Médecin^Anne",
        0x00080201: "-0400",
        0x00081030: f"Examen {number} [v1]",
        0x00100010: name,
        0x00100020: f"P{number}",
        0x00100021: "ISSUER",
        0x00100030: f"19{number}00101",
        0x00100040: "F",
        0x00200010: f"S{number}",
    } | {int(tag, 16): text for tag, text in more.items()}


def _make() -> list:
    """Three studies: A of two series, B, C."""
    a = _texts("TEST-Lefèvre^Zoé=王^小東=ワン^シャオ", 1, "20260110", "083000")
    b = _texts("TEST-O'DUPONT^Jean-Luc", 2, "20260111", "221530.25")
    c = _texts("TEST-Ba^Aïssatou", 3, "20260212", "070000")
    ct = {0x00080060: "CT", 0x00200011: "1", 0x0008103E: "axial", 0x00180015: "CHEST"}
    sr = {0x00080060: "SR", 0x00200011: "12", 0x0008103E: "report"}
    mr = {0x00080060: "MR", 0x00200011: "2", 0x00400244: "20260111", 0x00400245: "2210"}
    us = {0x00080060: "US", 0x00200011: "3"}
    rows = [
        ("1.2.11", "1.2.11.1", CT, a | ct | {0x00200013: "1"}),
        ("1.2.11", "1.2.11.1", CT, a | ct | {0x00200013: "2"}),
        ("1.2.11", "1.2.11.2", SR, a | sr),
        ("1.2.12", "1.2.12.1", MR, b | mr),
        ("1.2.13", "1.2.13.1", CT, c | us),
    ]
    return [
        instance(study=Uid(study), series=Uid(series), sop_class=sop, texts=texts)
        for study, series, sop, texts in rows
    ]


@pytest.fixture(scope="module")
def ports(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path
) -> Iterator[tuple[int, int]]:
    """Run two doors over three studies, one association at a time; the first study is sealed."""
    home = tmp_path_factory.mktemp("queried")
    shutil.copy(sqlite_template, home / "index.db")
    node = StorageNode(home)
    node.replay()
    made = _make()
    for part in (made[:3], made[3:]):
        for one in part:
            node.receive(one.dataset, tenant=WEST)
        node.catch_up()
        if len(part) == 3:
            node.seal()
    device = Device(
        ae_title=AETitle("FINDER"), tenant=WEST, host=None, port=None, may=frozenset(Service)
    )
    services = Services(
        journal=node.journal,
        catalogue=node.catalogue,
        contents=node.contents,
        devices=MemoryDevices([organisation(WEST)], [device]),
        audit=MemoryAudit(),
        commitments=node.commitments,
        worklist=MemoryWorklist(),
        clock=lambda: START,
    )
    doors = [DimseDoor(services), DimseDoor(services)]
    yield doors[0].port, doors[1].port
    for door in doors:
        door.stop()
    node.close()


@dataclass(frozen=True)
class Row:
    """One query: keys by keyword, and how many answers; or whose, by the last part of a UID."""

    level: str
    keys: dict[str, str | list[str]]
    found: list[str]


def s(found: list[str], **keys: str | list[str]) -> Row:
    return Row(STUDY, keys, found)


A, B, C = "1.2.11", "1.2.12", "1.2.13"
ROWS = [
    # universal and single value matching
    s([A, B, C]),
    s([A], StudyInstanceUID=A),
    s([B], AccessionNumber="ACC2"),
    s([], AccessionNumber="acc2"),
    s([C], StudyID="S3"),
    s([A], PatientID="P1"),
    s([A, B, C], IssuerOfPatientID="ISSUER"),
    s([B], PatientBirthDate="19200101"),
    s([A, B, C], PatientSex="F"),
    s([], PatientSex="M"),
    s([A], StudyDescription="Examen 1 [v1]"),
    # lists of UIDs and multiple values
    s([A, C], StudyInstanceUID=[A, C, "1.2.99"]),
    s([A, B], AccessionNumber=["ACC1", "ACC2"]),
    # wild cards
    s([A, B, C], AccessionNumber="ACC*"),
    s([B], AccessionNumber="?CC2"),
    s([A, B, C], StudyDescription="Examen ? [v1]"),
    s([A, B, C], PatientID="*"),
    s([A, B, C], ReferringPhysicianName="test-medecin*"),
    # names: neither case nor accents count; each component group is a name of its own
    s([A], PatientName="TEST-LEFEVRE^ZOE"),
    s([A], PatientName="test-lefèvre*"),
    s([A], PatientName="*zoé"),
    s([A], PatientName="王*"),
    s([A], PatientName="王^小東"),
    s([A], PatientName="ワン*"),
    s([A], PatientName="TEST-LEFEVRE^ZOE=王^小東=*"),
    s([C], PatientName="TEST-BA^A?SSATOU"),
    s([], PatientName="ZOE^TEST-LEFEVRE"),
    # dates, times
    s([A], StudyDate="20260110"),
    s([A, B], StudyDate="20260101-20260131"),
    s([B, C], StudyDate="20260111-"),
    s([A], StudyDate="-20260110"),
    s([A], StudyTime="083000"),
    s([A], StudyTime="0830"),
    s([B], StudyTime="2215-2216"),
    s([A, C], StudyTime="-1200"),
    s([A], StudyDate="20260101-20260131", StudyTime="0800-0900"),
    # computed
    s([A], ModalitiesInStudy="CT"),
    s([A, B], ModalitiesInStudy=["SR", "MR"]),
    s([], ModalitiesInStudy="PT"),
    # series and images, also without their higher keys (relational)
    Row(SERIES, {"StudyInstanceUID": A}, ["1.2.11.1", "1.2.11.2"]),
    Row(SERIES, {"StudyInstanceUID": A, "Modality": "SR"}, ["1.2.11.2"]),
    Row(SERIES, {"StudyInstanceUID": A, "SeriesNumber": "12"}, ["1.2.11.2"]),
    Row(SERIES, {"StudyInstanceUID": A, "SeriesDescription": "axi*"}, ["1.2.11.1"]),
    Row(SERIES, {"StudyInstanceUID": A, "BodyPartExamined": "CHEST"}, ["1.2.11.1"]),
    Row(SERIES, {"SeriesInstanceUID": "1.2.12.1"}, ["1.2.12.1"]),
    Row(SERIES, {"PerformedProcedureStepStartDate": "20260111"}, ["1.2.12.1"]),
    Row(SERIES, {"PerformedProcedureStepStartTime": "2200-2300"}, ["1.2.12.1"]),
    Row(SERIES, {"Modality": ["MR", "US"]}, ["1.2.12.1", "1.2.13.1"]),
    Row(IMAGE, {"SeriesInstanceUID": "1.2.11.1", "InstanceNumber": "2"}, ["1.2.11.1"]),
    Row(IMAGE, {"StudyInstanceUID": A}, ["1.2.11.1", "1.2.11.1", "1.2.11.2"]),
    Row(IMAGE, {"SOPClassUID": SR}, ["1.2.11.2"]),
]


@pytest.fixture(scope="module")
def asker(ports: tuple[int, int]) -> Iterator[Association]:
    association = _associate(ports[0])
    yield association
    association.release()


def _associate(port: int, extended: bytes = b"") -> Association:
    entity = AE("FINDER")
    for model in (STUDY_ROOT_FIND, PATIENT_ROOT_FIND):
        entity.add_requested_context(model)
    asked = []
    if extended:
        item = SOPClassExtendedNegotiation()
        item.sop_class_uid = STUDY_ROOT_FIND
        item.service_class_application_information = extended
        asked = [item]
    association = entity.associate("127.0.0.1", port, ae_title="WEST", ext_neg=asked)
    assert association.is_established
    return association


def _ask(
    association: Association, level: str, keys: dict, *, model: str = STUDY_ROOT_FIND
) -> tuple[list[int], list[Dataset]]:
    asked = Dataset()
    asked.SpecificCharacterSet = keys.pop("SpecificCharacterSet", "ISO_IR 192")
    asked.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(asked, keyword, value)
    said = list(association.send_c_find(asked, model))
    return [status.Status for status, _ in said], [found for _, found in said if found]


@pytest.mark.parametrize(
    "row",
    ROWS,
    ids=lambda row: row.level + " " + " ".join(f"{k}={v}" for k, v in row.keys.items()),
)
def test_a_key_finds_what_it_says(asker: Association, row: Row) -> None:
    unique = {STUDY: "StudyInstanceUID"}.get(row.level, "SeriesInstanceUID")

    statuses, found = _ask(asker, row.level, {unique: "", **row.keys})

    assert statuses == [0xFF00] * len(row.found) + [0]
    assert sorted(one[unique].value for one in found) == sorted(row.found)


def test_every_answer_says_what_was_asked_for(asker: Association) -> None:
    keywords = (
        *("ModalitiesInStudy", "SOPClassesInStudy", "NumberOfStudyRelatedSeries"),
        *("NumberOfStudyRelatedInstances", "InstanceAvailability", "RetrieveAETitle"),
        *("TimezoneOffsetFromUTC", "PatientName"),
    )
    wanted = dict.fromkeys(keywords, "")

    _, (found,) = _ask(asker, STUDY, {"StudyInstanceUID": A, **wanted})

    assert sorted(found.ModalitiesInStudy) == ["CT", "SR"]
    assert sorted(found.SOPClassesInStudy) == sorted([CT, SR])
    assert (found.NumberOfStudyRelatedSeries, found.NumberOfStudyRelatedInstances) == (2, 3)
    assert (found.RetrieveAETitle, found.InstanceAvailability) == ("WEST", "ONLINE")
    assert found.TimezoneOffsetFromUTC == "-0400"
    assert found.PatientName.ideographic == "王^小東"


def test_series_and_patients_are_counted(asker: Association) -> None:
    _, series = _ask(asker, SERIES, {"StudyInstanceUID": A, "NumberOfSeriesRelatedInstances": ""})
    patient_keys = dict.fromkeys(
        (
            "NumberOfPatientRelatedStudies",
            "NumberOfPatientRelatedSeries",
            "NumberOfPatientRelatedInstances",
        ),
        "",
    )
    _, (patient,) = _ask(
        asker, "PATIENT", {"PatientID": "P1", **patient_keys}, model=PATIENT_ROOT_FIND
    )

    assert sorted(one.NumberOfSeriesRelatedInstances for one in series) == [1, 2]
    assert [patient[keyword].value for keyword in patient_keys] == [1, 2, 3]


@pytest.mark.parametrize(
    ("study", "asked", "answered"),
    [
        (C, "ISO_IR 192", "ISO_IR 192"),
        (C, "ISO_IR 100", "ISO_IR 100"),
        (C, "", "ISO_IR 100"),  # ASCII was asked for and does not hold the name
        (A, "ISO_IR 100", "ISO_IR 192"),  # nor does Latin-1 hold these groups
        (A, "GB18030", "GB18030"),
    ],
)
def test_an_answer_is_in_the_set_asked_for_where_that_holds_it(
    asker: Association, study: str, asked: str, answered: str
) -> None:
    keys = {"StudyInstanceUID": study, "PatientName": "", "SpecificCharacterSet": asked}

    _, (found,) = _ask(asker, STUDY, keys)

    assert found.SpecificCharacterSet == answered
    assert "ï" in str(found.PatientName) if study == C else "東" in str(found.PatientName)


def test_a_key_that_is_not_supported_is_told(asker: Association) -> None:
    statuses, (found,) = _ask(asker, STUDY, {"StudyInstanceUID": A, "EthnicGroup": ""})

    assert statuses == [0xFF01, 0]
    assert found.EthnicGroup is None or found.EthnicGroup == ""


@pytest.mark.parametrize(
    ("extended", "keys", "found"),
    [
        (b"\0\0", {"StudyDate": "20260110-20260111", "StudyTime": "2000-0900"}, []),
        (b"\0\1", {"StudyDate": "20260110-20260111", "StudyTime": "2000-2300"}, [B]),
        (b"\0\1", {"StudyDate": "20260109-20260111", "StudyTime": "2200-0900"}, [A]),
        (b"\1\1\1", {"PatientName": "zoe lefevre"}, [A]),
        (b"\1\1\1", {"PatientName": "zoe^test"}, [A]),
        (b"\1\1\0", {"PatientName": "zoe^test"}, []),
    ],
)
def test_extensions_are_as_negotiated(ports, extended: bytes, keys, found) -> None:
    association = _associate(ports[1], extended)
    agreed = association.acceptor.sop_class_extended[STUDY_ROOT_FIND]

    _, answers = _ask(association, STUDY, {"StudyInstanceUID": "", **keys})
    association.release()

    assert agreed == extended
    assert [one.StudyInstanceUID for one in answers] == found
