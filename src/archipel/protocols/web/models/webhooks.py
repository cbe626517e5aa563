"""Webhooks as administrators see them."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from archipel.protocols.web.models.base import Body, View
from archipel.results.hooks.model import LONGEST_URL, Delivery, Webhook

StateName = Literal["active", "paused", "disabled"]


class WebhookRequest(Body):
    """Where what kinds of change are sent; no kind: all."""

    organisation: str = Field(max_length=48)
    url: str = Field(min_length=8, max_length=LONGEST_URL)
    kinds: list[str] = Field(default=[], max_length=64)


class ReplayRequest(Body):
    """From when on changes are sent again."""

    since: datetime


class WebhookView(View):
    """One webhook. `failing_since` and `reason` tell of the failures that go on."""

    webhook: str
    organisation: str
    url: str
    kinds: list[str]
    state: StateName
    sending: bool
    failures: int
    failing_since: datetime | None
    reason: str
    created_by: str
    created_at: datetime


class WebhookMade(View):
    """A new webhook, and its secret, shown this once."""

    webhook: WebhookView
    secret: str


class WebhooksView(View):
    """The webhooks of the organisations in scope, and the kinds there are."""

    webhooks: list[WebhookView]
    kinds: list[str]
    server_time: datetime


class DeliveryView(View):
    """One try. `status` is the HTTP status, 0 where there was no answer."""

    number: int
    at: datetime
    changes: int
    status: int
    duration_ms: int
    taken: bool
    reason: str


class TrialView(View):
    """What came of a delivery that tells nothing."""

    status: int
    duration_ms: int
    taken: bool
    reason: str


def webhook_view(one: Webhook) -> WebhookView:
    """Return one webhook."""
    return WebhookView(
        webhook=one.id,
        organisation=one.tenant.value,
        url=one.url,
        kinds=sorted(one.kinds),
        state=one.state.value,
        sending=one.due,
        failures=one.failures,
        failing_since=one.failing_since,
        reason=one.reason,
        created_by=one.created_by,
        created_at=one.created_at,
    )


def delivery_view(one: Delivery) -> DeliveryView:
    """Return one delivery."""
    return DeliveryView(
        number=one.number,
        at=one.at,
        changes=one.changes,
        status=one.status,
        duration_ms=one.duration_ms,
        taken=one.taken,
        reason=one.reason,
    )
