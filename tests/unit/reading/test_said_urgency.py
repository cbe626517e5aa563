"""How soon an exam must be read, as its images say it (PS3.3 C.4.11, C.7.6.16)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.uid import Uid
from archipel.reading.model import Exam, Filters, SavedList, Urgency
from archipel.reading.urgency import set_urgency
from archipel.standards.dicom import dataset as datasets
from archipel.standards.dicom.dataset import DataSet, Element
from archipel.standards.dicom.transfer_syntax import EXPLICIT_VR_LITTLE_ENDIAN
from archipel.stores.sql.reading_exams import SqlExams
from archipel.testing.instances import instance
from archipel.testing.memory_access import MemoryAudit
from archipel.testing.storage_node import START, TENANT, StorageNode

SCOPE = Scope(Actor(ActorKind.PERSON, "letchimy"), frozenset({TENANT}))
PRIORITY, REQUEST = 0x00401003, 0x00400275


@pytest.fixture
def node(tmp_path: Path) -> Iterator[StorageNode]:
    opened = StorageNode(tmp_path / "home")
    yield opened
    opened.close()


def to_read(node: StorageNode) -> list[Exam]:
    page = SqlExams(node.index._database).page(
        Filters(saved_list=SavedList.TO_READ), scope=SCOPE, now=node.now
    )
    return list(page.exams)


def sent(node: StorageNode, study: str, *, top: str | None = None, nested: str | None = None):
    """Send one instance that says a priority at the top level, within its request, or both."""
    texts = {0x00080020: f"{START:%Y%m%d}"} | ({} if top is None else {PRIORITY: top})
    made = instance(texts=texts, study=Uid(study))
    content = datasets.read(made.dataset, EXPLICIT_VR_LITTLE_ENDIAN)
    if nested is not None:
        item = DataSet.from_texts({PRIORITY: nested})
        content.elements[REQUEST] = Element("SQ", [item])
    node.receive(datasets.write(content, EXPLICIT_VR_LITTLE_ENDIAN))
    node.catch_up()


def test_the_list_begins_with_what_the_request_calls_urgent(node: StorageNode) -> None:
    sent(node, "1.2.3.1")
    sent(node, "1.2.3.2", top="LOW")
    sent(node, "1.2.3.3", top="HIGH")
    sent(node, "1.2.3.4", nested="STAT")

    found = [(one.id.study.value, one.urgency) for one in to_read(node)]

    assert found == [
        ("1.2.3.4", Urgency.STAT),
        ("1.2.3.3", Urgency.URGENT),
        ("1.2.3.1", Urgency.ROUTINE),
        ("1.2.3.2", Urgency.ROUTINE),
    ]


def test_who_looks_at_it_decides(node: StorageNode) -> None:
    sent(node, "1.2.3.1", top="STAT")
    exams = SqlExams(node.index._database)
    (exam,) = to_read(node)

    changed = set_urgency(
        exam.id, Urgency.ROUTINE, scope=SCOPE, exams=exams, audit=MemoryAudit(), now=START
    )

    assert exam.urgency is Urgency.STAT
    assert changed.urgency is Urgency.ROUTINE
    counted = exams.counts("letchimy", scope=SCOPE, now=START)
    assert counted.stat == 0


@pytest.mark.parametrize(
    ("priority", "urgency"),
    [
        ("", Urgency.ROUTINE),
        ("STAT", Urgency.STAT),
        (" stat ", Urgency.STAT),
        ("MEDIUM", Urgency.ROUTINE),
        ("whenever", Urgency.ROUTINE),
        ("ROUTINE\\HIGH", Urgency.URGENT),
    ],
)
def test_the_soonest_term_counts_and_what_is_no_term_is_routine(priority, urgency) -> None:
    assert Urgency.said(priority) is urgency
