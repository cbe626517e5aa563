"""Two nodes with the same facts are compared kind by kind; others are not."""

import msgspec

from archipel.app.network.agreeing import Holding, by_kind, differing

HELD = Holding(logs={"mq.1": "3:ab"}, withheld=0, states={"study": "1", "request": "2"})


def test_equal_states_are_equal_and_a_difference_names_its_kind() -> None:
    other = msgspec.structs.replace(HELD, states=HELD.states | {"request": "3", "patient": "4"})

    assert differing(HELD, HELD) == ()
    assert differing(HELD, other) == ("patient", "request")


def test_nodes_that_hold_other_facts_are_not_compared() -> None:
    longer = msgspec.structs.replace(HELD, logs={"mq.1": "4:cd"}, states={})
    partial = msgspec.structs.replace(HELD, withheld=1, states={})

    assert differing(HELD, longer) is None
    assert differing(HELD, partial) is None
    assert differing(partial, HELD) is None


def test_a_kind_changes_when_one_of_its_subjects_does() -> None:
    before = {"ch-mq/study:1.2": "a", "ch-mq/request:mq:1": "b", "/identity": "c"}
    after = before | {"ch-mq/study:1.2": "d"}

    changed = {k for k, v in by_kind(after).items() if by_kind(before)[k] != v}
    assert set(by_kind(before)) == {"study", "request", "identity"}
    assert changed == {"study"}
