"""Send what is due of one webhook, in order, until nothing is left or its receiver fails."""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.errors import NotFound, Refused
from archipel.results.feed.model import Change, FeedGone
from archipel.results.feed.ports import Feed
from archipel.results.hooks.events import HookDue
from archipel.results.hooks.model import AT_ONCE, Delivery, HookState, Webhook
from archipel.results.hooks.ports import Answer, Courier, Webhooks
from archipel.results.hooks.signature import HEADER, secret_of, signed

ROUNDS = 20  # deliveries of one turn: others wait for theirs
_GONE = 410


class WebhookGivenUp(Refused):
    """A receiver failed too long: its webhook is disabled, nothing is sent any more."""

    def __init__(self, webhook: Webhook) -> None:
        super().__init__(
            f"webhook {webhook.id} is disabled, its receiver failed since "
            f"{webhook.failing_since:%Y-%m-%d %H:%M} UTC ({webhook.reason}): "
            "mend it, then resume the webhook under administration"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What delivering needs. `key` is the node's key of webhooks."""

    webhooks: Webhooks
    feed: Feed
    courier: Courier
    key: bytes


def deliver(fact: HookDue, *, desk: Desk, now: datetime) -> timedelta | None:
    """Send what is due; returns how long to wait before the next try, None when done.

    Raises `WebhookGivenUp` when the receiver has failed too long, so that it is seen.
    """
    scope = Scope(Actor(ActorKind.NODE, "webhook"), frozenset({fact.tenant}))
    for _ in range(ROUNDS):
        try:
            webhook = desk.webhooks.webhook(fact.webhook, scope=scope)
        except NotFound:
            return None
        if webhook.run != fact.run or webhook.state is HookState.PAUSED:
            return None
        if webhook.state is HookState.DISABLED:
            raise WebhookGivenUp(webhook)
        webhook = _sent(webhook, scope, desk, now)
        if webhook.state is HookState.DISABLED:
            raise WebhookGivenUp(webhook)
        if webhook.failures:
            return webhook.pause
        if not webhook.due:
            return None
    return timedelta()


def trial(webhook: Webhook, *, desk: Desk, now: datetime) -> Answer:
    """Send a delivery that tells nothing: whether the receiver can be reached and takes it."""
    body = _body(webhook, [], str(webhook.cursor), trial=True)
    return _brought(webhook, body, 0, desk, now)


def _sent(webhook: Webhook, scope: Scope, desk: Desk, now: datetime) -> Webhook:
    try:
        page = desk.feed.page(webhook.cursor, kinds=webhook.kinds, limit=AT_ONCE, scope=scope)
    except FeedGone:
        # Begin again where the feed begins: a receiver may hear twice, never not at all.
        page = desk.feed.page(None, kinds=webhook.kinds, limit=AT_ONCE, scope=scope)
    if not page.changes:
        rested = replace(webhook.took(page.next), due=page.more)
        if page.more:
            desk.webhooks.report(rested, None)
        else:
            desk.webhooks.rest(rested)
        return rested
    body = _body(webhook, page.changes, str(page.next))
    answer = _brought(webhook, body, len(page.changes), desk, now)
    if answer.reason:
        after = webhook.failed(answer.reason, now=now, final=answer.status == _GONE)
    else:
        after = webhook.took(page.next)
    delivery = Delivery(
        number=0,
        at=now,
        changes=len(page.changes),
        status=answer.status,
        duration_ms=answer.duration_ms,
        reason=answer.reason,
    )
    kept = desk.webhooks.report(after, delivery)
    return after if kept else replace(after, due=False, failures=0, state=HookState.PAUSED)


def _brought(webhook: Webhook, body: bytes, count: int, desk: Desk, now: datetime) -> Answer:
    secret = secret_of(desk.key, webhook.id)
    headers = {
        "Content-Type": "application/json",
        HEADER: signed(secret, body, at=now),
        "Archipel-Webhook": webhook.id,
        "Archipel-Changes": str(count),
    }
    return desk.courier.bring(webhook.url, body, headers)


def _body(webhook: Webhook, changes: Any, following: str, *, trial: bool = False) -> bytes:
    said = {
        "webhook": webhook.id,
        "trial": trial,
        "changes": [_told(one) for one in changes],
        "next": following,
    }
    return json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode()


def _told(change: Change) -> dict[str, Any]:
    """Write a change as `GET /api/changes` does."""
    return {
        "cursor": str(change.cursor),
        "kind": change.kind,
        "at": change.at.isoformat().replace("+00:00", "Z"),
        "exam": f"{change.tenant}~{change.study}",
        "organisation": change.tenant.value,
        "study_instance_uid": change.study.value,
        "series_instance_uid": change.series.value if change.series else None,
        "instances": change.instances,
    }
