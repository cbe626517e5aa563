"""Organisations, devices and refused callers, as `access.ports` asks for them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from archipel.access.model import Device, Duty, Organisation, Service, UnknownCaller
from archipel.kernel.actors import Scope
from archipel.kernel.aetitle import AETitle
from archipel.kernel.errors import Conflict, NotFound
from archipel.kernel.identifiers import Issuer, TenantId
from archipel.stores.sql.schema.access import called_title, device, organisation, unknown_caller
from archipel.stores.sql.session import Database, upsert

CALLERS_KEPT = 500
"""A stranger can fill the list of refused callers, not the disk: the oldest make room."""


class SqlDevices:
    """`access.ports.Devices`: what an association asks before it is let in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def organisation_called(self, called: AETitle) -> Organisation | None:
        """Find whom a title names. Node-wide: nobody is known yet."""
        with self._database.read() as connection:
            tenant = connection.scalar(
                select(called_title.c.tenant).where(called_title.c.ae_title == called.value)
            )
            return _organisation(connection, TenantId(tenant)) if tenant else None

    def device(self, calling: AETitle, *, tenant: TenantId) -> Device | None:
        """Find a registered peer."""
        with self._database.read() as connection:
            row = connection.execute(
                select(device).where(
                    device.c.tenant == tenant.value, device.c.ae_title == calling.value
                )
            ).one_or_none()
        return _device(row) if row else None

    def knocked(self, calling: AETitle, called: AETitle, *, host: str, now: datetime) -> None:
        """Remember a refused caller. Node-wide: nobody is known yet."""
        row = {"host": host[:255], "last_seen": now}
        with self._database.write() as connection:
            connection.execute(
                upsert(connection, unknown_caller)
                .values(
                    calling=calling.value, called=called.value, first_seen=now, knocks=1, **row
                )
                .on_conflict_do_update(
                    index_elements=["calling", "called"],
                    set_={**row, "knocks": unknown_caller.c.knocks + 1},
                )
            )
            oldest_kept = (
                select(unknown_caller.c.last_seen)
                .order_by(unknown_caller.c.last_seen.desc())
                .offset(CALLERS_KEPT)
                .limit(1)
            )
            connection.execute(
                delete(unknown_caller).where(
                    unknown_caller.c.last_seen <= oldest_kept.scalar_subquery()
                )
            )


class SqlOrganisations:
    """`access.ports.Organisations`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, organisation: Organisation) -> None:
        """Add a tenant and its titles."""
        with self._database.write() as connection:
            if _organisation(connection, organisation.key) is not None:
                raise Conflict(f"there is an organisation {organisation.key} already")
            connection.execute(
                insert(_ORGANISATION).values(
                    tenant=organisation.key.value,
                    name=organisation.name,
                    issuer=organisation.issuer.namespace,
                    finess=organisation.finess,
                )
            )
            _set_titles(connection, organisation)

    def change(self, organisation: Organisation) -> None:
        """Replace name, FINESS and titles."""
        with self._database.write() as connection:
            changed = connection.execute(
                update(_ORGANISATION)
                .where(_ORGANISATION.c.tenant == organisation.key.value)
                .values(name=organisation.name, finess=organisation.finess)
            )
            if not changed.rowcount:
                raise NotFound(f"no organisation {organisation.key}")
            _set_titles(connection, organisation)

    def organisation(self, *, tenant: TenantId) -> Organisation | None:
        """Find one by its key."""
        with self._database.read() as connection:
            return _organisation(connection, tenant)

    def within(self, scope: Scope) -> Sequence[Organisation]:
        """List those in scope, by name."""
        with self._database.read() as connection:
            found = [_organisation(connection, tenant) for tenant in scope.tenants]
        return sorted((one for one in found if one), key=lambda one: (one.name, one.key))

    def tenants(self) -> frozenset[TenantId]:
        """List every key. Node-wide: it is what a network administrator's scope is made of."""
        with self._database.read() as connection:
            keys = connection.scalars(select(_ORGANISATION.c.tenant))
            return frozenset(TenantId(key) for key in keys)

    def register(self, device: Device) -> None:
        """Add a peer."""
        try:
            with self._database.write() as connection:
                if _organisation(connection, device.tenant) is None:
                    raise NotFound(f"no organisation {device.tenant}")
                connection.execute(
                    insert(_DEVICE).values(
                        tenant=device.tenant.value,
                        ae_title=device.ae_title.value,
                        **_settings(device),
                    )
                )
        except IntegrityError:
            raise Conflict(f"{device.tenant} knows a device {device.ae_title} already") from None

    def change_device(self, device: Device) -> None:
        """Replace all but title and organisation."""
        with self._database.write() as connection:
            changed = connection.execute(
                update(_DEVICE)
                .where(_is(device.ae_title, device.tenant))
                .values(**_settings(device))
            )
            if not changed.rowcount:
                raise NotFound(f"{device.tenant} knows no device {device.ae_title}")

    def forget_device(self, ae_title: AETitle, *, tenant: TenantId) -> None:
        """Remove a peer."""
        with self._database.write() as connection:
            if not connection.execute(delete(_DEVICE).where(_is(ae_title, tenant))).rowcount:
                raise NotFound(f"{tenant} knows no device {ae_title}")

    def devices(self, *, scope: Scope) -> Sequence[Device]:
        """List the peers of the organisations in scope."""
        query = (
            select(_DEVICE)
            .where(_DEVICE.c.tenant.in_([tenant.value for tenant in scope.tenants]))
            .order_by(_DEVICE.c.tenant, _DEVICE.c.ae_title)
        )
        with self._database.read() as connection:
            return [_device(row) for row in connection.execute(query)]

    def callers(self, *, scope: Scope, nobodys: bool) -> Sequence[UnknownCaller]:
        """List refused callers, latest first."""
        query = _callers(scope, nobodys=nobodys).order_by(unknown_caller.c.last_seen.desc())
        with self._database.read() as connection:
            return [_caller(row) for row in connection.execute(query)]

    def dismiss(
        self, calling: AETitle, called: AETitle, *, scope: Scope, nobodys: bool
    ) -> UnknownCaller:
        """Take a caller off the list."""
        this = (unknown_caller.c.calling == calling.value) & (
            unknown_caller.c.called == called.value
        )
        with self._database.write() as connection:
            query = _callers(scope, nobodys=nobodys).where(this)
            row = connection.execute(query).one_or_none()
            if row is None:
                raise NotFound(f"{calling} is not in the list of callers of {called}")
            connection.execute(delete(unknown_caller).where(this))
        return _caller(row)


