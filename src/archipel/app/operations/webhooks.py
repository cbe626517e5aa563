"""Webhooks in the work process: who is woken, who delivers, with what."""

import logging
import threading
from datetime import datetime, timedelta

from archipel.app.dispatcher import Subscription
from archipel.app.wiring import Node
from archipel.kernel.errors import ArchipelError
from archipel.protocols.webhook.addresses import networks_of
from archipel.protocols.webhook.courier import HttpCourier
from archipel.results.hooks.deliver import Desk, deliver
from archipel.results.hooks.events import HookDue
from archipel.stores.key_file import held_or_made
from archipel.stores.sql.results.feed import SqlFeed
from archipel.stores.sql.results.hooks import SqlWebhooks

LANE = "webhooks"
WAKE_EVERY_S = 0.5
_log = logging.getLogger(__name__)


def desk_of(node: Node) -> Desk:
    """Return what delivering needs on this node. Raises `Malformed`."""
    told = node.settings.webhooks
    feed = SqlFeed(node.database)
    return Desk(
        webhooks=SqlWebhooks(node.database, feed),
        feed=feed,
        courier=HttpCourier(
            private=networks_of(told.private_networks),
            authority=told.authority,
            timeout_s=told.timeout_s,
        ),
        key=held_or_made(node.home.webhook_key_file),
    )


def subscriptions(node: Node) -> list[Subscription]:
    """Return who sends what is due."""
    desk = desk_of(node)

    def send(event: HookDue, *, now: datetime) -> timedelta | None:
        return deliver(event, desk=desk, now=now)

    return [Subscription(HookDue, "webhook", send, lane=LANE)]


def wake(node: Node, ended: threading.Event) -> None:
    """Look for webhooks that have something to send, until told to end.

    Without webhooks this is one small query twice a second. What was on its way when the process
    ended is begun again: its former delivery, if the queue still has it, ends itself.
    """
    webhooks = desk_of(node).webhooks
    begun = False
    while not ended.wait(WAKE_EVERY_S):
        try:
            if not begun:
                webhooks.begin_again()
                begun = True
            webhooks.wake(now=node.clock())
        except ArchipelError as failure:
            _log.warning("webhooks: %s", failure)
