"""The association state machine of the upper layer (PS3.8 section 9.2), without any I/O.

A driver tells the machine what happened (`Event`); the machine moves to its next `State` and
returns what the driver must now do (`Effect`). `_CELLS` is table 9-10 as printed; `_ACTIONS` are
tables 9-6 to 9-9. An empty cell is an event that cannot happen: a fault of the driver.
"""

from enum import Enum, IntEnum, auto


class State(IntEnum):
    """States 1 to 13 (PS3.8 tables 9-1 to 9-5)."""

    IDLE = 1
    AWAITING_REQUEST = 2  # transport open, the peer must speak; ARTIM runs
    AWAITING_LOCAL_RESPONSE = 3
    AWAITING_TRANSPORT = 4
    AWAITING_ACCEPT = 5
    ESTABLISHED = 6
    AWAITING_RELEASE = 7
    AWAITING_LOCAL_RELEASE = 8
    COLLISION_REQUESTOR_LOCAL = 9  # release collision, requestor: our user must respond
    COLLISION_ACCEPTOR_PEER = 10  # release collision, acceptor: the peer must respond
    COLLISION_REQUESTOR_PEER = 11
    COLLISION_ACCEPTOR_LOCAL = 12
    AWAITING_CLOSE = 13  # ARTIM runs


class Event(IntEnum):
    """Events 1 to 19, the rows of PS3.8 table 9-10."""

    ASSOCIATE_REQUEST = 1
    TRANSPORT_CONFIRMED = 2
    PDU_ASSOCIATE_AC = 3
    PDU_ASSOCIATE_RJ = 4
    TRANSPORT_INDICATED = 5
    PDU_ASSOCIATE_RQ = 6
    ACCEPT_RESPONSE = 7
    REJECT_RESPONSE = 8
    DATA_REQUEST = 9
    PDU_DATA = 10
    RELEASE_REQUEST = 11
    PDU_RELEASE_RQ = 12
    PDU_RELEASE_RP = 13
    RELEASE_RESPONSE = 14
    ABORT_REQUEST = 15
    PDU_ABORT = 16
    TRANSPORT_CLOSED = 17
    ARTIM_EXPIRED = 18
    PDU_INVALID = 19


class Effect(Enum):
    """What a driver does, in the order given."""

    CONNECT = auto()
    SEND_ASSOCIATE_RQ = auto()
    SEND_ASSOCIATE_AC = auto()
    SEND_ASSOCIATE_RJ = auto()
    SEND_DATA = auto()
    SEND_RELEASE_RQ = auto()
    SEND_RELEASE_RP = auto()
    SEND_ABORT = auto()
    INDICATE_ASSOCIATE = auto()
    CONFIRM_ACCEPTED = auto()
    CONFIRM_REJECTED = auto()
    INDICATE_DATA = auto()
    INDICATE_RELEASE = auto()
    CONFIRM_RELEASE = auto()
    INDICATE_ABORT = auto()
    START_ARTIM = auto()
    STOP_ARTIM = auto()
    CLOSE_TRANSPORT = auto()


# One row for each event, one column for each state: PS3.8 table 9-10.
_CELLS = """
event  1     2     3     4     5     6     7     8     9     10    11    12    13
1      AE-1  -     -     -     -     -     -     -     -     -     -     -     -
2      -     -     -     AE-2  -     -     -     -     -     -     -     -     -
3      -     AA-1  AA-8  -     AE-3  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
4      -     AA-1  AA-8  -     AE-4  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
5      AE-5  -     -     -     -     -     -     -     -     -     -     -     -
6      -     AE-6  AA-8  -     AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-7
7      -     -     AE-7  -     -     -     -     -     -     -     -     -     -
8      -     -     AE-8  -     -     -     -     -     -     -     -     -     -
9      -     -     -     -     -     DT-1  -     AR-7  -     -     -     -     -
10     -     AA-1  AA-8  -     AA-8  DT-2  AR-6  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
11     -     -     -     -     -     AR-1  -     -     -     -     -     -     -
12     -     AA-1  AA-8  -     AA-8  AR-2  AR-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
13     -     AA-1  AA-8  -     AA-8  AA-8  AR-3  AA-8  AA-8  AR-10 AR-3  AA-8  AA-6
14     -     -     -     -     -     -     -     AR-4  AR-9  -     -     AR-4  -
15     -     -     AA-1  AA-2  AA-1  AA-1  AA-1  AA-1  AA-1  AA-1  AA-1  AA-1  -
16     -     AA-2  AA-3  -     AA-3  AA-3  AA-3  AA-3  AA-3  AA-3  AA-3  AA-3  AA-2
17     -     AA-5  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AR-5
18     -     AA-2  -     -     -     -     -     -     -     -     -     -     AA-2
19     -     AA-1  AA-8  -     AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-7
"""

