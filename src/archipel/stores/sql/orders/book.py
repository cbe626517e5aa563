"""Orders in rows: written by messages in their transaction, read by screens and worklists.

An order is kept with all that was said of it, so that what comes late is folded in its place; its
open steps are rows of their own, for worklists.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, delete, insert, or_, select, update

from archipel.kernel.actors import Scope
from archipel.kernel.identifiers import AccessionNumber, TenantId
from archipel.orders.model import Change, Order, OrderId, OrderNumber
from archipel.orders.ports import Held, Scheduled, WorklistKeys
from archipel.stores.sql.schema.archive import study
from archipel.stores.sql.schema.orders import imaging_order, scheduled_step
from archipel.stores.sql.session import Database, alone

_order = msgspec.json.Decoder(Order)
_changes = msgspec.json.Decoder(tuple[Change, ...])
_written = msgspec.json.Encoder()
_T = imaging_order.c
_HOLDING = (  # built once: a message costs as much in building statements as in the database
    select(_T.standing, _T.changes)
    .where(
        _T.tenant == bindparam("tenant"),
        or_(
            (_T.placer == bindparam("placer")) & (_T.placer_issuer == bindparam("placer_issuer")),
            (_T.filler == bindparam("filler")) & (_T.filler_issuer == bindparam("filler_issuer")),
        ),
    )
    .order_by(_T.id)
)
_ADDED, _ADDED_STEP = insert(imaging_order), insert(scheduled_step)


class SqlOrderBook:
    """`orders.ports.OrderBook`, in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: set[OrderId] = set()  # held already, as `holding` found

    def holding(
        self, *, placer: OrderNumber | None, filler: OrderNumber | None, tenant: TenantId
    ) -> Sequence[Held]:
        """Find orders by number; one transaction at a time passes for an organisation."""
        alone(self._connection, f"orders {tenant}")
        asked = {
            "tenant": tenant.value,
            "placer": placer.value if placer else None,
            "placer_issuer": placer.issuer.namespace if placer else None,
            "filler": filler.value if filler else None,
            "filler_issuer": filler.issuer.namespace if filler else None,
        }
        found = [
            Held(_order.decode(row.standing), _changes.decode(row.changes))
            for row in self._connection.execute(_HOLDING, asked)
        ]
        self._known.update(one.order.id for one in found)
        return found

    def keep(self, held: Held, *, now: datetime) -> None:
        """Write an order and its open steps. Node-wide: it carries its tenant."""
        order = held.order
        values = _columns(held, now)
        if order.id in self._known:
            self._connection.execute(
                update(imaging_order).where(
                    imaging_order.c.id == order.id,
                    imaging_order.c.tenant == order.tenant.value,
                ),
                values,
            )
            self._connection.execute(
                delete(scheduled_step).where(scheduled_step.c.order_id == order.id)
            )
        else:
            self._connection.execute(_ADDED, {"id": order.id, **values})
        rows = _steps(order)
        if rows:
            self._connection.execute(_ADDED_STEP, rows)

    def absorb(self, order: OrderId, *, tenant: TenantId) -> None:
        """Forget an order that is part of another now."""
        self._connection.execute(delete(scheduled_step).where(scheduled_step.c.order_id == order))
        self._connection.execute(
            delete(imaging_order).where(
                imaging_order.c.id == order, imaging_order.c.tenant == tenant.value
            )
        )


class SqlOrders:
    """`orders.ports.Orders` and `orders.ports.Worklist`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def by_accession(self, number: AccessionNumber, *, scope: Scope) -> Sequence[Order]:
        """Find the orders of an accession number."""
        table = imaging_order.c
        query = (
            select(table.standing)
            .where(
                table.accession == number.value,
                table.accession_issuer == number.issuer.namespace,
                _in(table.tenant, scope),
            )
            .order_by(table.changed_at.desc(), table.id)
            .limit(20)
        )
        with self._database.read() as connection:
            return [_order.decode(text) for text in connection.scalars(query)]

    def by_id(self, order: OrderId, *, scope: Scope) -> Order | None:
        """Find one order."""
        table = imaging_order.c
        query = select(table.standing).where(table.id == order, _in(table.tenant, scope))
        with self._database.read() as connection:
            text = connection.scalar(query)
        return _order.decode(text) if text is not None else None

    def steps(self, keys: WorklistKeys, *, scope: Scope) -> Sequence[Scheduled]:
        """List open steps by their start, those left out whose exam is complete."""
        step, order = scheduled_step.c, imaging_order.c
        first, last = keys.dates
        query = (
            select(order.standing, step.number)
            .join(imaging_order, order.id == step.order_id)
            .where(_in(step.tenant, scope), _in(order.tenant, scope), ~_done())
            .order_by(step.date, step.time, step.order_id, step.number)
            .limit(keys.limit)
        )
        if first:
            query = query.where(step.date >= first)
        if last:
            query = query.where(step.date <= last)
        if keys.modality:
            query = query.where(step.modality == keys.modality)
        if keys.accession:
            query = query.where(order.accession == keys.accession)
        if keys.patient:
            query = query.where(step.patient == keys.patient)
        with self._database.read() as connection:
            return [_scheduled(row) for row in connection.execute(query)]


def _scheduled(row: Row[Any, Any]) -> Scheduled:
    order = _order.decode(row.standing)
    return Scheduled(order, (order.said.steps or ())[row.number])


def _done() -> Any:
    """Tell whether the exam of a step is here and complete: nobody announces it otherwise."""
    step, order = scheduled_step.c, imaging_order.c
    return (
        select(study.c.id)
        .where(
            study.c.tenant == order.tenant,
            study.c.accession_number == order.accession,
            study.c.accession_issuer == order.accession_issuer,
            study.c.completed_at.is_not(None),
            study.c.modalities.contains("\\" + step.modality),
        )
        .exists()
    )


def _in(column: Any, scope: Scope) -> Any:
    return column.in_([tenant.value for tenant in scope.tenants])


def _columns(held: Held, now: datetime) -> dict[str, Any]:
    order = held.order
    accession = order.said.accession
    return {
        "tenant": order.tenant.value,
        "placer": order.placer.value if order.placer else None,
        "placer_issuer": order.placer.issuer.namespace if order.placer else None,
        "filler": order.filler.value if order.filler else None,
        "filler_issuer": order.filler.issuer.namespace if order.filler else None,
        "accession": accession.value if accession else None,
        "accession_issuer": accession.issuer.namespace if accession else None,
        "status": order.status.value,
        "standing": _written.encode(order).decode(),
        "changes": _written.encode(held.changes).decode(),
        "changed_at": now,
    }


def _steps(order: Order) -> list[dict[str, Any]]:
    if not order.status.is_open:
        return []
    patient = order.said.patient
    return [
        {
            "order_id": order.id,
            "number": number,
            "tenant": order.tenant.value,
            "date": step.start.date,
            "time": step.start.time[:16],
            "modality": step.modality,
            "patient": patient.identifier.value if patient else "",
        }
        for number, step in enumerate(order.said.steps or ())
    ]
