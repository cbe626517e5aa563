"""What access needs of the world. ``stores.sql`` and ``testing.memory_access`` provide it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

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
    UnknownCaller,
)
from archipel.kernel.actors import Scope
from archipel.kernel.aetitle import AETitle
from archipel.kernel.identifiers import TenantId


class Devices(Protocol):
    """Who may knock at the DICOM door."""

    def organisation_called(self, called: AETitle) -> Organisation | None:
        """The organisation that answers to this title."""

    def device(self, calling: AETitle, *, tenant: TenantId) -> Device | None:
        """The registered peer of that organisation, by its title."""

    def knocked(self, calling: AETitle, called: AETitle, *, host: str, now: datetime) -> None:
        """Remember a caller that was refused, for the list to approve."""


class Organisations(Protocol):
    """The organisations of this node, and the DICOM peers each knows."""

    def add(self, organisation: Organisation) -> None:
        """Add a tenant. Raises `Conflict` when its key or one of its titles is taken."""

    def change(self, organisation: Organisation) -> None:
        """Replace name, FINESS and titles. Raises `NotFound`, `Conflict` (a title is taken)."""

    def organisation(self, *, tenant: TenantId) -> Organisation | None:
        """One organisation by its key."""

    def within(self, scope: Scope) -> Sequence[Organisation]:
        """The organisations an actor may see, by name."""

    def tenants(self) -> frozenset[TenantId]:
        """Every organisation of the node: what a network administrator's scope is made of."""

    def register(self, device: Device) -> None:
        """Add a peer. Raises `Conflict` when the organisation has one of that title."""

    def change_device(self, device: Device) -> None:
        """Replace all but title and organisation. Raises `NotFound`."""

    def forget_device(self, ae_title: AETitle, *, tenant: TenantId) -> None:
        """Remove a peer. Raises `NotFound`."""

    def devices(self, *, scope: Scope) -> Sequence[Device]:
        """The peers of the organisations in scope, by organisation and title."""

    def callers(self, *, scope: Scope, nobodys: bool) -> Sequence[UnknownCaller]:
        """Refused callers of the titles in scope, latest first; `nobodys`: of no title too."""

    def dismiss(
        self, calling: AETitle, called: AETitle, *, scope: Scope, nobodys: bool
    ) -> UnknownCaller:
        """Take a caller off the list and return it. Raises `NotFound` (also out of scope)."""


class Accounts(Protocol):
    """People with an account. A login is unique on the node."""

    def add_account(self, person: Person, *, password_hash: str | None) -> None:
        """Add an account. Raises `Conflict` when the login is taken, `NotFound` (tenant)."""

    def change_account(self, person: Person, *, active: bool) -> None:
        """Replace name and role, open or close. Raises `NotFound` (also in another tenant)."""

    def account(self, login: str) -> Account | None:
        """Find one account, of whatever organisation: before anybody is known."""

    def accounts(self, *, scope: Scope) -> Sequence[Account]:
        """Accounts of the organisations in scope, by login."""

    def password_hash(self, login: str) -> str | None:
        """The kept hash of an account that is open; None: closed, unknown, or no password."""

    def set_password_hash(self, login: str, password_hash: str | None) -> None:
        """Replace the hash; None takes the password away. Raises `NotFound`."""

    def signed_in(self, login: str, *, now: datetime) -> None:
        """Remember the last sign-in."""

    def set_preferences(self, login: str, preferences: Mapping[str, Any]) -> None:
        """Keep what a person chose for every seat. Raises `NotFound`."""


class Credentials(Protocol):
    """Sessions, tokens and invitations, each found by the digest of its secret only."""

    def open_session(self, digest: bytes, session: BrowserSession) -> None:
        """Keep a new session."""

    def session(self, digest: bytes) -> tuple[BrowserSession, Account] | None:
        """The session of a cookie and its account, whatever their state."""

    def seen(self, digest: bytes, *, now: datetime) -> None:
        """Push the idle end of a session back."""

    def sessions(self, login: str) -> Sequence[BrowserSession]:
        """Sessions of one person, latest first."""

    def end_session(self, digest: bytes) -> BrowserSession | None:
        """End the session of a cookie, and return it if there was one."""

    def end_sessions(self, login: str, *, session: str | None = None) -> int:
        """End one session of a person by its id, or all; returns how many."""

    def add_token(self, digest: bytes, token: MachineToken) -> None:
        """Keep a machine token. Raises `NotFound` (login)."""

    def token(self, digest: bytes) -> tuple[MachineToken, Account] | None:
        """The token and its account, whatever their state."""

    def token_used(self, digest: bytes, *, now: datetime) -> None:
        """Remember the last use of a token."""

    def tokens(self, *, scope: Scope) -> Sequence[MachineToken]:
        """Tokens of the organisations in scope, newest first."""

    def revoke_token(self, token: str, *, scope: Scope) -> MachineToken:
        """Stop a token by its id. Raises `NotFound`."""

    def invite(self, digest: bytes, invitation: Invitation) -> None:
        """Keep a one-time token; former ones for the same login end (None: the node's first)."""

    def invitation(self, digest: bytes) -> Invitation | None:
        """Look at a one-time token without using it."""

    def accept(self, digest: bytes, person: Person, password_hash: str) -> None:
        """Use a one-time token up: the account exists and has this password, in one step.

        Raises `InvitationUnknown` (also when another used it meanwhile), `Conflict`.
        """

    def administrator_awaited(self) -> bool:
        """Tell whether the node's first administrator has no account yet."""

    def sweep_credentials(self, *, now: datetime) -> int:
        """Forget what has expired; returns how many rows."""


class Attempts(Protocol):
    """Wrong passwords, counted per login and network address."""

    def begin(
        self, login: str, address: str, *, now: datetime, delay: Callable[[int], timedelta]
    ) -> datetime | None:
        """Count an attempt as failed until it is forgiven; or return when the next may come.

        Check and count are one step, so that attempts in parallel cannot slip through.
        """

    def forgive(self, login: str, address: str) -> None:
        """The password was right: forget the failures of this login from this address."""


class Audit(Protocol):
    """The hash-chained audit."""

    def record(self, entries: Sequence[AuditEntry]) -> None:
        """Append, durably, before returning. Raises `Unavailable`: then nothing may leave."""


class AuditTrail(Protocol):
    """The audit as those who may see it read it."""

    def search(self, wanted: AuditQuery, *, scope: Scope, node: bool) -> Sequence[AuditRow]:
        """Rows of the organisations in scope, newest first; `node`: of no organisation too."""

    def verify(self, anchor: tuple[int, bytes] | None = None) -> ChainState:
        """Recompute the chain from its first row; `anchor` is a former `head` kept elsewhere."""

    def head(self) -> tuple[int, bytes]:
        """Sequence and hash of the newest row: what to keep elsewhere. (0, zeros) when none."""
