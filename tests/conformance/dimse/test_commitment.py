"""Storage commitment with real peers: what is answered for, and that it survives (PS3.4 J)."""

import contextlib
import json
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.sequence import Sequence
from pynetdicom import AE, build_role, evt

from archipel.access.model import Duty
from archipel.kernel.aetitle import AETitle
from archipel.kernel.hierarchy import Level
from archipel.kernel.uid import Uid
from archipel.protocols.dimse.move_scu import move
from archipel.protocols.dimse.outgoing import batches
from archipel.protocols.dimse.store_scu import sender
from archipel.protocols.dimse.user import Peer
from archipel.standards.dicom.service_classes import (
    INSTANCE_AVAILABILITY,
    STORAGE_COMMITMENT,
    STORAGE_COMMITMENT_INSTANCE,
)
from archipel.testing.furnished import Peer as Device
from archipel.testing.furnished import furnish
from archipel.testing.instances import SECONDARY_CAPTURE, Instance, instance
from archipel.testing.peers.free_ports import free_port
from archipel.testing.running_node import RunningNode

pytestmark = pytest.mark.slow

STUDY = 0x0020000D
PATIENCE_S = 60
QUICK = {"ARCHIPEL_ARCHIVE__SERIES_QUIET_S": "2", "ARCHIPEL_ARCHIVE__STUDY_QUIET_S": "3"}


