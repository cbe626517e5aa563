"""A site joins: organisations, their DICOM titles, their devices and their people."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from archipel.access import passwords, secret
from archipel.access.model import (
    Account,
    Action,
    AuditEntry,
    Device,
    Invitation,
    MachineToken,
    Organisation,
    Permission,
    Person,
    Role,
    Service,
    UnknownCaller,
)
from archipel.access.policy import GRANTS, may_appoint
from archipel.access.ports import Accounts, Audit, Credentials, Organisations
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.aetitle import MAX_LENGTH, AETitle
from archipel.kernel.errors import Conflict, Malformed, NotFound, Refused
from archipel.kernel.identifiers import Issuer, TenantId

INVITATION_LASTS = timedelta(days=7)
TOKEN_LASTS_DAYS, TOKEN_MAX_DAYS = 90, 730
_LABEL_LENGTH = 64


DEFAULT_GRANTS = frozenset({Service.STORE})
"""What a device may do when nobody said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Where changes are made: the registers, the audit, and who makes them by which door.

    Every verb below asks it first: nobody changes an organisation out of their scope, nobody
    gives or takes over a role that is not theirs to give.
    """

    organisations: Organisations
    accounts: Accounts
    credentials: Credentials
    audit: Audit
    scope: Scope
    permissions: frozenset[Permission]
    door: str

    @property
    def of_the_node(self) -> bool:
        """Tell whether the node as a whole is theirs to administer."""
        return Permission.ADMINISTER_NODE in self.permissions

    def over_node(self) -> None:
        """Raise `Refused` unless the node is theirs to administer."""
        if not self.of_the_node:
            raise Refused(f"{self.scope.actor.name} may not administer this node")

    def over(self, tenant: TenantId) -> None:
        """Raise `Refused`, or `NotFound` out of scope, unless `tenant` is theirs to administer."""
        if Permission.ADMINISTER_ORGANISATION not in self.permissions:
            raise Refused(f"{self.scope.actor.name} may not administer an organisation")
        if not (self.of_the_node or self.scope.sees(tenant)):
            raise NotFound(f"no organisation {tenant}")

    def account(self, login: str) -> Account:
        """Find an account that is theirs to administer. Raises `NotFound`, `Refused`."""
        found = self.accounts.account(login)
        if found is None or not (self.of_the_node or self.scope.sees(found.person.tenant)):
            raise NotFound(f"no account {login[:64]}")
        self.over(found.person.tenant)
        self.may_give(found.person.role)
        return found

    def may_give(self, role: Role) -> None:
        """Raise `Refused` unless this role is theirs to give."""
        if role not in may_appoint(self.permissions):
            raise Refused(f"{self.scope.actor.name} may not appoint a {role.value}")

    def say(self, tenant: TenantId, subject: str, detail: str, *, now: datetime) -> None:
        """Record a change before it is made."""
        entry = AuditEntry(
            tenant=tenant,
            at=now,
            actor=self.scope.actor,
            action=Action.CHANGE,
            subject=subject,
            door=self.door,
            detail=detail,
        )
        self.audit.record([entry])


def operators_office(
    *,
    organisations: Organisations,
    accounts: Accounts,
    credentials: Credentials,
    audit: Audit,
    name: str,
) -> Office:
    """Open the office of whoever runs commands on the node's machine: they may everything."""
    return Office(
        organisations=organisations,
        accounts=accounts,
        credentials=credentials,
        audit=audit,
        scope=Scope(Actor(ActorKind.NODE, name), organisations.tenants()),
        permissions=frozenset(Permission),
        door="cli",
    )


def default_title(key: TenantId) -> AETitle:
    """Name an organisation at the DICOM door when nobody said how: its key, upper-cased."""
    return AETitle(key.value.upper().replace("-", "_")[:MAX_LENGTH])


def add_organisation(wanted: Organisation, *, office: Office, now: datetime) -> Organisation:
    """Add a tenant; without titles it gets `default_title`. Raises `Conflict`, `Malformed`."""
    office.over_node()
    if not wanted.name.strip() or not wanted.issuer.namespace.strip():
        raise Malformed(f"organisation {wanted.key}: a name and an issuer are needed")
    if not wanted.ae_titles:
        wanted = replace(wanted, ae_titles=(default_title(wanted.key),))
    if len(set(wanted.ae_titles)) != len(wanted.ae_titles):
        raise Malformed(f"organisation {wanted.key}: an AE title is named twice")
    office.say(wanted.key, wanted.key.value, "organisation added", now=now)
    office.organisations.add(wanted)
    return wanted


