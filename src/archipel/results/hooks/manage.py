"""What administrators do with webhooks: add, pause, resume, replay, remove. Each is audited."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from archipel.access.model import Action, AuditEntry
from archipel.access.ports import Audit
from archipel.kernel.actors import Scope
from archipel.kernel.errors import Conflict, Refused
from archipel.kernel.identifiers import TenantId
from archipel.results.feed.model import wanted
from archipel.results.feed.ports import Feed
from archipel.results.hooks.model import HookState, Webhook
from archipel.results.hooks.ports import Webhooks

MOST = 20  # webhooks of one organisation


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What managing needs, for one administrator."""

    webhooks: Webhooks
    feed: Feed
    audit: Audit
    scope: Scope
    door: str


def add(
    tenant: TenantId, url: str, kinds: Sequence[str], *, office: Office, now: datetime
) -> Webhook:
    """Add a webhook that is told what happens from now on. Raises `Refused`, `Malformed`."""
    if tenant not in office.scope.tenants:
        raise Refused("a webhook is added for an organisation of one's own")
    if sum(one.tenant == tenant for one in office.webhooks.listed(scope=office.scope)) >= MOST:
        raise Conflict(f"an organisation has at most {MOST} webhooks: remove one first")
    made = Webhook(
        id=secrets.token_hex(8),
        tenant=tenant,
        url=url,
        kinds=wanted(kinds),
        cursor=office.feed.newest(),
        created_by=office.scope.actor.name,
        created_at=now,
    )
    _say(made, "added", office, now)
    office.webhooks.add(made)
    return made


def pause(name: str, *, office: Office, now: datetime) -> Webhook:
    """Send nothing until it is resumed; what happens meanwhile is sent then."""
    held = office.webhooks.webhook(name, scope=office.scope)
    return _changed(replace(held, state=HookState.PAUSED, due=False), "paused", office, now)


def resume(name: str, *, office: Office, now: datetime) -> Webhook:
    """Send again, from where the receiver stopped taking."""
    held = office.webhooks.webhook(name, scope=office.scope)
    return _changed(_afresh(held), "resumed", office, now)


def replay(name: str, since: datetime, *, office: Office, now: datetime) -> Webhook:
    """Send again what happened from `since` on, as far as it is kept."""
    held = office.webhooks.webhook(name, scope=office.scope)
    again = replace(_afresh(held), cursor=office.feed.before(since))
    return _changed(again, f"replayed from {since:%Y-%m-%d %H:%M} UTC", office, now)


def remove(name: str, *, office: Office, now: datetime) -> None:
    """Forget a webhook: what was not sent stays unsent."""
    held = office.webhooks.webhook(name, scope=office.scope)
    _say(held, "removed", office, now)
    office.webhooks.remove(name, scope=office.scope)


def _afresh(held: Webhook) -> Webhook:
    return replace(
        held, state=HookState.ACTIVE, due=False, failures=0, failing_since=None, reason=""
    )


def _changed(webhook: Webhook, what: str, office: Office, now: datetime) -> Webhook:
    changed = replace(webhook, run=webhook.run + 1)
    _say(changed, what, office, now)
    office.webhooks.change(changed, scope=office.scope)
    return changed


def _say(webhook: Webhook, what: str, office: Office, now: datetime) -> None:
    entry = AuditEntry(
        tenant=webhook.tenant,
        at=now,
        actor=office.scope.actor,
        action=Action.CHANGE,
        subject=webhook.id,
        door=office.door,
        detail=f"webhook {what}",
    )
    office.audit.record([entry])
