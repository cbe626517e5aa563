"""The node page: what runs, what waits, what is wrong."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from archipel.protocols.web.models.base import Body, View
from archipel.protocols.web.models.session import NodeBrief, OrganisationBrief


class Door(View):
    """An open door."""

    name: str
    address: str
    open: bool


class ProcessView(View):
    """One process of the supervisor."""

    name: str
    alive: bool
    since: datetime | None
    restarts: int


class Disk(View):
    """The disk below the home directory."""

    total_bytes: int
    free_bytes: int


class Holdings(View):
    """What is kept."""

    studies: int
    series: int
    instances: int
    bytes: int


class Lag(View):
    """How far the index and sealing are behind."""

    journal_bytes: int
    unindexed_bytes: int
    index_lag_s: float
    series_to_seal: int
    outbox_waiting: int


class Alarm(View):
    """Something an operator must know. `code` is translated by the front end."""

    code: str
    since: datetime | None
    detail: str


class Lane(View):
    """How much work waits on one lane, as counted every half minute."""

    name: str
    waiting: int


class Scrub(View):
    """The last scrub: everything that is kept, read again. `open_damage` is not mended."""

    began_at: datetime | None
    ended_at: datetime | None
    objects: int
    bytes: int
    damaged: int
    strays: int
    open_damage: int


class NodeStatus(View):
    """All the node page shows."""

    node: NodeBrief
    started_at: datetime
    server_time: datetime
    read_only: bool
    read_only_reason: str | None
    doors: list[Door]
    processes: list[ProcessView]
    disk: Disk
    holdings: Holdings
    lag: Lag
    lanes: list[Lane]
    scrub: Scrub
    quarantined: int
    alarms: list[Alarm]


class StuckWork(View):
    """Work that failed for good: it is done once more when somebody asks for it."""

    id: str
    organisation: str | None
    kind: str = Field(description="The fact, such as archive.SeriesReceived.")
    subscriber: str = Field(description="Who could not handle it.")
    attempts: int
    reason: str = Field(description="In the words of the failure.")
    study_instance_uid: str | None
    at: datetime
    asked_at: datetime | None = Field(description="When another try was asked for.")


class StuckWorkPage(View):
    """What is stuck, latest first."""

    work: list[StuckWork]


class DropWork(Body):
    """Forget it: what it should have done stays undone."""

    reason: str = Field(min_length=1, max_length=200)


class QuarantinedInstance(View):
    """An instance whose UID is held with other bytes: kept aside, never replaced."""

    id: str
    organisation: OrganisationBrief
    study_instance_uid: str
    sop_instance_uid: str
    exam: str | None
    received_at: datetime
    source: str
    reason: str
    held_digest: str | None
    offered_digest: str
    size_bytes: int
    state: Literal["open", "resolved", "discarded"]


class QuarantinePage(View):
    """What is in quarantine, newest first."""

    instances: list[QuarantinedInstance]
    next: str | None


class QuarantineDecision(Body):
    """What to do: keep the first (the offered bytes stay aside, the alarm is closed)."""

    decision: Literal["keep_first"]
