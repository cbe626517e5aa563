"""Sessions, machine tokens, invitations and wrong passwords; secrets only as digests."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, exists, insert, select, update

from archipel.access.errors import InvitationUnknown
from archipel.access.model import (
    Account,
    BrowserSession,
    Invitation,
    MachineToken,
    Permission,
    Person,
    Role,
)
from archipel.kernel.actors import Scope
from archipel.kernel.errors import NotFound
from archipel.kernel.identifiers import TenantId
from archipel.stores.sql.accounts import account_of, insert_account
from archipel.stores.sql.schema.access import (
    account,
    browser_session,
    invitation,
    machine_token,
    sign_in_failure,
)
from archipel.stores.sql.session import Database, alone, upsert

FAILURES_KEPT = timedelta(days=1)
_SESSION = [column.label(f"s_{column.key}") for column in browser_session.c]
_TOKEN = [column.label(f"t_{column.key}") for column in machine_token.c]


class SqlCredentials:
    """`access.ports.Credentials`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open_session(self, digest: bytes, session: BrowserSession) -> None:
        """Keep a new session. Node-wide: a login is unique on the node."""
        with self._database.write() as connection:
            connection.execute(
                insert(browser_session).values(
                    digest=digest,
                    id=session.id,
                    login=session.login,
                    created_at=session.created_at,
                    last_seen_at=session.last_seen_at,
                    expires_at=session.expires_at,
                    address=session.address,
                    agent=session.agent,
                )
            )

    def session(self, digest: bytes) -> tuple[BrowserSession, Account] | None:
        """Find a session by its cookie. Node-wide: it says who asks."""
        query = (
            select(account, *_SESSION)
            .join(browser_session, browser_session.c.login == account.c.login)
            .where(browser_session.c.digest == digest)
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return (_session(row), account_of(row)) if row else None

    def seen(self, digest: bytes, *, now: datetime) -> None:
        """Push the idle end back. Node-wide: it is the asker's own session."""
        with self._database.write() as connection:
            connection.execute(
                update(browser_session)
                .where(browser_session.c.digest == digest)
                .values(last_seen_at=now)
            )

    def sessions(self, login: str) -> Sequence[BrowserSession]:
        """List one person's sessions. Node-wide: a login is unique on the node."""
        query = (
            select(*_SESSION)
            .where(browser_session.c.login == login)
            .order_by(browser_session.c.last_seen_at.desc())
        )
        with self._database.read() as connection:
            return [_session(row) for row in connection.execute(query)]

    def end_session(self, digest: bytes) -> BrowserSession | None:
        """End the session of a cookie. Node-wide: it is the asker's own session."""
        with self._database.write() as connection:
            this = browser_session.c.digest == digest
            row = connection.execute(select(*_SESSION).where(this)).one_or_none()
            connection.execute(delete(browser_session).where(this))
        return _session(row) if row else None

    def end_sessions(self, login: str, *, session: str | None = None) -> int:
        """End one or all of a person's sessions. Node-wide: a login is unique on the node."""
        query = delete(browser_session).where(browser_session.c.login == login)
        if session is not None:
            query = query.where(browser_session.c.id == session)
        with self._database.write() as connection:
            return connection.execute(query).rowcount

    def add_token(self, digest: bytes, token: MachineToken) -> None:
        """Keep a machine token. Node-wide: the token carries its tenant."""
        with self._database.write() as connection:
            known = select(account.c.login).where(
                account.c.login == token.login, account.c.tenant == token.tenant.value
            )
            if connection.scalar(known) is None:
                raise NotFound(f"{token.tenant} has no account {token.login}")
            connection.execute(
                insert(machine_token).values(
                    digest=digest,
                    id=token.id,
                    label=token.label,
                    login=token.login,
                    scopes=sorted(scope.value for scope in token.scopes),
                    created_at=token.created_at,
                    expires_at=token.expires_at,
                    last_used_at=token.last_used_at,
                    revoked=token.revoked,
                )
            )

    def token(self, digest: bytes) -> tuple[MachineToken, Account] | None:
        """Find a token by its secret. Node-wide: it says who asks."""
        query = _TOKENS.where(machine_token.c.digest == digest)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return (_token(row), account_of(row)) if row else None

    def token_used(self, digest: bytes, *, now: datetime) -> None:
        """Remember the last use. Node-wide: it is the asker's own token."""
        with self._database.write() as connection:
            connection.execute(
                update(machine_token)
                .where(machine_token.c.digest == digest)
                .values(last_used_at=now)
            )

    def tokens(self, *, scope: Scope) -> Sequence[MachineToken]:
        """List tokens of the organisations in scope."""
        query = _TOKENS.where(_within(scope)).order_by(machine_token.c.created_at.desc())
        with self._database.read() as connection:
            return [_token(row) for row in connection.execute(query)]

    def revoke_token(self, token: str, *, scope: Scope) -> MachineToken:
        """Stop a token by its id."""
        with self._database.write() as connection:
            this = machine_token.c.id == token
            if connection.execute(_TOKENS.where(this, _within(scope))).one_or_none() is None:
                raise NotFound(f"no such token: {token[:32]}")
            connection.execute(update(machine_token).where(this).values(revoked=True))
            return _token(connection.execute(_TOKENS.where(this)).one())

    def invite(self, digest: bytes, invitation: Invitation) -> None:
        """Keep a one-time token. Node-wide: the invitation carries its tenant."""
        with self._database.write() as connection:
            connection.execute(delete(_INVITATION).where(_INVITATION.c.login == invitation.login))
            connection.execute(
                insert(_INVITATION).values(
                    digest=digest,
                    login=invitation.login,
                    tenant=invitation.tenant.value,
                    role=invitation.role.value,
                    expires_at=invitation.expires_at,
                )
            )

    def invitation(self, digest: bytes) -> Invitation | None:
        """Look at a one-time token. Node-wide: it says who comes."""
        query = select(_INVITATION).where(_INVITATION.c.digest == digest)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return Invitation(
            login=row.login,
            tenant=TenantId(row.tenant),
            role=Role(row.role),
            expires_at=row.expires_at,
        )

    def accept(self, digest: bytes, person: Person, password_hash: str) -> None:
        """Use a one-time token up, and give its account the password."""
        with self._database.write() as connection:
            used = connection.execute(
                delete(_INVITATION)
                .where(_INVITATION.c.digest == digest)
                .returning(_INVITATION.c.login)
            ).one_or_none()
            if used is None:
                raise InvitationUnknown
            if used.login is None:
                insert_account(connection, person, password_hash)
                return
            connection.execute(
                update(account)
                .where(account.c.login == used.login)
                .values(password_hash=password_hash)
            )

    def administrator_awaited(self) -> bool:
        """Tell whether nobody may administer the node. Node-wide: the sign-in page asks."""
        there = exists().where(
            account.c.role == Role.NETWORK_ADMIN.value,
            account.c.active,
            account.c.password_hash.is_not(None),
        )
        with self._database.read() as connection:
            return not connection.scalar(select(there))

    def sweep_credentials(self, *, now: datetime) -> int:
        """Forget what has expired. Node-wide: a chore of the node."""
        stale = [
            delete(browser_session).where(browser_session.c.expires_at < now),
            delete(machine_token).where(machine_token.c.expires_at < now - timedelta(days=90)),
            delete(_INVITATION).where(_INVITATION.c.expires_at < now),
            delete(sign_in_failure).where(sign_in_failure.c.last_at < now - FAILURES_KEPT),
        ]
        with self._database.write() as connection:
            return sum(connection.execute(query).rowcount for query in stale)


class SqlAttempts:
    """`access.ports.Attempts`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(
        self, login: str, address: str, *, now: datetime, delay: Callable[[int], timedelta]
    ) -> datetime | None:
        """Count an attempt, or say when the next may come. Node-wide: nobody is known yet."""
        this = (sign_in_failure.c.login == login) & (sign_in_failure.c.address == address)
        with self._database.write() as connection:
            alone(connection, "sign-in")
            row = connection.execute(select(sign_in_failure).where(this)).one_or_none()
            failures = row.failures if row and row.last_at > now - FAILURES_KEPT else 0
            if row and failures and now < row.last_at + delay(failures):
                until: datetime = row.last_at + delay(failures)
                return until
            counted = {"failures": failures + 1, "last_at": now}
            connection.execute(
                upsert(connection, sign_in_failure)
                .values(login=login, address=address, **counted)
                .on_conflict_do_update(index_elements=["login", "address"], set_=counted)
            )
        return None

    def forgive(self, login: str, address: str) -> None:
        """Forget failures of one login from one address. Node-wide: the password was right."""
        with self._database.write() as connection:
            connection.execute(
                delete(sign_in_failure).where(
                    sign_in_failure.c.login == login, sign_in_failure.c.address == address
                )
            )


_INVITATION = invitation
_TOKENS = select(account, *_TOKEN).join(machine_token, machine_token.c.login == account.c.login)


def _within(scope: Scope) -> Any:
    return account.c.tenant.in_([tenant.value for tenant in scope.tenants])


def _session(row: Row[Any]) -> BrowserSession:
    return BrowserSession(
        id=row.s_id,
        login=row.s_login,
        created_at=row.s_created_at,
        last_seen_at=row.s_last_seen_at,
        expires_at=row.s_expires_at,
        address=row.s_address,
        agent=row.s_agent,
    )


def _token(row: Row[Any]) -> MachineToken:
    return MachineToken(
        id=row.t_id,
        label=row.t_label,
        login=row.t_login,
        tenant=TenantId(row.tenant),
        scopes=frozenset(Permission(name) for name in row.t_scopes),
        created_at=row.t_created_at,
        expires_at=row.t_expires_at,
        last_used_at=row.t_last_used_at,
        revoked=row.t_revoked,
    )
