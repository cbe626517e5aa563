"""The network page: nodes on the map, lines between them, what works here, the journal."""

from datetime import datetime
from typing import Literal

from archipel.protocols.web.models.base import Body, View

LineState = Literal["up", "down", "refused", "unreached"]
ClassName = Literal["control", "stat", "oncall", "prior", "routine", "backfill"]


class NetworkNode(View):
    """A node of the archipelago. `community` says where it stands on the map."""

    name: str
    title: str
    community: str
    sites: list[str]
    here: bool
    state: Literal["here", "up", "down", "refused", "unreached", "revoked"]
    since: datetime | None
    last_heard: datetime | None


class NetworkQueue(View):
    """What waits in one class, to come here (`in`) or to leave for the peer (`out`)."""

    of_class: ClassName
    way: Literal["in", "out"]
    studies: int
    bytes: int
    eta_s: float | None


class NetworkSample(View):
    """One point of the last hour."""

    at: datetime
    rtt_ms: float | None
    bps: float | None


class NetworkCap(View):
    """Never more than `bps` to the peer; `since` and `until` are times of the day at this site."""

    of_class: ClassName | None
    bps: float
    since: str | None
    until: str | None
    holds: bool


class NodeStates(View):
    """Whether the peer makes the same of the same facts. `differing`: kinds of subjects.

    `since`: when it began to be so; `compared_at`: when that was last found.
    """

    state: Literal["equal", "differs", "unknown", "withheld"]
    since: datetime | None
    compared_at: datetime | None
    differing: list[str]


class LineDetail(View):
    """What an administrator sees of a line beyond its state."""

    address: str
    congestion: str
    cap_bps: float | None
    caps: list[NetworkCap]
    states: NodeStates
    facts_waiting: int
    last_error: str
    certificate_days: int | None


class NetworkLink(View):
    """The line between two nodes, as `told_by` measures it. A figure is null where unknown."""

    a: str
    b: str
    told_by: str
    as_of: datetime | None
    state: LineState
    since: datetime | None
    rtt_ms: float | None
    rtt_min_ms: float | None
    loss_pct: float | None
    bps: float | None
    queues: list[NetworkQueue]
    samples: list[NetworkSample]
    detail: LineDetail | None
    switch: Literal["open", "cut"] | None = None


class Works(View):
    """Whether one activity goes on at this site now. `nodes`: whom it lacks."""

    what: Literal["receive", "read", "sign", "portal", "foreign", "requests"]
    state: Literal["ok", "partial", "stopped"]
    nodes: list[str]
    detail: str


class NetworkChange(View):
    """A row of the journal: the line to `peer` became this; `lasted_s` is of what was before."""

    at: datetime
    peer: str
    state: LineState
    lasted_s: float | None
    detail: str


class NetworkView(View):
    """All the network page shows. `complete`: with what only administrators see."""

    here: str
    as_of: datetime
    complete: bool
    switches: bool
    nodes: list[NetworkNode]
    links: list[NetworkLink]
    works: list[Works]
    journal: list[NetworkChange]


class LineSwitch(Body):
    """Cut a simulated line of a demonstration, or heal it."""

    cut: bool