def organisation_from(
    key: str, name: str, *, issuer: str | None = None, finess: str | None = None
) -> Organisation:
    """Make an organisation of what the command line or a form says; the issuer defaults to key."""
    tenant = TenantId(key)
    return Organisation(
        key=tenant, name=name, issuer=Issuer(issuer or key), finess=finess, ae_titles=()
    )


def change_organisation(wanted: Organisation, *, office: Office, now: datetime) -> Organisation:
    """Replace name, FINESS and titles. The issuer stays: stored identifiers rely on it."""
    office.over(wanted.key)
    held = office.organisations.organisation(tenant=wanted.key)
    if held is None:
        raise NotFound(f"no organisation {wanted.key}")
    if held.issuer != wanted.issuer:
        raise Conflict(f"the issuer of {wanted.key} cannot change: identifiers are kept under it")
    if not wanted.ae_titles:
        raise Malformed(f"{wanted.key} would answer to no AE title")
    office.say(wanted.key, wanted.key.value, "organisation changed", now=now)
    office.organisations.change(wanted)
    return wanted


def register_device(device: Device, *, office: Office, now: datetime) -> Device:
    """Let a DICOM peer in. Raises `Conflict`, `NotFound`."""
    office.over(device.tenant)
    office.say(device.tenant, device.ae_title.value, f"device added: {_grants(device)}", now=now)
    office.organisations.register(device)
    return device


def change_device(device: Device, *, office: Office, now: datetime) -> Device:
    """Replace address and grants. Raises `NotFound`."""
    office.over(device.tenant)
    office.say(device.tenant, device.ae_title.value, f"device changed: {_grants(device)}", now=now)
    office.organisations.change_device(device)
    return device


def forget_device(ae_title: AETitle, *, tenant: TenantId, office: Office, now: datetime) -> None:
    """Take a DICOM peer away. Raises `NotFound`."""
    office.over(tenant)
    office.say(tenant, ae_title.value, "device removed", now=now)
    office.organisations.forget_device(ae_title, tenant=tenant)


def approve_caller(device: Device, *, called: AETitle, office: Office, now: datetime) -> Device:
    """Make a device of somebody who was refused, and take it off the list.

    `device` says under which title, for whom and with which grants. Raises `NotFound` when
    nobody of that title knocked within scope, `Conflict` when it is known already.
    """
    nobodys, scope = office.of_the_node, office.scope
    office.over(device.tenant)
    waiting = office.organisations.callers(scope=scope, nobodys=nobodys)
    if not any(one.calling == device.ae_title and one.called == called for one in waiting):
        raise NotFound(f"{device.ae_title} is not in the list of callers of {called}")
    register_device(device, office=office, now=now)
    office.organisations.dismiss(device.ae_title, called, scope=scope, nobodys=nobodys)
    return device


def dismiss_caller(
    calling: AETitle, called: AETitle, *, office: Office, now: datetime
) -> UnknownCaller:
    """Take a caller off the list; it comes back when it knocks again. Raises `NotFound`."""
    if Permission.ADMINISTER_ORGANISATION not in office.permissions:
        raise Refused(f"{office.scope.actor.name} may not administer devices")
    caller = office.organisations.dismiss(
        calling, called, scope=office.scope, nobodys=office.of_the_node
    )
    if caller.tenant is not None:
        office.say(caller.tenant, calling.value, f"caller of {called} dismissed", now=now)
    return caller


def add_person(person: Person, *, office: Office, now: datetime) -> tuple[str, Invitation]:
    """Open an account without a password; returns its one-time token, to be shown once.

    Raises `Conflict`, `NotFound`.
    """
    _appoint(person, office=office, now=now)
    office.accounts.add_account(person, password_hash=None)
    return _invite(person, office=office, now=now)


def add_person_with_password(
    person: Person, password: str, *, office: Office, now: datetime
) -> None:
    """Open an account with a password given by an operator. Raises as `add_person`."""
    kept = passwords.kept(password, login=person.login)
    _appoint(person, office=office, now=now)
    office.accounts.add_account(person, password_hash=kept)


