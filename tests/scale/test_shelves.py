"""`stores.packs.shelf.Shelf`: one suite for a folder and for an object store."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archipel.archive.model import SeriesKey
from archipel.kernel.errors import Malformed, Unavailable
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.packs.block_cache import BlockCache
from archipel.stores.packs.bucket import Bucket, BucketAddress
from archipel.stores.packs.files import PackFiles
from archipel.stores.packs.objects import PackObjects
from archipel.stores.packs.shelf import Shelf
from archipel.stores.packs.sums import BLOCK_BYTES, Sums, sums_of

KEY = SeriesKey(TenantId("chu"), Uid("1.2.3"), Uid("1.2.3.4"))
SOON = timedelta(minutes=1)


@pytest.fixture(params=["folder", pytest.param("objects", marks=pytest.mark.slow)])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shelf]:
    if request.param == "folder":
        yield PackFiles(tmp_path / "packs")
        return
    address: BucketAddress = request.getfixturevalue("bucket")
    cache = BlockCache(tmp_path / "cache", limit_bytes=64 << 20)
    yield PackObjects(Bucket(address), tmp_path / "tmp", cache=cache)


def put(shelf: Shelf, content: bytes, *, part: int = 0, key: str | None = None) -> str:
    key = key or shelf.key(KEY, 3)
    fresh = shelf.fresh()
    fresh.write_bytes(content)
    shelf.publish(fresh, key, part)
    return key


def some(size: int, seed: int = 1) -> bytes:
    return Random(seed).randbytes(size)  # noqa: S311  (bytes, not secrets)


def test_what_was_put_is_read_in_any_ranges(shelf: Shelf) -> None:
    content = some(2 * BLOCK_BYTES + 12_345)
    ranges = shelf.open(put(shelf, content))

    assert ranges.size_bytes == len(content)
    for start, length in [
        (0, 10),
        (BLOCK_BYTES - 5, 10),
        (100, 2 * BLOCK_BYTES),
        (len(content) - 7, 100),
        (len(content), 5),
        (0, len(content)),
    ]:
        for _ in range(2):  # from the store, then as it was kept
            assert ranges.read(start, length) == content[start : start + length]
    assert not ranges.gone()


def test_a_pack_of_parts_is_listed_once_and_removed_whole(shelf: Shelf) -> None:
    now = datetime.now(UTC)  # noqa: TID251  (what a store's own clock says)
    key = put(shelf, some(10, 2), part=1)
    put(shelf, some(20, 3), part=0, key=key)

    ((listed, at),) = shelf.inventory()
    assert listed == key
    assert abs(at - now) < SOON
    assert shelf.open(key, 1).read(0, 99) == some(10, 2)
    shelf.remove(key)
    shelf.remove(key)
    assert list(shelf.inventory()) == []
    for part in (0, 1):
        with pytest.raises(Unavailable):
            shelf.open(key, part)


def test_a_grace_begins_when_a_pack_is_retired(shelf: Shelf) -> None:
    key = put(shelf, some(10))
    ((_, written),) = shelf.inventory()
    shelf.retire(key, datetime.now(UTC))  # noqa: TID251  (as above)
    ((_, retired),) = shelf.inventory()
    assert retired >= written - timedelta(seconds=1)
    assert shelf.open(key).read(0, 10) == some(10)


def test_a_name_that_is_none_of_ours_is_no_pack(shelf: Shelf) -> None:
    with pytest.raises(Unavailable, match="not a pack's key"):
        shelf.open("../../etc/passwd")


@pytest.mark.slow
def test_an_object_is_never_given_a_second_time_nor_replaced(
    bucket: BucketAddress, tmp_path: Path
) -> None:
    shelf = PackObjects(Bucket(bucket), tmp_path / "tmp", cache=None)
    key = put(shelf, some(100, 1))

    assert shelf.key(KEY, 3) != key
    with pytest.raises(Unavailable, match="not replaced"):
        put(shelf, some(100, 2), key=key)
    put(shelf, some(100, 1), key=key)  # the same again is no harm
    assert shelf.open(key).read(0, 100) == some(100, 1)


def test_the_cache_stays_below_its_limit_and_keeps_what_was_read_last(tmp_path: Path) -> None:
    cache = BlockCache(tmp_path / "cache", limit_bytes=1_000_000)
    for block in range(60):
        cache.put("a", block, some(50_000, block))
        kept = sum(path.stat().st_size for path in (tmp_path / "cache").glob("*/*"))
        assert kept <= 1_000_000
    assert cache.get("a", 59) == some(50_000, 59)
    assert cache.get("a", 0) is None
    cache.drop("a", 59)
    assert cache.get("a", 59) is None


@given(content=st.binary(max_size=200), at=st.integers(0, 400))
def test_sums_come_back_and_damage_is_seen(tmp_path_factory, content: bytes, at: int) -> None:
    path = tmp_path_factory.mktemp("sums") / "part"
    path.write_bytes(content)
    sums = sums_of(path)
    said = bytearray(sums.packed())

    assert Sums.read(bytes(said), "x") == sums
    assert sums.size_bytes == len(content)
    said[at % len(said)] ^= 1
    with pytest.raises(Malformed):
        Sums.read(bytes(said), "x")
