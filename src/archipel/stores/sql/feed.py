"""The feed of facts: what a reader lacks and may know, and what a peer's batch brings.

A batch is taken in whole or not at all: links, heads, what follows for the peers, and the outbox
event that names the touched subjects stand in one transaction.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, and_, delete, func, or_, select

from archipel.exchange import causal, chain, scope
from archipel.exchange.events import LogForked, NodeRestored
from archipel.exchange.fold.policy import denied
from archipel.exchange.model import (
    THE_NETWORK,
    Batch,
    Cursor,
    Fact,
    Head,
    Link,
    LogName,
    NodeName,
    Proven,
    Stub,
    Taken,
)
from archipel.exchange.ports import HeadVerifier, Signer
from archipel.exchange.trust.heads import signed
from archipel.kernel.clock import Clock
from archipel.kernel.errors import ArchipelError
from archipel.kernel.identifiers import TenantId
from archipel.stores.sql import facts, peers
from archipel.stores.sql.following import peer_facts, withholding
from archipel.stores.sql.outbox import announce
from archipel.stores.sql.peering import homes
from archipel.stores.sql.schema.exchange import fact, fact_head, fact_log
from archipel.stores.sql.session import Database, alone, upsert

REVOKED, _URGENT = "node.revoked", 64
_PAGE_BYTES, _STUB_BYTES = 4 << 20, 200  # an answer is taken up to four times as large
_LONGEST_RUN = 4000  # links sent beyond the limit to reach the next head of a relayed log


class SqlFacts:
    """`exchange.ports.FactLog`."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def cursor(self, *, refill: bool = False) -> Cursor:
        """Give what is needed next of each log. Node-wide: a log serves every organisation."""
        with self._database.read() as connection:
            needed = {log: held.next for log, held in facts.heads(connection).items()}
            if refill:
                stubs = select(fact.c.log, func.min(fact.c.sequence)).where(fact.c.kind.is_(None))
                for log, first in connection.execute(stubs.group_by(fact.c.log)):
                    needed[log] = min(needed[log], first)
        return needed

    def after(self, cursor: Cursor, *, reader: NodeName, limit: int, signer: Signer) -> Batch:
        """Give `reader` what it lacks. Node-wide: agreements decide, fact by fact."""
        with self._database.read() as connection:
            lacking = _lacking(connection, cursor, limit + 1)
            page = _page(lacking, limit)
            more = len(lacking) > len(page)
            links, relayed = _up_to_heads(connection, page, cursor)
            seen = _filtered(connection, links, reader)
            terms = peers.terms(connection, reader)
            own = facts.own(connection).node
            revoking = _revoking(connection, cursor, links) if more else []
        now = self._clock()
        last = {str(link.log): link for link in links if link.log.node == own}
        signed_now = [
            signed(link.log, link.sequence, link.hash, signer=signer, now=now)
            for link in last.values()
        ]
        urgent = [
            Proven(one, signed(one.log, one.sequence, one.hash, signer=signer, now=now))
            for one in revoking
        ]
        return Batch(
            links=tuple(seen),
            heads=(*signed_now, *relayed),
            terms=terms,
            more=more,
            urgent=tuple(urgent),
        )

    def take(self, batch: Batch, *, verify: HeadVerifier, now: datetime) -> Taken:
        """Take a batch in. Node-wide: each fact names its tenant."""
        proven: dict[str, Head] = {}
        refused: list[str] = []
        for head in batch.heads:
            try:
                verify(head)
                proven[str(head.log)] = head
            except ArchipelError as failure:
                refused.append(f"{head.log}: {failure}")
        urgent = [one for one in batch.urgent if _proves(one, verify, refused)]
        if urgent:
            with self._database.write() as connection:
                for one in urgent:
                    peer_facts.project(connection, one.fact, now=now)
        if not batch.links:
            return Taken(refused=tuple(refused))
        with self._database.write() as connection:
            return _take(connection, batch.links, proven, refused, now)

    def of(self, subject: str, *, tenant: TenantId) -> Sequence[Fact]:
        """Give the facts on one subject, in the common order."""
        with self._database.read() as connection:
            return facts.of_subject(connection, subject, tenant=tenant)

    def position(self) -> int:
        """Give a number that grows with every link held. Node-wide: as `cursor`."""
        with self._database.read() as connection:
            newest: int | None = connection.execute(select(func.max(fact.c.id))).scalar()
        return newest or 0

    def counts(self) -> Mapping[str, tuple[int, str, bool]]:
        """Give length, last hash and frozen of each log. Node-wide: as `cursor`."""
        with self._database.read() as connection:
            held = facts.heads(connection)
        return {log: (place.next, place.hash, place.frozen) for log, place in held.items()}

    def withheld(self) -> int:
        """Count the stubs. Node-wide: as `cursor`."""
        with self._database.read() as connection:
            query = select(func.count()).select_from(fact).where(fact.c.kind.is_(None))
            return connection.execute(query).scalar_one()

    def everything(self) -> Sequence[Fact]:
        """Give every fact held. Node-wide: for state hashes and upkeep."""
        with self._database.read() as connection:
            rows = connection.execute(select(fact).where(fact.c.kind.is_not(None)))
            return [link for link in map(facts.link_of, rows) if isinstance(link, Fact)]


