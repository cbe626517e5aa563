"""What webhooks need of the world."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from archipel.kernel.actors import Scope
from archipel.results.hooks.model import Delivery, Webhook


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a receiver said. `status` 0: nothing; `reason` is empty where it took the delivery."""

    status: int
    duration_ms: int
    reason: str = ""


class Courier(Protocol):
    """Brings a delivery to its receiver."""

    def bring(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post it, once. Never raises for what a receiver does."""


class Webhooks(Protocol):
    """Webhooks and their last deliveries."""

    def add(self, webhook: Webhook) -> None:
        """Keep a new one."""

    def listed(self, *, scope: Scope) -> Sequence[Webhook]:
        """Give those of the organisations in scope, oldest first."""

    def webhook(self, name: str, *, scope: Scope) -> Webhook:
        """Give one. Raises `NotFound`."""

    def deliveries(self, name: str, *, scope: Scope) -> Sequence[Delivery]:
        """Give its last deliveries, latest first. Raises `NotFound`."""

    def change(self, webhook: Webhook, *, scope: Scope) -> None:
        """Keep what an administrator changed; a delivery on its way ends itself by `run`.

        Raises `NotFound`.
        """

    def remove(self, name: str, *, scope: Scope) -> None:
        """Forget one with its deliveries. Raises `NotFound`."""

    def begin_again(self) -> None:
        """Let every active one be woken anew: what was on its way is not waited for."""

    def wake(self, *, now: datetime) -> int:
        """Announce `HookDue` for each active one that has changes to send; returns how many."""

    def report(self, webhook: Webhook, delivery: Delivery | None) -> bool:
        """Keep what came of a delivery; False where the webhook was changed meanwhile."""

    def rest(self, webhook: Webhook) -> None:
        """Say that nothing is left to send."""