class Reports:
    """What a peer was told, by transaction; `wait` for one."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[int, Dataset]] = {}
        self._news = threading.Condition()

    def hear(self, event: evt.Event) -> tuple[int, None]:
        with self._news:
            told = event.event_information
            self._told[told.TransactionUID] = event.event_type, told
            self._news.notify_all()
        return 0, None

    def wait(self, transaction: str) -> tuple[int, set[str], dict[str, int]]:
        """Return event type, what is committed, and the reasons of what is not."""
        with self._news:
            assert self._news.wait_for(lambda: transaction in self._told, PATIENCE_S)
            event_type, told = self._told[transaction]
        kept = {one.ReferencedSOPInstanceUID for one in told.get("ReferencedSOPSequence", [])}
        failed = told.get("FailedSOPSequence", [])
        return event_type, kept, {f.ReferencedSOPInstanceUID: f.FailureReason for f in failed}


class Place:
    """A node and the ports at which its devices listen, when they do."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.away, self.keeper = free_port(), free_port()
        self.port = free_port()
        keeper = Device("KEEPER", self.keeper, frozenset({Duty.COMMIT}))
        self.board = free_port()
        devices = [Device("MODALITY", self.port), Device("AWAY", self.away), keeper]
        devices.append(Device("BOARD", self.board, frozenset({Duty.ANNOUNCE})))
        furnish(home, {"chu": [*devices, Device("NOWHERE")]})
        self.node = RunningNode(home, settings=QUICK)

    def peer(self, calling: str = "MODALITY") -> Peer:
        return Peer(
            host=self.node.dicom_host,
            port=self.node.dicom_port,
            called=AETitle("CHU"),
            calling=AETitle(calling),
        )

    def send(self, *made: Instance) -> None:
        for proposals, part in batches([one.outgoing() for one in made]):
            with sender(self.peer(), proposals) as to_node:
                assert [to_node.store(one) for one in part] == [0] * len(part)

    def listed(self) -> list[dict]:
        command = [sys.executable, "-m", "archipel", "commitment", "list", "--json"]
        done = subprocess.run(
            [*command, "--home", str(self.home)],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = Place(tmp_path_factory.mktemp("node") / "home")
    with made.node:
        yield made


@contextlib.contextmanager
def listening(title: str, port: int, reports: Reports) -> Iterator[None]:
    """Run the association acceptor of a requestor: it takes reports in the SCU role."""
    entity = AE(title)
    entity.add_supported_context(STORAGE_COMMITMENT, scu_role=False, scp_role=True)
    handlers = [(evt.EVT_N_EVENT_REPORT, reports.hear)]
    server = entity.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
    try:
        yield
    finally:
        server.shutdown()


def asked(*pairs: tuple[str, str]) -> Dataset:
    made = Dataset()
    made.TransactionUID = Uid.fresh().value
    items = []
    for sop_class, sop_instance in pairs:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, sop_instance
        items.append(item)
    made.ReferencedSOPSequence = Sequence(items)
    return made


def request(place: Place, wanted: Dataset, title: str = "MODALITY", *, kind: int = 1) -> int:
    """Send an N-ACTION by pynetdicom and release at once; return its status."""
    with associated(place, title) as association:
        status, _ = association.send_n_action(
            wanted, kind, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE
        )
    return status.Status


@contextlib.contextmanager
def associated(place: Place, title: str, reports: Reports | None = None) -> Iterator:
    entity = AE(title)
    entity.add_requested_context(STORAGE_COMMITMENT)
    handlers = [(evt.EVT_N_EVENT_REPORT, reports.hear)] if reports else []
    association = entity.associate(
        place.node.dicom_host, place.node.dicom_port, ae_title="CHU", evt_handlers=handlers
    )
    assert association.is_established
    try:
        yield association
    finally:
        association.release()


def pair(one: Instance) -> tuple[str, str]:
    return SECONDARY_CAPTURE, one.sop_instance.value


def test_what_is_held_is_committed_and_what_is_not_is_said_with_its_reason(place: Place) -> None:
    held, other = instance(), instance()
    place.send(held, other)
    absent = Uid.fresh().value
    wanted = asked(
        pair(held), (SECONDARY_CAPTURE, absent), ("1.2.840.10008.5.1.4.1.1.2", pair(other)[1])
    )
    reports = Reports()

    with listening("MODALITY", place.port, reports):
        assert request(place, wanted) == 0
        event_type, kept, failed = reports.wait(wanted.TransactionUID)

    assert (event_type, kept) == (2, {pair(held)[1]})
    assert failed == {absent: 0x0112, pair(other)[1]: 0x0119}


def test_bytes_that_have_changed_on_the_disk_are_not_committed(place: Place) -> None:
    whole, spoilt = instance(pixel_bytes=9_000), instance(pixel_bytes=9_000)
    place.send(whole, spoilt)
    _spoil(place.home, spoilt)
    wanted, reports = asked(pair(whole), pair(spoilt)), Reports()

    with listening("MODALITY", place.port, reports):
        assert request(place, wanted) == 0
        event_type, kept, failed = reports.wait(wanted.TransactionUID)

    assert (event_type, kept, failed) == (2, {pair(whole)[1]}, {pair(spoilt)[1]: 0x0110})


def _spoil(home: Path, one: Instance) -> None:
    """Change one byte of pixels where they lie in the journal."""
    for segment in (home / "journal").glob("*.seg"):
        at = segment.read_bytes().find(one.dataset)
        if at >= 0:
            with segment.open("r+b") as file:
                file.seek(at + len(one.dataset) - 7)
                byte = file.read(1)[0]
                file.seek(at + len(one.dataset) - 7)
                file.write(bytes([byte ^ 0xFF]))
            return
    pytest.fail("the instance lies in no segment")


def test_what_was_sealed_is_read_again_from_its_pack(place: Place) -> None:
    made = [instance(pixel_bytes=9_000) for _ in range(2)]
    place.send(*made)
    deadline = time.monotonic() + 60
    while not all(_is_sealed(place, one) for one in made):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    wanted, reports = asked(*map(pair, made)), Reports()

    with listening("MODALITY", place.port, reports):
        assert request(place, wanted) == 0
        event_type, kept, failed = reports.wait(wanted.TransactionUID)

    assert (event_type, kept, failed) == (1, {pair(one)[1] for one in made}, {})


def _is_sealed(place: Place, one: Instance) -> bool:
    asked = "SELECT sealed FROM series WHERE series_instance_uid = ?"
    with contextlib.closing(sqlite3.connect(place.home / "index.db", timeout=30)) as index:
        return index.execute(asked, [one.series.value]).fetchone() == (1,)


def test_who_has_no_address_hears_its_report_where_it_asked(place: Place) -> None:
    made = instance()
    place.send(made)
    wanted, reports = asked(pair(made)), Reports()

    with associated(place, "NOWHERE", reports) as association:
        status, _ = association.send_n_action(
            wanted, 1, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE
        )
        event_type, kept, failed = reports.wait(wanted.TransactionUID)

    assert (status.Status, event_type, kept, failed) == (0, 1, {pair(made)[1]}, {})


@pytest.mark.filterwarnings(
    # pynetdicom knows no message of its peer while it releases, and its thread dies of it
    "ignore:Exception in thread:pytest.PytestUnhandledThreadExceptionWarning"
)
def test_who_left_without_an_address_hears_it_when_it_comes_back(place: Place) -> None:
    made = instance()
    place.send(made)
    wanted, reports = asked(pair(made)), Reports()

    assert request(place, wanted, "NOWHERE") == 0
    with associated(place, "NOWHERE", reports):
        event_type, kept, _ = reports.wait(wanted.TransactionUID)

    assert (event_type, kept) == (1, {pair(made)[1]})


@pytest.mark.long
def test_a_peer_that_is_away_is_called_again_also_after_a_power_cut(place: Place) -> None:
    made = instance()
    place.send(made)
    wanted, reports = asked(pair(made)), Reports()
    assert request(place, wanted, "AWAY") == 0

    place.node.kill()
    place.node.start()
    with listening("AWAY", place.away, reports):
        event_type, kept, _ = reports.wait(wanted.TransactionUID)

    assert (event_type, kept) == (1, {pair(made)[1]})


def test_a_transaction_uid_is_used_once(place: Place) -> None:
    made, other = instance(), instance()
    place.send(made, other)
    wanted, reused = asked(pair(made)), asked(pair(other))
    reused.TransactionUID = wanted.TransactionUID
    reports = Reports()

    with listening("MODALITY", place.port, reports):
        assert request(place, wanted) == 0
        assert request(place, reused) == 0x0131
        assert request(place, wanted) == 0  # the same again: its answer may have been lost
        reports.wait(wanted.TransactionUID)


@pytest.mark.parametrize(
    ("spoil", "status"),
    [
        (lambda wanted: wanted.pop("ReferencedSOPSequence"), 0x0115),
        (lambda wanted: wanted.pop("TransactionUID"), 0x0115),
    ],
)
def test_a_request_that_says_nothing_is_refused(place: Place, spoil, status: int) -> None:
    wanted = asked((SECONDARY_CAPTURE, Uid.fresh().value))
    spoil(wanted)

    assert request(place, wanted) == status


def test_an_unknown_action_is_refused(place: Place) -> None:
    wanted = asked((SECONDARY_CAPTURE, Uid.fresh().value))

    assert request(place, wanted, kind=2) == 0x0123


@pytest.mark.parametrize("way", ["at once", "later"])
def test_a_destination_is_asked_to_keep_what_it_was_sent(place: Place, way: str) -> None:
    study = Uid.fresh()
    made = [instance(study=study) for _ in range(3)]
    place.send(*made)
    lost = made[1].sop_instance.value

    with keeper(place, lost=lost, at_once=way == "at once"):
        moved = move(
            place.peer(), Level.STUDY, {STUDY: study.value}, destination=AETitle("KEEPER")
        )
        assert (moved.status, moved.completed) == (0, 3)
        deadline = time.monotonic() + PATIENCE_S
        while (newest := place.listed()[0])["committed"] is None:
            assert time.monotonic() < deadline, newest
            time.sleep(0.3)

    assert (newest["asked_by"], newest["keeper"]) == ("CHU", "KEEPER")
    assert (newest["instances"], newest["committed"], newest["reasons"]) == (3, 2, "0112")


@contextlib.contextmanager
def keeper(place: Place, *, lost: str, at_once: bool) -> Iterator[None]:
    """Run an archive of pynetdicom that commits all but one instance."""
    entity = AE("KEEPER")
    entity.add_supported_context(SECONDARY_CAPTURE)
    entity.add_supported_context(STORAGE_COMMITMENT)

    def act(event: evt.Event) -> tuple[int, None]:
        threading.Thread(target=report, args=(event.assoc, event.action_information)).start()
        return 0, None

    def report(association, wanted: Dataset) -> None:
        time.sleep(0.3)
        told = Dataset()
        told.TransactionUID = wanted.TransactionUID
        every = wanted.ReferencedSOPSequence
        told.ReferencedSOPSequence = [i for i in every if i.ReferencedSOPInstanceUID != lost]
        told.FailedSOPSequence = [i for i in every if i.ReferencedSOPInstanceUID == lost]
        told.FailedSOPSequence[0].FailureReason = 0x0112
        event = told, 2, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE
        if at_once:
            association.send_n_event_report(*event)
            return
        time.sleep(4)  # longer than the node waits on the association it asked on
        back = AE("KEEPER")
        back.add_requested_context(STORAGE_COMMITMENT)
        called = back.associate(
            place.node.dicom_host,
            place.node.dicom_port,
            ae_title="CHU",
            ext_neg=[build_role(STORAGE_COMMITMENT, scp_role=True)],
        )
        status, _ = called.send_n_event_report(*event)
        called.release()
        assert status.Status == 0

    handlers = [(evt.EVT_C_STORE, lambda _: 0), (evt.EVT_N_ACTION, act)]
    server = entity.start_server(("127.0.0.1", place.keeper), block=False, evt_handlers=handlers)
    try:
        yield
    finally:
        server.shutdown()


def test_a_board_hears_of_a_complete_study(place: Place) -> None:
    study = Uid.fresh()
    made = [instance(study=study) for _ in range(2)]
    heard: dict[str, Dataset] = {}
    news = threading.Event()

    def hear(event: evt.Event) -> tuple[int, Dataset]:
        told = event.attribute_list
        heard[told.StudyInstanceUID] = told
        if told.StudyInstanceUID == study.value:
            news.set()
        return 0, told

    entity = AE("BOARD")
    entity.add_supported_context(INSTANCE_AVAILABILITY)
    server = entity.start_server(
        ("127.0.0.1", place.board), block=False, evt_handlers=[(evt.EVT_N_CREATE, hear)]
    )
    try:
        place.send(*made)
        assert news.wait(PATIENCE_S)
    finally:
        server.shutdown()

    items = [
        item
        for series in heard[study.value].ReferencedSeriesSequence
        for item in series.ReferencedSOPSequence
    ]
    assert {item.ReferencedSOPInstanceUID for item in items} == {pair(one)[1] for one in made}
    assert {(item.InstanceAvailability, item.RetrieveAETitle) for item in items} == {
        ("ONLINE", "CHU")
    }
