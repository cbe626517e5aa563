"""Whoever alters the audit by SQL is found out, and the first bad row is named."""

import subprocess
import sys

import pytest
from sqlalchemy import text

from archipel.access.audit import seal
from archipel.access.model import Action, AuditEntry, AuditQuery
from archipel.kernel.actors import Actor, ActorKind
from archipel.stores.sql.audit import SqlAudit
from archipel.stores.sql.session import Database
from archipel.testing.access_builders import NOW, WEST, scope_of


def entry(number: int, who: str = "anne") -> AuditEntry:
    return AuditEntry(
        tenant=WEST,
        at=NOW,
        actor=Actor(ActorKind.PERSON, who),
        action=Action.READ,
        subject=f"1.2.{number}",
        door="dicomweb",
    )


@pytest.fixture
def audit(sqlite_database: Database) -> SqlAudit:
    kept = SqlAudit(sqlite_database)
    kept.record([entry(n) for n in range(1, 11)])
    return kept


COPY = (
    "INSERT INTO audit SELECT 11, at, tenant, actor_kind, actor, action, subject, door, detail,"
    " hash FROM audit WHERE sequence = 10"
)


@pytest.mark.parametrize(
    ("how", "first_broken"),
    [
        ("UPDATE audit SET subject = '1.2.99' WHERE sequence = 4", 4),
        ("UPDATE audit SET at = '2026-03-01T12:00:00.000001+00:00' WHERE sequence = 4", 4),
        ("UPDATE audit SET at = 'yesterday' WHERE sequence = 4", 4),
        ("UPDATE audit SET action = 'nothing' WHERE sequence = 4", 4),
        ("UPDATE audit SET tenant = NULL WHERE sequence = 4", 4),
        ("UPDATE audit SET tenant = 'NOT A KEY' WHERE sequence = 4", 4),
        ("UPDATE audit SET actor = x'00ff' WHERE sequence = 4", 4),
        ("UPDATE audit SET hash = zeroblob(32) WHERE sequence = 4", 4),
        ("UPDATE audit SET hash = 'text' WHERE sequence = 4", 4),
        ("DELETE FROM audit WHERE sequence = 1", 1),
        ("DELETE FROM audit WHERE sequence = 7", 7),
        ("DELETE FROM audit WHERE sequence > 8", 9),
        ("DELETE FROM audit", 1),
        ("UPDATE audit SET sequence = -sequence WHERE sequence = 10", 1),
        ("UPDATE audit SET sequence = CASE sequence WHEN 3 THEN 20 ELSE sequence END", 3),
        (COPY, 11),
        ("DELETE FROM audit_head", 11),
    ],
)
def test_the_first_altered_row_is_named(audit, sqlite_database, how, first_broken) -> None:
    assert audit.verify().intact

    with sqlite_database.write() as connection:
        connection.execute(text(how))

    state = audit.verify()
    assert not state.intact
    assert state.first_broken == first_broken
    assert state.why


def test_two_rows_changing_places_are_found(audit, sqlite_database) -> None:
    with sqlite_database.write() as connection:
        for old, new in ((3, 99), (4, 3), (99, 4)):
            connection.execute(
                text(f"UPDATE audit SET sequence = {new} WHERE sequence = {old}")  # noqa: S608
            )

    assert audit.verify().first_broken == 3


def test_a_chain_recomputed_by_an_expert_is_found_by_an_anchor(audit, sqlite_database) -> None:
    anchor = audit.head()
    previous = bytes(32)
    with sqlite_database.write() as connection:
        for number in range(1, 11):
            forged = entry(number, "somebody else")
            previous = seal(number, forged, previous=previous)
            connection.execute(
                text("UPDATE audit SET actor = :actor, hash = :hash WHERE sequence = :sequence"),
                {"actor": "somebody else", "hash": previous, "sequence": number},
            )
        connection.execute(text("UPDATE audit_head SET hash = :hash"), {"hash": previous})

    assert audit.verify().intact
    assert audit.verify(anchor).first_broken == 10


def test_an_altered_row_can_still_be_listed(audit, sqlite_database) -> None:
    with sqlite_database.write() as connection:
        connection.execute(text("UPDATE audit SET action = 'nothing' WHERE sequence = 4"))

    rows = audit.search(AuditQuery(), scope=scope_of(WEST), node=False)
    assert [r.entry.detail for r in rows if r.sequence == 4] == [
        "this row cannot be read: it was altered"
    ]


APPEND = """
import sys
from archipel.access.model import Action, AuditEntry
from archipel.kernel.actors import Actor, ActorKind
from archipel.kernel.clock import utc_now
from archipel.stores.sql.audit import SqlAudit
from archipel.stores.sql.session import open_database

audit = SqlAudit(open_database(sys.argv[1]))
actor = Actor(ActorKind.NODE, sys.argv[2])
for number in range(20):
    entry = AuditEntry(
        tenant=None, at=utc_now(), actor=actor, action=Action.READ, subject=str(number), door="x"
    )
    audit.record([entry, entry])
"""


def test_processes_append_to_one_chain(database, database_url) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", APPEND, database_url, f"w{number}"])
        for number in range(3)
    ]

    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    state = SqlAudit(database).verify()
    assert (state.intact, state.rows) == (True, 120)
