"""An object store that is slow, busy, hung, dead, lies or breaks off loses nothing.

The journal keeps every instance until the pack that replaces it was put and read back
(storage.md, section 7; reliability.md, row 25).
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from blake3 import blake3

from archipel.archive.model import JournalPlace, PackPlace
from archipel.archive.seal import Sealing, seal
from archipel.kernel.errors import Unavailable
from archipel.stores.packs.block_cache import BlockCache
from archipel.stores.packs.bucket import Bucket, BucketAddress
from archipel.stores.packs.objects import PackObjects
from archipel.testing.instances import instance
from archipel.testing.objects.line import Line, Mood
from archipel.testing.storage_node import StorageNode

pytestmark = pytest.mark.slow
BOUND_S = 12.0  # for a call that must end by itself, on a busy machine; its own limit is 5 s


@pytest.fixture
def line(bucket: BucketAddress) -> Iterator[tuple[Line, BucketAddress]]:
    with Line(bucket.endpoint) as relay:
        yield relay, replace(bucket, endpoint=relay.endpoint)


def node_of(home: Path, address: BucketAddress, *, cached: bool = True) -> StorageNode:
    cache = BlockCache(home / "cache", limit_bytes=64 << 20) if cached else None
    return StorageNode(home, shelf=PackObjects(Bucket(address), home / "tmp", cache=cache))


def received(node: StorageNode, count: int = 4) -> dict[str, str]:
    noise = Random(20261124)  # noqa: S311  (pixels, not secrets)
    node.replay()
    sent = {}
    first = instance(pixel_bytes=60_000)
    for _ in range(count):
        one = instance(study=first.study, series=first.series, pixel_bytes=60_000)
        content = one.dataset[:-50_000] + noise.randbytes(50_000)  # nothing to compress
        node.receive(content)
        sent[one.sop_instance.value] = blake3(content).hexdigest()
    node.catch_up()
    return sent


def read(node: StorageNode) -> dict[str, str]:
    return {
        one.key.sop_instance.value: blake3(node.contents.dataset(one)).hexdigest()
        for one in node.held()
    }


@pytest.mark.parametrize(
    "mood",
    [
        Mood.BUSY,
        Mood.DEAD,
        Mood.CUT,
        Mood.WRONG,
        pytest.param(Mood.HUNG, marks=pytest.mark.long),  # five seconds of patience
    ],
)
def test_the_journal_keeps_all_until_a_put_is_proved(
    line: tuple[Line, BucketAddress], tmp_path: Path, mood: Mood
) -> None:
    relay, address = line
    node = node_of(tmp_path, address)
    sent = received(node)
    (key,) = node.seals.quiet_series(before=node.later(timedelta(hours=1)), limit=9)

    relay.mood = mood
    began = time.monotonic()
    with pytest.raises(Unavailable):
        seal(key, index=node.seals, packs=node.packs, now=node.now)
    assert time.monotonic() - began < BOUND_S
    assert {type(one.place) for one in node.held()} == {JournalPlace}
    assert read(node) == sent
    if mood is Mood.DEAD:
        with suppress(Unavailable):
            node.tidy()
    assert node.segments.numbers()

    relay.mood = Mood.HONEST
    assert seal(key, index=node.seals, packs=node.packs, now=node.now) is Sealing.DONE
    assert {type(one.place) for one in node.held()} == {PackPlace}
    assert read(node) == sent
    node.close()


def test_wrong_bytes_are_never_served_and_never_kept(
    line: tuple[Line, BucketAddress], tmp_path: Path
) -> None:
    relay, address = line
    node = node_of(tmp_path, address)
    sent = received(node)
    (key,) = node.seals.quiet_series(before=node.later(timedelta(hours=1)), limit=9)
    seal(key, index=node.seals, packs=node.packs, now=node.now)

    relay.mood = Mood.WRONG
    fresh = node_of(tmp_path, address)
    with pytest.raises(Unavailable, match="other bytes"):
        read(fresh)
    relay.mood = Mood.HONEST
    assert read(fresh) == sent
    for path in (tmp_path / "cache").glob("*/*"):  # rot on the local disk
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert read(fresh) == sent
    relay.mood = Mood.DEAD  # and what was read once needs the store no more
    assert read(fresh) == sent
    relay.mood = Mood.HONEST
    assert [one for one in node_of(tmp_path, address, cached=False).findings() if one.damage] == []
    node.close()
    fresh.close()


def test_a_slow_store_serves_all_the_same(
    line: tuple[Line, BucketAddress], tmp_path: Path
) -> None:
    relay, address = line
    relay.mood = Mood.SLOW
    node = node_of(tmp_path, address)
    sent = received(node)
    (key,) = node.seals.quiet_series(before=node.later(timedelta(hours=1)), limit=9)
    assert seal(key, index=node.seals, packs=node.packs, now=node.now) is Sealing.DONE
    assert read(node) == sent
    node.close()
