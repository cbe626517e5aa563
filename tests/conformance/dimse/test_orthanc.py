"""Debian's Orthanc as a real peer of a real node: both ways by DIMSE, and its STOW-RS to us."""

import contextlib
import io
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from pydicom import Dataset, dcmread
from pynetdicom import AE, build_role, evt

from archipel.access.model import Duty
from archipel.app.home import Home
from archipel.app.wiring import Node
from archipel.archive.commitment import Asker
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
from archipel.standards.dicom.service_classes import STUDY_ROOT_GET
from archipel.testing.furnished import Peer as Device
from archipel.testing.furnished import furnish
from archipel.testing.instances import SECONDARY_CAPTURE, Instance, instance
from archipel.testing.peers.free_ports import free_port
from archipel.testing.running_node import RunningNode

ORTHANC = shutil.which("Orthanc") or "/usr/sbin/Orthanc"
PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
STUDY, SERIES, SOP = 0x0020000D, 0x0020000E, 0x00080018

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path(ORTHANC).exists(), reason="Orthanc is not installed"),
]


@dataclass
class Pair:
    """Our node and Orthanc, each known to the other; `rest` speaks to Orthanc's own interface."""

    node: RunningNode
    rest: httpx.Client
    web: httpx.Client
    orthanc_port: int

    def orthanc(self) -> Peer:
        return Peer(
            host="127.0.0.1",
            port=self.orthanc_port,
            called=AETitle("ORTHANC"),
            calling=AETitle("CHU"),
        )

    def ours(self) -> Peer:
        return Peer(
            host=self.node.dicom_host,
            port=self.node.dicom_port,
            called=AETitle("CHU"),
            calling=AETitle("ORTHANC"),
        )

    def at_orthanc(self, study: Uid) -> dict[str, bytes]:
        """Return the files Orthanc holds of a study, by SOP instance."""
        asked = {"Level": "Instance", "Query": {"StudyInstanceUID": study.value}}
        found = self.rest.post("/tools/find", json=asked).json()
        files = [self.rest.get(f"/instances/{one}/file").content for one in found]
        return {dcmread(io.BytesIO(f), stop_before_pixels=True).SOPInstanceUID: f for f in files}

    def in_ours(self, study: Uid) -> set[str]:
        keys = {STUDY: study.value, SERIES: "", SOP: ""}
        return {found.text(SOP) for found in find(self.ours(), Level.IMAGE, keys)}

    def upload(self, study: Uid, count: int = 3) -> list[Instance]:
        """Give Orthanc a study over C-STORE."""
        made = [instance(study=study, pixel_bytes=9_000) for _ in range(count)]
        send(self.orthanc(), made)
        return made


def send(peer: Peer, made: list[Instance]) -> None:
    for proposals, part in batches([one.outgoing() for one in made]):
        with sender(peer, proposals) as to_peer:
            assert [to_peer.store(one) for one in part] == [0] * len(part)


