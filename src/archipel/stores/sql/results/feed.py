"""The feed of changes, read from the outbox: what was announced with the change itself.

Facts of these kinds are kept longer than the others (`outbox.sweep`). A page is bounded by the
changes that are looked at, not only by those that are given: many may be of others.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from archipel.kernel.actors import Scope
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.results.feed.model import (
    KINDS,
    OF_OWNER,
    Change,
    Cursor,
    FeedGone,
    FeedPage,
)
from archipel.stores.sql.archive.scope import within
from archipel.stores.sql.outbox import SWEPT, era, kind_of, last_position, position_of
from archipel.stores.sql.schema.archive import study
from archipel.stores.sql.schema.events import outbox, outbox_era
from archipel.stores.sql.session import Database

TOLD: Mapping[str, str] = {kind_of(event): name for event, name in KINDS.items()}
"""Kinds of the outbox that the feed tells, and their names there."""

_LOOKED_AT = 2000  # rows of one page, those of others too
_MOST_NUMBERS = 10**18


class SqlFeed:
    """`archipel.results.feed.ports.Feed`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._era = ""

    def page(
        self, since: Cursor | None, *, kinds: frozenset[str], limit: int, scope: Scope
    ) -> FeedPage:
        """See the port."""
        named = [kind for kind, name in TOLD.items() if name in kinds]
        own = self._own_era()
        with self._database.read() as connection:
            since = self._checked(connection, since, own)
            query = select(outbox).where(outbox.c.id > since.position, outbox.c.kind.in_(named))
            rows = connection.execute(query.order_by(outbox.c.id).limit(_LOOKED_AT)).all()
            seen = _Seen(connection, scope)
            changes: list[Change] = []
            reached, more = since, len(rows) == _LOOKED_AT
            for row in rows:
                if len(changes) == limit:
                    more = True
                    break
                reached = Cursor(own, row.id, _check(row))
                if seen.may(row):
                    changes.append(_change(row, reached))
        return FeedPage(changes=changes, next=reached, more=more)

    def newest(self) -> Cursor:
        """See the port. Node-wide: a position says nothing of anybody."""
        own = self._own_era()
        with self._database.read() as connection:
            newest = select(outbox).where(outbox.c.kind.in_(TOLD)).order_by(outbox.c.id.desc())
            row = connection.execute(newest.limit(1)).one_or_none()
            swept = position_of(connection, SWEPT)
        return Cursor(own, row.id, _check(row)) if row else Cursor(own, swept)

    def before(self, at: datetime) -> Cursor:
        """See the port. Node-wide: a position says nothing of anybody."""
        own = self._own_era()
        with self._database.read() as connection:
            first = select(func.min(outbox.c.id)).where(outbox.c.at >= at, outbox.c.kind.in_(TOLD))
            position = connection.execute(first).scalar()
            swept = position_of(connection, SWEPT)
            if position is None:
                position = last_position(connection) + 1
            earlier = (
                select(outbox)
                .where(outbox.c.id < position, outbox.c.kind.in_(TOLD))
                .order_by(outbox.c.id.desc())
            )
            row = connection.execute(earlier.limit(1)).one_or_none()
        return Cursor(own, row.id, _check(row)) if row else Cursor(own, swept)

    def _own_era(self) -> str:
        if not self._era:
            with self._database.read() as connection:
                found: str | None = connection.execute(select(outbox_era.c.era)).scalar()
            if found is None:
                with self._database.write() as connection:
                    found = era(connection)
            self._era = found
        return self._era

    def _checked(self, connection: Connection, since: Cursor | None, own: str) -> Cursor:
        """Hold a cursor against what is there. Raises `FeedGone`."""
        swept = position_of(connection, SWEPT)
        if since is None:
            return Cursor(own, swept)
        if since.era != own or not swept <= since.position < _MOST_NUMBERS:
            raise FeedGone
        if since.position > swept:
            at = select(outbox).where(outbox.c.id == since.position)
            row = connection.execute(at).one_or_none()
            if row is None or _check(row) != since.check:
                raise FeedGone
        return since


class _Seen:
    """Which studies of others a scope sees, asked once each."""

    def __init__(self, connection: Connection, scope: Scope) -> None:
        self._connection, self._scope = connection, scope
        self._own = {tenant.value for tenant in scope.tenants}
        self._known: dict[tuple[str, str], bool] = {}

    def may(self, row: Row[Any]) -> bool:
        """Whether a change is told. Node-wide: it is bounded by the scope it was made with."""
        if row.tenant in self._own:
            return True
        if TOLD[row.kind] in OF_OWNER:
            return False
        key = (row.tenant, _uid(row.body["study"]).value)
        if key not in self._known:
            query = select(study.c.id).where(
                study.c.tenant == key[0],
                study.c.study_instance_uid == key[1],
                within(self._scope),
            )
            self._known[key] = self._connection.execute(query).first() is not None
        return self._known[key]


def _change(row: Row[Any], reached: Cursor) -> Change:
    body: dict[str, Any] = row.body
    count = body.get("instances")
    series = body.get("series")
    return Change(
        cursor=reached,
        kind=TOLD[row.kind],
        at=row.at,
        tenant=TenantId(row.tenant),
        study=_uid(body["study"]),
        series=_uid(series) if series else None,
        instances=len(count) if isinstance(count, list) else count,
    )


def _uid(said: Any) -> Uid:
    return Uid(said["value"] if isinstance(said, dict) else said)


def _check(row: Row[Any]) -> str:
    """Make a few digits of what a row says: another fact at the same position gives others."""
    said = f"{row.kind}|{row.tenant}|{row.at.isoformat()}|{sorted(row.body.items())}"
    return hashlib.sha256(said.encode()).hexdigest()[:8]
