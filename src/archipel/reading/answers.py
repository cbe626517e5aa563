"""What lists and live streams are answered with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from archipel.kernel.identifiers import TenantId
from archipel.reading.model import Exam, ExamId, SavedList


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamPage:
    """One page of exams; `after` is the cursor of the next one, None at the end."""

    exams: Sequence[Exam]
    after: str | None
    total: int
    hidden: int  # by the filters, of the same list
    acquiring: int  # within scope, in whatever list


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFound:
    """Somebody found, shown by the latest exam in scope."""

    latest: Exam
    exams: int
    tenants: tuple[TenantId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many exams each list holds, and two figures that no list has."""

    lists: Mapping[SavedList, int]
    stat: int  # of the list to read
    acquiring: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something happened to an exam or a request, as the live stream tells it."""

    position: int
    exam: ExamId | None  # None: of a request whose exam is not acquired yet
    kind: str  # archive.InstancesStored, reading.ClaimChanged ...
    at: datetime
    request: str = ""
    stage: str = ""  # of the request