@contextlib.contextmanager
def orthanc(folder: Path, settings: dict) -> Iterator[int]:
    (folder / "orthanc.json").write_text(json.dumps(settings))
    process = subprocess.Popen(
        [ORTHANC, str(folder / "orthanc.json")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    port = settings["HttpPort"]
    try:
        for _ in range(300):
            with contextlib.suppress(httpx.TransportError):
                httpx.get(f"http://127.0.0.1:{port}/system", timeout=2)
                break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder, home = tmp_path_factory.mktemp("orthanc"), tmp_path_factory.mktemp("ours") / "home"
    dicom_port = free_port()
    tokens = furnish(home, {"chu": [Device("ORTHANC", dicom_port, frozenset({Duty.COMMIT}))]})
    bearer = {"Authorization": f"Bearer {tokens['chu']}"}
    with RunningNode(home) as node:
        settings = {
            "Name": "TEST Orthanc",
            "StorageDirectory": str(folder),
            "IndexDirectory": str(folder),
            "DicomPort": dicom_port,
            "HttpPort": free_port(),
            "DicomAet": "ORTHANC",
            "RemoteAccessAllowed": False,
            "DicomAlwaysAllowFind": True,
            "DicomAlwaysAllowGet": True,
            "DicomAlwaysAllowMove": True,
            "DicomModalities": {"ours": ["CHU", node.dicom_host, node.dicom_port]},
            "Plugins": [str(PLUGIN)] if PLUGIN.exists() else [],
            "DicomWeb": {
                "Enable": True,
                "Servers": {"ours": {"Url": f"{node.http}/dicomweb/", "HttpHeaders": bearer}},
            },
        }
        with (
            orthanc(folder, settings) as port,
            httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as rest,
            httpx.Client(base_url=f"{node.http}/dicomweb", headers=bearer, timeout=30) as web,
        ):
            yield Pair(node, rest, web, dicom_port)


@pytest.fixture
def study() -> Uid:
    return Uid.fresh()


def test_each_greets_the_other(pair: Pair) -> None:
    assert pair.rest.post("/modalities/ours/echo", json={}).status_code == 200


def test_orthanc_stores_to_us_what_it_was_given_bit_for_bit(pair: Pair, study: Uid) -> None:
    made = pair.upload(study)
    asked = {"Level": "Study", "Query": {"StudyInstanceUID": study.value}}
    (name,) = pair.rest.post("/tools/find", json=asked).json()

    done = pair.rest.post("/modalities/ours/store", json={"Resources": [name]})

    assert done.json()["FailedInstancesCount"] == 0, done.text
    for one in made:
        path = f"/studies/{study}/series/{one.series}/instances/{one.sop_instance}"
        accept = {"Accept": "application/dicom; transfer-syntax=*"}
        assert pair.web.get(path, headers=accept).content.endswith(one.dataset)


def test_orthanc_queries_us_and_has_it_moved_to_itself(pair: Pair, study: Uid) -> None:
    made = [instance(study=study) for _ in range(3)]
    send(pair.ours(), made)

    asked = {"Level": "Study", "Query": {"StudyInstanceUID": study.value, "PatientName": ""}}
    query = pair.rest.post("/modalities/ours/query", json=asked).json()["ID"]
    answers = pair.rest.get(f"/queries/{query}/answers?expand&simplify").json()
    moved = pair.rest.post(f"/queries/{query}/retrieve", content="ORTHANC")

    assert [a["StudyInstanceUID"] for a in answers] == [study.value]
    assert answers[0]["PatientName"] == "TEST-Lefèvre^Zoé"
    assert moved.status_code == 200, moved.text
    assert set(pair.at_orthanc(study)) == {one.sop_instance.value for one in made}


@pytest.mark.parametrize("level", [Level.STUDY, Level.SERIES, Level.IMAGE])
def test_we_query_orthanc_and_have_it_moved_to_us(pair: Pair, study: Uid, level: Level) -> None:
    made = pair.upload(study)
    one = made[0]
    keys = {STUDY: study.value}
    keys |= {SERIES: one.series.value} if level >= Level.SERIES else {}
    keys |= {SOP: one.sop_instance.value} if level is Level.IMAGE else {}

    found = list(find(pair.orthanc(), level, keys))
    moved = move(pair.orthanc(), level, keys, destination=AETitle("CHU"))

    assert len(found) == 1
    expected = made if level is Level.STUDY else [one]
    assert (moved.status, moved.completed) == (0, len(expected))
    assert pair.in_ours(study) == {each.sop_instance.value for each in expected}


def test_we_move_to_orthanc_bit_for_bit(pair: Pair, study: Uid) -> None:
    made = [instance(study=study, pixel_bytes=40_000) for _ in range(4)]
    send(pair.ours(), made)

    moved = move(pair.ours(), Level.STUDY, {STUDY: study.value}, destination=AETitle("ORTHANC"))

    held = pair.at_orthanc(study)
    assert (moved.status, moved.completed) == (0, 4)
    assert all(held[one.sop_instance.value].endswith(one.dataset) for one in made)


def test_orthanc_has_us_answer_for_what_it_stored(pair: Pair, study: Uid) -> None:
    made = [instance(study=study) for _ in range(2)]
    send(pair.ours(), made)
    absent = Uid.fresh().value
    wanted = [(one.sop_class.value, one.sop_instance.value) for one in made]

    reports = [
        committed(pair, pairs) for pairs in (wanted, [*wanted, (SECONDARY_CAPTURE, absent)])
    ]

    assert [report["Status"] for report in reports] == ["Success", "Failure"]
    assert [one["SOPInstanceUID"] for one in reports[1]["Failures"]] == [absent]
    assert reports[1]["Failures"][0]["FailureReason"] == 0x0112


def committed(pair: Pair, pairs: list[tuple[str, str]]) -> dict:
    """Have Orthanc ask us, and wait until it has our report."""
    asked = {"DicomInstances": [list(one) for one in pairs]}
    transaction = pair.rest.post("/modalities/ours/storage-commitment", json=asked).json()["ID"]
    for _ in range(300):
        report = pair.rest.get(f"/storage-commitment/{transaction}").json()
        if report["Status"] != "Pending":
            return report
        time.sleep(0.1)
    pytest.fail("no report came")


def test_orthanc_answers_for_what_we_moved_to_it(pair: Pair, study: Uid) -> None:
    made = [instance(study=study) for _ in range(3)]
    send(pair.ours(), made)

    move(pair.ours(), Level.STUDY, {STUDY: study.value}, destination=AETitle("ORTHANC"))

    scope = Scope(Actor(ActorKind.PERSON, "test"), frozenset({TenantId("chu")}))
    with Node.open(Home(pair.node.home)) as node:
        for _ in range(300):
            found = [
                one
                for one in node.commitments.latest(scope=scope)
                if one.key.asker is Asker.US and one.references[0].sop_instance in sops(made)
            ]
            if found and found[0].decided_at is not None:
                break
            time.sleep(0.1)
    assert {one.sop_instance for one in found[0].committed} == sops(made)


def sops(made: list[Instance]) -> set[Uid]:
    return {one.sop_instance for one in made}


def test_what_c_get_brings_from_us_and_from_orthanc_is_the_same(pair: Pair, study: Uid) -> None:
    made = pair.upload(study)
    send(pair.ours(), made)

    ours, theirs = got(pair.ours(), study), got(pair.orthanc(), study)

    assert ours == theirs == {one.sop_instance.value: one.dataset for one in made}


def got(peer: Peer, study: Uid) -> dict[str, bytes]:
    """Retrieve a study by C-GET of pynetdicom: Orthanc 1.10 has no C-GET of its own as user."""
    came: dict[str, bytes] = {}

    def keep(event) -> int:
        came[event.request.AffectedSOPInstanceUID] = event.request.DataSet.getvalue()
        return 0

    entity = AE(peer.calling.value)
    entity.add_requested_context(STUDY_ROOT_GET)
    entity.add_requested_context(SECONDARY_CAPTURE, "1.2.840.10008.1.2.1")
    association = entity.associate(
        peer.host,
        peer.port,
        ae_title=peer.called.value,
        ext_neg=[build_role(SECONDARY_CAPTURE, scp_role=True)],
        evt_handlers=[(evt.EVT_C_STORE, keep)],
    )
    asked = Dataset()
    asked.QueryRetrieveLevel, asked.StudyInstanceUID = "STUDY", study.value
    statuses = [status.Status for status, _ in association.send_c_get(asked, STUDY_ROOT_GET)]
    association.release()
    assert statuses[-1] == 0
    return came


needs_plugin = pytest.mark.skipif(not PLUGIN.exists(), reason="orthanc-dicomweb is not installed")


@needs_plugin
def test_orthanc_stores_to_us_by_stow(pair: Pair, study: Uid) -> None:
    made = pair.upload(study)
    asked = {"Level": "Study", "Query": {"StudyInstanceUID": study.value}}
    (name,) = pair.rest.post("/tools/find", json=asked).json()

    sent = pair.rest.post("/dicom-web/servers/ours/stow", json={"Resources": [name]})

    assert sent.status_code == 200, sent.text
    assert pair.in_ours(study) == {one.sop_instance.value for one in made}


@needs_plugin
def test_orthanc_asks_us_by_qido_and_retrieves_by_wado(pair: Pair, study: Uid) -> None:
    made = [instance(study=study, pixel_bytes=9_000) for _ in range(3)]
    send(pair.ours(), made)

    asked = {"Uri": "/studies", "Arguments": {"StudyInstanceUID": study.value}}
    found = pair.rest.post("/dicom-web/servers/ours/qido", json=asked)
    taken = pair.rest.post(
        "/dicom-web/servers/ours/retrieve", json={"Resources": [{"Study": study.value}]}
    )

    assert study.value in found.text
    assert taken.status_code == 200, taken.text
    held = pair.at_orthanc(study)
    assert set(held) == {one.sop_instance.value for one in made}
