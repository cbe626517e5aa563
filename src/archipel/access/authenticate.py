"""Signing in, signing out, and who it is that asks."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network

from archipel.access import passwords, secret
from archipel.access.errors import InvitationUnknown, NotSignedIn, SignInDelayed, SignInFailed
from archipel.access.model import (
    Account,
    Action,
    AuditEntry,
    BrowserSession,
    Person,
    Seat,
    Visitor,
)
from archipel.access.policy import GRANTS, visit
from archipel.access.ports import Accounts, Attempts, Audit, Credentials, Organisations
from archipel.kernel.actors import Actor, ActorKind
from archipel.kernel.errors import Malformed

_FREE_TRIES = 5
_LONGEST_DELAY_S = 900
_TOUCH = timedelta(minutes=1)  # how stale `last_seen_at` may be: a write for each request is dear
_AGENT_LENGTH = 200
_DOOR = "web"
_UNKNOWN = "unknown login"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRules:
    """How long a browser stays signed in: without a request, and at most."""

    idle: timedelta = timedelta(hours=4)
    absolute: timedelta = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What recognising somebody needs; wired once."""

    accounts: Accounts
    credentials: Credentials
    attempts: Attempts
    organisations: Organisations
    audit: Audit
    rules: SessionRules = SessionRules()


def delay_after(failures: int) -> timedelta:
    """Say how long the next try waits: nothing at first, then doubling up to 15 minutes."""
    if failures < _FREE_TRIES:
        return timedelta()
    return timedelta(seconds=min(2 ** min(failures - _FREE_TRIES, 20), _LONGEST_DELAY_S))


def sign_in(
    login: str, password: str, *, seat: Seat, desk: Desk, now: datetime
) -> tuple[str, Visitor]:
    """Check login and password; returns a new cookie and who it stands for.

    The cookie that the browser came with is ended: a session planted before sign-in is worth
    nothing after. Raises `SignInFailed`, `SignInDelayed`.
    """
    login = login.strip().casefold()
    address = _network(seat.address)
    account = desk.accounts.account(login)
    # What was typed as a login may be a password in the wrong field: only a real one is kept.
    who = account.person if account else _UNKNOWN
    until = desk.attempts.begin(login[:64], address, now=now, delay=delay_after)
    if until is not None:
        _record(desk, who, Action.SIGN_IN_FAILED, f"delayed, from {address}", now=now)
        raise SignInDelayed(math.ceil((until - now).total_seconds()))
    kept = desk.accounts.password_hash(login)
    if not passwords.matches(password, kept) or account is None or kept is None:
        _record(desk, who, Action.SIGN_IN_FAILED, f"from {address}", now=now)
        raise SignInFailed
    desk.attempts.forgive(login, address)
    if passwords.is_outdated(kept):
        desk.accounts.set_password_hash(login, passwords.kept(password, login=""))
    return _open(account, seat=seat, desk=desk, now=now)


def first_use(
    token: str, password: str, *, person: Person | None, seat: Seat, desk: Desk, now: datetime
) -> tuple[str, Visitor]:
    """Turn a one-time token into a password, and sign in.

    `person` is asked for the token that makes an account (the node's first administrator): its
    organisation and role are the invitation's whatever it says. Sessions that the account had
    end. Raises `InvitationUnknown`, `PasswordTooWeak`, `Malformed`, `Conflict`.
    """
    digest = secret.digest(token)
    invitation = desk.credentials.invitation(digest)
    if invitation is None or invitation.expires_at <= now:
        raise InvitationUnknown
    if invitation.login is not None:
        account = desk.accounts.account(invitation.login)
        if account is None or not account.active:
            raise InvitationUnknown
        person = account.person
    elif person is None:
        raise Malformed("this token makes an account: a login and a name are needed")
    else:
        person = Person(
            login=person.login,
            name=person.name,
            tenant=invitation.tenant,
            role=invitation.role,
        )
    kept = passwords.kept(password, login=person.login)
    detail = f"one-time token used, from {_network(seat.address)}"
    _record(desk, person, Action.CHANGE, detail, now=now)
    desk.credentials.accept(digest, person, kept)
    desk.credentials.end_sessions(person.login)
    account = desk.accounts.account(person.login)
    if account is None:
        raise InvitationUnknown
    return _open(account, seat=seat, desk=desk, now=now)


