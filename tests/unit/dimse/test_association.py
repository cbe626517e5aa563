"""The state machine, cell by cell."""

import itertools

import pytest
from pynetdicom import fsm  # an independent writing of PS3.8 tables 9-6 to 9-10

from archipel.standards.dicom.association import (
    TABLE,
    Effect,
    Event,
    ImpossibleEvent,
    Machine,
    State,
)

CELLS = list(itertools.product(Event, State))


def _cell(cell: tuple[Event, State]) -> str:
    return f"Evt{cell[0].value}-Sta{cell[1].value}"


@pytest.mark.parametrize("cell", CELLS, ids=map(_cell, CELLS))
def test_each_cell_is_that_of_the_standard(cell: tuple[Event, State]) -> None:
    event, state = cell
    expected = fsm.TRANSITION_TABLE.get((f"Evt{event.value}", f"Sta{state.value}"))

    assert TABLE.get(cell) == expected


@pytest.mark.parametrize("cell", CELLS, ids=map(_cell, CELLS))
@pytest.mark.parametrize("requestor", [True, False])
def test_each_cell_leads_where_the_standard_says(
    cell: tuple[Event, State], *, requestor: bool
) -> None:
    event, state = cell
    machine = Machine(requestor=requestor)
    machine.state = state
    if cell not in TABLE:
        with pytest.raises(ImpossibleEvent):
            machine.on(event)
        assert machine.state == state
        return
    following = fsm.ACTIONS[TABLE[cell]][2]
    branches = [following] if isinstance(following, str) else list(following)
    if TABLE[cell] == "AR-8":
        branches = [branches[0] if requestor else branches[1]]

    machine.on(event)

    assert f"Sta{machine.state.value}" == branches[0]


def test_artim_runs_exactly_while_the_peer_owes_a_request_or_a_close() -> None:
    waiting = {State.AWAITING_REQUEST, State.AWAITING_CLOSE}
    for (event, state), requestor in itertools.product(TABLE, (True, False)):
        machine = Machine(requestor=requestor)
        machine.state = state

        effects = machine.on(event)

        if machine.state in waiting and state not in waiting:
            assert Effect.START_ARTIM in effects
        if state in waiting and machine.state not in waiting:
            assert Effect.STOP_ARTIM in effects or Effect.CLOSE_TRANSPORT in effects


def test_a_request_the_provider_cannot_take_is_rejected_at_once() -> None:
    machine = Machine(requestor=False)
    machine.on(Event.TRANSPORT_INDICATED)

    effects = machine.on(Event.PDU_ASSOCIATE_RQ, acceptable=False)

    assert effects == (Effect.SEND_ASSOCIATE_RJ, Effect.START_ARTIM)
    assert machine.state is State.AWAITING_CLOSE


def test_no_one_sends_an_abort_before_the_transport_is_there() -> None:
    for (event, state), action in TABLE.items():
        machine = Machine(requestor=True)
        machine.state = state
        if state in {State.IDLE, State.AWAITING_TRANSPORT}:
            assert Effect.SEND_ABORT not in machine.on(event), (event, action)
