"""From the outbox to its subscribers: every fact to each who asked, at least once.

The relay reads the outbox behind each subscriber's position, queues one delivery for each fact
(named by fact and subscriber, so that queueing it twice is queueing it once), then moves the
position. A subscriber that fails is called again later and later; one that keeps failing leaves a
dead letter for the node page. Nothing here sleeps in a place of the queue.
"""

import logging
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from archipel.app.work import Delivery
from archipel.kernel.clock import Clock
from archipel.kernel.errors import ArchipelError, NotFound
from archipel.kernel.events import Event
from archipel.stores.sql import outbox
from archipel.stores.sql.session import Database

LOG = logging.getLogger(__name__)

KEPT = timedelta(days=7)
"""How long facts and finished deliveries can still be looked at."""

TOLD_KEPT = timedelta(days=90)
"""How long what the feed tells can be read again."""

_BATCH = 500
_RELAY_EVERY_S = 0.2
_MOVE_EVERY = timedelta(seconds=1)
_TIDY_EVERY = timedelta(hours=1)
_LOOK_EVERY = timedelta(seconds=10)  # for what the queue gave up
_TRIES_IF_RETRYABLE, _TRIES_OTHERWISE = 14, 4
_LONGEST_PAUSE_S = 3600
_NOBODY = "there is no such subscriber in this release"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another lane for a delivery: that of the host which has what it needs."""

    lane: str


class Handle(Protocol):
    """What a subscriber does with a fact. It may be called again with the same: same effect."""

    def __call__(self, event: Any, *, now: datetime) -> timedelta | Elsewhere | None:
        """Do it; or return how long to wait before being called again with the same fact.

        Or where it must be done: the rest is on another host.
        """


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscriber of one kind of fact. `name` is for good: its position is kept under it."""

    event: type[Event]
    name: str
    handle: Handle
    lane: str = "facts"


class Queue(Protocol):
    """Where deliveries wait: `work.Work`."""

    def enqueue(self, delivery: Delivery, *, lane: str, delay_s: float = 0) -> None:
        """Put a delivery on its lane; one of the same id again changes nothing."""

    def forget(self, *, before: datetime) -> int:
        """Forget deliveries done before that."""

    def given_up(self) -> Sequence[Delivery]:
        """Deliveries that the queue itself gave up, so that nobody tries them any more."""

    def drop(self, deliveries: Sequence[Delivery]) -> None:
        """Forget deliveries that were given up."""


