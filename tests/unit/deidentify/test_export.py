"""A whole exam of a real node: through the door, the command, and in the audit."""

import asyncio
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pydicom
import pytest
from typer.testing import CliRunner

from archipel.access import enrol
from archipel.access.model import Action, AuditQuery, Person, Role
from archipel.app.cli import command
from archipel.app.create import create_node
from archipel.app.home import Home
from archipel.app.media_import import take_in
from archipel.app.upkeep import rebuild_index
from archipel.app.web import application
from archipel.app.wiring import Node
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.standards.dicom.dataset import DataSet, Element, write
from archipel.standards.dicom.part10 import meta
from archipel.standards.dicom.transfer_syntax import EXPLICIT_VR_LITTLE_ENDIAN as ELE

pytestmark = pytest.mark.slow
CH = TenantId("ch-test")
STUDY = "1.2.250.1.990001.77.2026.1"
CT, US = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.6.1"
SECRETS = (b"KERVOZEC", b"Tiphanie", b"TEST-90817", b"TEST-ACC-1", b"BALISIER", b"990001.77")


def file_of(number: int, sop_class: str, modality: str) -> bytes:
    made = DataSet()
    texts = {
        0x00080016: sop_class,
        0x00080018: f"{STUDY}.{number}",
        0x00080020: "20260301",
        0x00080050: "TEST-ACC-1",
        0x00080060: modality,
        0x00080090: "TEST-BALISIER^Ana",
        0x0008103E: "THORAX",
        0x00100010: "TEST-KERVOZEC^Tiphanie",
        0x00100020: "TEST-90817",
        0x0020000D: STUDY,
        0x0020000E: f"{STUDY}.{modality == 'US':d}.9",
        0x00200013: str(number),
        0x00280002: "1",
        0x00280004: "MONOCHROME2",
        0x00280010: "8",
        0x00280011: "8",
        0x00280100: "16",
        0x00280101: "12",
        0x00280102: "11",
        0x00280103: "0",
    }
    for tag, text in texts.items():
        made.set_text(tag, text)
    made.elements[0x7FE00010] = Element("OW", np.arange(64, dtype="<u2").tobytes())
    head = meta(
        sop_class=Uid(sop_class), sop_instance=Uid(f"{STUDY}.{number}"), transfer_syntax=Uid(ELE)
    )
    return head + write(made, ELE)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    root = tmp_path_factory.mktemp("node")
    home = Home(root / "home")
    create_node(home, name="CH TEST", community="guyane")
    source = root / "medium"
    source.mkdir()
    for number in (1, 2, 3):
        (source / f"{number}").write_bytes(file_of(number, CT, "CT"))
    (source / "4").write_bytes(file_of(4, US, "US"))
    with Node.open(home) as opened:
        owner = opened.organisations.organisation(tenant=CH)
        assert owner is not None
        for _ in take_in(sorted(source.iterdir()), organisation=owner, node=opened):
            pass
    with Node.open(home) as opened:
        assert rebuild_index(opened).summary["instances"] == 4
        yield opened


