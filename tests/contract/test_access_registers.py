"""Organisations and devices: what every implementation promises, two organisations apart."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from archipel.access.model import Device, Organisation, Service
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.aetitle import AETitle
from archipel.kernel.errors import Conflict, NotFound
from archipel.kernel.identifiers import Issuer, TenantId

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WEST, EAST = TenantId("west"), TenantId("east")
CT = AETitle("CT1")


def scope_of(*tenants: TenantId) -> Scope:
    return Scope(Actor(ActorKind.PERSON, "someone"), frozenset(tenants))


def organisation(tenant: TenantId, *titles: str) -> Organisation:
    return Organisation(
        key=tenant,
        name=f"CH {tenant}",
        issuer=Issuer(f"ISSUER-{tenant}"),
        finess="970300026",
        ae_titles=tuple(AETitle(title) for title in titles or (tenant.value.upper(),)),
    )


def device(tenant: TenantId, title: str = "CT1") -> Device:
    return Device(
        ae_title=AETitle(title),
        tenant=tenant,
        host="10.0.0.7",
        port=104,
        may=frozenset({Service.STORE, Service.FIND}),
    )


@pytest.fixture
def two(ports):
    ports.organisations.add(organisation(WEST, "WEST", "WEST_CT"))
    ports.organisations.add(organisation(EAST))
    return ports


def test_a_called_title_names_its_organisation(two) -> None:
    assert two.devices.organisation_called(AETitle("WEST_CT")) == organisation(
        WEST, "WEST", "WEST_CT"
    )
    assert two.devices.organisation_called(AETitle("NOBODY")) is None


def test_a_key_and_a_title_have_one_owner(two) -> None:
    with pytest.raises(Conflict, match="west"):
        two.organisations.add(organisation(WEST, "OTHER"))
    with pytest.raises(Conflict, match="EAST"):
        two.organisations.add(organisation(TenantId("north"), "NORTH", "EAST"))
    with pytest.raises(Conflict, match="EAST"):
        two.organisations.change(organisation(WEST, "EAST"))

    assert two.organisations.tenants() == {WEST, EAST}
    assert two.devices.organisation_called(AETitle("WEST")).key == WEST


def test_an_organisation_changes_its_titles_but_not_its_issuer(two) -> None:
    changed = replace(organisation(WEST, "WEST_CT", "NEW"), name="CHU", finess=None)

    two.organisations.change(replace(changed, issuer=Issuer("ANOTHER")))

    assert two.organisations.organisation(tenant=WEST) == changed
    assert two.devices.organisation_called(AETitle("WEST")) is None
    with pytest.raises(NotFound):
        two.organisations.change(organisation(TenantId("north")))


def test_only_organisations_in_scope_are_listed(two) -> None:
    assert [o.key for o in two.organisations.within(scope_of(EAST))] == [EAST]
    assert [o.key for o in two.organisations.within(scope_of(WEST, EAST))] == [EAST, WEST]
    assert two.organisations.within(scope_of()) == []
    assert two.organisations.organisation(tenant=TenantId("north")) is None


def test_a_device_belongs_to_one_organisation(two) -> None:
    two.organisations.register(device(WEST))

    assert two.devices.device(CT, tenant=WEST) == device(WEST)
    assert two.devices.device(CT, tenant=EAST) is None
    assert two.organisations.devices(scope=scope_of(EAST)) == []
    with pytest.raises(NotFound):
        two.organisations.change_device(replace(device(EAST), port=11112))
    with pytest.raises(NotFound):
        two.organisations.forget_device(CT, tenant=EAST)
    assert two.devices.device(CT, tenant=WEST) == device(WEST)


def test_the_same_title_may_be_a_device_of_two(two) -> None:
    two.organisations.register(device(WEST))
    two.organisations.register(replace(device(EAST), host=None, port=None, may=frozenset()))

    assert two.devices.device(CT, tenant=WEST).host == "10.0.0.7"
    assert two.devices.device(CT, tenant=EAST).host is None
    with pytest.raises(Conflict):
        two.organisations.register(device(WEST))


def test_a_device_of_nobody_is_not_registered(two) -> None:
    with pytest.raises(NotFound):
        two.organisations.register(device(TenantId("north")))


def test_a_device_is_changed_and_forgotten(two) -> None:
    two.organisations.register(device(WEST, "CT2"))
    two.organisations.register(device(WEST))

    two.organisations.change_device(replace(device(WEST), port=None))
    two.organisations.forget_device(AETitle("CT2"), tenant=WEST)

    assert two.organisations.devices(scope=scope_of(WEST)) == [replace(device(WEST), port=None)]


def test_a_refused_caller_is_counted(two) -> None:
    for minute in range(3):
        now = NOW + timedelta(minutes=minute)
        two.devices.knocked(CT, AETitle("WEST"), host=f"10.0.0.{minute}", now=now)

    (caller,) = two.organisations.callers(scope=scope_of(WEST), nobodys=False)
    assert (caller.knocks, caller.host, caller.tenant) == (3, "10.0.0.2", WEST)
    assert (caller.first_seen, caller.last_seen) == (NOW, NOW + timedelta(minutes=2))


def test_callers_are_shown_to_whom_they_called(two) -> None:
    two.devices.knocked(CT, AETitle("WEST"), host="10.0.0.1", now=NOW)
    two.devices.knocked(CT, AETitle("NOBODY"), host="10.0.0.1", now=NOW + timedelta(1))

    assert two.organisations.callers(scope=scope_of(EAST), nobodys=False) == []
    both = two.organisations.callers(scope=scope_of(WEST), nobodys=True)
    assert [(c.called.value, c.tenant) for c in both] == [("NOBODY", None), ("WEST", WEST)]


def test_a_caller_is_dismissed_within_scope_only(two) -> None:
    two.devices.knocked(CT, AETitle("WEST"), host="10.0.0.1", now=NOW)

    with pytest.raises(NotFound):
        two.organisations.dismiss(CT, AETitle("WEST"), scope=scope_of(EAST), nobodys=True)
    gone = two.organisations.dismiss(CT, AETitle("WEST"), scope=scope_of(WEST), nobodys=False)

    assert gone.calling == CT
    assert two.organisations.callers(scope=scope_of(WEST), nobodys=True) == []
