"""A queue of deliveries in memory, with a clock that is moved by hand."""

import heapq
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from archipel.app.work import Delivery


class MemoryWork:
    """`app.dispatcher.Queue`: a delivery is done once for each id, when its time has come."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.lanes: dict[str, str] = {}
        self.deliver: Callable[[Delivery, MemoryWork], None] | None = None
        self._due: list[tuple[datetime, int, Delivery]] = []

    def clock(self) -> datetime:
        """Tell the time of this queue."""
        return self.now

    def enqueue(self, delivery: Delivery, *, lane: str, delay_s: float = 0) -> None:
        """Put a delivery on its lane; one of the same id again changes nothing."""
        if delivery.id not in self.lanes:
            self.lanes[delivery.id] = lane
            due = self.now + timedelta(seconds=delay_s)
            heapq.heappush(self._due, (due, len(self.lanes), delivery))

    def forget(self, *, before: datetime) -> int:  # noqa: ARG002  (the port's; nothing is kept)
        """Forget nothing."""
        return 0

    def given_up(self) -> Sequence[Delivery]:
        """Nothing: a process that runs this queue does not die in it."""
        return ()

    def drop(self, deliveries: Sequence[Delivery]) -> None:
        """Forget nothing: nothing was given up."""

    def run(self, *, until: datetime) -> None:
        """Do all that is due up to then, moving the clock to each."""
        while self.deliver and self._due and self._due[0][0] <= until:
            self.now, _, delivery = heapq.heappop(self._due)
            self.deliver(delivery, self)
        self.now = until
