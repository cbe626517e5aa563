"""Changes are made within one's office, and said before they are made."""

from dataclasses import replace

import pytest

from archipel.access import enrol
from archipel.access.model import Action, AuditQuery, Device, Role, Service
from archipel.kernel.aetitle import AETitle
from archipel.kernel.errors import Conflict, Malformed, NotFound, Refused
from archipel.kernel.identifiers import Issuer, TenantId
from archipel.stores.sql.access import SqlDevices
from archipel.testing.access_builders import EAST, NOW, PASSWORD, WEST, person

CT = AETitle("CT1")


def _device(tenant: TenantId = WEST) -> Device:
    return Device(ae_title=CT, tenant=tenant, host=None, port=None, may=frozenset({Service.STORE}))


def _said(house) -> list[str]:
    rows = house.audit.search(AuditQuery(), scope=house.operator.scope, node=True)
    assert all(row.entry.action is Action.CHANGE for row in rows)
    return [f"{row.entry.actor.name}: {row.entry.detail}" for row in rows]


def test_an_organisation_gets_a_title_and_an_issuer(house) -> None:
    wanted = enrol.organisation_from("ch-nord", "CH Nord", finess="970300026")

    made = enrol.add_organisation(wanted, office=house.operator, now=NOW)

    assert made.ae_titles == (AETitle("CH_NORD"),)
    assert made.issuer == Issuer("ch-nord")
    assert house.operator.organisations.organisation(tenant=made.key) == made
    assert _said(house)[0] == "root: organisation added"


def test_an_issuer_never_changes(house) -> None:
    held = house.operator.organisations.organisation(tenant=WEST)

    with pytest.raises(Conflict, match="issuer"):
        enrol.change_organisation(
            replace(held, issuer=Issuer("other")), office=house.operator, now=NOW
        )
    with pytest.raises(Malformed, match="no AE title"):
        enrol.change_organisation(replace(held, ae_titles=()), office=house.operator, now=NOW)


@pytest.mark.parametrize("role", [r for r in Role if r is not Role.NETWORK_ADMIN])
def test_only_a_network_administrator_adds_organisations(house, role) -> None:
    wanted = enrol.organisation_from("north", "CH Nord")

    with pytest.raises(Refused):
        enrol.add_organisation(wanted, office=house.office_of(role), now=NOW)

    assert house.operator.organisations.tenants() == {WEST, EAST}
    assert enrol.add_organisation(wanted, office=house.office_of(Role.NETWORK_ADMIN), now=NOW)


@pytest.mark.parametrize(
    "role", [r for r in Role if r not in {Role.NETWORK_ADMIN, Role.SITE_ADMIN}]
)
def test_whoever_is_no_administrator_changes_nothing(house, role) -> None:
    enrol.add_person(person("anne"), office=house.operator, now=NOW)
    office = house.office_of(role)
    held = office.organisations.organisation(tenant=WEST)
    acts = [
        lambda: enrol.change_organisation(held, office=office, now=NOW),
        lambda: enrol.register_device(_device(), office=office, now=NOW),
        lambda: enrol.change_device(_device(), office=office, now=NOW),
        lambda: enrol.forget_device(CT, tenant=WEST, office=office, now=NOW),
        lambda: enrol.approve_caller(_device(), called=AETitle("WEST"), office=office, now=NOW),
        lambda: enrol.dismiss_caller(CT, AETitle("WEST"), office=office, now=NOW),
        lambda: enrol.add_person(person("new"), office=office, now=NOW),
        lambda: enrol.add_person_with_password(person("new"), PASSWORD, office=office, now=NOW),
        lambda: enrol.change_person(person("anne"), active=False, office=office, now=NOW),
        lambda: enrol.invite_again("anne", office=office, now=NOW),
        lambda: enrol.change_password("anne", PASSWORD, office=office, now=NOW),
        lambda: enrol.create_token("anne", "viewer", office=office, now=NOW),
        lambda: enrol.revoke_token("0", office=office, now=NOW),
        lambda: enrol.await_administrator(WEST, office=office, now=NOW),
    ]
    before = house.audit.head()

    for act in acts:
        with pytest.raises(Refused):
            act()

    assert house.audit.head() == before


