"""Quiet studies complete (archipel.archive.completion)."""

from datetime import timedelta

from archipel.archive.completion import complete_quiet
from archipel.archive.events import InstancesStored, StudyCompleted
from archipel.archive.ingest import ingest
from archipel.testing.memory_index import MemoryIndex
from archipel.testing.receipts import Sent, batch, later, study_uid

QUIET = timedelta(seconds=60)


def take(index: MemoryIndex, number: int, at: float) -> None:
    sent = Sent(instance=number + 1, at=later(at))
    with index.transaction() as transaction:
        ingest([batch(1, [sent], first=number)], index=transaction, now=later(at))


def complete(index: MemoryIndex, at: float) -> int:
    with index.transaction() as transaction:
        return complete_quiet(index=transaction, quiet=QUIET, now=later(at))


def completions(index: MemoryIndex) -> list[StudyCompleted]:
    return [event for event in index.memory.events if isinstance(event, StudyCompleted)]


def test_a_study_completes_when_it_has_been_quiet() -> None:
    index = MemoryIndex()
    take(index, 0, at=0)

    assert complete(index, at=59) == 1
    assert completions(index) == []
    assert complete(index, at=60) == 0

    assert [event.study for event in completions(index)] == [study_uid(1)]
    assert complete(index, at=600) == 0
    assert len(completions(index)) == 1


def test_a_late_instance_opens_it_again() -> None:
    index = MemoryIndex()
    take(index, 0, at=0)
    complete(index, at=60)
    take(index, 1, at=100)

    assert complete(index, at=120) == 1
    assert complete(index, at=160) == 0

    assert len(completions(index)) == 2


def test_what_ingest_left_untold_is_told() -> None:
    index = MemoryIndex()
    take(index, 0, at=0)
    take(index, 1, at=0.2)

    complete(index, at=1.5)
    complete(index, at=3)

    told = [e.instances for e in index.memory.events if isinstance(e, InstancesStored)]
    assert told == [1, 1]
