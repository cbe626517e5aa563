"""Who may do what: the table is total, the DICOM door fails closed."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archipel.access.enrol import default_title
from archipel.access.errors import CalledUnknown, CallerElsewhere, CallerUnknown
from archipel.access.model import Device, Organisation, Permission, Person, Role, Service
from archipel.access.policy import GRANTS, admit, may_appoint, visit
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.aetitle import AETitle
from archipel.kernel.identifiers import Issuer, TenantId
from archipel.testing.memory_access import MemoryOrganisations

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WEST, EAST = TenantId("west"), TenantId("east")
CT, CALLED = AETitle("CT1"), AETitle("WEST")
ALL = Scope(Actor(ActorKind.NODE, "test"), frozenset({WEST, EAST}))


@pytest.fixture
def devices() -> MemoryOrganisations:
    made = MemoryOrganisations()
    made.add(
        Organisation(key=WEST, name="W", issuer=Issuer("IW"), finess=None, ae_titles=(CALLED,))
    )
    made.add(
        Organisation(
            key=EAST, name="E", issuer=Issuer("IE"), finess=None, ae_titles=(AETitle("EAST"),)
        )
    )
    return made


def _device(host: str | None) -> Device:
    return Device(ae_title=CT, tenant=WEST, host=host, port=104, may=frozenset({Service.STORE}))


def _admit(devices, called: AETitle = CALLED, host: str = "10.0.0.7"):
    return admit(CT, called, host=host, devices=devices, now=NOW)


@pytest.mark.parametrize("role", Role)
def test_every_role_is_in_the_table(role: Role) -> None:
    assert GRANTS[role] <= frozenset(Permission)


@pytest.mark.parametrize("permission", Permission)
def test_every_permission_is_somebodys(permission: Permission) -> None:
    assert any(permission in granted for granted in GRANTS.values())


def test_no_administrator_sees_images_or_reports() -> None:
    medical = {Permission.READ_IMAGES, Permission.WRITE_REPORTS, Permission.SEARCH_PATIENTS}
    for role in (Role.SITE_ADMIN, Role.NETWORK_ADMIN, Role.GOVERNANCE):
        assert not GRANTS[role] & medical


@given(st.frozensets(st.sampled_from(Permission)))
def test_nobody_appoints_above_themselves(permissions: frozenset[Permission]) -> None:
    for role in may_appoint(permissions):
        administers = GRANTS[role] & {Permission.ADMINISTER_NODE}
        assert administers <= permissions


@pytest.mark.parametrize("role", Role)
def test_only_the_network_sees_more_than_its_organisation(role: Role) -> None:
    person = Person(login="anne", name="TEST-ANNE", tenant=WEST, role=role)

    scope = visit(person, everywhere=frozenset({WEST, EAST}))

    network = role in {Role.NETWORK_ADMIN, Role.GOVERNANCE}
    assert scope.tenants == ({WEST, EAST} if network else {WEST})
    assert scope.actor == Actor(ActorKind.PERSON, "anne")


def test_a_known_device_acts_for_the_organisation_it_called(devices) -> None:
    devices.register(_device("10.0.0.7"))

    admitted = _admit(devices)

    assert (admitted.tenant, admitted.issuer) == (WEST, Issuer("IW"))
    assert admitted.scope == Scope(Actor(ActorKind.DEVICE, "CT1"), frozenset({WEST}))
    assert admitted.may == {Service.STORE}
    assert devices.callers(scope=ALL, nobodys=True) == []


def test_a_device_of_one_organisation_is_a_stranger_to_another(devices) -> None:
    devices.register(_device(None))

    with pytest.raises(CallerUnknown):
        _admit(devices, called=AETitle("EAST"))
    with pytest.raises(CalledUnknown):
        _admit(devices, called=AETitle("NOBODY"))

    knocked = devices.callers(scope=ALL, nobodys=True)
    assert {caller.called.value for caller in knocked} == {"EAST", "NOBODY"}


@pytest.mark.parametrize("registered", ["10.0.0.8", "::1", "fe80::1"])
def test_a_known_title_from_another_address_is_refused_and_listed(devices, registered) -> None:
    devices.register(_device(registered))

    with pytest.raises(CallerElsewhere, match=registered):
        _admit(devices)

    assert [caller.host for caller in devices.callers(scope=ALL, nobodys=False)] == ["10.0.0.7"]


@pytest.mark.parametrize(
    ("registered", "host"),
    [
        (None, "10.9.9.9"),
        ("ct1.hospital.example", "10.9.9.9"),
        ("10.0.0.7", "::ffff:10.0.0.7"),
        ("::1", "0:0:0:0:0:0:0:1"),
    ],
)
def test_an_address_is_compared_by_value(devices, registered, host) -> None:
    devices.register(_device(registered))

    assert _admit(devices, host=host).tenant == WEST


@pytest.mark.parametrize(
    ("key", "title"),
    [("west", "WEST"), ("ch-de-l-ouest", "CH_DE_L_OUEST"), ("a" * 48, "A" * 16), ("9", "9")],
)
def test_the_default_title_is_the_key(key: str, title: str) -> None:
    assert default_title(TenantId(key)) == AETitle(title)
