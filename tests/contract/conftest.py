"""Each port's suite runs on every implementation: memory, SQLite, PostgreSQL."""

from dataclasses import dataclass

import pytest

from archipel.access.ports import (
    Accounts,
    Attempts,
    Audit,
    AuditTrail,
    Credentials,
    Devices,
    Organisations,
)
from archipel.stores.sql.access import SqlDevices, SqlOrganisations
from archipel.stores.sql.accounts import SqlAccounts
from archipel.stores.sql.audit import SqlAudit
from archipel.stores.sql.credentials import SqlAttempts, SqlCredentials
from archipel.stores.sql.identity import SqlPersons
from archipel.stores.sql.migrations import migrate
from archipel.stores.sql.session import open_database
from archipel.testing.memory_access import MemoryAccounts, MemoryAudit, MemoryOrganisations
from archipel.testing.memory_identity import MemoryPersons


@dataclass
class AccessPorts:
    """One implementation of every port of access, over the same memory or database."""

    devices: Devices
    organisations: Organisations
    accounts: Accounts
    credentials: Credentials
    attempts: Attempts
    audit: Audit
    trail: AuditTrail


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def ports(request: pytest.FixtureRequest, tmp_path):
    if request.param == "memory":
        organisations = MemoryOrganisations()
        accounts, audit = MemoryAccounts(organisations), MemoryAudit()
        yield AccessPorts(organisations, organisations, accounts, accounts, accounts, audit, audit)
        return
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'index.db'}"
    else:
        url = request.getfixturevalue("fresh_postgresql")
    database = open_database(url)
    migrate(database)
    log = SqlAudit(database)
    yield AccessPorts(
        SqlDevices(database),
        SqlOrganisations(database),
        SqlAccounts(database),
        SqlCredentials(database),
        SqlAttempts(database),
        log,
        log,
    )
    database.close()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def persons(request: pytest.FixtureRequest, tmp_path):
    if request.param == "memory":
        yield MemoryPersons()
        return
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'index.db'}"
    else:
        url = request.getfixturevalue("fresh_postgresql")
    database = open_database(url)
    migrate(database)
    yield SqlPersons(database)
    database.close()
