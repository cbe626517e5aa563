"""What requests need of the world."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from archipel.kernel.actors import Scope
from archipel.kernel.identifiers import TenantId
from archipel.reading.model import ExamId
from archipel.reading.request.model import (
    Agreement,
    Arrival,
    Line,
    Request,
    RequestId,
    Standing,
    Way,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One later fact about a request, as `Requests.tell` writes it."""

    kind: str  # request.noted ...
    body: Mapping[str, Any]
    login: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedFact:
    """A signed version as a node stated it: nothing of it is believed yet."""

    node: str
    body: Mapping[str, Any]
    at: datetime


class Requests(Protocol):
    """Requests within a scope: an organisation sees those it made and those made to it."""

    def place(self, request: Request, *, scope: Scope) -> Standing:
        """State that it was placed; the fact, the row and the event in one transaction."""

    def tell(self, request: RequestId, told: Telling, *, scope: Scope) -> Standing:
        """State what followed. Raises `NotFound` outside the scope."""

    def standing(self, request: RequestId, *, scope: Scope) -> Standing:
        """Where one stands. Raises `NotFound`: absent and hidden are the same."""

    def board(self, *, scope: Scope, now: datetime) -> Sequence[Standing]:
        """Those that are open, and those closed within a day; soonest due first, 500 at most."""

    def of_exam(self, exam: ExamId, *, scope: Scope) -> Sequence[Standing]:
        """Those about one exam, newest first."""

    def by_exam(self, exams: Collection[ExamId], *, scope: Scope) -> Mapping[ExamId, Standing]:
        """The newest about each of these exams that was not cancelled."""


class Agreements(Protocol):
    """Who may be asked by an organisation."""

    def of(self, asking: TenantId, *, scope: Scope) -> Sequence[Agreement]:
        """Every agreement of `asking` that is within the scope, ended ones too."""

    def keep(self, agreement: Agreement, *, scope: Scope, now: datetime) -> None:
        """Add it, or replace `asking`'s one of the same key; announced.

        Raises `NotFound` out of scope.
        """


class Travel(Protocol):
    """How long images would take to a node now; what the links say."""

    def way(self, node: str, *, exam: ExamId | None) -> Way:
        """How this node's exam would reach `node`; at once where that is this one.

        `exam` None: it is not acquired yet, so nobody knows how long it will travel.
        """

    def line(self, node: str) -> Line:
        """The line to `node` now; to this one it is never cut."""


class Arrivals(Protocol):
    """Images on their way here."""

    def under_way(self, *, scope: Scope, now: datetime) -> Mapping[ExamId, Arrival]:
        """What is wanted by the organisations within `scope` and not published yet."""


class Room(Protocol):
    """Requests as the node itself follows them, on behalf of the organisation that asked."""

    def node_standing(self, request: RequestId, *, tenant: TenantId) -> Standing | None:
        """Where one stands now, folded from the facts held; None while it is not readable."""

    def refold(self, request: RequestId, *, tenant: TenantId, now: datetime) -> Standing | None:
        """Fold again after facts came, keep the row, announce `RequestChanged` if it changed."""

    def node_tell(self, request: RequestId, told: Telling, *, tenant: TenantId) -> Standing:
        """State what followed, for the node. Raises `NotFound`."""

    def signed_versions(self, request: RequestId, *, tenant: TenantId) -> Sequence[SignedFact]:
        """What each fact ``report.signed`` about it carries, whoever stated it."""

    def open_for(self, exam: ExamId, *, tenant: TenantId) -> Sequence[Standing]:
        """Those about an exam of `tenant` that are not ended."""

    def awaiting(self, *, tenant: TenantId) -> Sequence[Standing]:
        """Those `tenant` made whose exam is not attached yet."""

    def answered(self, *, tenant: TenantId) -> Sequence[Standing]:
        """Those `tenant` made that are acknowledged and whose readers still see the images."""


class Wishes(Protocol):
    """Images of other nodes."""

    def want(self, exam: ExamId, *, request: Request, reader: TenantId, now: datetime) -> None:
        """Have an exam fetched for `reader`, who is at home here; again changes nothing."""

    def let_go(self, request: Request, *, now: datetime, but: Collection[ExamId] = ()) -> None:
        """Fetch no more for `request`, save `but`: nobody will read it. What is here stays."""

    def is_here(self, exam: ExamId, *, tenant: TenantId) -> bool:
        """Tell whether `tenant` holds the exam, whole."""

    def hand_over(self, exam: ExamId, *, request: Request, now: datetime) -> None:
        """Let the readers that are at home here see it, as urgent as it was asked."""
