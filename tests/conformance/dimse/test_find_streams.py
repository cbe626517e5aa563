"""C-FIND on the real index: answers stream, a C-CANCEL ends the reading, memory stays bounded."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from pydicom import Dataset
from pynetdicom import AE

from archipel.access.model import Device, Service
from archipel.archive.model import Match, Query
from archipel.kernel.actors import Scope
from archipel.kernel.aetitle import AETitle
from archipel.kernel.clock import utc_now
from archipel.kernel.hierarchy import Level
from archipel.kernel.identifiers import TenantId
from archipel.protocols.dimse.association import serve
from archipel.protocols.dimse.find_scu import find
from archipel.protocols.dimse.services import Services
from archipel.protocols.dimse.settings import DimseSettings
from archipel.protocols.dimse.user import Peer
from archipel.standards.dicom import pdu
from archipel.standards.dicom.service_classes import STUDY_ROOT_FIND
from archipel.stores.sql.archive.query import SqlCatalogue
from archipel.stores.sql.archive.streaming import ROWS
from archipel.stores.sql.session import Database
from archipel.testing.dimse_node import DimseNode, KnownDevice, organisations
from archipel.testing.many_studies import fill
from archipel.testing.memory import (
    MemoryArchive,
    MemoryAudit,
    MemoryContents,
    MemoryDevices,
    MemoryJournal,
    MemoryWorklist,
)
from archipel.testing.memory_commitments import MemoryCommitments

MOST_GROWTH_KB = 24 * 1024
OUEST = TenantId("ouest")
STUDY = 0x0020000D


class Counting(SqlCatalogue):
    """The catalogue on the index; it counts what is read, and waits once to be let on."""

    pages, waits_behind = 0, 1
    go_on = threading.Event()

    def answers(self, level: Level, keys: Query, *, scope: Scope) -> Iterator[Sequence[Match]]:
        """Count each page; the test has a peer cancel while the next one is not read yet."""
        for page in super().answers(level, keys, scope=scope):
            self.pages += 1
            yield page
            if self.pages == self.waits_behind:
                assert self.go_on.wait(20)


@pytest.fixture
def catalogue(sqlite_database: Database) -> Counting:
    fill(sqlite_database, 1_900, owner=OUEST)
    return Counting(sqlite_database)


@pytest.fixture
def port(catalogue: Counting) -> Iterator[int]:
    """Serve one association of a peer, here, over the index."""
    archive = MemoryArchive()
    device = Device(
        ae_title=AETitle("VIEWER"),
        tenant=OUEST,
        host=None,
        port=None,
        may=frozenset({Service.FIND}),
    )
    services = Services(
        journal=MemoryJournal(archive),
        catalogue=catalogue,
        contents=MemoryContents(archive),
        devices=MemoryDevices(organisations(), [device]),
        audit=MemoryAudit(),
        commitments=MemoryCommitments(),
        worklist=MemoryWorklist(),
        clock=utc_now,
    )
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(20)

    def answer() -> None:
        sock, _ = listener.accept()
        sock.settimeout(10)
        _, _, length = pdu.HEADER.unpack(sock.recv(pdu.HEADER.size, socket.MSG_WAITALL))
        asked = sock.recv(length, socket.MSG_WAITALL)
        serve(sock, asked, host="127.0.0.1", services=services, settings=DimseSettings())

    thread = threading.Thread(target=answer)
    thread.start()
    yield listener.getsockname()[1]
    thread.join(20)
    listener.close()
    assert not thread.is_alive()


def _asked() -> Dataset:
    asked = Dataset()
    asked.QueryRetrieveLevel, asked.StudyInstanceUID, asked.PatientName = "STUDY", "", ""
    return asked


@pytest.mark.slow
@pytest.mark.parametrize("pages", [1, 2])
def test_a_cancel_of_pynetdicom_ends_the_reading_within_a_page(port, catalogue, pages) -> None:
    catalogue.waits_behind, catalogue.go_on = pages, threading.Event()
    entity = AE("VIEWER")
    entity.add_requested_context(STUDY_ROOT_FIND)
    association = entity.associate("127.0.0.1", port, ae_title="OUEST")
    statuses: list[int] = []

    for status, _ in association.send_c_find(_asked(), STUDY_ROOT_FIND):
        statuses.append(status.Status)
        if len(statuses) == pages * ROWS:
            association.send_c_cancel(1, query_model=STUDY_ROOT_FIND)
            time.sleep(0.2)  # the cancel is on its way
            catalogue.go_on.set()
    association.release()

    assert statuses == [0xFF00] * pages * ROWS + [0xFE00]
    assert catalogue.pages == pages + 1  # of the four that there are


def _peak_kb(node: DimseNode) -> int:
    """Give the largest resident size any process of the node ever had."""
    processes = [node.process.pid]
    for one in processes:
        children = Path(f"/proc/{one}/task/{one}/children").read_text().split()
        processes += map(int, children)
    lines = [Path(f"/proc/{one}/status").read_text().splitlines() for one in processes]
    return max(int(t.split()[1]) for one in lines for t in one if t.startswith("VmHWM"))


def _is_bounded(database: Database, peer: Callable[..., Peer], folder: Path, studies: int) -> None:
    fill(database, studies, owner=OUEST)
    url = f"sqlite:///{folder / 'index.db'}"
    node = DimseNode.start([KnownDevice(title="MODALITY")], database=url, log_file=folder / "log")
    try:
        (_,) = find(peer(node), Level.STUDY, {STUDY: "2.25.70"})
        before = _peak_kb(node)

        given = sum(1 for _ in find(peer(node), Level.STUDY, {}))

        assert given == studies
        assert _peak_kb(node) - before < MOST_GROWTH_KB
    finally:
        assert node.stop() == 0


@pytest.mark.slow
def test_memory_is_bounded_for_5_000_answers(sqlite_database, peer, tmp_path) -> None:
    _is_bounded(sqlite_database, peer, tmp_path, 5_000)


@pytest.mark.long
def test_memory_is_bounded_for_100_000_answers(sqlite_database, peer, tmp_path) -> None:
    _is_bounded(sqlite_database, peer, tmp_path, 100_000)
