"""`orders.steps.ports.Workitems`: steps in rows, changed one transaction at a time.

Whoever is subscribed finds the reports of a change in rows written with the change itself: what
nobody listened to waits.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update

from archipel.kernel.actors import Scope
from archipel.kernel.aetitle import AETitle
from archipel.kernel.errors import NotFound
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.orders.steps import attributes as tags
from archipel.orders.steps import seek
from archipel.orders.steps.errors import NoSuchWorkitem, WorkitemKnown
from archipel.orders.steps.model import (
    EVENT_CLASS,
    Outcome,
    Report,
    State,
    Subscription,
    Told,
    Workitem,
)
from archipel.orders.steps.perform import state_report
from archipel.orders.steps.ports import Verb
from archipel.orders.steps.seek import Key
from archipel.standards.dicom.dataset import DataSet
from archipel.standards.dicom.json_model import dataset_json, from_json
from archipel.standards.dicom.matching import AnyOf
from archipel.stores.sql.schema.steps import step_report, step_subscription, step_watch, workitem
from archipel.stores.sql.session import Database, alone, upsert

_AT_ONCE = 200
_AFFECTED_CLASS, _AFFECTED_INSTANCE, _EVENT_TYPE = 0x00000002, 0x00001000, 0x00001002
_COLUMN = {(tags.STATE,): workitem.c.state, (tags.PATIENT_ID,): workitem.c.patient_id}
_COLUMN[(tags.SOP_INSTANCE,)] = workitem.c.uid


class SqlWorkitems:
    """Rows of ``workitem`` and of who watches them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, made: Outcome) -> None:
        """See the port. Node-wide: a step carries its tenant."""
        item = made.workitem
        with self._database.write() as connection:
            alone(connection, f"steps {item.tenant}")
            if connection.execute(select(workitem.c.id).where(_is(item.uid, item.tenant))).first():
                raise WorkitemKnown(item.uid)
            key = connection.execute(
                insert(workitem).values(
                    tenant=item.tenant.value, uid=item.uid.value, **_said(item)
                )
            ).inserted_primary_key
            assert key is not None  # noqa: S101  (a row was inserted)
            _watch(connection, key[0], item)

    def change(self, uid: Uid, verb: Verb, *, tenant: TenantId) -> Outcome:
        """See the port."""
        with self._database.write() as connection:
            alone(connection, f"steps {tenant}")
            row = connection.execute(select(workitem).where(_is(uid, tenant))).one_or_none()
            if row is None:
                raise NoSuchWorkitem
            held = _workitem(row)
            outcome = verb(held)
            if outcome.workitem is not held:
                changed = update(workitem).where(workitem.c.id == row.id)
                connection.execute(changed.values(**_said(outcome.workitem)))
            listening = select(step_subscription.c.subscriber).where(
                step_subscription.c.workitem_id == row.id
            )
            titles = list(connection.scalars(listening))
            for report in outcome.reports:
                _tell(connection, titles, outcome.workitem, report, outcome.workitem.modified_at)
            _watch(connection, row.id, outcome.workitem, but=titles, only_filtered=True)
        return outcome

    def workitem(self, uid: Uid, *, scope: Scope) -> Workitem:
        """See the port."""
        query = select(workitem).where(workitem.c.uid == uid.value, _within(scope))
        with self._database.read() as connection:
            row = connection.execute(query.order_by(workitem.c.id).limit(1)).one_or_none()
        if row is None:
            raise NoSuchWorkitem
        return _workitem(row)

    def search(
        self, keys: Sequence[Key], *, scope: Scope, limit: int, offset: int = 0
    ) -> Sequence[Workitem]:
        """See the port."""
        query = (
            select(workitem)
            .where(_within(scope), *_narrowing(keys))
            .order_by(workitem.c.start, workitem.c.id)
            .execution_options(yield_per=_AT_ONCE)
        )
        with self._database.read() as connection, connection.execute(query) as rows:
            items = map(_workitem, rows)
            found = (one for one in items if seek.matches(keys, one.content))
            return list(islice(found, offset, offset + limit))

    def subscribe(self, wish: Subscription, *, now: datetime) -> None:
        """See the port. Node-wide: a wish carries its tenant."""
        keys = seek.read(wish.keys)
        with self._database.write() as connection:
            alone(connection, f"steps {wish.tenant}")
            if not wish.is_global:
                row = connection.execute(
                    select(workitem).where(_is(wish.target, wish.tenant))
                ).one_or_none()
                if row is None:
                    raise NoSuchWorkitem
                _enter(connection, [row], wish, now)
                return
            values = {"lock": wish.lock, "keys": [list(pair) for pair in wish.keys]}
            held = upsert(connection, step_watch).values(**_named(wish), **values)
            connection.execute(
                held.on_conflict_do_update(index_elements=list(_named(wish)), set_=values)
            )
            subscribed = select(step_subscription.c.workitem_id).where(
                step_subscription.c.subscriber == wish.subscriber.value
            )
            query = select(workitem).where(
                workitem.c.tenant == wish.tenant.value,
                workitem.c.id.not_in(subscribed),
                *_narrowing(keys),
            )
            rows = [
                row
                for row in connection.execute(query.order_by(workitem.c.id))
                if seek.matches(keys, from_json(row.content))
            ]
            _enter(connection, rows, wish, now)

    def unsubscribe(self, subscriber: AETitle, target: Uid, *, tenant: TenantId) -> None:
        """See the port."""
        everything = Subscription(tenant=tenant, subscriber=subscriber, target=target, lock=False)
        steps = select(workitem.c.id).where(workitem.c.tenant == tenant.value)
        if not everything.is_global:
            steps = steps.where(workitem.c.uid == target.value)
        with self._database.write() as connection:
            if not everything.is_global and not connection.execute(steps).first():
                raise NoSuchWorkitem
            connection.execute(
                delete(step_subscription).where(
                    step_subscription.c.subscriber == subscriber.value,
                    step_subscription.c.workitem_id.in_(steps),
                )
            )
            if everything.is_global:
                connection.execute(delete(step_watch).where(_of(everything)))

    def suspend(self, subscriber: AETitle, target: Uid, *, tenant: TenantId) -> None:
        """See the port."""
        wish = Subscription(tenant=tenant, subscriber=subscriber, target=target, lock=False)
        with self._database.write() as connection:
            if not connection.execute(delete(step_watch).where(_of(wish))).rowcount:
                raise NotFound(f"{subscriber} has no subscription to {target}")

    def waiting(
        self, subscriber: AETitle, *, tenant: TenantId, limit: int = 100
    ) -> Sequence[Told]:
        """See the port."""
        query = (
            select(step_report.c.id, step_report.c.content)
            .where(
                step_report.c.tenant == tenant.value,
                step_report.c.subscriber == subscriber.value,
            )
            .order_by(step_report.c.id)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [Told(row.id, row.content) for row in connection.execute(query)]

    def told(self, reports: Collection[int], *, tenant: TenantId) -> None:
        """See the port."""
        with self._database.write() as connection:
            connection.execute(
                delete(step_report).where(
                    step_report.c.tenant == tenant.value, step_report.c.id.in_(list(reports))
                )
            )


def _is(uid: Uid, tenant: TenantId) -> ColumnElement[bool]:
    return (workitem.c.uid == uid.value) & (workitem.c.tenant == tenant.value)


def _within(scope: Scope) -> ColumnElement[bool]:
    return workitem.c.tenant.in_([tenant.value for tenant in scope.tenants])


def _named(wish: Subscription) -> dict[str, str]:
    return {
        "tenant": wish.tenant.value,
        "subscriber": wish.subscriber.value,
        "target": wish.target.value,
    }


def _of(wish: Subscription) -> ColumnElement[bool]:
    held = step_watch.c
    return (
        (held.tenant == wish.tenant.value)
        & (held.subscriber == wish.subscriber.value)
        & (held.target == wish.target.value)
    )


def _said(item: Workitem) -> dict[str, Any]:
    return {
        "state": item.state.value,
        "transaction_uid": item.transaction.value if item.transaction else None,
        "patient_id": item.content.text(tags.PATIENT_ID),
        "start": item.content.text(tags.START),
        "modified_at": item.modified_at,
        "content": dataset_json(item.content),
    }


def _workitem(row: Row[Any]) -> Workitem:
    return Workitem(
        tenant=TenantId(row.tenant),
        uid=Uid(row.uid),
        state=State(row.state),
        transaction=Uid(row.transaction_uid) if row.transaction_uid else None,
        modified_at=row.modified_at,
        content=from_json(row.content),
    )


def _narrowing(keys: Sequence[Key]) -> list[ColumnElement[bool]]:
    """Say in the database what of the keys a column answers; all are tested again."""
    return [
        _COLUMN[one.path].in_(one.wanted.criterion.values)
        for one in keys
        if one.path in _COLUMN and isinstance(one.wanted.criterion, AnyOf)
    ]


def _enter(
    connection: Connection, rows: Sequence[Row[Any]], wish: Subscription, now: datetime
) -> None:
    """Subscribe to steps, and tell how each stands."""
    for row in rows:
        values = {"lock": wish.lock}
        key = {"workitem_id": row.id, "subscriber": wish.subscriber.value}
        made = upsert(connection, step_subscription).values(**key, **values)
        connection.execute(made.on_conflict_do_update(index_elements=list(key), set_=values))
        item = _workitem(row)
        _tell(connection, [wish.subscriber.value], item, state_report(item), now)


def _watch(
    connection: Connection,
    key: int,
    item: Workitem,
    *,
    but: Collection[str] = (),
    only_filtered: bool = False,
) -> None:
    """Subscribe those who wait for steps like this one, and tell them of it."""
    waiting = select(step_watch).where(step_watch.c.tenant == item.tenant.value)
    entered: set[str] = set(but)
    for row in connection.execute(waiting.order_by(step_watch.c.subscriber, step_watch.c.target)):
        pairs = [(path, text) for path, text in row.keys]
        if row.subscriber in entered or (only_filtered and not pairs):
            continue
        if not seek.matches(seek.read(pairs), item.content):
            continue
        entered.add(row.subscriber)
        connection.execute(
            insert(step_subscription).values(
                workitem_id=key, subscriber=row.subscriber, lock=row.lock
            )
        )
        _tell(connection, [row.subscriber], item, state_report(item), item.modified_at)


def _tell(
    connection: Connection, titles: Iterable[str], item: Workitem, report: Report, at: datetime
) -> None:
    told = DataSet(dict(report.content.elements), report.content.outer)
    told.set_text(_AFFECTED_CLASS, EVENT_CLASS.value, vr="UI")
    told.set_text(_AFFECTED_INSTANCE, item.uid.value, vr="UI")
    told.set_text(_EVENT_TYPE, str(int(report.kind)), vr="US")
    content = dataset_json(told)
    values = [
        {
            "tenant": item.tenant.value,
            "subscriber": title,
            "content": content,
            "at": at,
        }
        for title in titles
    ]
    if values:
        connection.execute(insert(step_report), values)
