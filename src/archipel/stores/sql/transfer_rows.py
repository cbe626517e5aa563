"""Rows of ``transfer`` as values, read and changed one at a time.

Node-wide, all of it: a row names its tenants, and the caller has looked at them.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from archipel.archive.model import StudyKey
from archipel.exchange.schedule import TransferClass
from archipel.exchange.transfer import Lease, Transfer, TransferState
from archipel.kernel.errors import NotFound
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.sql.schema.transfers import transfer


def locked(connection: Connection, name: str) -> Transfer:
    """Read one for the rest of the transaction. Node-wide: see above. Raises `NotFound`."""
    row = connection.execute(
        select(transfer).where(transfer.c.id == name).with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound("there is no such transfer")
    return transfer_of(row)


def changed(connection: Connection, name: str, *, now: datetime, **values: Any) -> Transfer:
    """Change columns of one and read it back. Node-wide: see above."""
    connection.execute(
        update(transfer).where(transfer.c.id == name).values(changed_at=now, **values)
    )
    return locked(connection, name)


def values_of(one: Transfer) -> dict[str, Any]:
    """Write a transfer as columns. Node-wide: a value, not a query."""
    return {
        "id": one.id,
        "tenant": one.key.tenant.value,
        "study_instance_uid": one.key.study.value,
        "from_node": one.from_node,
        "wanted_by": one.wanted_by.value,
        "of_class": one.of_class.value,
        "reason": one.reason,
        "state": one.state.value,
        "wanted_at": one.wanted_at,
        "changed_at": one.changed_at,
        "first": [uid.value for uid in one.first],
        "size_bytes": one.size_bytes,
        "done_bytes": one.done_bytes,
        "low_whole": one.low_whole,
        "detail": one.detail,
    }


def transfer_of(row: Row[Any]) -> Transfer:
    """Read a transfer from its row. Node-wide: a value, not a query."""
    lease = None
    if row.lease_holder is not None:
        lease = Lease(holder=row.lease_holder, until=row.lease_until)
    return Transfer(
        id=row.id,
        key=StudyKey(TenantId(row.tenant), Uid(row.study_instance_uid)),
        from_node=row.from_node,
        wanted_by=TenantId(row.wanted_by),
        of_class=TransferClass(row.of_class),
        reason=row.reason,
        state=TransferState(row.state),
        wanted_at=row.wanted_at,
        changed_at=row.changed_at,
        first=tuple(Uid(uid) for uid in row.first),
        manifest=row.manifest,
        size_bytes=row.size_bytes,
        done_bytes=row.done_bytes,
        low_whole=row.low_whole,
        detail=row.detail,
        lease=lease,
    )