def test_a_site_administrator_reaches_no_other_organisation(house) -> None:
    office = house.office_of(Role.SITE_ADMIN, EAST)
    enrol.add_person(person("anne"), office=house.operator, now=NOW)
    _, token = enrol.create_token("anne", "viewer", office=house.operator, now=NOW)
    enrol.register_device(_device(), office=house.operator, now=NOW)
    held = office.organisations.organisation(tenant=WEST)
    acts = [
        lambda: enrol.change_organisation(held, office=office, now=NOW),
        lambda: enrol.register_device(_device(), office=office, now=NOW),
        lambda: enrol.change_device(_device(), office=office, now=NOW),
        lambda: enrol.forget_device(CT, tenant=WEST, office=office, now=NOW),
        lambda: enrol.approve_caller(_device(), called=AETitle("WEST"), office=office, now=NOW),
        lambda: enrol.dismiss_caller(CT, AETitle("WEST"), office=office, now=NOW),
        lambda: enrol.add_person(person("new"), office=office, now=NOW),
        lambda: enrol.change_person(person("anne"), active=False, office=office, now=NOW),
        lambda: enrol.invite_again("anne", office=office, now=NOW),
        lambda: enrol.create_token("anne", "viewer", office=office, now=NOW),
        lambda: enrol.revoke_token(token.id, office=office, now=NOW),
    ]
    before = house.audit.head()

    for act in acts:
        with pytest.raises(NotFound):
            act()

    assert house.audit.head() == before
    assert office.organisations.devices(scope=house.operator.scope) == [_device()]


def test_a_site_administrator_cannot_touch_a_network_role(house) -> None:
    enrol.add_person(person("root", Role.NETWORK_ADMIN), office=house.operator, now=NOW)
    enrol.add_person(person("anne"), office=house.operator, now=NOW)
    office = house.office_of(Role.SITE_ADMIN)
    acts = [
        lambda: enrol.add_person(person("new", Role.NETWORK_ADMIN), office=office, now=NOW),
        lambda: enrol.change_person(
            person("anne", Role.NETWORK_ADMIN), active=True, office=office, now=NOW
        ),
        lambda: enrol.change_person(person("root"), active=True, office=office, now=NOW),
        lambda: enrol.invite_again("root", office=office, now=NOW),
        lambda: enrol.create_token("root", "viewer", office=office, now=NOW),
    ]

    for act in acts:
        with pytest.raises(Refused):
            act()

    assert office.accounts.account("root").person.role is Role.NETWORK_ADMIN
    assert (
        enrol.change_person(person("anne", Role.SECRETARY), active=True, office=office, now=NOW)
        is None
    )


def test_a_caller_is_approved_and_then_known(house, sqlite_database) -> None:
    devices = SqlDevices(sqlite_database)
    devices.knocked(CT, AETitle("WEST"), host="10.0.0.7", now=NOW)
    office = house.office_of(Role.SITE_ADMIN)

    enrol.approve_caller(_device(), called=AETitle("WEST"), office=office, now=NOW)

    assert devices.device(CT, tenant=WEST) == _device()
    assert office.organisations.callers(scope=office.scope, nobodys=True) == []
    with pytest.raises(NotFound):
        enrol.approve_caller(_device(), called=AETitle("WEST"), office=office, now=NOW)


def test_the_list_of_callers_is_bounded(house, sqlite_database, monkeypatch) -> None:
    monkeypatch.setattr("archipel.stores.sql.access.CALLERS_KEPT", 3)
    devices = SqlDevices(sqlite_database)

    for number in range(6):
        moment = NOW.replace(minute=number)
        devices.knocked(AETitle(f"X{number}"), AETitle("WEST"), host="10.0.0.7", now=moment)

    kept = house.operator.organisations.callers(scope=house.operator.scope, nobodys=True)
    assert [caller.calling.value for caller in kept] == ["X5", "X4", "X3"]


def test_an_administrator_is_awaited_once(house) -> None:
    enrol.add_person_with_password(
        person("root", Role.NETWORK_ADMIN), PASSWORD, office=house.operator, now=NOW
    )

    with pytest.raises(Conflict):
        enrol.await_administrator(WEST, office=house.operator, now=NOW)


@pytest.mark.parametrize(("days", "label"), [(0, "x"), (731, "x"), (1, " "), (1, "x" * 65)])
def test_a_token_lasts_a_while_and_has_a_name(house, days, label) -> None:
    enrol.add_person(person("anne"), office=house.operator, now=NOW)

    with pytest.raises(Malformed):
        enrol.create_token("anne", label, days=days, office=house.operator, now=NOW)
