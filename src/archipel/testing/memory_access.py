"""The ports of access in memory: for tests of others, held to the same contract as SQL."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from archipel.access.audit import NOTHING, chained, check
from archipel.access.errors import InvitationUnknown
from archipel.access.model import (
    Account,
    AuditEntry,
    AuditQuery,
    AuditRow,
    BrowserSession,
    ChainState,
    Device,
    Invitation,
    MachineToken,
    Organisation,
    Person,
    Role,
    UnknownCaller,
)
from archipel.kernel.actors import Scope
from archipel.kernel.aetitle import AETitle
from archipel.kernel.errors import Conflict, NotFound
from archipel.kernel.identifiers import TenantId


class MemoryOrganisations:
    """`access.ports.Devices` and `access.ports.Organisations`."""

    def __init__(self) -> None:
        self._organisations: dict[TenantId, Organisation] = {}
        self._devices: dict[tuple[TenantId, AETitle], Device] = {}
        self._callers: dict[tuple[AETitle, AETitle], UnknownCaller] = {}

    def organisation_called(self, called: AETitle) -> Organisation | None:
        """Find whom a title names."""
        return next((o for o in self._organisations.values() if called in o.ae_titles), None)

    def device(self, calling: AETitle, *, tenant: TenantId) -> Device | None:
        """Find a registered peer."""
        return self._devices.get((tenant, calling))

    def knocked(self, calling: AETitle, called: AETitle, *, host: str, now: datetime) -> None:
        """Remember a refused caller."""
        known = self._callers.get((calling, called))
        self._callers[calling, called] = UnknownCaller(
            calling=calling,
            called=called,
            host=host,
            first_seen=known.first_seen if known else now,
            last_seen=now,
            knocks=known.knocks + 1 if known else 1,
            tenant=None,
        )

    def add(self, organisation: Organisation) -> None:
        """Add a tenant."""
        if organisation.key in self._organisations:
            raise Conflict(f"there is an organisation {organisation.key} already")
        self._free_titles(organisation)
        self._organisations[organisation.key] = organisation

    def change(self, organisation: Organisation) -> None:
        """Replace name, FINESS and titles."""
        held = self._organisations.get(organisation.key)
        if held is None:
            raise NotFound(f"no organisation {organisation.key}")
        self._free_titles(organisation)
        self._organisations[organisation.key] = replace(organisation, issuer=held.issuer)

    def organisation(self, *, tenant: TenantId) -> Organisation | None:
        """Find one by its key."""
        return self._organisations.get(tenant)

    def within(self, scope: Scope) -> Sequence[Organisation]:
        """List those in scope, by name."""
        found = [o for o in self._organisations.values() if scope.sees(o.key)]
        return sorted(found, key=lambda one: (one.name, one.key))

    def tenants(self) -> frozenset[TenantId]:
        """List every key."""
        return frozenset(self._organisations)

    def register(self, device: Device) -> None:
        """Add a peer."""
        if device.tenant not in self._organisations:
            raise NotFound(f"no organisation {device.tenant}")
        if (device.tenant, device.ae_title) in self._devices:
            raise Conflict(f"{device.tenant} knows a device {device.ae_title} already")
        self._devices[device.tenant, device.ae_title] = device

    def change_device(self, device: Device) -> None:
        """Replace address and grants."""
        if (device.tenant, device.ae_title) not in self._devices:
            raise NotFound(f"{device.tenant} knows no device {device.ae_title}")
        self._devices[device.tenant, device.ae_title] = device

    def forget_device(self, ae_title: AETitle, *, tenant: TenantId) -> None:
        """Remove a peer."""
        if self._devices.pop((tenant, ae_title), None) is None:
            raise NotFound(f"{tenant} knows no device {ae_title}")

    def devices(self, *, scope: Scope) -> Sequence[Device]:
        """List the peers of the organisations in scope."""
        found = [d for d in self._devices.values() if scope.sees(d.tenant)]
        return sorted(found, key=lambda one: (one.tenant, one.ae_title))

    def callers(self, *, scope: Scope, nobodys: bool) -> Sequence[UnknownCaller]:
        """List refused callers, latest first."""
        found: list[UnknownCaller] = []
        for caller in self._callers.values():
            owner = self.organisation_called(caller.called)
            if scope.sees(owner.key) if owner else nobodys:
                found.append(replace(caller, tenant=owner.key if owner else None))
        return sorted(found, key=lambda one: one.last_seen, reverse=True)

    def dismiss(
        self, calling: AETitle, called: AETitle, *, scope: Scope, nobodys: bool
    ) -> UnknownCaller:
        """Take a caller off the list."""
        for caller in self.callers(scope=scope, nobodys=nobodys):
            if (caller.calling, caller.called) == (calling, called):
                del self._callers[calling, called]
                return caller
        raise NotFound(f"{calling} is not in the list of callers of {called}")

    def _free_titles(self, wanted: Organisation) -> None:
        for other in self._organisations.values():
            taken = set(other.ae_titles) & set(wanted.ae_titles)
            if other.key != wanted.key and taken:
                raise Conflict(f"the AE title {min(taken)} names another organisation")


class MemoryAccounts:
    """`access.ports.Accounts`, `Credentials` and `Attempts`: they share what they know."""

    def __init__(self, organisations: MemoryOrganisations) -> None:
        self._organisations = organisations
        self._accounts: dict[str, Account] = {}
        self._hashes: dict[str, str | None] = {}
        self._sessions: dict[bytes, BrowserSession] = {}
        self._tokens: dict[bytes, MachineToken] = {}
        self._invitations: dict[bytes, Invitation] = {}
        self._failures: dict[tuple[str, str], tuple[int, datetime]] = {}

    def add_account(self, person: Person, *, password_hash: str | None) -> None:
        """Add an account."""
        if person.tenant not in self._organisations.tenants():
            raise NotFound(f"no organisation {person.tenant}")
        if person.login in self._accounts:
            raise Conflict(f"the login {person.login} is taken on this node")
        self._accounts[person.login] = Account(
            person=person, active=True, invited=password_hash is None, last_sign_in_at=None
        )
        self._hashes[person.login] = password_hash

    def change_account(self, person: Person, *, active: bool) -> None:
        """Replace name and role, open or close."""
        held = self._accounts.get(person.login)
        if held is None or held.person.tenant != person.tenant:
            raise NotFound(f"{person.tenant} has no account {person.login}")
        self._accounts[person.login] = replace(held, person=person, active=active)

    def account(self, login: str) -> Account | None:
        """Find one by its login."""
        return self._accounts.get(login)

    def accounts(self, *, scope: Scope) -> Sequence[Account]:
        """List those of the organisations in scope, by login."""
        return [a for _, a in sorted(self._accounts.items()) if scope.sees(a.person.tenant)]

    def password_hash(self, login: str) -> str | None:
        """Give the hash of an open account."""
        held = self._accounts.get(login)
        return self._hashes[login] if held and held.active else None

    def set_password_hash(self, login: str, password_hash: str | None) -> None:
        """Replace the hash."""
        self._accounts[login] = replace(self._held(login), invited=password_hash is None)
        self._hashes[login] = password_hash

    def signed_in(self, login: str, *, now: datetime) -> None:
        """Remember the last sign-in."""
        self._accounts[login] = replace(self._held(login), last_sign_in_at=now)

    def set_preferences(self, login: str, preferences: Mapping[str, Any]) -> None:
        """Keep a person's own choices."""
        self._accounts[login] = replace(self._held(login), preferences=dict(preferences))

    def open_session(self, digest: bytes, session: BrowserSession) -> None:
        """Keep a new session."""
        self._sessions[digest] = session

    def session(self, digest: bytes) -> tuple[BrowserSession, Account] | None:
        """Find a session by its cookie."""
        session = self._sessions.get(digest)
        return (session, self._accounts[session.login]) if session else None

    def seen(self, digest: bytes, *, now: datetime) -> None:
        """Push the idle end back."""
        if digest in self._sessions:
            self._sessions[digest] = replace(self._sessions[digest], last_seen_at=now)

    def sessions(self, login: str) -> Sequence[BrowserSession]:
        """List one person's sessions."""
        found = [s for s in self._sessions.values() if s.login == login]
        return sorted(found, key=lambda one: one.last_seen_at, reverse=True)

    def end_session(self, digest: bytes) -> BrowserSession | None:
        """End the session of a cookie."""
        return self._sessions.pop(digest, None)

    def end_sessions(self, login: str, *, session: str | None = None) -> int:
        """End one or all of a person's sessions."""
        gone = [
            digest
            for digest, one in self._sessions.items()
            if one.login == login and session in {None, one.id}
        ]
        for digest in gone:
            del self._sessions[digest]
        return len(gone)

    def add_token(self, digest: bytes, token: MachineToken) -> None:
        """Keep a machine token."""
        held = self._accounts.get(token.login)
        if held is None or held.person.tenant != token.tenant:
            raise NotFound(f"{token.tenant} has no account {token.login}")
        self._tokens[digest] = token

    def token(self, digest: bytes) -> tuple[MachineToken, Account] | None:
        """Find a token by its secret."""
        token = self._tokens.get(digest)
        return (token, self._accounts[token.login]) if token else None

    def token_used(self, digest: bytes, *, now: datetime) -> None:
        """Remember the last use."""
        if digest in self._tokens:
            self._tokens[digest] = replace(self._tokens[digest], last_used_at=now)

    def tokens(self, *, scope: Scope) -> Sequence[MachineToken]:
        """List tokens of the organisations in scope."""
        found = [t for t in self._tokens.values() if scope.sees(t.tenant)]
        return sorted(found, key=lambda one: one.created_at, reverse=True)

    def revoke_token(self, token: str, *, scope: Scope) -> MachineToken:
        """Stop a token by its id."""
        for digest, one in self._tokens.items():
            if one.id == token and scope.sees(one.tenant):
                self._tokens[digest] = replace(one, revoked=True)
                return self._tokens[digest]
        raise NotFound(f"no such token: {token[:32]}")

    def invite(self, digest: bytes, invitation: Invitation) -> None:
        """Keep a one-time token."""
        kept = {d: i for d, i in self._invitations.items() if i.login != invitation.login}
        self._invitations = {**kept, digest: invitation}

    def invitation(self, digest: bytes) -> Invitation | None:
        """Look at a one-time token."""
        return self._invitations.get(digest)

    def accept(self, digest: bytes, person: Person, password_hash: str) -> None:
        """Use a one-time token up."""
        invitation = self._invitations.get(digest)
        if invitation is None:
            raise InvitationUnknown
        if invitation.login is None:
            self.add_account(person, password_hash=password_hash)
        else:
            self.set_password_hash(invitation.login, password_hash)
        del self._invitations[digest]

    def administrator_awaited(self) -> bool:
        """Tell whether nobody may administer the node."""
        return not any(
            a.person.role is Role.NETWORK_ADMIN and a.active and not a.invited
            for a in self._accounts.values()
        )

    def sweep_credentials(self, *, now: datetime) -> int:
        """Forget what has expired."""
        before = len(self._sessions) + len(self._tokens) + len(self._invitations)
        old = now - timedelta(days=90)
        self._sessions = {d: s for d, s in self._sessions.items() if s.expires_at >= now}
        self._tokens = {d: t for d, t in self._tokens.items() if t.expires_at >= old}
        self._invitations = {d: i for d, i in self._invitations.items() if i.expires_at >= now}
        return before - len(self._sessions) - len(self._tokens) - len(self._invitations)

    def begin(
        self, login: str, address: str, *, now: datetime, delay: Callable[[int], timedelta]
    ) -> datetime | None:
        """Count an attempt, or say when the next may come."""
        failures, last_at = self._failures.get((login, address), (0, now))
        if failures and now < last_at + delay(failures):
            return last_at + delay(failures)
        self._failures[login, address] = (failures + 1, now)
        return None

    def forgive(self, login: str, address: str) -> None:
        """Forget failures of one login from one address."""
        self._failures.pop((login, address), None)

    def _held(self, login: str) -> Account:
        if login not in self._accounts:
            raise NotFound(f"no account {login}")
        return self._accounts[login]


