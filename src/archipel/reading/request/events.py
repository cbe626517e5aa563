"""What requests announce on this node. `tenant` is the organisation that asked."""

from dataclasses import dataclass
from datetime import datetime

from archipel.kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPlaced(Event):
    """A request was placed on this node."""

    request: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestChanged(Event):
    """A fact about a request was stated here or came from another node; `stage` holds now."""

    request: str
    stage: str
    exam: str | None = None  # as `ExamId` writes it; None: not acquired yet


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementKept(Event):
    """An agreement was made, changed or ended; `ends` None: it has no end."""

    key: str
    ends: datetime | None
