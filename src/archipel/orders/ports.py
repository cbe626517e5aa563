"""What orders need of the world."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from archipel.identity.model import Link, SourceKey, Traits
from archipel.kernel.actors import Scope
from archipel.kernel.identifiers import AccessionNumber, TenantId
from archipel.orders.model import (
    Change,
    KeptMessage,
    MessageState,
    Order,
    OrderId,
    OrderNumber,
    Site,
    Step,
)


@dataclass(frozen=True, slots=True)
class Held:
    """An order with everything that was said of it."""

    order: Order
    changes: tuple[Change, ...]


class OrderBook(Protocol):
    """The orders of a node, open in one transaction."""

    def holding(
        self, *, placer: OrderNumber | None, filler: OrderNumber | None, tenant: TenantId
    ) -> Sequence[Held]:
        """Orders that bear one of these numbers, and are free to be changed until the end."""

    def keep(self, held: Held, *, now: datetime) -> None:
        """Add an order, or put it in the place of the one of its id."""

    def absorb(self, order: OrderId, *, tenant: TenantId) -> None:
        """Forget an order whose changes went into another."""


class Patients(Protocol):
    """The patients of a node, open in the same transaction."""

    def known(self, key: SourceKey, *, tenant: TenantId) -> bool:
        """Tell whether exams or messages of this organisation named this source patient."""

    def note(self, key: SourceKey, traits: Traits, *, tenant: TenantId, now: datetime) -> None:
        """Note under which traits a source patient is registered (`identity.resolve`)."""

    def join(self, link: Link, *, scope: Scope) -> None:
        """Join two source patients (`identity.link`). Raises `NotFound`."""


class Orders(Protocol):
    """Orders as those who look at them see them."""

    def by_accession(self, number: AccessionNumber, *, scope: Scope) -> Sequence[Order]:
        """Orders of this accession number and issuer, the latest first."""

    def by_id(self, order: OrderId, *, scope: Scope) -> Order | None:
        """One order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorklistKeys:
    """What narrows a worklist in the store; the rest is matched on what comes back."""

    dates: tuple[str, str] = ("", "")  # first and last day, inclusive; empty: open
    modality: str = ""  # a single value
    accession: str = ""
    patient: str = ""  # identifier
    limit: int = 1000


@dataclass(frozen=True, slots=True)
class Scheduled:
    """One line of a worklist: a step and its order."""

    order: Order
    step: Step


class Worklist(Protocol):
    """The steps that are still to be done."""

    def steps(self, keys: WorklistKeys, *, scope: Scope) -> Sequence[Scheduled]:
        """Steps of open orders, by their start; at most `keys.limit`."""


class Sites(Protocol):
    """Who may send messages."""

    def put(self, site: Site) -> None:
        """Add a site or replace the one of its name. Raises `NotFound` (tenant), `Conflict`."""

    def remove(self, name: str, *, scope: Scope) -> Site:
        """Forget a site and return it. Raises `NotFound`."""

    def within(self, scope: Scope) -> Sequence[Site]:
        """The sites of the organisations in scope, by name."""

    def sending(self, *, application: str, facility: str, host: str) -> Site | None:
        """The site a message comes from: the one that says most of it."""


class Messages(Protocol):
    """The messages that were kept."""

    def listed(
        self, *, scope: Scope, states: frozenset[MessageState] = frozenset(), limit: int = 100
    ) -> Sequence[KeptMessage]:
        """Messages, newest first; of these states only, where given. Bodies are left out."""

    def message(self, number: int, *, scope: Scope) -> KeptMessage:
        """One message, whole. Raises `NotFound`."""