class MemoryAudit:
    """`access.ports.Audit` and `access.ports.AuditTrail`."""

    def __init__(self) -> None:
        self.rows: list[AuditRow] = []

    def record(self, entries: Sequence[AuditEntry]) -> None:
        """Append."""
        sequence, previous = self.head()
        self.rows += chained(entries, sequence=sequence, previous=previous)

    def search(self, wanted: AuditQuery, *, scope: Scope, node: bool) -> Sequence[AuditRow]:
        """Find rows, newest first."""
        found = [
            row
            for row in reversed(self.rows)
            if (scope.sees(row.entry.tenant) if row.entry.tenant else node)
            and wanted.actor in {"", row.entry.actor.name}
            and wanted.action in {None, row.entry.action}
            and wanted.subject in {"", row.entry.subject}
            and wanted.door in {"", row.entry.door}
            and (wanted.since is None or row.entry.at >= wanted.since)
            and (wanted.before is None or row.sequence < wanted.before)
        ]
        return found[: wanted.limit]

    def verify(self, anchor: tuple[int, bytes] | None = None) -> ChainState:
        """Recompute the whole chain."""
        return check(self.rows, head=self.head(), anchor=anchor)

    def head(self) -> tuple[int, bytes]:
        """Give sequence and hash of the newest row."""
        return (self.rows[-1].sequence, self.rows[-1].hash) if self.rows else (0, NOTHING)