def sign_out(cookie: str, *, desk: Desk, now: datetime) -> None:
    """End the session of `cookie`. One that has ended already is no error."""
    ended = desk.credentials.end_session(secret.digest(cookie))
    if ended is not None:
        account = desk.accounts.account(ended.login)
        _record(desk, account.person if account else _UNKNOWN, Action.SIGN_OUT, "", now=now)


def visitor_of(
    *, cookie: str | None = None, bearer: str | None = None, desk: Desk, now: datetime
) -> Visitor:
    """Recognise who asks, by bearer token if there is one, else by cookie.

    A closed account, a changed role and a revoked token count from the next request on. Raises
    `NotSignedIn`.
    """
    if bearer is not None:
        return _by_token(bearer, desk=desk, now=now)
    found = desk.credentials.session(secret.digest(cookie)) if cookie else None
    if cookie is None or found is None:
        raise NotSignedIn
    session, account = found
    idle_end = session.last_seen_at + desk.rules.idle
    if not account.active or now >= min(session.expires_at, idle_end):
        raise NotSignedIn
    if now - session.last_seen_at >= _TOUCH:
        desk.credentials.seen(secret.digest(cookie), now=now)
    return _visitor(account, cookie=cookie, session=session, desk=desk)


def _by_token(bearer: str, *, desk: Desk, now: datetime) -> Visitor:
    digest = secret.digest(bearer)
    found = desk.credentials.token(digest)
    if found is None:
        raise NotSignedIn
    token, account = found
    if not account.active or token.revoked or now >= token.expires_at:
        raise NotSignedIn
    if token.last_used_at is None or now - token.last_used_at >= _TOUCH:
        desk.credentials.token_used(digest, now=now)
    person = account.person
    actor = Actor(ActorKind.SERVICE, f"{person.login}/{token.label}")
    return Visitor(
        person=person,
        scope=visit(person, everywhere=desk.organisations.tenants(), actor=actor),
        permissions=GRANTS[person.role] & token.scopes,
        csrf=None,
        session=None,
        expires_at=token.expires_at,
    )


def _open(account: Account, *, seat: Seat, desk: Desk, now: datetime) -> tuple[str, Visitor]:
    if seat.cookie:
        desk.credentials.end_session(secret.digest(seat.cookie))
    cookie = secret.fresh("as")
    session = BrowserSession(
        id=secret.fresh_id(),
        login=account.person.login,
        created_at=now,
        last_seen_at=now,
        expires_at=now + desk.rules.absolute,
        address=seat.address[:64],
        agent="".join(c for c in seat.agent if c.isprintable())[:_AGENT_LENGTH],
    )
    detail = f"from {_network(seat.address)}"
    _record(desk, account.person, Action.SIGN_IN, detail, now=now)
    desk.credentials.open_session(secret.digest(cookie), session)
    desk.accounts.signed_in(account.person.login, now=now)
    return cookie, _visitor(account, cookie=cookie, session=session, desk=desk)


def _visitor(account: Account, *, cookie: str, session: BrowserSession, desk: Desk) -> Visitor:
    person = account.person
    return Visitor(
        person=person,
        scope=visit(person, everywhere=desk.organisations.tenants()),
        permissions=GRANTS[person.role],
        csrf=secret.csrf_of(cookie),
        session=session.id,
        expires_at=session.expires_at,
    )


def _record(desk: Desk, who: Person | str, action: Action, detail: str, *, now: datetime) -> None:
    name = who if isinstance(who, str) else who.login
    said = AuditEntry(
        tenant=None if isinstance(who, str) else who.tenant,
        at=now,
        actor=Actor(ActorKind.PERSON, name),
        action=action,
        subject=name,
        door=_DOOR,
        detail=detail,
    )
    desk.audit.record([said])


def _network(address: str) -> str:
    """Return what counts as one address: an IPv6 customer has a /64 to play with."""
    try:
        prefix = 64 if ":" in address else 32
        return str(ip_network(f"{address}/{prefix}", strict=False).network_address)
    except ValueError:
        return address[:64]