class Asker:
    """Somebody with a token of the node."""

    def __init__(self, node: Node, login: str, role: Role) -> None:
        office, now = node.office("test"), node.clock()
        person = Person(login=login, name="TEST", tenant=CH, role=role)
        enrol.add_person(person, office=office, now=now)
        self._token, _ = enrol.create_token(login, "t", office=office, now=now)
        self._app = application(node)

    def asks(self, **wish: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
                return await client.post(
                    f"/api/exams/{CH}~{STUDY}/deidentified",
                    json=wish,
                    headers={"Authorization": f"Bearer {self._token}"},
                )

        return asyncio.run(send())


@pytest.fixture(scope="module")
def radiologist(node: Node) -> Asker:
    return Asker(node, "radio", Role.RADIOLOGIST)


def test_it_leaves_whole_and_names_nobody(node: Node, radiologist: Asker) -> None:
    answer = radiologist.asks(project="TEST sein", options=["modified-dates"], leave_out=True)

    assert answer.status_code == 200, answer.text
    assert (answer.headers["X-Objects"], answer.headers["X-Left-Out"]) == ("3", "1")
    assert [secret for secret in SECRETS if secret in answer.content] == []
    assert not [s for s in SECRETS if s in str(answer.headers).encode()]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        names = [one for one in archive.namelist() if one != "METHOD.JSON"]
        files = [pydicom.dcmread(io.BytesIO(archive.read(one))) for one in names]
        told = json.loads(archive.read("METHOD.JSON"))
    assert names == [f"DICOM/S0000001/I000000{n}" for n in (1, 2, 3)]
    assert told["left_out"] == 1
    assert {one.PatientIdentityRemoved for one in files} == {"YES"}
    assert len({one.StudyInstanceUID for one in files}) == 1
    assert len({one.SOPInstanceUID for one in files}) == 3
    assert [one.file_meta.MediaStorageSOPInstanceUID for one in files] == [
        one.SOPInstanceUID for one in files
    ]
    assert (files[0].pixel_array == np.arange(64).reshape(8, 8)).all()
    assert files[0].StudyDate not in {"", "20260301"}
    assert answer.headers["Content-Disposition"].endswith(f'{files[0].PatientID}.zip"')


def test_it_is_written_down_before_it_leaves(node: Node, radiologist: Asker) -> None:
    radiologist.asks(project="TEST audit", leave_out=True)

    rows = node.audit.search(AuditQuery(subject=STUDY), scope=node.office("t").scope, node=True)
    said = [one.entry for one in rows if "TEST audit" in one.entry.detail]
    assert [one.action for one in said] == [Action.SEND]
    assert "3 objects" in said[0].detail


def test_the_same_is_asked_and_the_same_comes_and_another_project_gives_another(
    radiologist: Asker,
) -> None:
    first, again, other = (
        radiologist.asks(project=project, leave_out=True).content for project in ("a", "a", "b")
    )

    assert first == again
    assert first != other


def test_nothing_leaves_when_one_object_cannot(node: Node, radiologist: Asker) -> None:
    answer = radiologist.asks(project="TEST none")

    assert answer.status_code == 409
    assert "1 of 4 objects" in answer.json()["detail"]
    assert "US" in answer.json()["detail"]
    assert list(node.home.run.glob("tmp*")) == []


def test_a_rule_of_the_node_lets_an_ultrasound_leave(node: Node, radiologist: Asker) -> None:
    rules = '[[blackout]]\nmodality = "US"\nrows = 8\ncolumns = 8\nboxes = [[0, 0, 8, 2]]\n'
    node.home.blackouts_file.write_text(rules)
    try:
        answer = radiologist.asks(project="TEST us", options=["pixels"])
    finally:
        node.home.blackouts_file.unlink()

    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        found = pydicom.dcmread(io.BytesIO(archive.read("DICOM/S0000002/I0000004")))
    assert (found.pixel_array[:2] == 0).all()
    assert (found.pixel_array[2:] != 0).all()


def test_options_that_exclude_each_other_are_refused(radiologist: Asker) -> None:
    answer = radiologist.asks(project="x", options=["full-dates", "modified-dates"])

    assert answer.status_code == 422


@pytest.mark.parametrize("role", [Role.TECHNOLOGIST, Role.SECRETARY, Role.NETWORK_ADMIN])
def test_others_may_not(node: Node, role: Role) -> None:
    asker = Asker(node, f"other-{role.value}", role)

    assert asker.asks(project="x", leave_out=True).status_code == 403


def test_the_command_writes_the_archive_once(node: Node, tmp_path: Path) -> None:
    out = tmp_path / "exam.zip"
    words = ["deidentify", "--home", str(node.home.root), "--project", "p", "--out", str(out)]
    words += ["--leave-out", "--option", "descriptors", f"{CH}~{STUDY}"]

    done = CliRunner().invoke(command, words)

    assert done.exit_code == 0, done.output
    with zipfile.ZipFile(out) as archive:
        found = pydicom.dcmread(io.BytesIO(archive.read("DICOM/S0000001/I0000001")))
    assert found.SeriesDescription == "THORAX"
    assert CliRunner().invoke(command, words).exit_code != 0
