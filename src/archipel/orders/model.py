"""Orders as they are told: each message says something, and an order is all that was said of it.

A value that a message leaves out is None: what was known stays. An empty one takes it away
(HL7 chapter 2.5.3, the null). Names of persons are written as DICOM does (PS3.5 6.2.1).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import NewType

from archipel.identity.model import Traits
from archipel.kernel.identifiers import AccessionNumber, Issuer, PatientIdentifier, TenantId
from archipel.kernel.uid import Uid

OrderId = NewType("OrderId", str)
"""An opaque random name of an order: it may stand in addresses and logs."""


class OrderStatus(Enum):
    """How far an order has come."""

    ORDERED = "ordered"  # asked, no date yet
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    DISCONTINUED = "discontinued"

    @property
    def is_open(self) -> bool:
        """Tell whether a modality may still work on it."""
        return self in {OrderStatus.ORDERED, OrderStatus.SCHEDULED, OrderStatus.IN_PROGRESS}


class Priority(Enum):
    """Requested Procedure Priority (0040,1003)."""

    STAT = "STAT"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    ROUTINE = "ROUTINE"
    LOW = "LOW"


class Control(Enum):
    """What a message does to an order (ORC-1, HL7 table 0119), in the order in which they act."""

    NEW = 0
    CHANGE = 1
    STATUS = 2
    DISCONTINUE = 3
    CANCEL = 4


@dataclass(frozen=True, slots=True, order=True)
class OrderNumber:
    """Placer (0040,2016) or filler (0040,2017) order number, with who gave it."""

    value: str
    issuer: Issuer


@dataclass(frozen=True, slots=True)
class Code:
    """A coded concept: value, meaning, scheme (PS3.3 section 8)."""

    value: str = ""
    meaning: str = ""
    scheme: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPatient:
    """The patient as an order or a registration names them; the first identifier is the local."""

    identifiers: tuple[PatientIdentifier, ...]
    traits: Traits

    @property
    def identifier(self) -> PatientIdentifier:
        """Return the identifier that goes on images."""
        return self.identifiers[0]


@dataclass(frozen=True, slots=True)
class Start:
    """When a step is scheduled, in the local time of the site: DA and TM of DICOM, or empty."""

    date: str = ""
    time: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A scheduled procedure step (0040,0100). Without stations, any of its modality may do it."""

    id: str = ""
    modality: str = ""
    start: Start = Start()
    stations: tuple[str, ...] = ()  # AE titles
    station_name: str = ""
    location: str = ""
    description: str = ""
    protocol: Code | None = None
    performer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one message says of an order, or all of them together. None: not said."""

    patient: NamedPatient | None = None
    accession: AccessionNumber | None = None
    study: str | None = None  # Study Instance UID
    procedure: Code | None = None
    procedure_id: str | None = None
    steps: tuple[Step, ...] | None = None
    start: Start | None = None  # of every step; empty: the appointment is off
    priority: Priority | None = None
    reason: str | None = None
    requester: str | None = None
    referrer: str | None = None
    visit: str | None = None  # admission id
    location: str | None = None
    alerts: str | None = None
    patient_state: str | None = None
    pregnancy: str | None = None  # (0010,21C0)
    transport: str | None = None
    comments: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One message about one order. `at` is when its sender says it was said (MSH-7)."""

    control: Control
    at: datetime
    control_id: str
    placer: OrderNumber | None
    filler: OrderNumber | None
    status: OrderStatus | None
    said: Said


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order as everything said of it makes it."""

    id: OrderId
    tenant: TenantId
    placer: OrderNumber | None
    filler: OrderNumber | None
    status: OrderStatus
    said: Said

    @property
    def study(self) -> Uid:
        """Return the Study Instance UID for its images: as announced, else one of this order's.

        The latter is made of the order's name (PS3.5 section B.2), the same whenever asked.
        """
        return Uid(self.said.study or f"2.25.{int(self.id, 16)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A system that sends messages, and for which organisation it speaks.

    Empty `application` (MSH-3), `facility` (MSH-4) or `host` (its address): any.
    """

    name: str
    tenant: TenantId
    application: str = ""
    facility: str = ""
    host: str = ""
    patient_issuer: Issuer  # of identifiers whose assigning authority is not said
    accession_issuer: Issuer
    renames: tuple[tuple[str, str], ...] = ()  # an authority as it says it, and as we do
    character_set: str = ""  # of messages without MSH-18
    time_zone: str = "UTC"  # of moments without offset
    processing: str = "P"  # MSH-11 that are taken: P production, T training, D debugging

    def issuer(self, authority: str, *, default: Issuer) -> Issuer:
        """Return an assigning authority as this node names it."""
        return Issuer(dict(self.renames).get(authority, authority)) if authority else default


class MessageState(Enum):
    """What became of a message that was kept."""

    ACTED_UPON = "acted-upon"
    NOT_ACTED_UPON = "not-acted-upon"  # understood, and nothing here depends on it
    REFUSED = "refused"  # its content is wrong: the sender was told (AE)
    DEAD = "dead"  # this node failed on it: to be replayed
    CLASHED = "clashed"  # the control id of another message, with other bytes
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptMessage:
    """A message as received, what was answered, and what became of it."""

    id: int
    tenant: TenantId
    site: str
    application: str
    facility: str
    control_id: str
    kind: str  # ORM^O01
    body: bytes
    answers: tuple[bytes, ...]
    state: MessageState
    reason: str  # no patient data
    received_at: datetime
    settled_at: datetime
