"""Deliveries to a real HTTPS receiver that takes, fails, stalls, and comes back."""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from archipel.access.model import AuditEntry
from archipel.app.dispatcher import Dispatcher, Subscription
from archipel.archive.events import SeriesSealed, StudyCompleted
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.errors import NotFound, Refused
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.protocols.webhook.addresses import networks_of
from archipel.protocols.webhook.courier import HttpCourier
from archipel.results.hooks import manage
from archipel.results.hooks.deliver import Desk, WebhookGivenUp, deliver, trial
from archipel.results.hooks.events import HookDue
from archipel.results.hooks.model import HookState, Webhook
from archipel.results.hooks.signature import secret_of
from archipel.stores.sql import outbox
from archipel.stores.sql.migrations import migrate
from archipel.stores.sql.outbox import announce
from archipel.stores.sql.results.feed import SqlFeed
from archipel.stores.sql.results.hooks import SqlWebhooks
from archipel.stores.sql.session import Database, open_database
from archipel.testing.memory_work import MemoryWork

pytestmark = pytest.mark.slow
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
NORTH, SOUTH = TenantId("north"), TenantId("south")


class NoAudit:
    """Keeps what was said."""

    def __init__(self) -> None:
        self.said: list[AuditEntry] = []

    def record(self, entries: Any) -> None:
        self.said += entries


@dataclass
class Node:
    """The ports of a node, its time, and an office of the north."""

    database: Database
    desk: Desk
    now: datetime = NOW
    audit: NoAudit = field(default_factory=NoAudit)

    @property
    def office(self) -> manage.Office:
        return manage.Office(
            webhooks=self.desk.webhooks,
            feed=self.desk.feed,
            audit=self.audit,  # type: ignore[arg-type]  # it records, which is all that is used
            scope=Scope(Actor(ActorKind.PERSON, "admin"), frozenset({NORTH})),
            door="web",
        )

    def add(self, url: str, *kinds: str) -> Webhook:
        return manage.add(NORTH, url, kinds, office=self.office, now=self.now)

    def happen(self, *numbers: int, tenant: TenantId = NORTH) -> None:
        for number in numbers:
            with self.database.write() as connection:
                fact = StudyCompleted(tenant=tenant, at=self.now, study=Uid(f"1.2.{number}"))
                announce(connection, fact)

    def held(self, webhook: Webhook) -> Webhook:
        return self.desk.webhooks.webhook(webhook.id, scope=self.office.scope)

    def due(self) -> list[HookDue]:
        """Wake what has news, and give the facts that were announced."""
        with self.database.read() as connection:
            last = outbox.last_position(connection)
        self.desk.webhooks.wake(now=self.now)
        with self.database.read() as connection:
            found = outbox.after(connection, last, limit=9, kinds=["results.hooks.HookDue"])
        return [one.event() for one in found]  # type: ignore[misc]  # of this kind only

    def deliver(self, fact: HookDue) -> timedelta | None:
        return deliver(fact, desk=self.desk, now=self.now)


@pytest.fixture
def node(tmp_path: Path, certificate: tuple[Path, Path]) -> Iterator[Node]:
    database = open_database(f"sqlite:///{tmp_path / 'index.db'}")
    migrate(database)
    feed = SqlFeed(database)
    courier = HttpCourier(
        private=networks_of("127.0.0.0/8"),
        authority=str(certificate[0]),
        resolve=lambda *_: ["127.0.0.1"],
    )
    desk = Desk(webhooks=SqlWebhooks(database, feed), feed=feed, courier=courier, key=b"k" * 32)
    yield Node(database, desk)
    database.close()


def studies(receiver: Any) -> list[str]:
    return [change["study_instance_uid"] for change in receiver.taken]


