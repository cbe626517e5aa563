"""People and their accounts, as `access.ports.Accounts` asks for them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from archipel.access.model import Account, Person, Role
from archipel.kernel.actors import Scope
from archipel.kernel.errors import Conflict, NotFound
from archipel.kernel.identifiers import TenantId
from archipel.stores.sql.schema.access import account, organisation
from archipel.stores.sql.session import Database


class SqlAccounts:
    """`access.ports.Accounts`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_account(self, person: Person, *, password_hash: str | None) -> None:
        """Add an account."""
        with self._database.write() as connection:
            insert_account(connection, person, password_hash)

    def change_account(self, person: Person, *, active: bool) -> None:
        """Replace name and role, open or close."""
        with self._database.write() as connection:
            changed = connection.execute(
                update(account)
                .where(account.c.login == person.login, account.c.tenant == person.tenant.value)
                .values(
                    name=person.name,
                    role=person.role.value,
                    rpps=person.rpps,
                    active=active,
                )
            )
            if not changed.rowcount:
                raise NotFound(f"{person.tenant} has no account {person.login}")

    def account(self, login: str) -> Account | None:
        """Find one by its login. Node-wide: a sign-in, before anybody is known."""
        with self._database.read() as connection:
            row = connection.execute(select(account).where(account.c.login == login)).one_or_none()
        return account_of(row) if row else None

    def accounts(self, *, scope: Scope) -> Sequence[Account]:
        """List those of the organisations in scope, by login."""
        query = (
            select(account)
            .where(account.c.tenant.in_([tenant.value for tenant in scope.tenants]))
            .order_by(account.c.login)
        )
        with self._database.read() as connection:
            return [account_of(row) for row in connection.execute(query)]

    def password_hash(self, login: str) -> str | None:
        """Give the hash of an open account. Node-wide: a sign-in, before anybody is known."""
        query = select(account.c.password_hash).where(account.c.login == login, account.c.active)
        with self._database.read() as connection:
            kept: str | None = connection.scalar(query)
        return kept

    def set_password_hash(self, login: str, password_hash: str | None) -> None:
        """Replace the hash. Node-wide: the login was checked by the verb that calls."""
        self._set(login, password_hash=password_hash)

    def signed_in(self, login: str, *, now: datetime) -> None:
        """Remember the last sign-in. Node-wide: a login is unique on the node."""
        self._set(login, last_sign_in_at=now)

    def set_preferences(self, login: str, preferences: Mapping[str, Any]) -> None:
        """Keep a person's own choices. Node-wide: a login is unique on the node."""
        self._set(login, preferences=dict(preferences))

    def _set(self, login: str, **values: Any) -> None:
        with self._database.write() as connection:
            query = update(account).where(account.c.login == login).values(**values)
            if not connection.execute(query).rowcount:
                raise NotFound(f"no account {login}")


def insert_account(connection: Connection, person: Person, password_hash: str | None) -> None:
    """Add an account in the caller's transaction. Raises `Conflict`, `NotFound`."""
    tenant = select(organisation.c.tenant).where(organisation.c.tenant == person.tenant.value)
    if connection.scalar(tenant) is None:
        raise NotFound(f"no organisation {person.tenant}")
    taken = select(account.c.login).where(account.c.login == person.login)
    if connection.scalar(taken) is not None:
        raise Conflict(f"the login {person.login} is taken on this node")
    connection.execute(
        insert(account).values(
            login=person.login,
            tenant=person.tenant.value,
            name=person.name,
            role=person.role.value,
            rpps=person.rpps,
            active=True,
            password_hash=password_hash,
            preferences={},
        )
    )


def account_of(row: Row[Any]) -> Account:
    """Read an account from a row that has its columns. Node-wide: it queries nothing."""
    return Account(
        person=Person(
            login=row.login,
            name=row.name,
            tenant=TenantId(row.tenant),
            role=Role(row.role),
            rpps=row.rpps,
        ),
        active=row.active,
        invited=row.password_hash is None,
        last_sign_in_at=row.last_sign_in_at,
        preferences=row.preferences,
    )
