"""Studies that are wanted here: their rows, and the moment one is published."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, exists, insert, select, update

from archipel.archive.model import StudyKey
from archipel.exchange.events import TransferQuarantined, TransferWanted
from archipel.exchange.manifest import StudyManifest, digest_of
from archipel.exchange.schedule import TransferClass
from archipel.exchange.transfer import (
    KEPT,
    RESUMABLE,
    UNDER_WAY,
    Happening,
    Lease,
    Transfer,
    TransferState,
    after,
    taken,
)
from archipel.kernel.actors import Scope
from archipel.kernel.errors import NotFound, Refused
from archipel.kernel.uid import Uid
from archipel.stores.sql.outbox import announce
from archipel.stores.sql.schema.archive import withheld_study
from archipel.stores.sql.schema.transfers import (
    adopted_pack,
    link_window,
    transfer,
)
from archipel.stores.sql.session import Database, alone, upsert
from archipel.stores.sql.transfer_rows import changed, locked, transfer_of, values_of

_OPEN = [state.value for state in (*UNDER_WAY, TransferState.WHOLE)]


class SqlTransfers:
    """`exchange.ports.Transfers`. Every write is fully durable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def want(self, wanted: Transfer, *, now: datetime) -> Transfer:
        """Add one, or raise the class of the one under way. Node-wide: it names its tenants.

        Raises `Refused` for a study that was recalled, or whose patient opposes sharing.
        """
        with self._database.write() as connection:
            alone(connection, "transfer")
            _refuse_withheld(connection, wanted.key)
            row = connection.execute(
                select(transfer).where(
                    transfer.c.tenant == wanted.key.tenant.value,
                    transfer.c.study_instance_uid == wanted.key.study.value,
                    transfer.c.wanted_by == wanted.wanted_by.value,
                    transfer.c.state.in_(_OPEN),
                )
            ).one_or_none()
            if row is not None:
                held = transfer_of(row)
                if wanted.of_class.rank < held.of_class.rank:
                    held = changed(connection, held.id, now=now, of_class=wanted.of_class.value)
                return held
            wanted = _taken_up(connection, wanted, now=now)
            announce(
                connection,
                TransferWanted(
                    tenant=wanted.wanted_by,
                    at=now,
                    transfer=wanted.id,
                    owner=wanted.key.tenant,
                    study=wanted.key.study,
                    from_node=wanted.from_node,
                ),
            )
        return wanted

    def get(self, name: str, *, scope: Scope) -> Transfer:
        """Return one. Raises `NotFound`."""
        with self._database.read() as connection:
            row = connection.execute(_seen(scope).where(transfer.c.id == name)).one_or_none()
        if row is None:
            raise NotFound("there is no such transfer")
        return transfer_of(row)

    def visible(self, *, scope: Scope, limit: int = 200) -> Sequence[Transfer]:
        """Return those that the organisations in scope want, latest change first."""
        query = _seen(scope).order_by(transfer.c.changed_at.desc(), transfer.c.id).limit(limit)
        with self._database.read() as connection:
            return [transfer_of(row) for row in connection.execute(query)]

    def under_way(self) -> Sequence[Transfer]:
        """Return all that are not ended. Node-wide: one process fetches for everybody."""
        query = (
            select(transfer)
            .where(transfer.c.state.in_(_OPEN))
            .order_by(transfer.c.wanted_at, transfer.c.id)
        )
        with self._database.read() as connection:
            return [transfer_of(row) for row in connection.execute(query)]

    def in_state(self, state: TransferState) -> Sequence[Transfer]:
        """Return all in one state, oldest first. Node-wide: as `under_way`."""
        query = select(transfer).where(transfer.c.state == state.value)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(transfer.c.wanted_at))
            return [transfer_of(row) for row in rows]

    def manifest(self, name: str) -> StudyManifest | None:
        """Return the manifest that is fetched. Node-wide: as `under_way`."""
        with self._database.read() as connection:
            content = connection.execute(
                select(transfer.c.manifest_content).where(transfer.c.id == name)
            ).scalar()
        return StudyManifest.parse(content) if content else None

    def lease(self, name: str, *, holder: str, now: datetime) -> Lease:
        """Take or renew a lease. Node-wide: as `under_way`."""
        with self._database.write() as connection:
            lease = taken(locked(connection, name).lease, holder, now=now)
            connection.execute(
                update(transfer)
                .where(transfer.c.id == name)
                .values(lease_holder=lease.holder, lease_until=lease.until)
            )
        return lease

    def happened(
        self, name: str, happening: Happening, *, now: datetime, detail: str = ""
    ) -> Transfer:
        """Move one to its next state. Node-wide: as `under_way`."""
        with self._database.write() as connection:
            held = locked(connection, name)
            following = after(held.state, happening)
            if following is held.state and detail == held.detail:
                return held
            if following is TransferState.QUARANTINED:
                _alarm(connection, held, detail, now=now)
            return changed(connection, name, now=now, state=following.value, detail=detail)

    def planned(
        self, name: str, manifest: StudyManifest, *, done_bytes: int, now: datetime
    ) -> Transfer:
        """Note the manifest that is fetched from now on. Node-wide: as `under_way`."""
        content = manifest.encoded()
        with self._database.write() as connection:
            following = after(locked(connection, name).state, Happening.MANIFEST)
            return changed(
                connection,
                name,
                now=now,
                state=following.value,
                detail="",
                manifest=digest_of(content),
                manifest_content=content,
                size_bytes=manifest.size_bytes,
                done_bytes=done_bytes,
                low_whole=False,
            )

    def progress(self, name: str, *, done_bytes: int, low_whole: bool, now: datetime) -> None:
        """Note how much is here. Node-wide: as `under_way`."""
        with self._database.write() as connection:
            connection.execute(
                update(transfer)
                .where(transfer.c.id == name)
                .values(done_bytes=done_bytes, low_whole=low_whole, changed_at=now)
            )

    def reclass(
        self, name: str, of_class: TransferClass, *, scope: Scope, now: datetime
    ) -> Transfer:
        """Give another class. Raises `NotFound`."""
        self.get(name, scope=scope)
        with self._database.write() as connection:
            return changed(connection, name, now=now, of_class=of_class.value)

    def ask_first(self, name: str, series: Collection[Uid], *, scope: Scope) -> None:
        """Say which series a reader waits for. Raises `NotFound`."""
        self.get(name, scope=scope)
        with self._database.write() as connection:
            connection.execute(
                update(transfer)
                .where(transfer.c.id == name)
                .values(first=[uid.value for uid in series])
            )

    def withdraw(self, name: str, *, scope: Scope, now: datetime, detail: str = "") -> Transfer:
        """Cancel one. Raises `NotFound`, `Conflict` when it is published."""
        self.get(name, scope=scope)
        return self.happened(name, Happening.WITHDRAWN, now=now, detail=detail)

    def retry(self, name: str, *, scope: Scope, now: datetime) -> Transfer:
        """Fetch what was quarantined or called off. Raises `NotFound`, `Conflict`, `Refused`."""
        held = self.get(name, scope=scope)
        with self._database.read() as connection:
            _refuse_withheld(connection, held.key)
        return self.happened(name, Happening.RETRIED, now=now)

    def resumable(self, since: datetime) -> Collection[str]:
        """Name what ended since then and may be fetched again. Node-wide: as `under_way`."""
        query = select(transfer.c.id).where(
            transfer.c.state.in_([state.value for state in RESUMABLE]),
            transfer.c.changed_at >= since,
            ~exists().where(
                withheld_study.c.tenant == transfer.c.tenant,
                withheld_study.c.study_instance_uid == transfer.c.study_instance_uid,
            ),
        )
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def adopted(self, root: str) -> tuple[str, int] | None:
        """Give key and part of a pack that came under this root. Node-wide: a root is bytes."""
        query = select(adopted_pack.c.pack_key, adopted_pack.c.part)
        with self._database.read() as connection:
            row = connection.execute(query.where(adopted_pack.c.root == root)).one_or_none()
        return (row.pack_key, row.part) if row else None

    def remember_window(
        self, node: str, *, rate_bytes_per_s: float, rtt_s: float, now: datetime
    ) -> None:
        """Keep what was measured of a link. Node-wide: a link serves every organisation."""
        row = {"rate_bytes_per_s": rate_bytes_per_s, "rtt_s": rtt_s, "at": now}
        with self._database.write() as connection:
            connection.execute(
                upsert(connection, link_window)
                .values(node=node, **row)
                .on_conflict_do_update(index_elements=["node"], set_=row)
            )

    def window(self, node: str) -> tuple[float, float] | None:
        """Return what was kept of a link. Node-wide: as above."""
        with self._database.read() as connection:
            row = connection.execute(
                select(link_window).where(link_window.c.node == node)
            ).one_or_none()
        return (row.rate_bytes_per_s, row.rtt_s) if row else None