def test_what_happens_is_told_signed_and_in_order(node: Node, receiver: Any) -> None:
    node.happen(1)  # before there was a webhook
    hook = node.add(receiver.url)
    node.happen(2, 3)
    node.happen(9, tenant=SOUTH)
    (fact,) = node.due()

    assert node.deliver(fact) is None

    assert studies(receiver) == ["1.2.2", "1.2.3"]
    (headers, body), *_ = receiver.posts
    found = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", headers["Archipel-Signature"])
    assert found is not None
    signed = hmac.new(
        secret_of(b"k" * 32, hook.id).encode(), found[1].encode() + b"." + body, hashlib.sha256
    )
    assert signed.hexdigest() == found[2]
    assert int(found[1]) == int(NOW.timestamp())
    assert headers["Host"].startswith("receiver.test:")
    assert json.loads(body)["webhook"] == hook.id
    assert node.due() == []
    (delivery,) = node.desk.webhooks.deliveries(hook.id, scope=node.office.scope)
    assert (delivery.status, delivery.changes, delivery.taken) == (200, 2, True)


def test_only_wanted_kinds_are_told(node: Node, receiver: Any) -> None:
    node.add(receiver.url, "series.sealed")
    node.happen(1)
    assert node.due() == []
    with node.database.write() as connection:
        study, series = Uid("1.2.1"), Uid("1.2.1.1")
        sealed = SeriesSealed(tenant=NORTH, at=NOW, study=study, series=series, generation=1)
        announce(connection, sealed)
    (fact,) = node.due()
    node.deliver(fact)

    assert [change["kind"] for change in receiver.taken] == ["series.sealed"]


def test_a_receiver_that_fails_and_comes_back_misses_nothing(node: Node, receiver: Any) -> None:
    hook = node.add(receiver.url)
    node.happen(1, 2)
    (fact,) = node.due()
    receiver.status = 500
    pauses = []
    for _ in range(4):
        pause = node.deliver(fact)
        assert pause is not None
        pauses.append(pause)
        node.now += pause
        node.happen(len(pauses) + 2)
        assert node.due() == []  # one delivery at a time: the order holds

    assert pauses == sorted(pauses)
    assert pauses[0] < pauses[-1]
    assert node.held(hook).failing_since == NOW
    assert "500" in node.held(hook).reason

    receiver.status = 204
    assert node.deliver(fact) is None
    assert studies(receiver) == [f"1.2.{number}" for number in range(1, 7)]
    assert node.held(hook).failing_since is None


def test_a_receiver_that_stalls_is_left_in_time(node: Node, receiver: Any) -> None:
    hook = node.add(receiver.url)
    node.happen(1)
    (fact,) = node.due()
    receiver.stall_s = 6.0
    patient = node.desk
    node.desk = replace(patient, courier=replace(patient.courier, timeout_s=0.6))

    assert node.deliver(fact) is not None

    (delivery,) = node.desk.webhooks.deliveries(hook.id, scope=node.office.scope)
    assert delivery.duration_ms < 5000
    assert "0.6 s" in delivery.reason
    receiver.stall_s, node.desk = 0.0, patient
    assert node.deliver(fact) is None
    assert studies(receiver) == ["1.2.1"]


def test_one_that_fails_for_days_is_disabled_and_seen(node: Node, receiver: Any) -> None:
    hook = node.add(receiver.url)
    node.happen(1)
    (fact,) = node.due()
    receiver.status = 503
    assert node.deliver(fact) is not None
    node.now += timedelta(days=3, minutes=1)

    with pytest.raises(WebhookGivenUp, match="receiver answered 503"):
        node.deliver(fact)

    assert node.held(hook).state is HookState.DISABLED
    tried = len(receiver.posts)
    with pytest.raises(WebhookGivenUp):
        node.deliver(fact)
    assert len(receiver.posts) == tried  # nothing is sent any more
    node.happen(2)
    assert node.due() == []

    receiver.status = 200
    manage.resume(hook.id, office=node.office, now=node.now)
    (again,) = node.due()
    assert node.deliver(again) is None
    assert studies(receiver) == ["1.2.1", "1.2.2"]


def test_a_receiver_that_is_gone_is_disabled_at_once(node: Node, receiver: Any) -> None:
    hook = node.add(receiver.url)
    node.happen(1)
    (fact,) = node.due()
    receiver.status = 410

    with pytest.raises(WebhookGivenUp):
        node.deliver(fact)

    assert node.held(hook).state is HookState.DISABLED


