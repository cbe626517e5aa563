"""A pack that nobody reads lies on the cold disk, is read from there, and comes back."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archipel.kernel.clock import utc_now
from archipel.kernel.errors import Unavailable
from archipel.kernel.uid import Uid
from archipel.stores.packs.tiers import Tiers
from archipel.testing.archipelago.travelling import ct_series
from archipel.testing.storage_node import StorageNode

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def tiers_at(root: Path, *, note: bool = True) -> Tiers:
    return Tiers(root / "node" / "packs", root / "cold", run=root / "node" / "run", note=note)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[StorageNode]:
    storage = StorageNode(tmp_path / "node", shelf=tiers_at(tmp_path))
    storage.replay()
    for _ in range(2):
        for content in ct_series(Uid.fresh(), number=1, images=2, side=96):
            storage.receive(content)
    storage.catch_up()
    storage.seal()
    yield storage
    storage.close()


def contents(node: StorageNode) -> list[bytes]:
    return [node.contents.dataset(held) for held in node.held()]


def test_what_is_laid_off_is_read_from_the_cold_disk_and_recalled(
    tmp_path: Path, node: StorageNode
) -> None:
    before = contents(node)
    tiers = tiers_at(tmp_path)
    keys = [key for key, _at in tiers.inventory()]

    for key in keys:
        tiers.lay_off(key)

    assert list(tiers.hot.inventory()) == []
    assert [key for key, _at in tiers.inventory()] == keys
    assert tiers.wanted() == []
    assert contents(node) == before
    assert sorted(tiers.wanted()) == sorted(keys)
    moved: list[int] = []
    for key in tiers.wanted():
        tiers.recall(key, moved=moved.append)
    assert sum(moved) == sum(p.stat().st_size for p in tiers.hot.root.glob("*/*.pack"))
    assert list(tiers.cold.inventory()) == []
    assert tiers.wanted() == []
    assert contents(node) == before


def test_a_scrub_recalls_nothing(tmp_path: Path, node: StorageNode) -> None:
    tiers = tiers_at(tmp_path, note=False)
    for key, _at in list(tiers.inventory()):
        tiers.lay_off(key)
        tiers.open(key)
    assert tiers.wanted() == []


def test_only_what_nobody_read_is_due(tmp_path: Path, node: StorageNode) -> None:
    tiers = tiers_at(tmp_path)
    (old, _at), (fresh, _too) = tiers.inventory()
    for key in (old, fresh):
        for path in tiers.hot.paths(key):
            os.utime(path, (LONG_AGO.timestamp(), LONG_AGO.timestamp()))
    tiers.open(fresh)  # somebody reads it

    due = [key for key, _size in tiers.idle(utc_now() - timedelta(days=90))]

    assert due == [old]


def test_times_of_a_pack_travel_with_it(tmp_path: Path, node: StorageNode) -> None:
    tiers = tiers_at(tmp_path)
    (key, at), _other = tiers.inventory()
    tiers.lay_off(key)
    assert dict(tiers.inventory())[key] == at
    assert node.tidy().packs == 0


def test_a_cold_disk_that_is_not_mounted_is_said_to_be_away(
    tmp_path: Path, node: StorageNode
) -> None:
    tiers = tiers_at(tmp_path)
    (key, _at), (other, _too) = tiers.inventory()
    tiers.lay_off(key)
    shutil.move(tmp_path / "cold", tmp_path / "unplugged")
    (tmp_path / "cold").mkdir()  # the mount point

    gone = tiers_at(tmp_path)

    with pytest.raises(Unavailable, match="is its disk mounted"):
        gone.reached()
    with pytest.raises(Unavailable):
        gone.open(key)
    with pytest.raises(Unavailable):
        gone.lay_off(other)
    assert gone.open(other).size_bytes
    (tmp_path / "cold").rmdir()
    shutil.move(tmp_path / "unplugged", tmp_path / "cold")
    assert tiers_at(tmp_path).open(key).size_bytes


def test_a_broken_move_leaves_the_pack_whole_and_is_settled(
    tmp_path: Path, node: StorageNode
) -> None:
    tiers = tiers_at(tmp_path)
    (key, _at), _other = tiers.inventory()
    before = contents(node)

    def breaks(_size: int) -> None:
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011  (made above)
        tiers.lay_off(key, moved=breaks)
    assert contents(node) == before
    assert list(tiers.cold.inventory()) == []

    (path,) = tiers.hot.paths(key)  # killed between naming the copy and deleting the source
    copy = tiers.cold.fresh()
    shutil.copy(path, copy)
    tiers.cold.publish(copy, key, 0)
    assert tiers.settle() == 1
    assert contents(node) == before
    assert sum(1 for _ in tiers.inventory()) == 2


def test_a_mended_pack_comes_before_its_damaged_cold_copy(
    tmp_path: Path, node: StorageNode
) -> None:
    tiers = tiers_at(tmp_path)
    (key, _at), _other = tiers.inventory()
    before = contents(node)
    good = tiers.hot.paths(key)[0].read_bytes()
    tiers.lay_off(key)
    cold = tiers.cold.paths(key)[0]
    cold.write_bytes(good[:100] + b"\xff" + good[101:])

    mended = tiers.fresh()
    mended.write_bytes(good)
    tiers.publish(mended, key, 0)
    tiers.settle()

    assert not cold.exists()
    assert contents(node) == before
