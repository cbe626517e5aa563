"""The facts of this node: writing one beside the rows that made it true, and reading them.

`append` is called as `outbox.announce` is: in the transaction of the domain's own change, so that
the fact is there if and only if the change is.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from archipel.exchange import chain, hlc, scope
from archipel.exchange.causal import Held
from archipel.exchange.errors import NoLog
from archipel.exchange.model import Draft, Fact, Link, LogName, NodeName, Stub
from archipel.kernel.identifiers import TenantId
from archipel.stores.sql.peering import homes
from archipel.stores.sql.schema.exchange import fact, fact_log, own_log
from archipel.stores.sql.session import alone, upsert


def append(connection: Connection, draft: Draft, *, now: datetime) -> Fact:
    """Write a fact behind the last of this node's log. Node-wide: the draft names its tenant.

    Only in a transaction that is fully durable (never the index writer's): a fact that a peer
    has and this node lost would fork its log. Raises `NoLog` where none was opened, `Malformed`
    for a kind no agreement covers.
    """
    scope.check_kind(draft.kind)
    alone(connection, "facts")
    log = own(connection)
    places = heads(connection)
    place = places[str(log)]
    reading = hlc.after(_latest(connection), log.node, now=now)
    written = chain.write(
        draft,
        log=log,
        sequence=place.next,
        clock=reading,
        seen={name: held.next for name, held in places.items() if held.next and name != str(log)},
        previous=place.hash,
    )
    keep(connection, [written])
    homes.judge(connection, [written], now=now)
    return written


def open_log(connection: Connection, node: NodeName, *, now: datetime) -> LogName:
    """Open this node's first log, or give the one that is open. Node-wide: there is one."""
    alone(connection, "facts")
    row = connection.execute(select(own_log.c.log)).scalar_one_or_none()
    if row is not None:
        return LogName.parse(row)
    return _open(connection, LogName(node, 1), now)


def open_incarnation(connection: Connection, *, now: datetime) -> LogName:
    """Open the next log of this node. Node-wide: to be called when its home was restored.

    A log that went on from an older copy would bear two facts under one number. The number of
    the new one is the time: an older copy does not know which numbers were used since.
    """
    alone(connection, "facts")
    last = own(connection)
    known = [LogName.parse(name) for name in heads(connection)]
    newest = max([one.incarnation for one in known if one.node == last.node])
    return _open(connection, LogName(last.node, max(newest + 1, int(now.timestamp()))), now)


def own(connection: Connection) -> LogName:
    """Return the log that this node writes. Node-wide: there is one. Raises `NoLog`."""
    row = connection.execute(select(own_log.c.log)).scalar_one_or_none()
    if row is None:
        raise NoLog("this node has no log of facts yet: `archipel serve` opens it")
    return LogName.parse(row)


def heads(connection: Connection) -> Mapping[str, Held]:
    """Return how far each log is held. Node-wide: a log serves every organisation."""
    return {
        row.log: Held(row.next, row.hash, row.frozen)
        for row in connection.execute(select(fact_log))
    }


def of_subject(connection: Connection, subject: str, *, tenant: TenantId) -> Sequence[Fact]:
    """Return the facts that count on one subject of one organisation, in the common order."""
    query = select(fact).where(fact.c.subject == subject, fact.c.tenant == tenant.value)
    return _in_order(connection.execute(query.where(homes.counting())))


def of_kinds(
    connection: Connection, kinds: Collection[str], *, tenant: TenantId
) -> Sequence[Fact]:
    """Return the facts of these kinds on one organisation's things, those that count."""
    query = select(fact).where(fact.c.kind.in_(list(kinds)), fact.c.tenant == tenant.value)
    return _in_order(connection.execute(query.where(homes.counting())))


def of_patients(
    connection: Connection, patients: Collection[str], *, kinds: Collection[str]
) -> Sequence[Fact]:
    """Return what all nodes state on these patients. Node-wide: who may see is asked behind."""
    query = select(fact).where(fact.c.patient.in_(list(patients)), fact.c.kind.in_(list(kinds)))
    return _in_order(connection.execute(query.where(homes.counting())))


def of_subjects(
    connection: Connection, subjects: Collection[str], *, kinds: Collection[str]
) -> Sequence[Fact]:
    """Return what counts on these subjects, whoever's. Node-wide: a patient is not a tenant's."""
    query = select(fact).where(fact.c.subject.in_(list(subjects)), fact.c.kind.in_(list(kinds)))
    return _in_order(connection.execute(query.where(homes.counting())))


def keep(connection: Connection, links: Sequence[Link]) -> None:
    """Lay links behind what is held, checked by the caller. Node-wide: part of append and take."""
    if not links:
        return
    connection.execute(insert(fact), [_columns(link) for link in links])
    for log, last in {str(link.log): link for link in links}.items():
        latest = max(link.clock for link in links if str(link.log) == log)
        row = upsert(connection, fact_log).values(
            log=log, next=last.sequence + 1, hash=last.hash, clock=latest, frozen=False
        )
        connection.execute(
            row.on_conflict_do_update(
                index_elements=["log"],
                set_={
                    "next": last.sequence + 1,
                    "hash": last.hash,
                    "clock": func.max(fact_log.c.clock, latest)
                    if connection.dialect.name == "sqlite"
                    else func.greatest(fact_log.c.clock, latest),
                },
            )
        )


def refill(connection: Connection, whole: Fact) -> None:
    """Lay a fact where its stub was taken away. Node-wide: part of take."""
    connection.execute(insert(fact), [_columns(whole)])


def freeze(connection: Connection, log: str) -> None:
    """Take nothing more of a log that forked. Node-wide: as `heads`."""
    connection.execute(update(fact_log).where(fact_log.c.log == log).values(frozen=True))


def link_of(row: Row[Any]) -> Link:
    """Make a link of its row. Node-wide: reads no table."""
    if row.kind is None:
        return Stub(
            log=LogName.parse(row.log),
            sequence=row.sequence,
            clock=row.clock,
            digest=row.digest,
            previous=row.previous,
            hash=row.hash,
        )
    return chain.read(row.content, previous=row.previous)


def _open(connection: Connection, log: LogName, now: datetime) -> LogName:
    connection.execute(
        upsert(connection, own_log)
        .values(id=1, log=str(log), opened_at=now)
        .on_conflict_do_update(index_elements=["id"], set_={"log": str(log), "opened_at": now})
    )
    connection.execute(
        upsert(connection, fact_log)
        .values(log=str(log), next=0, hash=chain.NOTHING, clock="", frozen=False)
        .on_conflict_do_nothing(index_elements=["log"])
    )
    return log


def _latest(connection: Connection) -> str:
    latest: str | None = connection.execute(select(func.max(fact_log.c.clock))).scalar()
    return latest or ""


def _in_order(rows: Any) -> Sequence[Fact]:
    links = [link_of(row) for row in rows]
    return sorted((link for link in links if isinstance(link, Fact)), key=lambda f: f.order)


def _columns(link: Link) -> dict[str, Any]:
    whole = link if isinstance(link, Fact) else None
    return {
        "log": str(link.log),
        "sequence": link.sequence,
        "clock": link.clock,
        "hash": link.hash,
        "previous": link.previous,
        "digest": link.digest if isinstance(link, Stub) else chain.digest(link.content),
        "kind": whole.kind if whole else None,
        "subject": whole.subject if whole else None,
        "home": whole.home.value if whole else None,
        "tenant": whole.tenant.value if whole else None,
        "patient": whole.patient if whole else None,
        "content": whole.content if whole else None,
    }
