"""Two invented organisations and people of theirs, for tests of any room."""

from datetime import UTC, datetime

from archipel.access.model import Device, Organisation, Person, Role, Service
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.aetitle import AETitle
from archipel.kernel.identifiers import Issuer, TenantId

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WEST, EAST = TenantId("west"), TenantId("east")
PASSWORD = "un cheval agrafe la pile"  # noqa: S105  (of nobody)


def scope_of(*tenants: TenantId, name: str = "someone") -> Scope:
    """Make the scope of a person who sees `tenants`."""
    return Scope(Actor(ActorKind.PERSON, name), frozenset(tenants))


def organisation(tenant: TenantId, *titles: str) -> Organisation:
    """Make an organisation that answers to `titles`, or to its key in capitals."""
    return Organisation(
        key=tenant,
        name=f"CH {tenant}",
        issuer=Issuer(f"ISSUER-{tenant}"),
        finess="970300026",
        ae_titles=tuple(AETitle(title) for title in titles or (tenant.value.upper(),)),
    )


def device(tenant: TenantId = WEST, title: str = "CT1", host: str | None = "10.0.0.7") -> Device:
    """Make a modality that may store and find."""
    may = frozenset({Service.STORE, Service.FIND})
    return Device(ae_title=AETitle(title), tenant=tenant, host=host, port=104, may=may)


def person(login: str, role: Role = Role.RADIOLOGIST, tenant: TenantId = WEST) -> Person:
    """Make somebody who does not exist."""
    return Person(login=login, name=f"TEST-{login.upper()}", tenant=tenant, role=role)