def _revoking(connection: Connection, cursor: Cursor, page: Sequence[Link]) -> list[Fact]:
    """Read our own revocations that the reader lacks and this page does not bring."""
    log = str(facts.own(connection))
    query = select(fact).where(
        fact.c.log == log, fact.c.kind == REVOKED, fact.c.sequence >= cursor.get(log, 0)
    )
    brought = {link.sequence for link in page if str(link.log) == log}
    found = map(facts.link_of, connection.execute(query.order_by(fact.c.sequence).limit(_URGENT)))
    return [one for one in found if isinstance(one, Fact) and one.sequence not in brought]


def _proves(one: Proven, verify: HeadVerifier, refused: list[str]) -> bool:
    """Tell whether a fact by itself is a revocation that its writer signed."""
    told, head = one.fact, one.head
    if told.kind != REVOKED or (head.log, head.sequence, head.hash) != (
        told.log,
        told.sequence,
        told.hash,
    ):
        refused.append(f"{told.log}: a revocation that its head does not prove")
        return False
    try:
        verify(head)
    except ArchipelError as failure:
        refused.append(f"{told.log}: {failure}")
        return False
    return True


def _lacking(connection: Connection, cursor: Cursor, limit: int) -> list[Link]:
    """Read what lies behind the cursor, causes first: the clock never runs against them."""
    behind = {
        log: cursor.get(log, 0)
        for log, held in facts.heads(connection).items()
        if held.next > cursor.get(log, 0)
    }
    if not behind:
        return []
    firsts = select(func.min(fact.c.clock)).where(
        or_(*(and_(fact.c.log == log, fact.c.sequence == first) for log, first in behind.items()))
    )
    first: str = connection.execute(firsts).scalar() or ""
    query = (
        select(fact)
        .where(
            fact.c.clock >= first,
            or_(*(and_(fact.c.log == log, fact.c.sequence >= n) for log, n in behind.items())),
        )
        .order_by(fact.c.clock, fact.c.log, fact.c.sequence)
        .limit(limit)
    )
    return [facts.link_of(row) for row in connection.execute(query)]


def _page(links: Sequence[Link], limit: int) -> Sequence[Link]:
    """Cut to what one answer holds, at least one link."""
    size = 0
    for number, link in enumerate(links[:limit]):
        size += len(link.content) if isinstance(link, Fact) else _STUB_BYTES
        if size > _PAGE_BYTES:
            return links[: max(1, number)]
    return links[:limit]


def _up_to_heads(
    connection: Connection, links: Sequence[Link], cursor: Cursor
) -> tuple[list[Link], list[Head]]:
    """Cut or lengthen each relayed log to where its writer signed."""
    own = facts.own(connection).node
    ends: dict[str, Link] = {str(link.log): link for link in links}
    kept, heads = [link for link in links if link.log.node == own], []
    for log, last in ends.items():
        if last.log.node == own:
            continue
        head = _head_near(connection, log, cursor.get(log, 0), last.sequence)
        if head is None:
            continue
        heads.append(head)
        run = [link for link in links if str(link.log) == log and link.sequence <= head.sequence]
        if head.sequence > last.sequence:
            run += _run(connection, log, last.sequence + 1, head.sequence)
        kept += run
    kept.sort(key=lambda link: link.order)
    return kept, heads


def _head_near(connection: Connection, log: str, first: int, last: int) -> Head | None:
    """Find the last head within a run, else the first one behind it."""
    query = select(fact_head).where(fact_head.c.log == log, fact_head.c.sequence >= first)
    within = query.where(fact_head.c.sequence <= last).order_by(fact_head.c.sequence.desc())
    row = connection.execute(within.limit(1)).one_or_none()
    if row is None:
        row = connection.execute(query.order_by(fact_head.c.sequence).limit(1)).one_or_none()
    if row is None or row.sequence > last + _LONGEST_RUN:
        return None
    return Head(
        log=LogName.parse(row.log),
        sequence=row.sequence,
        hash=row.hash,
        at=row.at,
        signature=row.signature,
        certificate=row.certificate,
    )


