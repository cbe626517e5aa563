"""`archive.ports.Commitments`: storage commitment transactions, kept until they are old."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, insert, select, update

from archipel.archive.commitment import Asker, Commitment, CommitmentKey, Reference
from archipel.archive.events import CommitmentDue
from archipel.archive.model import QuarantineReason
from archipel.kernel.actors import Scope
from archipel.kernel.aetitle import AETitle
from archipel.kernel.errors import Conflict, NotFound
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.sql.outbox import announce
from archipel.stores.sql.schema.archive import quarantine
from archipel.stores.sql.schema.commitment import commitment
from archipel.stores.sql.session import Database

_AT_ONCE = 500  # values in one IN


class SqlCommitments:
    """Rows of ``commitment``; the fact that one is due is announced with its row."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(self, commitment: Commitment) -> None:
        """See the port. Node-wide: a transaction names its organisation."""
        key, pairs = commitment.key, _pairs(commitment.references)
        with self._database.write() as connection:
            held = connection.execute(select(_TABLE).where(_is(key))).one_or_none()
            if held is not None and sorted(map(tuple, held.instances)) != sorted(
                map(tuple, pairs)
            ):
                raise Conflict(
                    f"transaction {key.transaction} was used before for other instances: "
                    "a transaction UID is used once (PS3.4 J.3.2.1.1)"
                )
            if held is None:
                connection.execute(
                    insert(_TABLE).values(
                        **_named(key),
                        own=commitment.own.value,
                        instances=pairs,
                        instance_count=len(pairs),
                        failed={},
                        asked_at=commitment.asked_at,
                    )
                )
            else:  # the peer did not hear our answer: everything is looked at again
                again = {"asked_at": commitment.asked_at, "decided_at": None, "told_at": None}
                connection.execute(update(_TABLE).where(_is(key)).values(**again, failed={}))
            announce(
                connection,
                CommitmentDue(
                    tenant=key.tenant,
                    at=commitment.asked_at,
                    asker=key.asker,
                    peer=key.peer,
                    transaction=key.transaction,
                ),
            )

    def commitment(self, key: CommitmentKey) -> Commitment | None:
        """See the port. Node-wide: the key names its organisation."""
        with self._database.read() as connection:
            row = connection.execute(select(_TABLE).where(_is(key))).one_or_none()
        return _commitment(row) if row else None

    def decide(self, key: CommitmentKey, failed: Mapping[Uid, int], *, now: datetime) -> None:
        """See the port. Node-wide: the key names its organisation."""
        said = {uid.value: int(reason) for uid, reason in failed.items()}
        self._set(key, {"failed": said, "decided_at": now})

    def tell(self, key: CommitmentKey, *, now: datetime) -> None:
        """See the port. Node-wide: the key names its organisation."""
        self._set(key, {"told_at": now})

    def untold(self, peer: AETitle, *, tenant: TenantId) -> Sequence[Commitment]:
        """See the port."""
        query = (
            select(_TABLE)
            .where(
                _TABLE.c.tenant == tenant.value,
                _TABLE.c.asker == Asker.PEER.value,
                _TABLE.c.peer == peer.value,
                _TABLE.c.decided_at.is_not(None),
                _TABLE.c.told_at.is_(None),
            )
            .order_by(_TABLE.c.id)
        )
        with self._database.read() as connection:
            return [_commitment(row) for row in connection.execute(query)]

    def doubtful(self, instances: Collection[Uid], *, tenant: TenantId) -> Collection[Uid]:
        """See the port."""
        wanted = sorted({uid.value for uid in instances})
        found: set[Uid] = set()
        with self._database.read() as connection:
            for start in range(0, len(wanted), _AT_ONCE):
                query = select(quarantine.c.sop_instance_uid).where(
                    quarantine.c.tenant == tenant.value,
                    quarantine.c.reason == QuarantineReason.OTHER_BYTES.value,
                    quarantine.c.resolved_at.is_(None),
                    quarantine.c.sop_instance_uid.in_(wanted[start : start + _AT_ONCE]),
                )
                found.update(map(Uid, connection.scalars(query)))
        return found

    def latest(self, *, scope: Scope, limit: int = 100) -> Sequence[Commitment]:
        """See the port."""
        query = (
            select(_TABLE)
            .where(_TABLE.c.tenant.in_([tenant.value for tenant in scope.tenants]))
            .order_by(_TABLE.c.asked_at.desc(), _TABLE.c.id.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            return [_commitment(row) for row in connection.execute(query)]

    def sweep(self, *, before: datetime) -> int:
        """Forget those asked for before that. Node-wide: age asks nobody whose they are."""
        with self._database.write() as connection:
            gone = connection.execute(delete(_TABLE).where(_TABLE.c.asked_at < before))
            return gone.rowcount

    def _set(self, key: CommitmentKey, values: dict[str, Any]) -> None:
        with self._database.write() as connection:
            done = connection.execute(update(_TABLE).where(_is(key)).values(values))
            if not done.rowcount:
                raise NotFound(f"no storage commitment {key.transaction} with {key.peer}")


_TABLE = commitment


def _named(key: CommitmentKey) -> dict[str, str]:
    return {
        "tenant": key.tenant.value,
        "asker": key.asker.value,
        "peer": key.peer.value,
        "transaction_uid": key.transaction.value,
    }


def _is(key: CommitmentKey) -> ColumnElement[bool]:
    return and_(*(_TABLE.c[name] == value for name, value in _named(key).items()))


def _pairs(references: Collection[Reference]) -> list[list[str]]:
    return [[one.sop_class.value, one.sop_instance.value] for one in references]


def _commitment(row: Row[Any]) -> Commitment:
    return Commitment(
        key=CommitmentKey(
            tenant=TenantId(row.tenant),
            asker=Asker(row.asker),
            peer=AETitle(row.peer),
            transaction=Uid(row.transaction_uid),
        ),
        own=AETitle(row.own),
        references=tuple(Reference(Uid(a), Uid(b)) for a, b in row.instances),
        asked_at=row.asked_at,
        decided_at=row.decided_at,
        told_at=row.told_at,
        failed={Uid(uid): reason for uid, reason in row.failed.items()},
    )
