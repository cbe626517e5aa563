"""The state table of unified procedure steps (PS3.4 table CC.1.1-2): each cell, any order."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archipel.kernel.aetitle import AETitle
from archipel.kernel.errors import ArchipelError
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.orders.steps import perform
from archipel.orders.steps.model import Notice, Outcome, ReportKind, State, Workitem
from archipel.standards.dicom.dataset import DataSet
from archipel.testing.steps import CANCELED, COMPLETED, scheduled

NOW = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)
OURS, OTHER = Uid("2.25.1"), Uid("2.25.2")
WHO = AETitle("TEST_ASKER")
S, P, C, X = State.SCHEDULED, State.IN_PROGRESS, State.COMPLETED, State.CANCELED

# What is asked: the new state and the Transaction UID, or a cancellation. What comes of it in
# each state: the state after, a failure or a warning; the last where final state is reached.
TABLE: dict[tuple[State | None, Uid | None], dict[State, State | int]] = {
    (P, OURS): {S: P, P: 0xC302, C: 0xC300, X: 0xC300},
    (P, None): dict.fromkeys(State, 0xC301),
    (S, OURS): dict.fromkeys(State, 0xC303),
    (S, None): dict.fromkeys(State, 0xC303),
    (C, OURS): {S: 0xC310, P: C, C: 0xB306, X: 0xC300},
    (C, None): dict.fromkeys(State, 0xC301),
    (X, OURS): {S: 0xC310, P: X, C: 0xC300, X: 0xB304},
    (X, None): dict.fromkeys(State, 0xC301),
    (None, None): {S: X, P: P, C: 0xC311, X: 0xB304},
}
WITH_ANOTHERS = {P: {P: 0xC302, C: 0xC301, X: 0xC301}, C: 0xC301, X: 0xC301}


def ask(held: Workitem, wanted: State | None, transaction: Uid | None) -> Outcome:
    if wanted is None:
        return perform.request_cancel(held, DataSet(), who=WHO, now=NOW)
    return perform.change_state(held, wanted, transaction=transaction, now=NOW)


def result(held: Workitem, wanted: State | None, transaction: Uid | None) -> State | int:
    try:
        outcome = ask(held, wanted, transaction)
    except ArchipelError as failure:
        return failure.code
    return outcome.notice.value if outcome.notice else outcome.workitem.state


def made(state: State) -> Workitem:
    tenant = TenantId("ouest")
    held = perform.create(scheduled(), uid=Uid("2.25.9"), tenant=tenant, now=NOW).workitem
    if state is S:
        return held
    held = ask(held, P, OURS).workitem
    ending = {C: COMPLETED, X: CANCELED}.get(state)
    said = ending or {**COMPLETED, **CANCELED}
    held = perform.update(held, scheduled_changes(said), transaction=OURS, now=NOW).workitem
    return held if ending is None else ask(held, state, OURS).workitem


def scheduled_changes(said) -> DataSet:
    changes = DataSet()
    for tag, items in said.items():
        changes.set_items(tag, items)
    return changes


CELLS = [(asked, state) for asked, row in TABLE.items() for state in row]


@pytest.mark.parametrize(("asked", "state"), CELLS)
def test_each_cell_of_the_table(asked, state) -> None:
    held = made(state)
    assert held.state is state

    assert result(held, *asked) == TABLE[asked][state]


@pytest.mark.parametrize("wanted", [P, C, X])
@pytest.mark.parametrize("state", [P, C, X])
def test_the_transaction_of_another_opens_nothing(wanted, state) -> None:
    expected = WITH_ANOTHERS[wanted]

    assert result(made(state), wanted, OTHER) == (
        expected[state] if isinstance(expected, dict) else expected
    )


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([S, P, C, X, None]), st.sampled_from([OURS, OTHER, None])),
        max_size=8,
    )
)
def test_no_sequence_of_requests_leaves_the_table(requests) -> None:
    held = made(S)
    for wanted, transaction in requests:
        before = held
        try:
            outcome = ask(held, wanted, transaction)
        except ArchipelError:
            continue
        held = outcome.workitem
        assert (before.state, held.state) in {
            *((state, state) for state in State),
            *((S, P), (S, X), (P, C), (P, X)),
        }
        if before.state.is_final:
            assert held == before
            assert outcome.notice in {Notice.ALREADY_CANCELED, Notice.ALREADY_COMPLETED}
        if held.state is not before.state:
            assert outcome.reports[-1].kind is ReportKind.STATE
            assert outcome.reports[-1].content.text(0x00741000) == held.state.value
        if before.transaction is not None:
            assert held.transaction == before.transaction
        assert held.content.text(0x00741000) == held.state.value
        assert 0x00081195 not in held.content


@pytest.mark.parametrize("wanted", [C, X])
def test_a_step_that_does_not_say_what_was_done_does_not_end(wanted) -> None:
    held = ask(made(S), P, OURS).workitem

    assert result(held, wanted, OURS) == 0xC304


def test_a_step_cancelled_before_its_claim_passes_through_progress() -> None:
    asked = DataSet.from_texts({0x00741238: "TEST patient left"})

    outcome = perform.request_cancel(made(S), asked, who=WHO, now=NOW)

    assert [one.content.text(0x00741000) for one in outcome.reports] == [P.value, X.value]
    (given_up,) = outcome.workitem.content.items(0x00741002)
    assert given_up.text(0x00741238) == "TEST patient left"
    assert given_up.text(0x00404052).startswith("20261124220000")


def test_a_wish_to_cancel_is_told_to_those_who_watch() -> None:
    asked = DataSet.from_texts({0x00741238: "TEST wrong patient"})

    outcome = perform.request_cancel(made(P), asked, who=WHO, now=NOW)

    (report,) = outcome.reports
    assert report.kind is ReportKind.CANCEL_REQUESTED
    assert report.content.text(0x00741236) == WHO.value
    assert outcome.workitem.state is P
