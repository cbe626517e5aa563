"""Durable work: one kind of DBOS workflow that delivers facts, in lanes of limited width.

DBOS keeps what is due in a database of its own (on SQLite a file: it is written for each piece of
work, and the index writer must not wait for that). Nothing starts on import; a process has one
`Work` at most, because DBOS is one per process.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dbos import DBOS, DBOSConfig, SetEnqueueOptions, SetWorkflowID
from sqlalchemy import make_url

from archipel.kernel.errors import Unavailable

APPLICATION_VERSION = "1"
"""DBOS does work of its own version only: raise it when arguments of `Delivery` change."""

_WORKFLOW = "deliver"
_KEPT_AT_ONCE = 500
_RECOVERIES = 10  # of one delivery, then it is a dead letter: it takes every other down with it


@dataclass(frozen=True, slots=True)
class Lane:
    """A queue that runs `width` deliveries at once and looks for more every `poll_s`.

    Each look is a transaction of DBOS, so a lane that may wait looks seldom.
    """

    width: int
    poll_s: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A fact on its way to one subscriber; `round` counts returns, `failures` in a row."""

    era: str
    position: int
    kind: str
    body: Mapping[str, Any]
    subscriber: str
    round: int = 0
    failures: int = 0

    @property
    def id(self) -> str:
        """Name this delivery for good: the same name is never done twice."""
        return f"{self.era}.{self.position}.{self.subscriber}.{self.round}"


class Work:
    """The engine that runs deliveries, each to its end, across crashes."""

    def __init__(
        self,
        url: str,
        *,
        lanes: Mapping[str, Lane],
        deliver: Callable[[Delivery, "Work"], None],
        name: str = "work",
    ) -> None:
        """`name` tells the workers of several hosts over one database apart."""
        self._url, self._lanes, self._deliver, self._name = url, dict(lanes), deliver, name
        self._workflow: Callable[[str, dict[str, Any]], None] | None = None

    def start(self) -> None:
        """Begin to work; what a crash interrupted goes first. Raises `Unavailable`."""
        _prepare(self._url)
        config: DBOSConfig = {
            "name": "archipel",
            "system_database_url": self._url,
            "application_version": APPLICATION_VERSION,
            "executor_id": self._name,  # the one that starts again recovers what it had begun
            "log_level": "WARNING",
            "console_log_level": "WARNING",
            "enable_otlp": False,
        }

        def run(_name: str, plain: dict[str, Any]) -> None:
            self._deliver(Delivery(**plain), self)

        DBOS(config=config)
        self._workflow = DBOS.workflow(name=_WORKFLOW, max_recovery_attempts=_RECOVERIES)(run)
        DBOS.listen_queues(list(self._lanes))
        DBOS.launch()
        for name, lane in self._lanes.items():
            DBOS.register_queue(
                name,
                worker_concurrency=lane.width,  # without it one claim takes the whole backlog
                polling_interval_sec=lane.poll_s,
                on_conflict="always_update",
            )

    def stop(self, *, timeout_s: int) -> None:
        """Finish what runs within `timeout_s`; what does not is done again at the next start."""
        self._workflow = None
        DBOS.destroy(workflow_completion_timeout_sec=timeout_s, destroy_registry=True)

    def enqueue(self, delivery: Delivery, *, lane: str, delay_s: float = 0) -> None:
        """Put a delivery on its lane, not before `delay_s` from now. Again changes nothing.

        A delay holds no place of the lane.
        """
        if self._workflow is None:
            raise Unavailable("the worker is not running: no delivery can be queued")
        options = SetEnqueueOptions(delay_seconds=delay_s if delay_s > 0 else None)
        with SetWorkflowID(delivery.id), options:
            DBOS.enqueue_workflow(lane, self._workflow, delivery.id, _plain(delivery))

    def waiting(self) -> Mapping[str, int]:
        """Count what is queued, delayed or running, by lane."""
        counts = dict.fromkeys(self._lanes, 0)
        for one in self._listed(["ENQUEUED", "DELAYED", "PENDING"], limit=None):
            lane = one.queue_name or ""
            counts[lane] = counts.get(lane, 0) + 1
        return counts

    def given_up(self) -> Sequence[Delivery]:
        """Deliveries that the engine itself gave up: the process died in them many times."""
        lost = ["ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
        found = self._listed(lost, limit=_KEPT_AT_ONCE, load_input=True)
        return [Delivery(**one.input["args"][1]) for one in found]

    def drop(self, deliveries: Sequence[Delivery]) -> None:
        """Forget deliveries that were given up."""
        DBOS.delete_workflows([one.id for one in deliveries])

    def hurry(self, lane: str) -> int:
        """Let everything delayed on a lane be asked again now; returns how many.

        How long to wait may have been set anew since it was put there.
        """
        delayed = self._listed(["DELAYED"], limit=None, queue_name=lane)
        for one in delayed:
            DBOS.set_workflow_delay(one.workflow_id, delay_seconds=0)
        return len(delayed)

    def recover(self, name: str) -> int:
        """Put back in their lanes what a worker that is gone had begun; returns how much.

        The engine does so in one step each, which the row of a delivery admits once.
        """
        begun = self._listed(["PENDING"], limit=None, executor_id=name)
        DBOS._recover_pending_workflows([name])  # noqa: SLF001  (it has no public name; ADR 0137)
        return len(begun)

    def forget(self, *, before: datetime) -> int:
        """Forget deliveries that succeeded before that; returns how many."""
        text = before.astimezone(UTC).isoformat()
        done = [
            one.workflow_id
            for one in self._listed(["SUCCESS"], limit=_KEPT_AT_ONCE, completed_before=text)
        ]
        if done:
            DBOS.delete_workflows(done)
        return len(done)

    def _listed(self, status: list[str], **narrowed: Any) -> Sequence[Any]:
        wanted = {"load_input": False, "load_output": False, **narrowed}
        return DBOS.list_workflows(status=status, name=_WORKFLOW, **wanted)


def _plain(delivery: Delivery) -> dict[str, Any]:
    return {
        "era": delivery.era,
        "position": delivery.position,
        "kind": delivery.kind,
        "body": dict(delivery.body),
        "subscriber": delivery.subscriber,
        "round": delivery.round,
        "failures": delivery.failures,
    }


def _prepare(url: str) -> None:
    # DBOS opens SQLite with a rollback journal, at half the speed; the mode stays with the file.
    parts = make_url(url)
    if parts.get_backend_name() != "sqlite" or not parts.database:
        return
    try:
        with closing(sqlite3.connect(parts.database, timeout=30)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.Error as failure:
        raise Unavailable(f"the work queue at {parts.database}: {failure}") from failure
