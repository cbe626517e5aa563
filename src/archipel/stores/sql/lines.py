"""The journal of the lines to the peers: when each was lost and found. The oldest rows go."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select

from archipel.exchange import hlc
from archipel.exchange.links import Line, LineChange
from archipel.exchange.model import THE_NETWORK, NodeName
from archipel.stores.sql import facts
from archipel.stores.sql.schema.exchange import line_change
from archipel.stores.sql.session import Database

KEPT = 2000
"""Rows: a line that is cut each hour fills them in six weeks."""


class SqlLines:
    """The journal, and what the nodes say of themselves."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, changes: Sequence[LineChange]) -> None:
        """Write changes down. Node-wide: a line serves every organisation."""
        if not changes:
            return
        with self._database.write() as connection:
            rows = [
                {
                    "at": one.at,
                    "peer": one.peer.value,
                    "line": one.line.value,
                    "lasted_s": one.lasted_s,
                    "detail": one.detail[:200],
                }
                for one in changes
            ]
            connection.execute(insert(line_change), rows)
            newest = connection.execute(select(func.max(line_change.c.id))).scalar_one()
            connection.execute(delete(line_change).where(line_change.c.id <= newest - KEPT))

    def recent(self, *, limit: int) -> Sequence[LineChange]:
        """Give the latest changes, newest first. Node-wide: as `note`."""
        query = select(line_change).order_by(line_change.c.id.desc()).limit(limit)
        with self._database.read() as connection:
            return [_change(row) for row in connection.execute(query)]

    def last(self, peer: NodeName) -> LineChange | None:
        """Give the latest change of one line. Node-wide: as `note`."""
        query = (
            select(line_change)
            .where(line_change.c.peer == peer.value)
            .order_by(line_change.c.id.desc())
            .limit(1)
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return _change(row) if row is not None else None

    def described(self) -> dict[str, tuple[dict[str, Any], datetime]]:
        """Give what each node last said of itself. Node-wide: it is no organisation's affair."""
        with self._database.read() as connection:
            told = facts.of_kinds(connection, ["node.described"], tenant=THE_NETWORK)
        return {
            one.log.node.value: (dict(one.body), hlc.moment_of(one.clock))
            for one in told
            if one.subject == f"node:{one.log.node}"  # nobody speaks for another
        }


def _change(row: Row[Any]) -> LineChange:
    return LineChange(
        at=row.at,
        peer=NodeName(row.peer),
        line=Line(row.line),
        lasted_s=row.lasted_s,
        detail=row.detail,
    )