_E = Effect
# Effects and next state of each action. AE-6 and AR-8 branch; `Machine.on` says how.
_ACTIONS: dict[str, tuple[tuple[Effect, ...], int]] = {
    "AE-1": ((_E.CONNECT,), 4),
    "AE-2": ((_E.SEND_ASSOCIATE_RQ,), 5),
    "AE-3": ((_E.CONFIRM_ACCEPTED,), 6),
    "AE-4": ((_E.CONFIRM_REJECTED, _E.CLOSE_TRANSPORT), 1),
    "AE-5": ((_E.START_ARTIM,), 2),
    "AE-6": ((_E.STOP_ARTIM, _E.INDICATE_ASSOCIATE), 3),
    "AE-7": ((_E.SEND_ASSOCIATE_AC,), 6),
    "AE-8": ((_E.SEND_ASSOCIATE_RJ, _E.START_ARTIM), 13),
    "DT-1": ((_E.SEND_DATA,), 6),
    "DT-2": ((_E.INDICATE_DATA,), 6),
    "AR-1": ((_E.SEND_RELEASE_RQ,), 7),
    "AR-2": ((_E.INDICATE_RELEASE,), 8),
    "AR-3": ((_E.CONFIRM_RELEASE, _E.CLOSE_TRANSPORT), 1),
    "AR-4": ((_E.SEND_RELEASE_RP, _E.START_ARTIM), 13),
    "AR-5": ((_E.STOP_ARTIM,), 1),
    "AR-6": ((_E.INDICATE_DATA,), 7),
    "AR-7": ((_E.SEND_DATA,), 8),
    "AR-8": ((_E.INDICATE_RELEASE,), 9),
    "AR-9": ((_E.SEND_RELEASE_RP,), 11),
    "AR-10": ((_E.CONFIRM_RELEASE,), 12),
    "AA-1": ((_E.SEND_ABORT, _E.START_ARTIM), 13),
    "AA-2": ((_E.STOP_ARTIM, _E.CLOSE_TRANSPORT), 1),
    "AA-3": ((_E.INDICATE_ABORT, _E.CLOSE_TRANSPORT), 1),
    "AA-4": ((_E.INDICATE_ABORT,), 1),
    "AA-5": ((_E.STOP_ARTIM,), 1),
    "AA-6": ((), 13),
    "AA-7": ((_E.SEND_ABORT,), 13),
    "AA-8": ((_E.SEND_ABORT, _E.INDICATE_ABORT, _E.START_ARTIM), 13),
}


def _table() -> dict[tuple[Event, State], str]:
    head, *rows = (line.split() for line in _CELLS.strip().splitlines())
    states = [State(int(number)) for number in head[1:]]
    return {
        (Event(int(event)), state): action
        for event, *actions in rows
        for state, action in zip(states, actions, strict=True)
        if action != "-"
    }


TABLE = _table()
"""(event, state) -> the name of the action in PS3.8; a pair that cannot happen is absent."""


class ImpossibleEvent(RuntimeError):
    """The driver reported what cannot happen in this state: a bug of ours, not of the peer."""


class Machine:
    """One association's state, seen from one side."""

    __slots__ = ("requestor", "state")

    def __init__(self, *, requestor: bool) -> None:
        self.requestor = requestor
        self.state = State.IDLE

    def on(self, event: Event, *, acceptable: bool = True) -> tuple[Effect, ...]:
        """Move on and return what is to be done.

        `acceptable` counts for a received A-ASSOCIATE-RQ only: False when the service provider
        itself refuses it (protocol version, congestion), the second branch of AE-6.
        """
        action = TABLE.get((event, self.state))
        if action is None:
            raise ImpossibleEvent(f"{event.name} in state {self.state.name}")
        effects, following = _ACTIONS[action]
        if action == "AE-6" and not acceptable:
            effects, following = (Effect.SEND_ASSOCIATE_RJ, Effect.START_ARTIM), 13
        if action == "AR-8" and not self.requestor:
            following = 10
        self.state = State(following)
        return effects
