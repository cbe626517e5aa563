"""The modality worklist answers real modalities (PS3.4 Annex K)."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import Dataset
from pynetdicom import AE
from tests.properties.tenancy.worlds import DimseDoor, now
from tests.unit.orders.conftest import Door, lines, order, site

from archipel.access.model import Device, Service
from archipel.kernel.aetitle import AETitle
from archipel.protocols.dimse.services import Services
from archipel.standards.dicom.service_classes import MODALITY_WORKLIST_FIND
from archipel.stores.sql.access import SqlOrganisations
from archipel.stores.sql.orders.book import SqlOrders
from archipel.stores.sql.orders.sites import SqlSites
from archipel.testing.access_builders import EAST, WEST, organisation
from archipel.testing.memory import (
    MemoryArchive,
    MemoryAudit,
    MemoryCatalogue,
    MemoryContents,
    MemoryDevices,
    MemoryJournal,
)
from archipel.testing.memory_commitments import MemoryCommitments

OMI = r"""
MSH|^~\&|RIS|CHU|ARCHIPEL|MQ|20260301120000||OMI^O23^OMI_O23|omi|P|2.5.1||||||UNICODE UTF-8
PID|||IPP2^^^ISSUER-west^PI||TEST-ÉLOI^Zoé||19900102|F
PV1||I|RADIO
ORC|NW|PL2^RIS|FL2^RIS||SC
TQ1|||||||20260307101500||A
OBR||PL2^RIS|FL2^RIS|IRM1^IRM du genou^L
IPC|ACC2^ISSUER-west|RP2|1.2.3.4.5|SPS2A|MR|IRMG^IRM genou^L|IRM 1|SALLE 3|MR1~MR2
IPC|ACC2^ISSUER-west|RP2|1.2.3.4.5|SPS2B|OT|IRMG^Compte^L||
"""


@pytest.fixture
def audit() -> MemoryAudit:
    return MemoryAudit()


@pytest.fixture
def door(sqlite_database, audit) -> Iterator[DimseDoor]:
    organisations = SqlOrganisations(sqlite_database)
    for tenant in (WEST, EAST):
        organisations.add(organisation(tenant))
    SqlSites(sqlite_database).put(site())
    SqlSites(sqlite_database).put(site("east", EAST, application="RISE", facility="CHE"))
    theirs = order(patient="THEIRS").replace(b"RIS|CHU", b"RISE|CHE")
    hl7 = Door(sqlite_database)
    assert hl7.codes(order(), lines(OMI), theirs) == ["AA", "AA", "AA"]
    archive = MemoryArchive()
    devices = [
        Device(ae_title=AETitle(t), tenant=WEST, host=None, port=None, may=frozenset(may))
        for t, may in (("CT1", {Service.WORKLIST}), ("STORER", {Service.STORE, Service.FIND}))
    ]
    running = DimseDoor(
        Services(
            journal=MemoryJournal(archive),
            catalogue=MemoryCatalogue(archive),
            contents=MemoryContents(archive),
            devices=MemoryDevices([organisation(WEST), organisation(EAST)], devices),
            audit=audit,
            commitments=MemoryCommitments(),
            worklist=SqlOrders(sqlite_database),
            clock=now,
        )
    )
    running.hl7 = hl7
    yield running
    running.stop()


def asked(port: int, *, calling: str = "CT1", step: dict | None = None, **whole: str):
    """Ask as pynetdicom does; return the final status and the answers."""
    keys = Dataset()
    keys.SpecificCharacterSet = "ISO_IR 192"
    for name in ("PatientName", "PatientID", "AccessionNumber", "StudyInstanceUID"):
        setattr(keys, name, whole.get(name, ""))
    keys.RequestedProcedurePriority = ""
    keys.RequestedProcedureCodeSequence = []
    keys.RequestingPhysician = keys.ReasonForTheRequestedProcedure = ""
    item = Dataset()
    for name in (
        *("ScheduledStationAETitle", "ScheduledProcedureStepStartDate"),
        *("ScheduledProcedureStepStartTime", "Modality", "ScheduledPerformingPhysicianName"),
        *("ScheduledProcedureStepDescription", "ScheduledProcedureStepID"),
    ):
        setattr(item, name, (step or {}).get(name, ""))
    keys.ScheduledProcedureStepSequence = [item]
    ae = AE(ae_title=calling)
    ae.add_requested_context(MODALITY_WORKLIST_FIND)
    association = ae.associate("127.0.0.1", port, ae_title="WEST")
    assert association.is_established
    told = list(association.send_c_find(keys, MODALITY_WORKLIST_FIND))
    association.release()
    return told[-1][0].Status, [answer for _, answer in told[:-1]]


def steps(answers) -> list[str]:
    found = [one.ScheduledProcedureStepSequence[0] for one in answers]
    return [str(one.ScheduledProcedureStepID) for one in found]


def test_an_open_step_is_answered_with_its_order(door) -> None:
    status, answers = asked(door.port, PatientID="IPP1")

    assert status == 0
    (answer,) = answers
    assert answer.PatientName == "TEST-DUPONT^JEANNE"
    assert answer.AccessionNumber == "ACC1"
    assert answer.StudyInstanceUID == "1.2.250.1.999.1.1.42"
    assert answer.RequestedProcedurePriority == "STAT"
    assert answer.RequestingPhysician == "TEST-AGNES^Isabelle"
    assert answer.ReasonForTheRequestedProcedure == "Embolie ?"
    step = answer.ScheduledProcedureStepSequence[0]
    assert step.Modality == "CT"
    assert step.ScheduledProcedureStepStartDate == "20260306"
    assert step.ScheduledProcedureStepDescription == "Thorax injecté"
    assert step.ScheduledStationAETitle == "CT1"  # bound to none: the caller's own


@pytest.mark.parametrize(
    ("step", "whole", "found"),
    [
        ({}, {}, ["SPS1", "SPS2A", "SPS2B"]),
        ({"Modality": "MR"}, {}, ["SPS2A"]),
        ({"Modality": "US"}, {}, []),
        ({"ScheduledStationAETitle": "MR2"}, {}, ["SPS1", "SPS2A", "SPS2B"]),
        ({"ScheduledStationAETitle": "CT9"}, {}, ["SPS1", "SPS2B"]),
        ({"ScheduledProcedureStepStartDate": "20260306"}, {}, ["SPS1"]),
        ({"ScheduledProcedureStepStartDate": "20260307-20260309"}, {}, ["SPS2A", "SPS2B"]),
        ({"ScheduledProcedureStepStartDate": "-20260306"}, {}, ["SPS1"]),
        (
            {
                "ScheduledProcedureStepStartDate": "20260306-20260307",
                "ScheduledProcedureStepStartTime": "090000-100000",
            },
            {},
            [],
        ),
        (
            {
                "ScheduledProcedureStepStartDate": "20260306-20260307",
                "ScheduledProcedureStepStartTime": "080000-110000",
            },
            {},
            ["SPS1", "SPS2A", "SPS2B"],
        ),
        ({}, {"PatientName": "TEST-ELOI*"}, ["SPS2A", "SPS2B"]),
        ({}, {"AccessionNumber": "ACC2"}, ["SPS2A", "SPS2B"]),
        ({}, {"PatientID": "THEIRS"}, []),
        ({"ScheduledProcedureStepID": "SPS2?"}, {}, ["SPS2A", "SPS2B"]),
    ],
)
def test_every_key_narrows_the_list(door, step, whole, found) -> None:
    status, answers = asked(door.port, step=step, **whole)

    assert (status, steps(answers)) == (0, found)


def test_what_is_cancelled_or_ended_leaves_the_list(door) -> None:
    door.hl7.take(order(orc="CA", status="CA", control="9", at="20260301140000"))

    assert steps(asked(door.port)[1]) == ["SPS2A", "SPS2B"]


def test_a_query_is_audited_by_its_keys_and_no_value(door, audit) -> None:
    asked(door.port, PatientID="IPP1")

    (entry,) = audit.entries
    assert (entry.tenant, entry.subject, entry.detail) == (WEST, "WORKLIST", "by 00100020")


def test_a_device_without_the_right_is_refused(door) -> None:
    status, answers = asked(door.port, calling="STORER")

    assert (status, answers) == (0x0124, [])


@pytest.mark.filterwarnings("ignore:Invalid value")  # pydicom's word on what we send
def test_a_malformed_query_is_refused(door) -> None:
    status, answers = asked(door.port, step={"ScheduledProcedureStepStartDate": "2026-2027-1"})

    assert (status, answers) == (0xA900, [])


def test_dcmtk_asks_for_a_worklist(door, tmp_path: Path) -> None:
    tool = Path("/usr/bin/findscu")
    if not tool.exists():
        pytest.skip("findscu of dcmtk is not installed")
    keys = [
        *("ScheduledProcedureStepSequence[0].Modality=CT", "PatientName", "AccessionNumber"),
        "ScheduledProcedureStepSequence[0].ScheduledStationAETitle=CT1",
        "ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate=20260301-20260331",
        "ScheduledProcedureStepSequence[0].ScheduledProtocolCodeSequence",
    ]
    done = subprocess.run(
        [
            *(str(tool), "-W", "-v", "-aet", "CT1", "-aec", "WEST"),
            *(word for key in keys for word in ("-k", key)),
            *("127.0.0.1", str(door.port)),
        ],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=60,
        check=True,
    )
    said = done.stdout + done.stderr

    assert "[ACC1" in said
    assert "[TEST-DUPONT^JEANNE" in said
    assert "[CTTHO1" in said
    assert "ACC2" not in said