def change_person(person: Person, *, active: bool, office: Office, now: datetime) -> None:
    """Change name or role, open or close an account; a closed one is signed out at once."""
    office.account(person.login)
    office.may_give(person.role)
    state = "open" if active else "closed"
    office.say(person.tenant, person.login, f"account {state} as {person.role.value}", now=now)
    office.accounts.change_account(person, active=active)
    if not active:
        office.credentials.end_sessions(person.login)


def invite_again(login: str, *, office: Office, now: datetime) -> tuple[str, Invitation]:
    """Give a new one-time token; former token, password and sessions stop. Raises `NotFound`."""
    account = office.account(login)
    office.say(account.person.tenant, login, "one-time token renewed", now=now)
    office.accounts.set_password_hash(login, None)
    office.credentials.end_sessions(login)
    return _invite(account.person, office=office, now=now)


def await_administrator(
    tenant: TenantId, *, office: Office, now: datetime
) -> tuple[str, Invitation]:
    """Make the node's first one-time token: who brings it becomes a network administrator.

    Asking again ends the former one. Raises `Conflict` when there is an administrator.
    """
    office.over_node()
    if not office.credentials.administrator_awaited():
        raise Conflict("this node has an administrator: let them invite the next")
    office.say(tenant, "administrator", "one-time token of the first administrator", now=now)
    invitation = Invitation(
        login=None, tenant=tenant, role=Role.NETWORK_ADMIN, expires_at=now + INVITATION_LASTS
    )
    token = secret.fresh("ai")
    office.credentials.invite(secret.digest(token), invitation)
    return token, invitation


def create_token(
    login: str,
    label: str,
    *,
    days: int = TOKEN_LASTS_DAYS,
    scopes: frozenset[Permission] | None = None,
    office: Office,
    now: datetime,
) -> tuple[str, MachineToken]:
    """Make a bearer token acting as `login`; returns its secret, to be shown once.

    It can do what `login` can, narrowed to `scopes` where given. Raises `NotFound`, `Malformed`.
    """
    account = office.account(login)
    if not account.active:
        raise NotFound(f"no open account {login[:64]}")
    if not 1 <= days <= TOKEN_MAX_DAYS:
        raise Malformed(f"a token lasts 1 to {TOKEN_MAX_DAYS} days, not {days}")
    if not (label.strip() and label.isprintable() and len(label) <= _LABEL_LENGTH):
        raise Malformed(f"a token's label is 1 to {_LABEL_LENGTH} printable characters")
    token = MachineToken(
        id=secret.fresh_id(),
        label=label,
        login=login,
        tenant=account.person.tenant,
        scopes=GRANTS[account.person.role] if scopes is None else scopes,
        created_at=now,
        expires_at=now + timedelta(days=days),
        last_used_at=None,
        revoked=False,
    )
    office.say(token.tenant, login, f"token {token.id} made for {days} days", now=now)
    bearer = secret.fresh("at")
    office.credentials.add_token(secret.digest(bearer), token)
    return bearer, token


def revoke_token(token: str, *, office: Office, now: datetime) -> MachineToken:
    """Stop a token at once. Raises `NotFound`."""
    if Permission.ADMINISTER_ORGANISATION not in office.permissions:
        raise Refused(f"{office.scope.actor.name} may not administer tokens")
    revoked = office.credentials.revoke_token(token, scope=office.scope)
    office.say(revoked.tenant, revoked.login, f"token {token} revoked", now=now)
    return revoked


def change_password(login: str, password: str, *, office: Office, now: datetime) -> None:
    """Replace a password; every session of the account ends. Raises `PasswordTooWeak`."""
    account = office.account(login)
    kept = passwords.kept(password, login=login)
    office.say(account.person.tenant, login, "password changed", now=now)
    office.accounts.set_password_hash(login, kept)
    office.credentials.end_sessions(login)


def _appoint(person: Person, *, office: Office, now: datetime) -> None:
    office.over(person.tenant)
    office.may_give(person.role)
    office.say(person.tenant, person.login, f"account added as {person.role.value}", now=now)


def _invite(person: Person, *, office: Office, now: datetime) -> tuple[str, Invitation]:
    invitation = Invitation(
        login=person.login,
        tenant=person.tenant,
        role=person.role,
        expires_at=now + INVITATION_LASTS,
    )
    token = secret.fresh("ai")
    office.credentials.invite(secret.digest(token), invitation)
    return token, invitation


def _grants(device: Device) -> str:
    return ",".join(sorted(service.value for service in device.may)) or "nothing"
