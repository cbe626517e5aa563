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


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("state", State)
def test_each_cell_is_that_of_the_standard(event: Event, state: State) -> None:
    expected = fsm.TRANSITION_TABLE.get((f"Evt{event.value}", f"Sta{state.value}"))

    assert TABLE.get((event, state)) == expected


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("requestor", [True, False])
def test_each_cell_leads_where_the_standard_says(event: Event, *, requestor: bool) -> None:
    for state in State:
        machine = Machine(requestor=requestor)
        machine.state = state
        action = TABLE.get((event, state))
        if action is None:
            with pytest.raises(ImpossibleEvent):
                machine.on(event)
            assert machine.state == state
            continue
        following = fsm.ACTIONS[action][2]
        branches = [following] if isinstance(following, str) else list(following)
        if action == "AR-8" and not requestor:
            branches.reverse()

        machine.on(event)

        assert f"Sta{machine.state.value}" == branches[0], state


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
