"""Storage commitment transactions, in memory and in SQL; and what is answered for at all."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from archipel.archive.commit import decide
from archipel.archive.commitment import (
    Asker,
    Commitment,
    CommitmentKey,
    FailureReason,
    Reference,
)
from archipel.archive.events import CommitmentDue
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.aetitle import AETitle
from archipel.kernel.errors import Conflict, NotFound
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.sql import outbox
from archipel.testing.instances import SECONDARY_CAPTURE, Instance, instance
from archipel.testing.memory_commitments import MemoryCommitments
from archipel.testing.storage_node import START, TENANT, StorageNode

ONE, TWO = (Reference(Uid(SECONDARY_CAPTURE), Uid(f"1.2.3.{n}")) for n in (1, 2))
ASKED = Commitment(
    key=CommitmentKey(
        tenant=TENANT, asker=Asker.PEER, peer=AETitle("CT1"), transaction=Uid("1.2.9")
    ),
    own=AETitle("CHO"),
    references=(ONE, TWO),
    asked_at=START,
    failed={},
)
LATER = START + timedelta(minutes=1)


@pytest.fixture
def node(tmp_path: Path) -> StorageNode:
    made = StorageNode(tmp_path / "node")
    made.replay()
    return made


@pytest.fixture(params=["memory", "sql"])
def kept(request: pytest.FixtureRequest):
    if request.param == "memory":
        return MemoryCommitments()
    return request.getfixturevalue("node").commitments


def test_what_was_decided_and_told_is_kept(kept) -> None:
    kept.ask(ASKED)
    kept.decide(ASKED.key, {TWO.sop_instance: FailureReason.NO_SUCH_OBJECT_INSTANCE}, now=LATER)
    (due,) = kept.untold(AETitle("CT1"), tenant=TENANT)
    kept.tell(ASKED.key, now=LATER)

    found = kept.commitment(ASKED.key)

    assert due.committed == (ONE,)
    assert found == replace(
        ASKED, failed={TWO.sop_instance: 0x0112}, decided_at=LATER, told_at=LATER
    )
    assert kept.untold(AETitle("CT1"), tenant=TENANT) == []


def test_one_transaction_names_the_same_instances_for_ever(kept) -> None:
    kept.ask(ASKED)
    kept.decide(ASKED.key, {}, now=LATER)
    kept.ask(replace(ASKED, references=(TWO, ONE), asked_at=LATER))

    assert kept.commitment(ASKED.key).decided_at is None  # it is looked at again
    with pytest.raises(Conflict):
        kept.ask(replace(ASKED, references=(ONE,)))


def test_the_same_uid_of_another_is_another_transaction(kept) -> None:
    others = [
        replace(ASKED.key, peer=AETitle("CT2")),
        replace(ASKED.key, asker=Asker.US),
        replace(ASKED.key, tenant=TenantId("est")),
    ]
    kept.ask(ASKED)

    assert [kept.commitment(other) for other in others] == [None, None, None]
    with pytest.raises(NotFound):
        kept.decide(others[0], {}, now=LATER)
    east = Scope(Actor(ActorKind.PERSON, "test"), frozenset({TenantId("est")}))
    assert list(kept.latest(scope=east)) == []


def test_a_transaction_is_announced_with_its_row_and_forgotten_when_old(node: StorageNode) -> None:
    node.commitments.ask(ASKED)

    with node._full.read() as connection:
        facts = outbox.after(connection, 0, limit=9, kinds=[outbox.kind_of(CommitmentDue)])

    assert facts[0].event() == CommitmentDue(
        tenant=TENANT,
        at=START,
        asker=Asker.PEER,
        peer=AETitle("CT1"),
        transaction=Uid("1.2.9"),
    )
    assert node.commitments.sweep(before=START) == 0
    assert node.commitments.sweep(before=LATER) == 1


def _take_in(node: StorageNode, one: Instance) -> None:
    node.receive(one.dataset)
    node.catch_up()


def _decided(node: StorageNode, one: Instance) -> dict[Uid, FailureReason]:
    return decide(
        [Reference(one.sop_class, one.sop_instance)],
        tenant=TENANT,
        holdings=node.holdings,
        contents=node.contents,
        commitments=node.commitments,
    )


@pytest.mark.parametrize("sealed", [False, True])
def test_nothing_is_committed_while_other_bytes_under_its_uid_wait(
    node: StorageNode, sealed: bool
) -> None:
    one = instance(pixel_bytes=9_000)
    other = replace(one, dataset=one.dataset[:-8] + bytes(8))
    _take_in(node, one)
    if sealed:
        node.seal()
    assert _decided(node, one) == {}

    _take_in(node, other)

    assert _decided(node, one) == {one.sop_instance: FailureReason.PROCESSING_FAILURE}
