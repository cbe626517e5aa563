"""Webhooks, how far each is, and what came of its last deliveries."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.errors import NotFound
from archipel.kernel.identifiers import TenantId
from archipel.results.feed.model import Cursor, FeedGone
from archipel.results.feed.ports import Feed
from archipel.results.hooks.events import HookDue
from archipel.results.hooks.model import Delivery, HookState, Webhook
from archipel.stores.sql.outbox import announce
from archipel.stores.sql.schema.hooks import webhook as table
from archipel.stores.sql.schema.hooks import webhook_delivery
from archipel.stores.sql.session import Database

KEPT = 50  # deliveries of one webhook


class SqlWebhooks:
    """`archipel.results.hooks.ports.Webhooks`."""

    def __init__(self, database: Database, feed: Feed) -> None:
        self._database, self._feed = database, feed

    def add(self, webhook: Webhook) -> None:
        """See the port. Node-wide: a webhook names its organisation."""
        with self._database.write() as connection:
            connection.execute(insert(table), _row(webhook))

    def listed(self, *, scope: Scope) -> Sequence[Webhook]:
        """See the port."""
        query = select(table).where(table.c.tenant.in_(_names(scope)))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(table.c.created_at, table.c.id)).all()
        return [_webhook(row) for row in rows]

    def webhook(self, name: str, *, scope: Scope) -> Webhook:
        """See the port."""
        with self._database.read() as connection:
            return _one(connection, name, scope)

    def deliveries(self, name: str, *, scope: Scope) -> Sequence[Delivery]:
        """See the port."""
        query = select(webhook_delivery).where(webhook_delivery.c.webhook == name)
        with self._database.read() as connection:
            _one(connection, name, scope)
            rows = connection.execute(query.order_by(webhook_delivery.c.number.desc())).all()
        return [
            Delivery(
                number=row.number,
                at=row.at,
                changes=row.changes,
                status=row.status,
                duration_ms=row.duration_ms,
                reason=row.reason,
            )
            for row in rows
        ]

    def change(self, webhook: Webhook, *, scope: Scope) -> None:
        """See the port."""
        with self._database.write() as connection:
            _one(connection, webhook.id, scope)
            connection.execute(update(table).where(table.c.id == webhook.id).values(_row(webhook)))

    def remove(self, name: str, *, scope: Scope) -> None:
        """See the port."""
        with self._database.write() as connection:
            _one(connection, name, scope)
            connection.execute(delete(webhook_delivery).where(webhook_delivery.c.webhook == name))
            connection.execute(delete(table).where(table.c.id == name))

    def begin_again(self) -> None:
        """See the port. Node-wide: it looks after every webhook there is."""
        with self._database.read() as connection:
            waiting = connection.execute(select(table.c.id).where(table.c.due)).all()
        if waiting:
            with self._database.write() as connection:
                connection.execute(update(table).where(table.c.due).values(due=False))

    def wake(self, *, now: datetime) -> int:
        """See the port. Node-wide: it looks after every webhook there is."""
        idle = select(table).where(table.c.state == HookState.ACTIVE.value, table.c.due.is_(False))
        with self._database.read() as connection:
            waiting = [_webhook(row) for row in connection.execute(idle)]
        newest = self._feed.newest() if waiting else None
        behind = [one for one in waiting if one.cursor != newest and self._has_news(one)]
        for one in behind:
            with self._database.write() as connection:
                begun = replace(one, due=True, run=one.run + 1)
                changed = connection.execute(
                    update(table)
                    .where(table.c.id == one.id, table.c.run == one.run)
                    .where(table.c.state == HookState.ACTIVE.value)
                    .values(due=True, run=begun.run)
                )
                if changed.rowcount:
                    announce(
                        connection,
                        HookDue(tenant=one.tenant, at=now, webhook=one.id, run=begun.run),
                    )
        return len(behind)

    def report(self, webhook: Webhook, delivery: Delivery | None) -> bool:
        """See the port. Node-wide: a webhook names its organisation."""
        with self._database.write() as connection:
            kept = _progress(connection, webhook)
            if delivery is not None and kept:
                _log(connection, webhook.id, delivery)
        return kept

    def rest(self, webhook: Webhook) -> None:
        """See the port. Node-wide: a webhook names its organisation."""
        with self._database.write() as connection:
            _progress(connection, webhook)

    def _has_news(self, one: Webhook) -> bool:
        scope = Scope(Actor(ActorKind.NODE, "webhook"), frozenset({one.tenant}))
        try:
            page = self._feed.page(one.cursor, kinds=one.kinds, limit=1, scope=scope)
        except FeedGone:
            return True
        if not page.changes and page.next != one.cursor:
            self.rest(one.took(page.next))  # what lies between is not for it
        return bool(page.changes) or page.more


def _progress(connection: Connection, webhook: Webhook) -> bool:
    """Keep how far a delivery came, unless somebody changed the webhook meanwhile."""
    row = _row(webhook)
    named = ("cursor", "state", "due", "failures", "failing_since", "reason")
    changed = connection.execute(
        update(table)
        .where(table.c.id == webhook.id, table.c.run == webhook.run)
        .values({name: row[name] for name in named})
    )
    return bool(changed.rowcount)


def _log(connection: Connection, name: str, delivery: Delivery) -> None:
    of_this = webhook_delivery.c.webhook == name
    newest = select(func.max(webhook_delivery.c.number)).where(of_this)
    number = (connection.execute(newest).scalar() or 0) + 1
    connection.execute(
        insert(webhook_delivery),
        {
            "webhook": name,
            "number": number,
            "at": delivery.at,
            "changes": delivery.changes,
            "status": delivery.status,
            "duration_ms": delivery.duration_ms,
            "reason": delivery.reason,
        },
    )
    connection.execute(
        delete(webhook_delivery).where(of_this, webhook_delivery.c.number <= number - KEPT)
    )


def _one(connection: Connection, name: str, scope: Scope) -> Webhook:
    query = select(table).where(table.c.id == name, table.c.tenant.in_(_names(scope)))
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"no webhook {name[:32]!r}")
    return _webhook(row)


def _names(scope: Scope) -> list[str]:
    return [tenant.value for tenant in scope.tenants]


def _row(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "tenant": webhook.tenant.value,
        "url": webhook.url,
        "kinds": sorted(webhook.kinds),
        "cursor": str(webhook.cursor),
        "created_by": webhook.created_by,
        "created_at": webhook.created_at,
        "state": webhook.state.value,
        "due": webhook.due,
        "run": webhook.run,
        "failures": webhook.failures,
        "failing_since": webhook.failing_since,
        "reason": webhook.reason,
    }


def _webhook(row: Row[Any]) -> Webhook:
    return Webhook(
        id=row.id,
        tenant=TenantId(row.tenant),
        url=row.url,
        kinds=frozenset(row.kinds),
        cursor=Cursor.parse(row.cursor),
        created_by=row.created_by,
        created_at=row.created_at,
        state=HookState(row.state),
        due=row.due,
        run=row.run,
        failures=row.failures,
        failing_since=row.failing_since,
        reason=row.reason,
    )