_ORGANISATION, _DEVICE = organisation, device


def _organisation(connection: Connection, tenant: TenantId) -> Organisation | None:
    row = connection.execute(
        select(_ORGANISATION).where(_ORGANISATION.c.tenant == tenant.value)
    ).one_or_none()
    if row is None:
        return None
    titles = connection.scalars(
        select(called_title.c.ae_title)
        .where(called_title.c.tenant == tenant.value)
        .order_by(called_title.c.rank)
    )
    return Organisation(
        key=tenant,
        name=row.name,
        issuer=Issuer(row.issuer),
        finess=row.finess,
        ae_titles=tuple(AETitle(title) for title in titles),
    )


def _set_titles(connection: Connection, wanted: Organisation) -> None:
    titles = [title.value for title in wanted.ae_titles]
    owner = select(called_title.c.ae_title).where(
        called_title.c.ae_title.in_(titles), called_title.c.tenant != wanted.key.value
    )
    taken = connection.scalars(owner).first()
    if taken is not None:
        raise Conflict(f"the AE title {taken} names another organisation of this node")
    connection.execute(delete(called_title).where(called_title.c.tenant == wanted.key.value))
    for rank, title in enumerate(titles):
        connection.execute(
            insert(called_title).values(ae_title=title, tenant=wanted.key.value, rank=rank)
        )


def _is(ae_title: AETitle, tenant: TenantId) -> Any:
    return (_DEVICE.c.tenant == tenant.value) & (_DEVICE.c.ae_title == ae_title.value)


def _settings(device: Device) -> dict[str, Any]:
    return {
        "host": device.host,
        "port": device.port,
        "may": sorted(service.value for service in device.may),
        "duties": sorted(duty.value for duty in device.duties),
        "certificate": device.certificate,
    }


def _device(row: Row[Any]) -> Device:
    return Device(
        ae_title=AETitle(row.ae_title),
        tenant=TenantId(row.tenant),
        host=row.host,
        port=row.port,
        may=frozenset(Service(name) for name in row.may),
        duties=frozenset(Duty(name) for name in row.duties),
        certificate=row.certificate,
    )


def _callers(scope: Scope, *, nobodys: bool) -> Any:
    within = called_title.c.tenant.in_([tenant.value for tenant in scope.tenants])
    joined = unknown_caller.outerjoin(
        called_title, unknown_caller.c.called == called_title.c.ae_title
    )
    return (
        select(unknown_caller, called_title.c.tenant)
        .select_from(joined)
        .where(or_(within, called_title.c.tenant.is_(None)) if nobodys else within)
    )


def _caller(row: Row[Any]) -> UnknownCaller:
    return UnknownCaller(
        calling=AETitle(row.calling),
        called=AETitle(row.called),
        host=row.host,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        knocks=row.knocks,
        tenant=TenantId(row.tenant) if row.tenant else None,
    )
