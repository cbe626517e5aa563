"""Several index writers and sealers over one database of PostgreSQL, without whole nodes."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest
from blake3 import blake3
from sqlalchemy import func, select
from tests.scale.site import exam

from archipel.archive.model import JournalPlace, PackPlace
from archipel.archive.seal import Sealing
from archipel.kernel.errors import Unavailable
from archipel.kernel.uid import Uid
from archipel.stores.packs.files import PackFiles
from archipel.stores.sql.schema.archive import segment, study
from archipel.stores.sql.schema.events import outbox
from archipel.stores.sql.session import Database, open_database
from archipel.testing import postgresql
from archipel.testing.instances import Instance
from archipel.testing.recount import digests, drift
from archipel.testing.storage_node import StorageNode

STUDY, SERIES = Uid("1.2.826.0.1.3680043.8.498.2"), Uid("1.2.826.0.1.3680043.8.498.2.1")


@pytest.fixture
def database(fresh_postgresql: str) -> Iterator[Database]:
    opened = open_database(fresh_postgresql)
    yield opened
    opened.close()


@pytest.fixture
def hosts(fresh_postgresql: str, tmp_path: Path) -> Iterator[list[StorageNode]]:
    """Two homes over one database, their packs in a folder that both reach."""
    shelf = PackFiles(tmp_path / "packs")
    opened = [
        StorageNode(tmp_path / f"host-{n}", url=fresh_postgresql, shelf=shelf, host=n)
        for n in (1, 2)
    ]
    for one in opened:
        one.replay()
    yield opened
    for one in opened:
        one.close()


def taken_in(node: StorageNode, load: list[Instance]) -> None:
    for one in load:
        node.receive(one.dataset)
        node.catch_up()


def test_two_writers_of_one_series_count_right_and_store_once(
    hosts: list[StorageNode], database: Database
) -> None:
    load = exam(40, study=STUDY, series=SERIES)
    halves = [load[:25], load[15:]]  # ten of them come by way of both
    writers = [Thread(target=taken_in, args=each) for each in zip(hosts, halves, strict=True)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)

    assert drift(database) == []
    assert len(digests(database)) == 40
    with database.read() as connection:
        assert connection.execute(select(study.c.instance_count)).scalar_one() == 40
        owners = connection.execute(select(segment.c.host).order_by(segment.c.host)).scalars()
        assert set(owners) == {1, 2}


def test_a_series_by_way_of_two_hosts_is_sealed_by_each_as_far_as_it_can(
    hosts: list[StorageNode], database: Database
) -> None:
    first, second = hosts
    load = exam(7, study=STUDY, series=SERIES)
    sent = {one.sop_instance.value: blake3(one.dataset).digest() for one in load}
    taken_in(first, load[:4])
    taken_in(second, load[4:])
    [key] = first.seals.quiet_series(before=first.later(timedelta(hours=1)), limit=9)
    assert first.seals.elsewhere(key) == [2]

    assert set(first.seal().values()) == {Sealing.DONE}
    places = [type(one.place) for one in second.held()]
    assert places.count(PackPlace) == 4
    assert places.count(JournalPlace) == 3
    assert first.seal() == {}  # the rest is not there
    assert published(database) == 0
    first.journal.close()
    assert first.tidy().segments == 1  # and its own journal needs not wait for the other's
    second.later(timedelta(hours=1))
    assert set(second.seal().values()) == {Sealing.DONE}

    for node in hosts:
        assert {type(one.place) for one in node.held()} == {PackPlace}
        assert {
            one.key.sop_instance.value: blake3(node.contents.dataset(one)).digest()
            for one in node.held()
        } == sent
        assert [one for one in node.findings() if one.damage] == []
    assert published(database) == 1
    assert second.seals.elsewhere(key) == ()
    assert drift(database) == []


def published(database: Database) -> int:
    with database.read() as connection:
        query = select(func.count()).where(outbox.c.kind == "archive.SeriesSealed")
        return connection.execute(query).scalar_one()


@pytest.mark.slow
def test_a_crash_of_the_server_is_caught_up_with_from_the_journal(
    server: postgresql.Server, tmp_path: Path
) -> None:
    node = StorageNode(tmp_path, url=server.url, host=1)
    node.replay()
    load = exam(6, study=STUDY, series=SERIES)
    taken_in(node, load[:3])
    server.crash()
    for one in load[3:]:
        node.receive(one.dataset)  # acknowledged: the journal needs no database
    with pytest.raises(Unavailable):
        node.catch_up()
    server.start()
    again = StorageNode(tmp_path, url=server.url, host=1)
    assert again.replay() == 3
    assert len(again.held()) == 6
    for opened in (node, again):
        opened.close()
