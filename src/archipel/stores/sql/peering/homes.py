"""Where each organisation is at home, and the facts that count for nothing because of it.

Each fact is judged once, as it is kept; when the keeper of the authority states a home, every
fact on that organisation is judged anew.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, exists, func, insert, select

from archipel.exchange import chain
from archipel.exchange.events import FactsApplied
from archipel.exchange.homes import Objected, Objection, objection
from archipel.exchange.model import Fact, LogName, NodeName
from archipel.kernel.identifiers import TenantId
from archipel.stores.sql.outbox import announce
from archipel.stores.sql.schema.access import organisation
from archipel.stores.sql.schema.exchange import fact, fact_objection, organisation_home, own_log
from archipel.stores.sql.session import Database, upsert


class SqlOwners:
    """`exchange.ports.Owners`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def local(self, tenant: TenantId) -> bool:
        """Tell whether an organisation is at home here: so it was stated, or it is ours alone."""
        with self._database.read() as connection:
            stated = home_of(connection, tenant=tenant)
            if stated is not None:
                return stated == _here(connection)
            known = select(organisation.c.tenant).where(organisation.c.tenant == tenant.value)
            return connection.execute(known).first() is not None

    def home(self, tenant: TenantId) -> NodeName | None:
        """Give the node that an organisation is at home on; None: nobody has said so."""
        with self._database.read() as connection:
            return home_of(connection, tenant=tenant)

    def all(self) -> Mapping[TenantId, NodeName]:
        """Give every home that was stated. Node-wide: it is the archipelago's own affair."""
        with self._database.read() as connection:
            return homes(connection)

    def unstated(self) -> Sequence[TenantId]:
        """Give our organisations that no home was stated for. Node-wide: as `all`."""
        stated = exists().where(organisation_home.c.tenant == organisation.c.tenant)
        query = select(organisation.c.tenant).where(~stated).order_by(organisation.c.tenant)
        with self._database.read() as connection:
            return [TenantId(name) for name in connection.execute(query).scalars()]

    def objected(self) -> Sequence[Objected]:
        """Count what counts for nothing, by node and organisation. Node-wide: for the operator."""
        query = select(
            fact_objection.c.log,
            fact_objection.c.tenant,
            fact_objection.c.why,
            func.count().label("facts"),
            func.min(fact_objection.c.at).label("since"),
        ).group_by(fact_objection.c.log, fact_objection.c.tenant, fact_objection.c.why)
        with self._database.read() as connection:
            return [
                Objected(
                    node=LogName.parse(row.log).node,
                    tenant=TenantId(row.tenant),
                    why=Objection(row.why),
                    facts=row.facts,
                    since=row.since,
                )
                for row in connection.execute(query)
            ]


def counting() -> ColumnElement[bool]:
    """Return the condition that a row of ``fact`` counts. Node-wide: a part of queries."""
    return ~exists().where(
        fact_objection.c.log == fact.c.log, fact_objection.c.sequence == fact.c.sequence
    )


def home_of(connection: Connection, *, tenant: TenantId) -> NodeName | None:
    """Give the node that an organisation is at home on; None: nobody has said so."""
    query = select(organisation_home.c.node).where(organisation_home.c.tenant == tenant.value)
    name = connection.execute(query).scalar_one_or_none()
    return None if name is None else NodeName(name)


def homes(connection: Connection) -> Mapping[TenantId, NodeName]:
    """Give every home that was stated. Node-wide: it is the archipelago's own affair."""
    query = select(organisation_home.c.tenant, organisation_home.c.node)
    rows = connection.execute(query.order_by(organisation_home.c.tenant))
    return {TenantId(tenant): NodeName(node) for tenant, node in rows}


def settle(
    connection: Connection,
    tenants: Collection[TenantId],
    node: NodeName,
    *,
    clock: str,
    now: datetime,
) -> frozenset[tuple[TenantId, str]]:
    """Make `node` the home of these organisations, unless something later is held.

    Node-wide: each names its tenant. Returns the subjects whose facts count otherwise now.
    """
    changed: set[tuple[TenantId, str]] = set()
    for tenant in sorted(tenants):
        row = {"node": node.value, "clock": clock}
        connection.execute(
            upsert(connection, organisation_home)
            .values(tenant=tenant.value, **row)
            .on_conflict_do_update(
                index_elements=["tenant"], set_=row, where=organisation_home.c.clock < clock
            )
        )
        changed |= {(tenant, subject) for subject in _judge_anew(connection, tenant, now)}
    return frozenset(changed)


def announce_anew(
    connection: Connection, subjects: Collection[tuple[TenantId, str]], *, now: datetime
) -> None:
    """Say that these subjects are to be folded again. Node-wide: each names its tenant."""
    by_tenant: dict[TenantId, list[str]] = {}
    for tenant, subject in sorted(subjects):
        by_tenant.setdefault(tenant, []).append(subject)
    for tenant, said in by_tenant.items():
        announce(connection, FactsApplied(tenant=tenant, at=now, subjects=tuple(said)))


def judge(connection: Connection, told: Collection[Fact], *, now: datetime) -> None:
    """Note which of these facts count for nothing. Node-wide: part of append and take."""
    stated, here = homes(connection), _here(connection)
    rows = [
        _objection(one, why, now)
        for one in told
        if (why := objection(one, stated.get(one.tenant), here=here)) is not None
    ]
    if rows:
        connection.execute(upsert(connection, fact_objection).on_conflict_do_nothing(), rows)


def _judge_anew(connection: Connection, tenant: TenantId, now: datetime) -> set[str]:
    """Judge all facts on an organisation; returns the subjects of those judged otherwise."""
    before = _objected_places(connection, tenant)
    home, here = home_of(connection, tenant=tenant), _here(connection)
    after: dict[tuple[str, int], dict[str, object]] = {}
    subject_of: dict[tuple[str, int], str] = {}
    query = select(fact.c.content, fact.c.previous).where(fact.c.tenant == tenant.value)
    for row in connection.execute(query):
        told = chain.read(row.content, previous=row.previous)
        place = (str(told.log), told.sequence)
        subject_of[place] = told.subject
        why = objection(told, home, here=here)
        if why is not None:
            after[place] = _objection(told, why, now)
    if after.keys() == before:
        return set()
    connection.execute(delete(fact_objection).where(fact_objection.c.tenant == tenant.value))
    if after:
        connection.execute(insert(fact_objection), list(after.values()))
    return {subject_of[place] for place in before ^ after.keys() if place in subject_of}


def _objected_places(connection: Connection, tenant: TenantId) -> set[tuple[str, int]]:
    query = select(fact_objection.c.log, fact_objection.c.sequence)
    rows = connection.execute(query.where(fact_objection.c.tenant == tenant.value))
    return {(row.log, row.sequence) for row in rows}


def _objection(told: Fact, why: Objection, now: datetime) -> dict[str, object]:
    return {
        "log": str(told.log),
        "sequence": told.sequence,
        "tenant": told.tenant.value,
        "why": why.value,
        "at": now,
    }


def _here(connection: Connection) -> NodeName:
    """Name this node. Before it has a log nothing was ever stated."""
    log = connection.execute(select(own_log.c.log)).scalar_one_or_none()
    return NodeName("nobody") if log is None else LogName.parse(log).node
