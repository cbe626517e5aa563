"""The audit: what every implementation promises."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from archipel.access.model import Action, AuditEntry, AuditQuery
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.identifiers import TenantId

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WEST, EAST = TenantId("west"), TenantId("east")


def scope_of(*tenants: TenantId) -> Scope:
    return Scope(Actor(ActorKind.PERSON, "someone"), frozenset(tenants))


def entry(number: int = 0, tenant: TenantId | None = WEST) -> AuditEntry:
    return AuditEntry(
        tenant=tenant,
        at=NOW + timedelta(microseconds=number),
        actor=Actor(ActorKind.PERSON, "anne"),
        action=Action.READ,
        subject=f"1.2.{number}",
        door="dicomweb",
        detail="é\u2028\U0001f512",
    )


def test_rows_come_back_as_written_newest_first(ports) -> None:
    ports.audit.record([entry(1), entry(2)])
    ports.audit.record([entry(3)])
    ports.audit.record([])

    rows = ports.trail.search(AuditQuery(), scope=scope_of(WEST), node=False)
    assert [row.entry for row in rows] == [entry(3), entry(2), entry(1)]
    assert [row.sequence for row in rows] == [3, 2, 1]
    assert ports.trail.head() == (3, rows[0].hash)
    state = ports.trail.verify()
    assert (state.intact, state.rows, state.head) == (True, 3, rows[0].hash)


def test_an_empty_audit_is_intact(ports) -> None:
    assert ports.trail.verify().intact
    assert ports.trail.head() == (0, bytes(32))


def test_rows_are_seen_in_scope_only(ports) -> None:
    ports.audit.record([entry(1), entry(2, EAST), entry(3, None)])

    def seen(scope: Scope, *, node: bool) -> list[int]:
        return [r.sequence for r in ports.trail.search(AuditQuery(), scope=scope, node=node)]

    assert seen(scope_of(WEST), node=False) == [1]
    assert seen(scope_of(EAST), node=True) == [3, 2]
    assert seen(scope_of(), node=False) == []


def test_rows_are_found_by_what_they_say(ports) -> None:
    other = replace(
        entry(2),
        actor=Actor(ActorKind.DEVICE, "CT1"),
        action=Action.RECEIVE,
        door="dimse",
        at=NOW + timedelta(days=1),
    )
    ports.audit.record([entry(1), other])

    def found(**wanted) -> list[int]:
        rows = ports.trail.search(AuditQuery(**wanted), scope=scope_of(WEST), node=False)
        return [row.sequence for row in rows]

    assert found(actor="CT1") == [2]
    assert found(action=Action.READ) == [1]
    assert found(subject="1.2.1") == [1]
    assert found(door="dimse") == [2]
    assert found(since=NOW + timedelta(hours=1)) == [2]
    assert found(before=2) == [1]
    assert found(limit=1) == [2]
    assert found(actor="nobody") == []


def test_an_anchor_kept_elsewhere_is_still_there(ports) -> None:
    ports.audit.record([entry(1)])
    anchor = ports.trail.head()
    ports.audit.record([entry(2)])

    assert ports.trail.verify(anchor).intact
    assert ports.trail.verify((1, bytes(32))).first_broken == 1
    assert ports.trail.verify((9, bytes(32))).first_broken == 3