def _taken_up(connection: Connection, wanted: Transfer, *, now: datetime) -> Transfer:
    """Add a row, or give the wish to the one that was called off lately: its bytes are here."""
    row = connection.execute(
        select(transfer)
        .where(
            transfer.c.tenant == wanted.key.tenant.value,
            transfer.c.study_instance_uid == wanted.key.study.value,
            transfer.c.wanted_by == wanted.wanted_by.value,
            transfer.c.from_node == wanted.from_node,
            transfer.c.state == TransferState.CANCELLED.value,
            transfer.c.changed_at >= now - KEPT,
        )
        .order_by(transfer.c.changed_at.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        connection.execute(insert(transfer), values_of(wanted))
        return wanted
    held = transfer_of(row)
    return changed(
        connection,
        held.id,
        now=now,
        state=after(held.state, Happening.RETRIED).value,
        of_class=wanted.of_class.value,
        reason=wanted.reason,
        first=[uid.value for uid in wanted.first],
        wanted_at=wanted.wanted_at,
        detail="",
    )


def _refuse_withheld(connection: Connection, key: StudyKey) -> None:
    query = select(withheld_study.c.why).where(
        withheld_study.c.tenant == key.tenant.value,
        withheld_study.c.study_instance_uid == key.study.value,
    )
    why = connection.execute(query).scalar_one_or_none()
    if why is not None:
        raise Refused(f"study {key.study} may not be fetched: {why}")


def _seen(scope: Scope) -> Select[Any]:
    tenants = [tenant.value for tenant in scope.tenants]
    return select(transfer).where(transfer.c.wanted_by.in_(tenants))


def _alarm(connection: Connection, held: Transfer, why: str, *, now: datetime) -> None:
    announce(
        connection,
        TransferQuarantined(
            tenant=held.wanted_by,
            at=now,
            transfer=held.id,
            owner=held.key.tenant,
            study=held.key.study,
            from_node=held.from_node,
            why=why,
        ),
    )
