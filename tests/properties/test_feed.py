"""The feed: any reader sees every change that is theirs exactly once, in order."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from archipel.archive.events import (
    DifferentBytesRefused,
    InstancesStored,
    SeriesSealed,
    StudyCompleted,
)
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.events import Event
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.reading.events import ClaimChanged
from archipel.results.feed.model import NAMES, Change, Cursor, FeedGone
from archipel.stores.sql.migrations import migrate
from archipel.stores.sql.outbox import advance, announce, last_position, sweep
from archipel.stores.sql.results.feed import TOLD, SqlFeed
from archipel.stores.sql.schema.events import outbox
from archipel.stores.sql.session import Database, open_database
from archipel.testing.exams import drawing, hold

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TENANTS = [TenantId(name) for name in ("north", "south", "east")]
SHARED = Uid("1.2.9.1")  # of north, shared with south
OWN = Uid("1.2.9.2")  # of north alone
facts = st.lists(
    st.tuples(
        st.sampled_from([InstancesStored, StudyCompleted, SeriesSealed, DifferentBytesRefused]),
        st.sampled_from([(TENANTS[0], SHARED), (TENANTS[0], OWN), (TENANTS[2], SHARED)]),
    ),
    max_size=15,
)
scopes = st.sets(st.sampled_from(TENANTS), min_size=1, max_size=2)
kinds_asked = st.one_of(
    st.just(NAMES),
    st.frozensets(st.sampled_from(["instances.stored", "study.completed"]), min_size=1),
)
limits = st.lists(st.integers(1, 7), min_size=1, max_size=4)


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path_factory.mktemp('feed') / 'index.db'}")
    migrate(opened)
    exam = drawing(TENANTS[0], now=NOW)
    hold(opened, exam(study=SHARED.value), shared_with=[TENANTS[1]])
    hold(opened, exam(study=OWN.value))
    yield opened
    opened.close()


def fact_of(kind: type[Event], tenant: TenantId, study: Uid) -> Event:
    more: dict[str, Any] = {
        InstancesStored: {"instances": 3},
        SeriesSealed: {"series": Uid("1.2.9.1.1"), "generation": 1},
        DifferentBytesRefused: {"sop_instance": Uid("1.2.9.1.1.1")},
    }.get(kind, {})
    return kind(tenant=tenant, at=NOW, study=study, **more)  # type: ignore[call-arg]  # per kind


def scope(*tenants: TenantId) -> Scope:
    return Scope(Actor(ActorKind.PERSON, "t"), frozenset(tenants))


def told_all(
    feed: SqlFeed, since: Cursor | None, kinds: frozenset[str], limits: list[int], whose: Scope
) -> list[Change]:
    """Read to the end, each page by another limit."""
    found: list[Change] = []
    for turn in range(1000):
        limit = limits[turn % len(limits)]
        page = feed.page(since, kinds=kinds, limit=limit, scope=whose)
        assert len(page.changes) <= limit
        found += page.changes
        since = Cursor.parse(str(page.next))
        if not page.more and not page.changes:
            return found
    raise AssertionError("the feed does not end")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(facts, facts, scopes, kinds_asked, limits)
def test_any_reader_sees_every_change_once_in_order(
    held: Database,
    before: list[Any],
    after: list[Any],
    whose: set[TenantId],
    kinds: frozenset[str],
    limits: list[int],
) -> None:
    feed = SqlFeed(held)
    start = feed.newest()

    def announced(some: list[Any]) -> list[tuple[str, TenantId, Uid]]:
        expected = []
        with held.write() as connection:
            for kind, (tenant, study) in some:
                announce(connection, fact_of(kind, tenant, study))
                claim = ClaimChanged(
                    tenant=tenant, at=NOW, study=study, login="t", held=True, fence=1
                )
                announce(connection, claim)  # a kind that the feed does not tell
        for kind, (tenant, study) in some:
            name = {InstancesStored: "instances.stored", StudyCompleted: "study.completed"}.get(
                kind, "series.sealed" if kind is SeriesSealed else "instance.refused"
            )
            shared = (tenant, study) == (TENANTS[0], SHARED) and TENANTS[1] in whose
            seen = tenant in whose or (shared and name != "instance.refused")
            if seen and name in kinds:
                expected.append((name, tenant, study))
        return expected

    first = announced(before)
    read = told_all(feed, start, kinds, limits, scope(*whose))
    assert [(one.kind, one.tenant, one.study) for one in read] == first
    second = announced(after)
    # Another process, after a restart, goes on from the last cursor.
    last = read[-1].cursor if read else start
    rest = told_all(SqlFeed(held), last, kinds, limits, scope(*whose))
    assert [(one.kind, one.tenant, one.study) for one in rest] == second
    again = told_all(feed, start, kinds, limits, scope(*whose))
    assert again == read + rest
    positions = [one.cursor.position for one in again]
    assert positions == sorted(set(positions))


def test_two_writers_leave_no_gap(database: Database) -> None:
    feed = SqlFeed(database)
    start = feed.newest()
    stop, seen = threading.Event(), []

    def write(tenant: TenantId) -> None:
        for _ in range(10):
            with database.write() as connection:
                announce(connection, fact_of(StudyCompleted, tenant, OWN))

    def read() -> None:
        since = start
        while True:
            ended = stop.is_set()
            page = feed.page(since, kinds=NAMES, limit=7, scope=scope(*TENANTS))
            seen.extend(one.cursor.position for one in page.changes)
            since = page.next
            if ended and not page.changes:
                return

    writers = [threading.Thread(target=write, args=(tenant,)) for tenant in TENANTS]
    reader = threading.Thread(target=read)
    for thread in (*writers, reader):
        thread.start()
    for thread in writers:
        thread.join(60)
    stop.set()
    reader.join(60)

    with database.read() as connection:
        ids = [row.id for row in connection.execute(select(outbox.c.id).order_by(outbox.c.id))]
    assert len(ids) == 30
    assert seen == ids


def test_a_cursor_that_cannot_go_on_says_so(held: Database) -> None:
    feed = SqlFeed(held)
    with held.write() as connection:
        announce(connection, fact_of(StudyCompleted, TENANTS[0], OWN))
    cursor = feed.newest()
    asked = {"kinds": NAMES, "limit": 5, "scope": scope(TENANTS[0])}

    for other in (
        Cursor("0", cursor.position, cursor.check),  # the node was rebuilt
        Cursor(cursor.era, cursor.position + 1),  # the node was restored: it has less
        Cursor(cursor.era, cursor.position, "ffffffff"),  # restored, and went on with others
    ):
        with pytest.raises(FeedGone):
            feed.page(other, **asked)


def test_what_is_told_is_kept_longer_and_its_end_is_known(database: Database) -> None:
    feed = SqlFeed(database)
    begun = feed.newest()
    with database.write() as connection:
        for at in (NOW - timedelta(days=100), NOW - timedelta(days=20), NOW):
            fact = fact_of(StudyCompleted, TENANTS[0], OWN)
            announce(connection, replace(fact, at=at))
            claim = ClaimChanged(
                tenant=TENANTS[0], at=at, study=OWN, login="t", held=True, fence=1
            )
            announce(connection, claim)
        advance(connection, "any", last_position(connection))
        gone = sweep(
            connection,
            ["any"],
            before=NOW - timedelta(days=7),
            told=TOLD,
            told_before=NOW - timedelta(days=90),
        )

    page = feed.page(None, kinds=NAMES, limit=9, scope=scope(TENANTS[0]))

    assert gone == 3
    assert [one.at for one in page.changes] == [NOW - timedelta(days=20), NOW]
    assert told_all(feed, feed.before(NOW), NAMES, [5], scope(TENANTS[0])) == [page.changes[-1]]
    with pytest.raises(FeedGone):
        feed.page(begun, kinds=NAMES, limit=9, scope=scope(TENANTS[0]))