def _run(connection: Connection, log: str, first: int, last: int) -> list[Link]:
    query = select(fact).where(fact.c.log == log, fact.c.sequence.between(first, last))
    return [facts.link_of(row) for row in connection.execute(query.order_by(fact.c.sequence))]


def _filtered(connection: Connection, links: Sequence[Link], reader: NodeName) -> list[Link]:
    patients = {link.patient for link in links if isinstance(link, Fact) and link.patient}
    opposed = opposed_among(connection, patients)
    view = scope.View(reader, peers.agreements(connection, reader), opposed)
    return [
        link if isinstance(link, Stub) or view.covers(link) else chain.stub(link) for link in links
    ]


def opposed_among(connection: Connection, patients: set[str]) -> set[str]:
    """Tell which of these patients oppose sharing. Node-wide: a deny holds for every tenant."""
    if not patients:
        return set()
    query = select(fact).where(
        fact.c.kind.like("policy.%"), fact.c.subject.in_(patients), homes.counting()
    )
    stated: dict[str, list[Fact]] = {}
    for row in connection.execute(query):
        link = facts.link_of(row)
        if isinstance(link, Fact):
            stated.setdefault(link.subject, []).append(link)
    return {patient for patient, said in stated.items() if denied(said)}


def _take(
    connection: Connection,
    links: Sequence[Link],
    proven: Mapping[str, Head],
    refused: list[str],
    now: datetime,
) -> Taken:
    alone(connection, "facts")

    before = facts.heads(connection)
    done = causal.sort_out(
        links, held=before, kept=partial(_kept, connection), proven=proven, now=now
    )
    _fill(connection, done.fill)
    facts.keep(connection, done.apply)
    forked = {str(link.log): link for link in done.forks}
    for log, link in forked.items():
        facts.freeze(connection, log)
        announce(
            connection, LogForked(tenant=THE_NETWORK, at=now, log=log, sequence=link.sequence)
        )
    if done.apply or done.fill:
        _keep_heads(connection, proven)
    _open_anew_where_restored(connection, [*done.apply, *done.forks], now)
    new = [link for link in (*done.apply, *done.fill) if isinstance(link, Fact)]
    homes.judge(connection, new, now=now)
    subjects = _follow(connection, new, now)
    return Taken(
        applied=len(done.apply),
        filled=len(done.fill),
        known=done.known,
        waiting=done.waiting,
        refused=(*refused, *done.refused),
        frozen=tuple(forked),
        subjects=subjects,
    )


def _open_anew_where_restored(connection: Connection, news: Sequence[Link], now: datetime) -> None:
    """Write in a log of its own from now on, where others know more of ours than this copy does.

    What this node signed and does not hold was written after the backup that it was restored
    from: its old log goes on at the others, and must not go on here (docs/adr/0064).
    """
    own = facts.own(connection)
    if any(link.log.node == own.node for link in news):
        opened = facts.open_incarnation(connection, now=now)
        announce(
            connection,
            NodeRestored(tenant=THE_NETWORK, at=now, before=str(own), log=str(opened)),
        )


def _kept(connection: Connection, link: Link) -> tuple[str, bool] | None:
    query = select(fact.c.hash, fact.c.kind).where(
        fact.c.log == str(link.log), fact.c.sequence == link.sequence
    )
    row = connection.execute(query).one_or_none()
    return (row.hash, row.kind is None) if row else None


def _follow(
    connection: Connection, new: Sequence[Fact], now: datetime
) -> frozenset[tuple[TenantId, str]]:
    touched: set[tuple[TenantId, str]] = set()
    for told in sorted(new, key=lambda one: one.order):
        touched.add((told.tenant, told.subject))
        touched |= peer_facts.project(connection, told, now=now)
    homes.announce_anew(connection, touched, now=now)
    withholding.follow(connection, touched, now=now)
    return frozenset(touched)


def _fill(connection: Connection, filling: Sequence[Fact]) -> None:
    """Put facts in the place of stubs; they come in anew, for whoever waits for news."""
    for link in filling:
        place = {"log": str(link.log), "sequence": link.sequence}
        connection.execute(
            delete(fact).where(*(fact.c[name] == value for name, value in place.items()))
        )
        facts.refill(connection, link)


def _keep_heads(connection: Connection, proven: Mapping[str, Head]) -> None:
    held = dict(connection.execute(select(fact_log.c.log, fact_log.c.next)).all())
    rows: list[dict[str, Any]] = [
        {
            "log": log,
            "sequence": head.sequence,
            "hash": head.hash,
            "at": head.at,
            "signature": head.signature,
            "certificate": head.certificate,
        }
        for log, head in proven.items()
        if head.sequence < held.get(log, 0)
    ]
    if rows:
        connection.execute(upsert(connection, fact_head).on_conflict_do_nothing(), rows)
