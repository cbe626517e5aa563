"""Webhooks under administration: list, add, try, pause, resume, replay, remove."""

from typing import Annotated

from fastapi import APIRouter, Path

from archipel.access.model import Visitor
from archipel.kernel.errors import Malformed
from archipel.kernel.identifiers import TenantId
from archipel.protocols.web.models.webhooks import (
    DeliveryView,
    ReplayRequest,
    TrialView,
    WebhookMade,
    WebhookRequest,
    WebhooksView,
    WebhookView,
    delivery_view,
    webhook_view,
)
from archipel.protocols.web.services import DOOR, Services, WebServices
from archipel.protocols.web.visitors import Administers
from archipel.results.feed.model import NAMES
from archipel.results.hooks import manage
from archipel.results.hooks.deliver import trial
from archipel.results.hooks.signature import secret_of

routes = APIRouter(tags=["webhooks"])
Name = Annotated[str, Path(max_length=32)]


@routes.get("/webhooks", operation_id="list_webhooks")
def list_webhooks(visitor: Administers, services: Services) -> WebhooksView:
    """List the webhooks of the organisations you administer."""
    found = services.hooks.webhooks.listed(scope=visitor.scope)
    return WebhooksView(
        webhooks=[webhook_view(one) for one in found],
        kinds=sorted(NAMES),
        server_time=services.clock(),
    )


@routes.post("/webhooks", operation_id="add_webhook", status_code=201)
def add_webhook(wanted: WebhookRequest, visitor: Administers, services: Services) -> WebhookMade:
    """Send what happens from now on to an address; the secret comes back this once; audited."""
    made = manage.add(
        TenantId(wanted.organisation),
        wanted.url,
        wanted.kinds,
        office=_office(visitor, services),
        now=services.clock(),
    )
    return WebhookMade(webhook=webhook_view(made), secret=secret_of(services.hooks.key, made.id))


@routes.get("/webhooks/{webhook}/deliveries", operation_id="list_deliveries")
def list_deliveries(webhook: Name, visitor: Administers, services: Services) -> list[DeliveryView]:
    """List the last fifty deliveries, latest first."""
    found = services.hooks.webhooks.deliveries(webhook, scope=visitor.scope)
    return [delivery_view(one) for one in found]


@routes.post("/webhooks/{webhook}/trial", operation_id="try_webhook")
def try_webhook(webhook: Name, visitor: Administers, services: Services) -> TrialView:
    """Send a signed delivery without changes, now, and say what the receiver answered."""
    held = services.hooks.webhooks.webhook(webhook, scope=visitor.scope)
    answer = trial(held, desk=services.hooks, now=services.clock())
    return TrialView(
        status=answer.status,
        duration_ms=answer.duration_ms,
        taken=not answer.reason,
        reason=answer.reason,
    )


@routes.post("/webhooks/{webhook}/pause", operation_id="pause_webhook")
def pause_webhook(webhook: Name, visitor: Administers, services: Services) -> WebhookView:
    """Send nothing until it is resumed; audited."""
    office = _office(visitor, services)
    return webhook_view(manage.pause(webhook, office=office, now=services.clock()))


@routes.post("/webhooks/{webhook}/resume", operation_id="resume_webhook")
def resume_webhook(webhook: Name, visitor: Administers, services: Services) -> WebhookView:
    """Send again, from where the receiver stopped taking; audited."""
    office = _office(visitor, services)
    return webhook_view(manage.resume(webhook, office=office, now=services.clock()))


@routes.post("/webhooks/{webhook}/replay", operation_id="replay_webhook")
def replay_webhook(
    webhook: Name, wanted: ReplayRequest, visitor: Administers, services: Services
) -> WebhookView:
    """Send again what happened since a moment, as far as it is kept (90 days); audited."""
    if wanted.since.tzinfo is None:
        raise Malformed("the moment to replay from needs its time zone")
    office = _office(visitor, services)
    again = manage.replay(webhook, wanted.since, office=office, now=services.clock())
    return webhook_view(again)


@routes.delete("/webhooks/{webhook}", operation_id="remove_webhook", status_code=204)
def remove_webhook(webhook: Name, visitor: Administers, services: Services) -> None:
    """Forget a webhook with its deliveries; audited."""
    manage.remove(webhook, office=_office(visitor, services), now=services.clock())


def _office(visitor: Visitor, services: WebServices) -> manage.Office:
    return manage.Office(
        webhooks=services.hooks.webhooks,
        feed=services.feed,
        audit=services.desk.audit,
        scope=visitor.scope,
        door=DOOR,
    )
