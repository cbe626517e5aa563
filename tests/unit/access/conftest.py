"""A desk and an office on a real SQLite database, two organisations, a person of each kind."""

from dataclasses import dataclass, replace

import pytest
from argon2 import PasswordHasher

from archipel.access import enrol
from archipel.access.authenticate import Desk
from archipel.access.enrol import Office
from archipel.access.model import Permission, Role
from archipel.access.policy import GRANTS
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.identifiers import TenantId
from archipel.stores.sql.access import SqlOrganisations
from archipel.stores.sql.accounts import SqlAccounts
from archipel.stores.sql.audit import SqlAudit
from archipel.stores.sql.credentials import SqlAttempts, SqlCredentials
from archipel.stores.sql.session import Database
from archipel.testing.access_builders import EAST, NOW, WEST


@dataclass
class House:
    desk: Desk
    operator: Office
    audit: SqlAudit

    def office_of(self, role: Role, tenant: TenantId = WEST) -> Office:
        everywhere = frozenset({WEST, EAST})
        return replace(
            self.operator,
            scope=Scope(
                Actor(ActorKind.PERSON, f"test-{role.value}"),
                everywhere if role is Role.NETWORK_ADMIN else frozenset({tenant}),
            ),
            permissions=GRANTS[role],
            door="web",
        )


@pytest.fixture
def house(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> House:
    # The same argon2id, cheaper: its price is shown once, in test_passwords.
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr("archipel.access.passwords._hasher", cheap)
    audit = SqlAudit(sqlite_database)
    organisations = SqlOrganisations(sqlite_database)
    accounts, credentials = SqlAccounts(sqlite_database), SqlCredentials(sqlite_database)
    operator = enrol.operators_office(
        organisations=organisations,
        accounts=accounts,
        credentials=credentials,
        audit=audit,
        name="root",
    )
    desk = Desk(
        accounts=accounts,
        credentials=credentials,
        attempts=SqlAttempts(sqlite_database),
        organisations=organisations,
        audit=audit,
    )
    for key in ("west", "east"):
        wanted = enrol.organisation_from(key, f"CH {key}")
        enrol.add_organisation(wanted, office=operator, now=NOW)
    operator = replace(operator, scope=Scope(operator.scope.actor, organisations.tenants()))
    assert operator.permissions == frozenset(Permission)
    return House(desk, operator, audit)
