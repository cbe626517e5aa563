"""Accounts, sessions, tokens, invitations: what every implementation promises."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from archipel.access.errors import InvitationUnknown
from archipel.access.model import (
    BrowserSession,
    Invitation,
    MachineToken,
    Organisation,
    Permission,
    Person,
    Role,
)
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.aetitle import AETitle
from archipel.kernel.errors import Conflict, NotFound
from archipel.kernel.identifiers import Issuer, TenantId

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WEST, EAST = TenantId("west"), TenantId("east")


def scope_of(*tenants: TenantId) -> Scope:
    return Scope(Actor(ActorKind.PERSON, "someone"), frozenset(tenants))


def person(login: str = "anne", tenant: TenantId = WEST, role: Role = Role.RADIOLOGIST) -> Person:
    return Person(login=login, name=f"TEST-{login}", tenant=tenant, role=role)


def session(number: str, login: str = "anne") -> BrowserSession:
    return BrowserSession(
        id=number,
        login=login,
        created_at=NOW,
        last_seen_at=NOW + timedelta(seconds=int(number)),
        expires_at=NOW + timedelta(hours=12),
        address="10.0.0.1",
        agent="Firefox",
    )


def token(number: str, login: str = "anne", tenant: TenantId = WEST) -> MachineToken:
    return MachineToken(
        id=number,
        label="viewer",
        login=login,
        tenant=tenant,
        scopes=frozenset({Permission.READ_IMAGES}),
        created_at=NOW + timedelta(seconds=int(number)),
        expires_at=NOW + timedelta(days=90),
        last_used_at=None,
        revoked=False,
    )


def invitation(login: str | None = "anne", role: Role = Role.RADIOLOGIST) -> Invitation:
    return Invitation(login=login, tenant=WEST, role=role, expires_at=NOW + timedelta(days=7))


@pytest.fixture
def two(ports):
    for tenant in (WEST, EAST):
        title = AETitle(tenant.value.upper())
        ports.organisations.add(
            Organisation(
                key=tenant, name="CH", issuer=Issuer("I"), finess=None, ae_titles=(title,)
            )
        )
    ports.accounts.add_account(person(), password_hash="kept")
    ports.accounts.add_account(person("eve", EAST), password_hash=None)
    return ports


def test_an_account_is_found_and_listed_in_scope(two) -> None:
    assert two.accounts.account("anne").person == person()
    assert two.accounts.account("eve").invited
    assert [a.person.login for a in two.accounts.accounts(scope=scope_of(WEST))] == ["anne"]
    assert two.accounts.accounts(scope=scope_of()) == []
    assert two.accounts.account("nobody") is None


def test_a_login_is_unique_on_the_node(two) -> None:
    with pytest.raises(Conflict):
        two.accounts.add_account(person("anne", EAST), password_hash=None)
    with pytest.raises(NotFound):
        two.accounts.add_account(person("new", TenantId("north")), password_hash=None)


def test_an_account_changes_within_its_tenant_only(two) -> None:
    with pytest.raises(NotFound):
        two.accounts.change_account(person("anne", EAST, Role.SITE_ADMIN), active=False)
    assert two.accounts.account("anne").active

    two.accounts.change_account(person("anne", WEST, Role.SITE_ADMIN), active=False)

    held = two.accounts.account("anne")
    assert (held.person.role, held.active) == (Role.SITE_ADMIN, False)


def test_a_closed_account_has_no_password(two) -> None:
    assert two.accounts.password_hash("anne") == "kept"

    two.accounts.change_account(person(), active=False)

    assert two.accounts.password_hash("anne") is None
    assert two.accounts.password_hash("nobody") is None


def test_what_a_person_chose_is_kept(two) -> None:
    two.accounts.set_preferences("anne", {"language": "es", "keys": {"mpr": "M"}})
    two.accounts.signed_in("anne", now=NOW)
    two.accounts.set_password_hash("anne", None)

    held = two.accounts.account("anne")
    assert held.preferences == {"language": "es", "keys": {"mpr": "M"}}
    assert (held.last_sign_in_at, held.invited) == (NOW, True)
    with pytest.raises(NotFound):
        two.accounts.set_preferences("nobody", {})


def test_a_session_is_found_by_its_digest_with_its_account(two) -> None:
    two.credentials.open_session(b"d1", session("1"))

    found, account = two.credentials.session(b"d1")
    assert (found, account.person) == (session("1"), person())
    assert two.credentials.session(b"d2") is None


def test_a_session_seen_moves_its_idle_end(two) -> None:
    two.credentials.open_session(b"d1", session("1"))

    two.credentials.seen(b"d1", now=NOW + timedelta(hours=1))

    assert two.credentials.session(b"d1")[0].last_seen_at == NOW + timedelta(hours=1)


def test_sessions_are_listed_and_ended(two) -> None:
    for number in ("1", "2", "3"):
        two.credentials.open_session(number.encode(), session(number))
    two.credentials.open_session(b"e", session("4", "eve"))

    assert [s.id for s in two.credentials.sessions("anne")] == ["3", "2", "1"]
    assert two.credentials.end_session(b"1").id == "1"
    assert two.credentials.end_session(b"1") is None
    assert two.credentials.end_sessions("eve", session="3") == 0
    assert two.credentials.end_sessions("anne", session="3") == 1
    assert two.credentials.end_sessions("anne") == 1
    assert [s.id for s in two.credentials.sessions("eve")] == ["4"]


def test_tokens_are_seen_and_revoked_in_scope_only(two) -> None:
    two.credentials.add_token(b"t1", token("1"))
    two.credentials.add_token(b"t2", token("2", "eve", EAST))

    assert two.credentials.token(b"t1")[0] == token("1")
    assert two.credentials.token(b"t1")[1].person == person()
    assert two.credentials.tokens(scope=scope_of(EAST)) == [token("2", "eve", EAST)]
    with pytest.raises(NotFound):
        two.credentials.revoke_token("1", scope=scope_of(EAST))
    assert not two.credentials.token(b"t1")[0].revoked
    assert two.credentials.revoke_token("1", scope=scope_of(WEST)).revoked
    assert two.credentials.token(b"t1")[0].revoked


def test_a_token_needs_an_account_of_its_tenant(two) -> None:
    with pytest.raises(NotFound):
        two.credentials.add_token(b"t1", token("1", "anne", EAST))


def test_a_token_remembers_its_last_use(two) -> None:
    two.credentials.add_token(b"t1", token("1"))

    two.credentials.token_used(b"t1", now=NOW)

    assert two.credentials.token(b"t1")[0].last_used_at == NOW


def test_an_invitation_is_used_once(two) -> None:
    two.credentials.invite(b"i", invitation("eve"))

    assert two.credentials.invitation(b"i") == invitation("eve")
    two.credentials.accept(b"i", person("eve", EAST), "hash")

    assert two.accounts.password_hash("eve") == "hash"
    with pytest.raises(InvitationUnknown):
        two.credentials.accept(b"i", person("eve", EAST), "other")
    assert two.accounts.password_hash("eve") == "hash"


def test_a_new_invitation_ends_the_former(two) -> None:
    two.credentials.invite(b"i1", invitation("eve"))
    two.credentials.invite(b"a1", invitation(None, Role.NETWORK_ADMIN))
    two.credentials.invite(b"i2", invitation("eve"))
    two.credentials.invite(b"a2", invitation(None, Role.NETWORK_ADMIN))

    kept = [d for d in (b"i1", b"i2", b"a1", b"a2") if two.credentials.invitation(d)]
    assert kept == [b"i2", b"a2"]


def test_the_first_administrator_is_awaited_until_there_is_one(two) -> None:
    two.credentials.invite(b"a", invitation(None, Role.NETWORK_ADMIN))
    assert two.credentials.administrator_awaited()

    two.credentials.accept(b"a", person("root", WEST, Role.NETWORK_ADMIN), "hash")

    assert not two.credentials.administrator_awaited()
    assert two.accounts.password_hash("root") == "hash"


def test_a_taken_login_leaves_the_invitation_unused(two) -> None:
    two.credentials.invite(b"a", invitation(None, Role.NETWORK_ADMIN))

    with pytest.raises(Conflict):
        two.credentials.accept(b"a", person("anne", WEST, Role.NETWORK_ADMIN), "hash")

    assert two.credentials.invitation(b"a") is not None
    assert two.accounts.password_hash("anne") == "kept"


def test_what_has_expired_is_swept(two) -> None:
    two.credentials.open_session(b"d1", session("1"))
    two.credentials.open_session(b"d2", replace(session("2"), expires_at=NOW + timedelta(days=9)))
    two.credentials.invite(b"i", invitation("eve"))

    assert two.credentials.sweep_credentials(now=NOW + timedelta(days=8)) == 2

    assert [s.id for s in two.credentials.sessions("anne")] == ["2"]


def delay(failures: int) -> timedelta:
    return timedelta(minutes=max(0, failures - 1))


def test_attempts_are_counted_for_a_login_from_an_address(two) -> None:
    def begin(login: str, address: str) -> datetime | None:
        return two.attempts.begin(login, address, now=NOW, delay=delay)

    assert begin("anne", "a") is None
    assert begin("anne", "a") is None
    assert begin("anne", "a") == NOW + timedelta(minutes=1)
    assert begin("anne", "b") is None
    assert begin("eve", "a") is None


def test_a_right_password_or_time_forgives(two) -> None:
    for _ in range(2):
        two.attempts.begin("anne", "a", now=NOW, delay=delay)
        two.attempts.begin("eve", "a", now=NOW, delay=delay)

    two.attempts.forgive("anne", "a")

    later = NOW + timedelta(seconds=61)
    assert two.attempts.begin("anne", "a", now=NOW, delay=delay) is None
    assert two.attempts.begin("eve", "a", now=later, delay=delay) is None
    assert two.attempts.begin("eve", "a", now=later, delay=delay) == later + timedelta(minutes=2)
