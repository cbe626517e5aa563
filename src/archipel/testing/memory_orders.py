"""Orders in memory, for doors that are tested without a database."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from archipel.kernel.actors import Scope
from archipel.orders.model import Order
from archipel.orders.ports import Scheduled, WorklistKeys


@dataclass(slots=True)
class MemoryWorklist:
    """`orders.ports.Worklist` over a list of orders."""

    orders: list[Order] = field(default_factory=list)

    def steps(self, keys: WorklistKeys, *, scope: Scope) -> Sequence[Scheduled]:
        """List the open steps in scope, narrowed by date and modality."""
        first, last = keys.dates
        found = [
            Scheduled(order, step)
            for order in self.orders
            if scope.sees(order.tenant) and order.status.is_open
            for step in order.said.steps or ()
            if (not first or step.start.date >= first) and (not last or step.start.date <= last)
            if not keys.modality or step.modality == keys.modality
        ]
        found.sort(key=lambda one: (one.step.start.date, one.step.start.time))
        return found[: keys.limit]
