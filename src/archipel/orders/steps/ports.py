"""What workitems need of the world."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Protocol

from archipel.kernel.actors import Scope
from archipel.kernel.aetitle import AETitle
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.orders.steps.model import Outcome, Subscription, Told, Workitem
from archipel.orders.steps.seek import Key

Verb = Callable[[Workitem], Outcome]
"""One of `perform`, with all but the step it is done to."""


class Workitems(Protocol):
    """The steps of a node, who watches them, and what waits to be told.

    Reports of an outcome are kept for every subscriber in the transaction of the outcome itself.
    """

    def add(self, made: Outcome) -> None:
        """Keep a new step. Raises `WorkitemKnown`."""

    def change(self, uid: Uid, verb: Verb, *, tenant: TenantId) -> Outcome:
        """Do `verb` to a step, alone with it. Raises `NoSuchWorkitem`, and what `verb` raises."""

    def workitem(self, uid: Uid, *, scope: Scope) -> Workitem:
        """Give a step. Raises `NoSuchWorkitem`."""

    def search(
        self, keys: Sequence[Key], *, scope: Scope, limit: int, offset: int = 0
    ) -> Sequence[Workitem]:
        """Give the steps that match, by start, then as they came."""

    def subscribe(self, wish: Subscription, *, now: datetime) -> None:
        """Begin to tell of a step, or of all to come, and of how they stand now.

        Raises `NoSuchWorkitem`; `Malformed` for a filter that is none.
        """

    def unsubscribe(self, subscriber: AETitle, target: Uid, *, tenant: TenantId) -> None:
        """Tell no more of a step; of a well-known UID: of anything (PS3.4 table CC.2.3-2)."""

    def suspend(self, subscriber: AETitle, target: Uid, *, tenant: TenantId) -> None:
        """Tell nothing of steps to come; what is told already goes on. Raises `NotFound`."""

    def waiting(
        self, subscriber: AETitle, *, tenant: TenantId, limit: int = 100
    ) -> Sequence[Told]:
        """Give the oldest reports that wait for a subscriber."""

    def told(self, reports: Collection[int], *, tenant: TenantId) -> None:
        """Forget reports that were taken."""
