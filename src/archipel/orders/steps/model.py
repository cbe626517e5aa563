"""Workitems as they stand and what is told of them (PS3.4 Annex CC)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, IntEnum

from archipel.kernel.aetitle import AETitle
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.standards.dicom.dataset import DataSet

PUSH_CLASS = Uid("1.2.840.10008.5.1.4.34.6.1")  # of every instance (PS3.4 CC.2.5.1.3.2)
EVENT_CLASS = Uid("1.2.840.10008.5.1.4.34.6.4")
GLOBAL = Uid("1.2.840.10008.5.1.4.34.5")
FILTERED_GLOBAL = Uid("1.2.840.10008.5.1.4.34.5.1")


class State(Enum):
    """Procedure Step State (0074,1000)."""

    SCHEDULED = "SCHEDULED"
    IN_PROGRESS = "IN PROGRESS"
    COMPLETED = "COMPLETED"
    CANCELED = "CANCELED"

    @property
    def is_final(self) -> bool:
        """Tell whether nothing of it changes any more."""
        return self in {State.COMPLETED, State.CANCELED}


class ReportKind(IntEnum):
    """Event Type ID (0000,1002) (PS3.4 table CC.2.4-1)."""

    STATE = 1
    CANCEL_REQUESTED = 2
    PROGRESS = 3
    ASSIGNED = 5


class Notice(Enum):
    """What is remarked of a request that was granted: its DIMSE warning status."""

    WITH_MODIFICATIONS = 0xB300
    NO_LOCK = 0xB301
    ALREADY_CANCELED = 0xB304
    UPDATED_WITH_MODIFICATIONS = 0xB305
    ALREADY_COMPLETED = 0xB306


@dataclass(frozen=True, slots=True, kw_only=True)
class Workitem:
    """One step. `content` is all that is told of it, without the Transaction UID."""

    tenant: TenantId
    uid: Uid
    state: State
    transaction: Uid | None  # who has it knows it, and nobody is told it (PS3.4 CC.2.5.3)
    modified_at: datetime
    content: DataSet


@dataclass(frozen=True, slots=True)
class Report:
    """One event report to whoever is subscribed: its kind and its attributes."""

    kind: ReportKind
    content: DataSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a request: the step as it now stands, who is told what, what is remarked."""

    workitem: Workitem
    reports: Sequence[Report] = field(default=())
    notice: Notice | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """An application entity's wish to be told of one step, or of those to come.

    `target` is a step or one of the two well-known UIDs; `keys`, those of a filter, are pairs of
    attribute path and key.
    """

    tenant: TenantId
    subscriber: AETitle
    target: Uid
    lock: bool
    keys: tuple[tuple[str, str], ...] = ()

    @property
    def is_global(self) -> bool:
        """Tell whether it is about steps to come."""
        return self.target in {GLOBAL, FILTERED_GLOBAL}


@dataclass(frozen=True, slots=True)
class Told:
    """An event report that waits for its subscriber; `content` is DICOM JSON."""

    number: int
    content: bytes