class Dispatcher:
    """The relay, and what happens when a delivery's turn comes."""

    def __init__(
        self,
        database: Database,
        *,
        subscriptions: Sequence[Subscription],
        clock: Clock,
        told: Collection[str] = (),
    ) -> None:
        self._told = told
        self._database, self._clock = database, clock
        self._subscriptions = {one.name: one for one in subscriptions}
        if len(self._subscriptions) != len(subscriptions):
            raise ValueError("two subscribers have one name")
        self._era: str | None = None
        self._wanted: dict[str, list[Subscription]] = {}
        for one in subscriptions:
            self._wanted.setdefault(outbox.kind_of(one.event), []).append(one)
        self._reached = -1  # by every subscriber, as far as this process knows
        self._moved_at = datetime.min.replace(tzinfo=UTC)  # when positions were last written

    def relay(self, queue: Queue) -> int:
        """Queue what is new for each subscriber; returns how many deliveries.

        Asked five times a second, while instances come in too: one reading of what any of them
        wants, and one transaction for all positions, for each of its commits waits for the disk.
        Positions that pass over what nobody wants are written once a second.
        """
        with self._database.read() as connection:
            newest = outbox.last_position(connection)
            if newest <= self._reached:
                return 0
            positions = outbox.positions(connection)
            reached = {name: positions.get(name, 0) for name in self._subscriptions}
            least = min(reached.values(), default=newest)
            facts = outbox.after(connection, least, limit=_BATCH, kinds=self._wanted)
        queued = 0
        for fact in facts:
            for one in self._wanted[fact.kind]:
                if reached[one.name] < fact.position:
                    queue.enqueue(self._delivery(fact, one), lane=one.lane)
                    queued += 1
        now = self._clock()
        if queued or now - self._moved_at >= _MOVE_EVERY:
            passed = facts[-1].position if len(facts) == _BATCH else newest
            with self._database.write() as connection:
                for name, position in reached.items():
                    if position < passed:
                        outbox.advance(connection, name, passed)
            self._reached, self._moved_at = passed, now
        return queued

    def run(self, queue: Queue, *, stop: threading.Event) -> None:
        """Relay until told to stop. A database that does not answer is asked again."""
        tidied = self._clock()
        looked = tidied - _LOOK_EVERY
        while not stop.is_set():
            try:
                moved = self.relay(queue) + self.revive_asked(queue)
                if self._clock() - looked >= _LOOK_EVERY:
                    self.bury_given_up(queue)
                    looked = self._clock()
                if self._clock() - tidied >= _TIDY_EVERY:
                    self.tidy(queue)
                    tidied = self._clock()
            except ArchipelError as failure:
                LOG.warning("relay: %s", failure)
                moved = 0
            if not moved:
                stop.wait(_RELAY_EVERY_S)

    def tidy(self, queue: Queue) -> None:
        """Forget facts that all have read, and deliveries long done."""
        before = self._clock() - KEPT
        with self._database.write() as connection:
            outbox.sweep(
                connection,
                self._subscriptions,
                before=before,
                told=self._told,
                told_before=self._clock() - TOLD_KEPT,
            )
        while queue.forget(before=before):
            pass

    def deliver(self, delivery: Delivery, queue: Queue) -> None:
        """Hand one fact to one subscriber, and decide what comes after."""
        subscription = self._subscriptions.get(delivery.subscriber)
        if subscription is None:
            self._bury(delivery, _NOBODY)
            return
        try:
            event = outbox.decode(delivery.kind, dict(delivery.body))
            pause = subscription.handle(event, now=self._clock())
        except Exception as failure:  # noqa: BLE001  (one subscriber's bug must not stop the rest)
            self._failed(delivery, failure, subscription, queue)
            return
        if isinstance(pause, Elsewhere):
            there = replace(delivery, round=delivery.round + 1, failures=0)
            queue.enqueue(there, lane=pause.lane)
        elif pause is not None:
            again = replace(delivery, round=delivery.round + 1, failures=0)
            queue.enqueue(again, lane=subscription.lane, delay_s=max(0, pause.total_seconds()))

    def revive(self, position: int, subscriber: str, queue: Queue) -> None:
        """Deliver a dead letter once more. Raises `NotFound`."""
        with self._database.read() as connection:
            letter = outbox.dead_letter_of(connection, position, subscriber)
        subscription = self._subscriptions.get(subscriber)
        if letter is None or subscription is None:
            raise NotFound(f"no dead letter of fact {position} for {subscriber}")
        delivery = self._delivery(letter, subscription, letter.attempts)
        queue.enqueue(delivery, lane=subscription.lane)
        with self._database.write() as connection:
            outbox.unbury(connection, position, subscriber)

    def revive_asked(self, queue: Queue) -> int:
        """Deliver the dead letters that somebody wants delivered once more; returns how many."""
        with self._database.read() as connection:
            letters = outbox.asked_again(connection)
        for letter in letters:
            if letter.subscriber in self._subscriptions:
                self.revive(letter.position, letter.subscriber, queue)
            else:
                self._keep(replace(letter, reason=_NOBODY, at=self._clock()))
        return len(letters)

    def bury_given_up(self, queue: Queue) -> None:
        """Make dead letters of what the queue gave up: somebody must see it."""
        lost = queue.given_up()
        for delivery in lost:
            self._bury(delivery, "the worker died in it again and again")
        if lost:
            queue.drop(lost)

    def _delivery(
        self, fact: outbox.Announced | outbox.DeadLetter, subscription: Subscription, turn: int = 0
    ) -> Delivery:
        if self._era is None:
            with self._database.write() as connection:
                self._era = outbox.era(connection)
        return Delivery(
            era=self._era,
            position=fact.position,
            kind=fact.kind,
            body=fact.body,
            subscriber=subscription.name,
            round=turn,
        )

    def _failed(
        self, delivery: Delivery, failure: Exception, subscription: Subscription, queue: Queue
    ) -> None:
        failures = delivery.failures + 1
        expected = isinstance(failure, ArchipelError)
        retryable = isinstance(failure, ArchipelError) and failure.retryable
        if expected:
            LOG.warning("%s, fact %d: %s", delivery.subscriber, delivery.position, failure)
        else:
            LOG.error("%s, fact %d", delivery.subscriber, delivery.position, exc_info=failure)
        if failures >= (_TRIES_IF_RETRYABLE if retryable else _TRIES_OTHERWISE):
            # A bug's words may hold anything; an expected failure's are written for operators.
            self._bury(delivery, str(failure) if expected else type(failure).__name__)
            return
        again = replace(delivery, round=delivery.round + 1, failures=failures)
        queue.enqueue(again, lane=subscription.lane, delay_s=pause_after(failures))

    def _bury(self, delivery: Delivery, reason: str) -> None:
        self._keep(
            outbox.DeadLetter(
                position=delivery.position,
                subscriber=delivery.subscriber,
                kind=delivery.kind,
                body=delivery.body,
                attempts=delivery.round + 1,
                reason=reason[:500],
                at=self._clock(),
            )
        )

    def _keep(self, letter: outbox.DeadLetter) -> None:
        with self._database.write() as connection:
            outbox.bury(connection, letter)


def pause_after(failures: int) -> float:
    """Say how many seconds to wait after so many failures in a row: doubling, an hour at most."""
    return float(min(2 ** min(failures - 1, 20), _LONGEST_PAUSE_S))
