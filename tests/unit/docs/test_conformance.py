"""The conformance statements say what the program does: their tables against its own."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
from starlette.routing import Route

from archipel.app.dicom_door import measures
from archipel.app.operations.conformance import SOP_CLASSES, statement
from archipel.app.settings import DicomSettings
from archipel.kernel.hierarchy import Level
from archipel.protocols.dicomweb import DicomwebServices, router
from archipel.protocols.dicomweb.problem import _OWN, STATUS
from archipel.protocols.dicomweb.services import Limits
from archipel.protocols.dimse import negotiation
from archipel.protocols.dimse.settings import DimseSettings
from archipel.protocols.dimse.status import COMMIT, FIND, GET, HEARD, MOVE, STORE, Status
from archipel.standards.dicom import pdu, transfer_syntax
from archipel.standards.dicom import service_classes as sop
from archipel.standards.dicom.attributes import INDEXED
from archipel.standards.dicom.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from archipel.standards.dicom.user_information import UserInformation

CONFORMANCE = Path(__file__).parents[3] / "docs" / "conformance"
DICOM = (CONFORMANCE / "dicom.md").read_text()
DICOMWEB = (CONFORMANCE / "dicomweb.md").read_text()
UNSAID = {Status.SOP_CLASS_NOT_SUPPORTED, Status.MISTYPED_ARGUMENT}  # in no table of a service
HELD_BY_NAME = re.compile(r"\(`(\w+)`\) \| ([\d.e+]+)")


def test_the_statement_is_what_the_program_writes_of_itself() -> None:
    assert statement(DicomSettings()) == DICOM
    assert "{{" not in DICOM


def test_the_statement_tells_the_settings_of_its_node() -> None:
    told = statement(DicomSettings(tls_bind="10.0.0.5:2762", maximum_associations=7))

    assert "| port | `10.0.0.5:2762` |" in told
    assert "| associations at once (`max_associations`) | 7 |" in told


@pytest.mark.parametrize("row", SOP_CLASSES, ids=lambda row: row[0])
def test_each_class_is_accepted_if_it_is_provided(row: tuple[str, str, str, str]) -> None:
    name, uid, _, provided = row
    context = pdu.ProposedContext(1, uid, (transfer_syntax.IMPLICIT_VR_LITTLE_ENDIAN,))
    asked = pdu.AssociateRq(called="A", calling="B", contexts=(context,), user=UserInformation())

    accepted = negotiation.answer(asked, DimseSettings())[1]

    assert f"| {name} | `{uid}` |" in DICOM
    assert bool(accepted) == (provided == "yes")


def test_no_class_is_accepted_that_is_not_stated() -> None:
    served = {sop.VERIFICATION} | sop.FIND | sop.MOVE | sop.GET | sop.COMMITMENT | sop.WORKLIST

    assert {uid for _, uid, _, provided in SOP_CLASSES if provided == "yes"} == served


@pytest.mark.parametrize("uid", list(transfer_syntax.REGISTRY))
def test_each_transfer_syntax_is_accepted_for_storage(uid: str) -> None:
    context = pdu.ProposedContext(1, "1.2.840.10008.5.1.4.1.1.2", (uid,))
    asked = pdu.AssociateRq(called="A", calling="B", contexts=(context,), user=UserInformation())

    (accepted,) = negotiation.answer(asked, DimseSettings())[1].values()

    assert accepted.transfer_syntax == uid


def test_the_transfer_syntaxes_are_those_that_are_known() -> None:
    stated = re.findall(r"^\| (.+) \| `([\d.]+)` \|$", DICOM, re.MULTILINE)

    assert {uid: name for name, uid in stated} == {
        uid: syntax.name for uid, syntax in transfer_syntax.REGISTRY.items()
    }


def test_every_status_of_a_service_is_stated() -> None:
    stated = {
        Status(int(code, 16)) for code in re.findall(r"^\| `([0-9A-F]{4})`", DICOM, re.MULTILINE)
    }
    given = {
        status for table in (STORE, FIND, MOVE, GET, COMMIT, HEARD) for status in table.values()
    }

    assert stated >= given
    assert not stated & UNSAID


@pytest.mark.parametrize("level", Level, ids=lambda level: level.name)
def test_the_keys_of_a_query_are_those_that_are_indexed(level: Level) -> None:
    row = re.search(rf"^\| {level.name} \| (.+) \|$", DICOM, re.MULTILINE)

    assert row is not None
    assert row[1].split(", ") == [a.keyword for a in INDEXED.values() if a.level is level]


def test_the_limits_of_the_dicom_door_are_its_defaults() -> None:
    door = measures(DicomSettings())
    stated = HELD_BY_NAME.findall(DICOM)

    assert len(stated) > 10
    assert {name: float(value) for name, value in stated} == {
        name: float(getattr(door, name)) for name, _ in stated
    }


def test_the_implementation_is_named() -> None:
    assert f"`{IMPLEMENTATION_CLASS_UID}`" in DICOM
    assert f"`{IMPLEMENTATION_VERSION_NAME}`" in DICOM


def test_the_resources_of_dicomweb_are_those_that_are_served() -> None:
    stated = set(
        re.findall(r"^\| (GET|POST|PUT|DELETE|OPTIONS) \| `(\S+)`", DICOMWEB, re.MULTILINE)
    )
    unserved = dict.fromkeys(field.name for field in fields(DicomwebServices))
    served = {
        (method, route.path)
        for route in router(DicomwebServices(**unserved)).routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }

    assert stated == served


def test_the_statuses_of_dicomweb_are_those_of_its_failures() -> None:
    stated = {int(code) for code in re.findall(r"^\| (\d{3}) \|", DICOMWEB, re.MULTILINE)}

    assert stated == {*STATUS.values(), *_OWN.values()}


def test_the_limits_of_dicomweb_are_its_defaults() -> None:
    stated = {name: float(value) for name, value in HELD_BY_NAME.findall(DICOMWEB)}

    assert stated == {f.name: float(getattr(Limits(), f.name)) for f in fields(Limits)}
