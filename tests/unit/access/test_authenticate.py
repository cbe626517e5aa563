"""Signing in and being recognised."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archipel.access import enrol, secret
from archipel.access.authenticate import (
    delay_after,
    first_use,
    sign_in,
    sign_out,
    visitor_of,
)
from archipel.access.errors import (
    InvitationUnknown,
    NotSignedIn,
    PasswordTooWeak,
    SignInDelayed,
    SignInFailed,
)
from archipel.access.model import Action, AuditQuery, Permission, Role, Seat
from archipel.access.policy import GRANTS
from archipel.kernel.actors import Actor, ActorKind
from archipel.kernel.errors import Malformed
from archipel.testing.access_builders import EAST, NOW, PASSWORD, WEST, person

SEAT = Seat(address="10.0.0.7", agent="Firefox")


@pytest.fixture
def anne(house):
    enrol.add_person_with_password(person("anne"), PASSWORD, office=house.operator, now=NOW)
    return house


def _who(house, **by):
    return visitor_of(desk=house.desk, **{"now": NOW, **by})


def _actions(house) -> list[Action]:
    found = house.audit.search(AuditQuery(door="web"), scope=house.operator.scope, node=True)
    return [row.entry.action for row in found]


def test_the_right_password_opens_a_session(anne) -> None:
    cookie, visitor = sign_in(" Anne ", PASSWORD, seat=SEAT, desk=anne.desk, now=NOW)

    assert visitor.person == person("anne")
    assert visitor.permissions == GRANTS[Role.RADIOLOGIST]
    assert visitor.scope.tenants == {WEST}
    assert _who(anne, cookie=cookie) == visitor
    assert secret.same(visitor.csrf, secret.csrf_of(cookie))
    assert anne.desk.accounts.account("anne").last_sign_in_at == NOW
    assert _actions(anne) == [Action.SIGN_IN]


@pytest.mark.parametrize(("login", "password"), [("anne", "wrong"), ("nobody", PASSWORD)])
def test_a_wrong_pair_says_nothing_of_which(anne, login, password) -> None:
    with pytest.raises(SignInFailed) as failure:
        sign_in(login, password, seat=SEAT, desk=anne.desk, now=NOW)

    assert str(failure.value) == str(SignInFailed())
    rows = anne.audit.search(AuditQuery(door="web"), scope=anne.operator.scope, node=True)
    assert [row.entry.action for row in rows] == [Action.SIGN_IN_FAILED]
    assert rows[0].entry.subject == ("anne" if login == "anne" else "unknown login")


def test_an_account_without_password_cannot_sign_in(house) -> None:
    enrol.add_person(person("new"), office=house.operator, now=NOW)

    for password in ("", "new", PASSWORD):
        with pytest.raises(SignInFailed):
            sign_in("new", password, seat=SEAT, desk=house.desk, now=NOW)


def test_wrong_passwords_delay_that_login_from_that_address_only(anne) -> None:
    for _ in range(5):
        with pytest.raises(SignInFailed):
            sign_in("anne", "wrong", seat=SEAT, desk=anne.desk, now=NOW)

    with pytest.raises(SignInDelayed) as delayed:
        sign_in("anne", PASSWORD, seat=SEAT, desk=anne.desk, now=NOW)
    assert delayed.value.retry_after_s == 1

    elsewhere = Seat(address="10.0.0.8")
    assert sign_in("anne", PASSWORD, seat=elsewhere, desk=anne.desk, now=NOW)
    later = NOW + timedelta(seconds=2)
    assert sign_in("anne", PASSWORD, seat=SEAT, desk=anne.desk, now=later)
    assert sign_in("anne", PASSWORD, seat=SEAT, desk=anne.desk, now=later)


@given(st.integers(0, 10**6))
def test_the_delay_grows_and_is_bounded(failures: int) -> None:
    assert timedelta() <= delay_after(failures) <= delay_after(failures + 1)
    assert delay_after(failures) <= timedelta(minutes=15)


def test_a_session_ends_when_idle_and_in_any_case(anne) -> None:
    cookie, _ = sign_in("anne", PASSWORD, seat=SEAT, desk=anne.desk, now=NOW)
    for hour in (3, 6, 9, 11):
        assert _who(anne, cookie=cookie, now=NOW + timedelta(hours=hour))

    with pytest.raises(NotSignedIn):
        _who(anne, cookie=cookie, now=NOW + timedelta(hours=12))

    cookie, _ = sign_in("anne", PASSWORD, seat=SEAT, desk=anne.desk, now=NOW)
    with pytest.raises(NotSignedIn):
        _who(anne, cookie=cookie, now=NOW + timedelta(hours=4))


def test_signing_in_replaces_the_cookie_that_was_there(anne) -> None:
    old, _ = sign_in("anne", PASSWORD, seat=SEAT, desk=anne.desk, now=NOW)

    new, _ = sign_in("anne", PASSWORD, seat=replace(SEAT, cookie=old), desk=anne.desk, now=NOW)

    assert new != old
    with pytest.raises(NotSignedIn):
        _who(anne, cookie=old)


def test_signing_out_ends_the_session(anne) -> None:
    cookie, _ = sign_in("anne", PASSWORD, seat=SEAT, desk=anne.desk, now=NOW)

    sign_out(cookie, desk=anne.desk, now=NOW)
    sign_out(cookie, desk=anne.desk, now=NOW)

    with pytest.raises(NotSignedIn):
        _who(anne, cookie=cookie)
    assert _actions(anne) == [Action.SIGN_OUT, Action.SIGN_IN]


@pytest.mark.parametrize("said", [None, "", "as_nonsense", "\udcff"])
def test_no_cookie_is_nobody(house, said) -> None:
    with pytest.raises(NotSignedIn):
        _who(house, cookie=said)
    if said is not None:
        with pytest.raises(NotSignedIn):
            _who(house, bearer=said)


def test_closing_an_account_counts_at_once(anne) -> None:
    cookie, _ = sign_in("anne", PASSWORD, seat=SEAT, desk=anne.desk, now=NOW)
    bearer, _ = enrol.create_token("anne", "viewer", office=anne.operator, now=NOW)
    assert _who(anne, bearer=bearer)

    enrol.change_person(person("anne"), active=False, office=anne.operator, now=NOW)

    for by in ({"cookie": cookie}, {"bearer": bearer}):
        with pytest.raises(NotSignedIn):
            _who(anne, **by)
    with pytest.raises(SignInFailed):
        sign_in("anne", PASSWORD, seat=SEAT, desk=anne.desk, now=NOW)


def test_another_role_counts_at_once(anne) -> None:
    cookie, _ = sign_in("anne", PASSWORD, seat=SEAT, desk=anne.desk, now=NOW)

    enrol.change_person(person("anne", Role.SECRETARY), active=True, office=anne.operator, now=NOW)

    assert _who(anne, cookie=cookie).permissions == GRANTS[Role.SECRETARY]


def test_a_token_is_a_machine_acting_for_a_person(anne) -> None:
    scopes = frozenset({Permission.READ_IMAGES, Permission.ADMINISTER_NODE})
    bearer, token = enrol.create_token(
        "anne", "viewer", days=2, scopes=scopes, office=anne.operator, now=NOW
    )

    visitor = _who(anne, bearer=bearer)

    assert visitor.permissions == {Permission.READ_IMAGES}
    assert visitor.scope.actor == Actor(ActorKind.SERVICE, "anne/viewer")
    assert (visitor.csrf, visitor.session) == (None, None)
    with pytest.raises(NotSignedIn):
        _who(anne, bearer=bearer, now=NOW + timedelta(days=2))
    enrol.revoke_token(token.id, office=anne.operator, now=NOW)
    with pytest.raises(NotSignedIn):
        _who(anne, bearer=bearer)


def test_the_secret_itself_is_nowhere_in_the_database(anne, tmp_path) -> None:
    cookie, visitor = sign_in("anne", PASSWORD, seat=SEAT, desk=anne.desk, now=NOW)
    bearer, _ = enrol.create_token("anne", "viewer", office=anne.operator, now=NOW)
    invited, _ = enrol.add_person(person("new"), office=anne.operator, now=NOW)

    on_disk = b"".join(file.read_bytes() for file in tmp_path.glob("index.db*"))
    assert b"TEST-ANNE" in on_disk
    for said in (cookie, bearer, invited, visitor.csrf, PASSWORD):
        assert said.encode() not in on_disk
        assert (said.partition("_")[2] or said).encode() not in on_disk


def test_the_first_administrator_makes_the_account(house) -> None:
    token, _ = enrol.await_administrator(WEST, office=house.operator, now=NOW)
    as_said = person("root", Role.REFERRER, EAST)

    with pytest.raises(Malformed, match="login"):
        first_use(token, PASSWORD, person=None, seat=SEAT, desk=house.desk, now=NOW)
    cookie, visitor = first_use(
        token, PASSWORD, person=as_said, seat=SEAT, desk=house.desk, now=NOW
    )

    assert visitor.person == person("root", Role.NETWORK_ADMIN, WEST)
    assert visitor.scope.tenants == {WEST, EAST}
    assert _who(house, cookie=cookie).may(Permission.ADMINISTER_NODE)
    with pytest.raises(InvitationUnknown):
        first_use(token, PASSWORD, person=as_said, seat=SEAT, desk=house.desk, now=NOW)


def test_an_invitation_sets_the_password_of_its_account_only(house) -> None:
    token, _ = enrol.add_person(person("new"), office=house.operator, now=NOW)
    other = person("anne", Role.NETWORK_ADMIN)

    with pytest.raises(PasswordTooWeak):
        first_use(token, "short", person=None, seat=SEAT, desk=house.desk, now=NOW)
    _, visitor = first_use(token, PASSWORD, person=other, seat=SEAT, desk=house.desk, now=NOW)

    assert visitor.person == person("new")
    assert sign_in("new", PASSWORD, seat=SEAT, desk=house.desk, now=NOW)


def test_an_invitation_expires(house) -> None:
    token, invitation = enrol.add_person(person("new"), office=house.operator, now=NOW)

    with pytest.raises(InvitationUnknown):
        first_use(
            token,
            PASSWORD,
            person=None,
            seat=SEAT,
            desk=house.desk,
            now=invitation.expires_at,
        )


def test_inviting_again_takes_the_password_away(anne) -> None:
    cookie, _ = sign_in("anne", PASSWORD, seat=SEAT, desk=anne.desk, now=NOW)

    token, _ = enrol.invite_again("anne", office=anne.operator, now=NOW)

    with pytest.raises(NotSignedIn):
        _who(anne, cookie=cookie)
    with pytest.raises(SignInFailed):
        sign_in("anne", PASSWORD, seat=SEAT, desk=anne.desk, now=NOW)
    assert first_use(token, PASSWORD + "!", person=None, seat=SEAT, desk=anne.desk, now=NOW)
