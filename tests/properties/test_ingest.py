"""Whatever the order, the batches and the replays: the same index (archipel.archive.ingest)."""

from hypothesis import given, settings
from hypothesis import strategies as st

from archipel.archive.ingest import ingest
from archipel.archive.model import Batch
from archipel.testing.memory_index import Memory, MemoryIndex
from archipel.testing.receipts import Sent, batch, later

SENT = st.builds(
    Sent,
    study=st.integers(1, 3),
    series=st.integers(1, 2),
    instance=st.integers(1, 3),
    tenant=st.sampled_from(["ouest", "est"]),
    association=st.sampled_from(["a1", "a2"]),
)
ARRIVALS = st.lists(SENT, min_size=1, max_size=20)


def indexed(batches: list[Batch]) -> Memory:
    index = MemoryIndex()
    for number, one in enumerate(batches):
        with index.transaction() as transaction:
            ingest([one], index=transaction, now=later(number))
    return index.memory


def what_counts(memory: Memory) -> object:
    return (
        {key: (s.series, s.instances, s.modalities) for key, s in memory.studies.items()},
        {key: s.instances for key, s in memory.series.items()},
        set(memory.instances),
        set(memory.receptions),
        {(row.subject, row.detail, row.tenant) for row in memory.audit},
    )


@given(ARRIVALS, st.data())
@settings(max_examples=60, deadline=None)
def test_any_order_and_any_batches_give_the_same_index(
    arrivals: list[Sent], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(arrivals))
    cut = data.draw(st.integers(0, len(shuffled)))

    together = indexed([batch(1, arrivals)])
    apart = indexed([batch(1, shuffled[:cut]), batch(2, shuffled[cut:])])

    assert what_counts(apart) == what_counts(together)


@given(ARRIVALS, st.data())
@settings(max_examples=60, deadline=None)
def test_a_replay_from_anywhere_changes_nothing(arrivals: list[Sent], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(arrivals) - 1))
    whole = batch(1, arrivals)

    once = indexed([whole])
    again = indexed([whole, batch(1, arrivals[start:], first=start), whole])

    assert what_counts(again) == what_counts(once)
    assert (again.live, again.applied) == (once.live, once.applied)
    assert len(again.events) == len(once.events)


@given(ARRIVALS)
@settings(max_examples=60, deadline=None)
def test_counters_are_what_a_recount_says(arrivals: list[Sent]) -> None:
    memory = indexed([batch(n, [one]) for n, one in enumerate(arrivals, 1)])

    for key, study in memory.studies.items():
        held = [a for a in memory.instances.values() if a.receipt.tenant == key.tenant]
        ours = [a for a in held if a.key.study == key.study]
        assert study.instances == len(ours)
        assert study.series == len({a.key.series for a in ours})
    assert sum(memory.live.values()) == len(memory.instances)