def test_the_relay_tries_later_and_buries_what_was_given_up(node: Node, receiver: Any) -> None:
    def send(event: HookDue, *, now: datetime) -> timedelta | None:
        return deliver(event, desk=node.desk, now=now)

    queue = MemoryWork(NOW)
    dispatcher = Dispatcher(
        node.database,
        subscriptions=[Subscription(HookDue, "webhook", send, lane="webhooks")],
        clock=queue.clock,
    )
    queue.deliver = dispatcher.deliver
    hook = node.add(receiver.url)
    node.happen(1)
    node.desk.webhooks.wake(now=NOW)
    receiver.status = 500
    dispatcher.relay(queue)
    queue.run(until=NOW + timedelta(days=2))
    assert node.held(hook).state is HookState.ACTIVE
    queue.run(until=NOW + timedelta(days=4))

    with node.database.read() as connection:
        (letter,) = outbox.dead_letters(connection)
    assert letter.subscriber == "webhook"
    assert hook.id in letter.reason
    assert letter.at >= NOW + timedelta(days=3)
    assert 60 < len(receiver.posts) < 100  # once an hour at last


def test_a_pause_sends_nothing_and_loses_nothing(node: Node, receiver: Any) -> None:
    hook = node.add(receiver.url)
    node.happen(1)
    (fact,) = node.due()
    manage.pause(hook.id, office=node.office, now=node.now)

    assert node.deliver(fact) is None
    assert receiver.posts == []
    assert node.due() == []
    manage.resume(hook.id, office=node.office, now=node.now)
    (again,) = node.due()
    assert node.deliver(fact) is None  # the former delivery ends itself
    assert receiver.posts == []
    node.deliver(again)
    assert studies(receiver) == ["1.2.1"]


def test_what_was_is_sent_again_from_a_moment(node: Node, receiver: Any) -> None:
    hook = node.add(receiver.url)
    node.happen(1)
    node.now += timedelta(hours=1)
    node.happen(2)
    (fact,) = node.due()
    node.deliver(fact)

    manage.replay(hook.id, node.now, office=node.office, now=node.now)
    (again,) = node.due()
    node.deliver(again)

    assert studies(receiver) == ["1.2.1", "1.2.2", "1.2.2"]
    details = [one.detail for one in node.audit.said]
    assert details == ["webhook added", "webhook replayed from 2026-11-24 13:00 UTC"]


def test_a_redirect_is_not_followed(node: Node, receiver: Any) -> None:
    hook = node.add(receiver.url)
    receiver.status, receiver.location = 307, receiver.url + "/elsewhere"

    answer = trial(node.held(hook), desk=node.desk, now=node.now)

    assert (answer.status, len(receiver.posts)) == (307, 1)
    assert answer.reason


def test_a_trial_tells_nothing_and_changes_nothing(node: Node, receiver: Any) -> None:
    hook = node.add(receiver.url)
    node.happen(1)

    answer = trial(node.held(hook), desk=node.desk, now=node.now)

    assert (answer.status, answer.reason) == (200, "")
    assert json.loads(receiver.posts[0][1])["trial"] is True
    assert receiver.taken == []
    assert node.held(hook) == hook


def test_another_name_on_the_certificate_is_refused(node: Node, receiver: Any) -> None:
    hook = node.add(receiver.url.replace("receiver.test", "other.test"))

    answer = trial(node.held(hook), desk=node.desk, now=node.now)

    assert "certificate" in answer.reason
    assert receiver.posts == []


def test_nothing_reaches_this_machine_unless_it_is_allowed(node: Node, receiver: Any) -> None:
    hook = node.add(receiver.url)
    strict = replace(node.desk, courier=HttpCourier(resolve=lambda *_: ["127.0.0.1"]))

    answer = trial(node.held(hook), desk=strict, now=node.now)

    assert "private" in answer.reason
    assert receiver.posts == []


@pytest.mark.parametrize("act", [manage.pause, manage.resume, manage.remove])
def test_others_webhooks_are_not_there(node: Node, receiver: Any, act: Callable[..., Any]) -> None:
    hook = node.add(receiver.url)
    scope = Scope(Actor(ActorKind.PERSON, "other"), frozenset({SOUTH}))
    theirs = replace(node.office, scope=scope)

    with pytest.raises(NotFound):
        act(hook.id, office=theirs, now=node.now)
    with pytest.raises(Refused):
        manage.add(NORTH, receiver.url, [], office=theirs, now=node.now)
    assert theirs.webhooks.listed(scope=scope) == []
