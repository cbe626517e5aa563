"""Messages, kept whole with what was answered: the same bytes get the same answer again."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from archipel.kernel.actors import Scope
from archipel.kernel.errors import NotFound
from archipel.kernel.identifiers import TenantId
from archipel.orders.model import KeptMessage, MessageState
from archipel.stores.sql.schema.orders import hl7_message
from archipel.stores.sql.session import Database

_HEAD = [column for column in hl7_message.c if column.key not in {"body", "answers", "digest"}]
_T = hl7_message.c
_SAME = (  # built once: a message costs as much in building statements as in the database
    select(hl7_message)
    .where(
        _T.tenant == bindparam("tenant"),
        _T.control_id == bindparam("control_id"),
        _T.application == bindparam("application"),
        _T.facility == bindparam("facility"),
    )
    .order_by(_T.id)
)
_KEPT = insert(hl7_message).returning(_T.id)


class SqlMessages:
    """`orders.ports.Messages`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def listed(
        self, *, scope: Scope, states: frozenset[MessageState] = frozenset(), limit: int = 100
    ) -> Sequence[KeptMessage]:
        """List messages, newest first, without their bodies."""
        query = select(*_HEAD).where(_in(scope)).order_by(hl7_message.c.id.desc()).limit(limit)
        if states:
            query = query.where(hl7_message.c.state.in_([one.value for one in states]))
        with self._database.read() as connection:
            return [_message(row, body=b"", answers=()) for row in connection.execute(query)]

    def message(self, number: int, *, scope: Scope) -> KeptMessage:
        """Find one message, whole."""
        with self._database.read() as connection:
            return message_in(connection, number, scope=scope)


def message_in(connection: Connection, number: int, *, scope: Scope) -> KeptMessage:
    """Find one message in the caller's transaction. Raises `NotFound`."""
    query = select(hl7_message).where(hl7_message.c.id == number, _in(scope))
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"no message {number} within your organisations: archipel hl7 list")
    return _whole(row)


def same_control_id(
    connection: Connection, *, tenant: TenantId, application: str, facility: str, control_id: str
) -> Sequence[tuple[bytes, KeptMessage]]:
    """Find what came under a control id before, with its digest, the first first."""
    asked = {
        "tenant": tenant.value,
        "control_id": control_id,
        "application": application,
        "facility": facility,
    }
    return [(row.digest, _whole(row)) for row in connection.execute(_SAME, asked)]


def keep(connection: Connection, message: KeptMessage, *, digest: bytes) -> int:
    """Keep a message in this transaction; return its number. Node-wide: it carries its tenant."""
    values = {
        "tenant": message.tenant.value,
        "site": message.site,
        "application": message.application,
        "facility": message.facility,
        "control_id": message.control_id,
        "digest": digest,
        "kind": message.kind,
        "body": message.body,
        "answers": [one.decode() for one in message.answers],
        "state": message.state.value,
        "reason": message.reason,
        "received_at": message.received_at,
        "settled_at": message.settled_at,
    }
    number: int = connection.execute(_KEPT, values).scalar_one()
    return number


def settle(connection: Connection, message: KeptMessage) -> None:
    """Say what became of a message at another try. Node-wide: it carries its tenant."""
    connection.execute(
        update(hl7_message)
        .where(hl7_message.c.id == message.id, hl7_message.c.tenant == message.tenant.value)
        .values(
            state=message.state.value,
            reason=message.reason,
            answers=[one.decode() for one in message.answers],
            settled_at=message.settled_at,
        )
    )


def _in(scope: Scope) -> Any:
    return hl7_message.c.tenant.in_([tenant.value for tenant in scope.tenants])


def _whole(row: Row[Any]) -> KeptMessage:
    return _message(row, body=row.body, answers=tuple(one.encode() for one in row.answers))


def _message(row: Row[Any], *, body: bytes, answers: tuple[bytes, ...]) -> KeptMessage:
    return KeptMessage(
        id=row.id,
        tenant=TenantId(row.tenant),
        site=row.site,
        application=row.application,
        facility=row.facility,
        control_id=row.control_id,
        kind=row.kind,
        body=body,
        answers=answers,
        state=MessageState(row.state),
        reason=row.reason,
        received_at=row.received_at,
        settled_at=row.settled_at,
    )
