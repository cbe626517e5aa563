"""Each step of an instance's way, cut right behind it: what is on the disk then, and what follows.

The rows of docs/operate/failures.md that no test with real crashes hits at will.
"""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from archipel.archive.model import PackPlace
from archipel.archive.seal import Sealing, seal
from archipel.kernel.uid import Uid
from archipel.stores.journal import segment as form
from archipel.stores.journal.journal import FileJournal, JournalPolicy
from archipel.stores.journal.segments import SegmentFiles
from archipel.stores.sql.archive.seal import publish
from archipel.stores.sql.session import open_database
from archipel.testing.archipelago.travelling import ct_series
from archipel.testing.storage_node import StorageNode

ROLLED = JournalPolicy(low_water_bytes=0, roll_bytes=1)  # a segment for each instance


@pytest.fixture
def node(tmp_path: Path) -> Iterator[StorageNode]:
    opened = StorageNode(tmp_path, policy=ROLLED)
    opened.replay()
    yield opened
    opened.close()


def received(node: StorageNode, images: int = 2) -> list[bytes]:
    contents = ct_series(Uid.fresh(), number=1, images=images, side=96)
    for content in contents:
        node.receive(content)
    node.catch_up()
    return contents


def contents(node: StorageNode) -> list[bytes]:
    return [node.contents.dataset(held) for held in node.held()]


def test_a_segment_that_was_only_created_yields_nothing_and_goes(node: StorageNode) -> None:
    before = received(node)
    journal = node.home / "journal"
    torn = [journal / form.file_name(number) for number in (5 << 12, 6 << 12, 7 << 12)]
    torn[0].touch()
    torn[1].write_bytes(b"ARCSEG\r\n\1\0")
    header = form.SegmentHeader.fresh(1, 7).pack()
    torn[2].write_bytes(header + b"\xff" * 100)  # created, and a record that was torn
    stillborn = journal / f"{form.UNBORN}1-2"
    stillborn.touch()
    os.utime(stillborn, (0, 0))
    node.close()

    again = StorageNode(node.home, policy=ROLLED)
    assert again.replay() == 0
    place = again.receive(ct_series(Uid.fresh(), number=1, images=1, side=96)[0])
    assert form.file_name(place.segment) not in {path.name for path in torn}
    again.catch_up()
    again.tidy()
    SegmentFiles(again.home).sweep()

    assert not any(path.exists() for path in [*torn, stillborn])
    assert contents(again)[: len(before)] == before
    again.close()


def test_a_pack_that_was_not_published_is_built_again_under_its_name(node: StorageNode) -> None:
    before = received(node)
    (key,) = node.seals.quiet_series(before=node.later(timedelta(minutes=5)), limit=9)
    series = node.seals.to_seal(key)
    assert series is not None
    built = node.packs.build(series)  # and here it died

    assert contents(node) == before
    assert node.seal() == {key: Sealing.DONE}
    assert {held.place.pack for held in node.held() if isinstance(held.place, PackPlace)} == {
        built.pack
    }
    assert contents(node) == before
    assert [pack for pack, _at in node.packs.inventory()] == [built.pack]


def test_a_pack_that_an_instance_overtook_is_a_stray_that_goes(node: StorageNode) -> None:
    study = Uid.fresh()
    first, late = ct_series(study, number=1, images=2, side=96)
    node.receive(first)
    node.catch_up()
    (key,) = node.seals.quiet_series(before=node.later(timedelta(minutes=5)), limit=9)
    series = node.seals.to_seal(key)
    assert series is not None
    stray = node.packs.build(series)
    node.receive(late)  # before it was published
    node.catch_up()

    assert not node.seals.publish(stray, now=node.now)
    assert node.seal() == {key: Sealing.DONE}
    node.tidy()

    assert stray.pack not in [pack for pack, _at in node.packs.inventory()]
    assert contents(node) == [first, late]


def test_a_segment_stays_while_its_publication_is_not_durable(node: StorageNode) -> None:
    before = received(node)
    (key,) = node.seals.quiet_series(before=node.later(timedelta(minutes=5)), limit=9)
    series = node.seals.to_seal(key)
    assert series is not None
    sealed = node.packs.build(series)
    database = open_database(f"sqlite:///{node.home / 'index.db'}")

    with pytest.raises(RuntimeError), database.write() as connection:
        assert publish(connection, sealed, now=node.now)
        raise RuntimeError  # the power went before the commit
    database.close()

    node.journal.close()
    assert node.tidy().segments == 0
    assert contents(node) == before


def test_reclaiming_that_died_between_file_and_row_is_finished(node: StorageNode) -> None:
    before = received(node)
    node.seal()
    node.journal.close()
    for path in (node.home / "journal").glob("*.seg"):
        path.unlink()  # and here it died, before the index forgot them
    assert node.index.applied()

    node.tidy()

    assert dict(node.index.applied()) == {}
    assert contents(node) == before
    node.journal = FileJournal(node.home, policy=ROLLED)
    assert len(received(node, images=1)) == 1


def test_sealing_twice_at_once_publishes_one_pack(node: StorageNode) -> None:
    before = received(node)
    (key,) = node.seals.quiet_series(before=node.later(timedelta(minutes=5)), limit=9)
    other = node.seals.to_seal(key)
    assert other is not None

    assert seal(key, index=node.seals, packs=node.packs, now=node.now) is Sealing.DONE
    late = node.packs.build(other)  # a second worker that had begun as well

    assert not node.seals.publish(late, now=node.now)
    assert contents(node) == before
    node.tidy()
    assert contents(node) == before
