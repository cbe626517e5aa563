"""Packs as objects of an S3 bucket, with a bounded cache of what was read on the local disk.

Each pack has a name of its own, never given twice (its key ends in random digits): a sealer that
was stopped for an hour and wakes writes beside what others wrote meanwhile, never over it. Beside
each part lie its sums; the part is read back by them before anybody is told of it.
"""

import contextlib
import os
import re
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from archipel.archive.model import SeriesKey
from archipel.kernel.errors import NotFound, Unavailable
from archipel.stores.packs.block_cache import BlockCache
from archipel.stores.packs.bucket import Bucket, Listed
from archipel.stores.packs.files import pack_key, part_name
from archipel.stores.packs.sums import Sums, sums_of

_STALE = timedelta(days=1)
_KEY = re.compile(r"([a-z0-9-]{1,48}/[0-9a-f]{32}-[0-9]+(?:-[0-9a-f]{8})?)(?:\.([0-9]+))?\.pack")
_PACKS, _RETIRED = "packs", "retired"
_TRIES = 3  # at a block that comes wrong
_AT_ONCE_BYTES = 16 << 20  # of one request


class PackObjects:
    """`Shelf` over a bucket. `cache` None: every read asks the store."""

    def __init__(self, bucket: Bucket, temporary: Path, *, cache: BlockCache | None) -> None:
        self._bucket, self._cache = bucket, cache
        self.temporary = temporary
        temporary.mkdir(parents=True, exist_ok=True)

    def key(self, series: SeriesKey, generation: int) -> str:
        """Name a pack that is about to be built: a name that was never given before."""
        return f"{pack_key(series, generation).removesuffix('.pack')}-{secrets.token_hex(4)}.pack"

    def fresh(self) -> Path:
        """Name a file to write a part into."""
        return self.temporary / f"{os.getpid()}-{secrets.token_hex(8)}"

    def publish(self, written: Path, key: str, part: int) -> None:
        """Put a file in the store and read it back. Raises `Unavailable`, `OSError`."""
        name = _object(key, part)
        sums = sums_of(written)
        with contextlib.suppress(NotFound):
            known = self._sums(name)
            if known != sums:
                raise Unavailable(f"object {name} is there with other bytes: it is not replaced")
            if self._bucket.exists(name):
                self._prove(name, sums)
                return
        self._bucket.put(_sums_name(name), sums.packed())
        self._bucket.put(name, written)
        self._prove(name, sums)

    def open(self, key: str, part: int = 0) -> "ObjectRanges":
        """Open one part of a pack. Raises `Unavailable`, `Malformed`."""
        name = _object(key, part)
        try:
            return ObjectRanges(self._bucket, name, self._sums(name), self._cache)
        except NotFound as gone:
            raise Unavailable(f"pack {key}: {gone}") from gone

    def reached(self) -> None:
        """Raise `Unavailable` when the store does not answer."""
        next(self._listed(_PACKS), None)

    def inventory(self) -> Iterator[tuple[str, datetime]]:
        """Give every pack there is, and when it was put or retired. Raises `Unavailable`."""
        retired = {one.name.removeprefix(f"{_RETIRED}/"): one.at for one in self._listed(_RETIRED)}
        latest: dict[str, datetime] = {}
        for one in self._listed(_PACKS):
            found = _KEY.fullmatch(one.name.removeprefix(f"{_PACKS}/").removesuffix(".sums"))
            if found is not None:
                key = f"{found[1]}.pack"
                at = max(one.at, retired.get(key, one.at), latest.get(key, one.at))
                latest[key] = at.astimezone(UTC)
        yield from sorted(latest.items())

    def retire(self, key: str, now: datetime) -> None:
        """Mark a pack as replaced; the time of the mark begins its grace. Raises `Unavailable`."""
        self._bucket.put(f"{_RETIRED}/{_checked(key)}", now.isoformat().encode())

    def remove(self, key: str) -> None:
        """Delete a pack, its first part first: without it the others are nothing."""
        first = _object(key, 0)
        stem = first.removesuffix(".pack")
        # Listings go by whole segments of a name: the tenant's.
        names = [one.name for one in self._listed(first.rpartition("/")[0])]
        others = sorted(name for name in names if name.startswith(f"{stem}.") and name != first)
        for name in (first, *others):
            self._bucket.delete(name)
        self._bucket.delete(f"{_RETIRED}/{key}")

    def sweep(self, now: datetime) -> int:
        """Delete local files of writers that died; return how many."""
        stale = [
            path
            for path in self.temporary.iterdir()
            if path.stat().st_mtime < (now - _STALE).timestamp()
        ]
        for path in stale:
            path.unlink(missing_ok=True)
        return len(stale)

    def sums(self, key: str, part: int = 0) -> Sums:
        """Return the digests of a part. Raises `NotFound`, `Malformed`, `Unavailable`."""
        return self._sums(_object(key, part))

    def _sums(self, name: str) -> Sums:
        return Sums.read(self._bucket.get(_sums_name(name)), name)

    def _prove(self, name: str, sums: Sums) -> None:
        """Read an object back from the store itself. Raises `Unavailable` when it is another."""
        ranges = ObjectRanges(self._bucket, name, sums, None)
        for start in range(0, sums.size_bytes, _AT_ONCE_BYTES):
            ranges.read(start, _AT_ONCE_BYTES)

    def _listed(self, prefix: str) -> Iterator[Listed]:
        return self._bucket.list(prefix)


class ObjectRanges:
    """Ranges of one object, every block of it checked before it is given out. For any thread."""

    def __init__(self, bucket: Bucket, name: str, sums: Sums, cache: BlockCache | None) -> None:
        self.name, self.size_bytes = name, sums.size_bytes
        self._bucket, self._sums, self._cache = bucket, sums, cache

    def read(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset`, fewer at the end. Raises `Unavailable`."""
        end = min(offset + length, self.size_bytes)
        if end <= offset:
            return b""
        size = self._sums.block_bytes
        first, last = offset // size, (end - 1) // size
        content = b"".join(self._blocks(first, last))
        return content[offset - first * size : end - first * size]

    def forget_cached(self) -> None:
        """Do nothing: who must not be told from a cache opens none."""

    def gone(self) -> bool:
        """Say no: an object is never replaced."""
        return False

    def _blocks(self, first: int, last: int) -> Iterator[bytes]:
        """Give blocks in order; those that are not at hand by as few requests as may be."""
        missing: list[int] = []
        for block in range(first, last + 1):
            known = self._kept(block)
            if known is None:
                missing.append(block)
                if len(missing) * self._sums.block_bytes >= _AT_ONCE_BYTES:
                    yield from self._fetched(missing)
                    missing = []
                continue
            yield from self._fetched(missing)
            missing = []
            yield known
        yield from self._fetched(missing)

    def _kept(self, block: int) -> bytes | None:
        if self._cache is None:
            return None
        content = self._cache.get(self.name, block)
        if content is not None and not self._sums.holds(block, content):
            self._cache.drop(self.name, block)
            return None
        return content

    def _fetched(self, blocks: list[int]) -> Iterator[bytes]:
        if not blocks:
            return
        start = self._sums.span(blocks[0])[0]
        end = sum(self._sums.span(blocks[-1]))
        content = memoryview(self._range(start, end - start))
        for block in blocks:
            at, size = self._sums.span(block)
            piece = bytes(content[at - start : at - start + size])
            yield self._believed(block, piece)

    def _believed(self, block: int, content: bytes) -> bytes:
        for _ in range(_TRIES):
            if self._sums.holds(block, content):
                if self._cache is not None:
                    self._cache.put(self.name, block, content)
                return content
            content = self._range(*self._sums.span(block))
        raise Unavailable(
            f"object {self.name}: block {block} comes with other bytes than were put"
        )

    def _range(self, start: int, length: int) -> bytes:
        try:
            return self._bucket.range(self.name, start, length)
        except NotFound as gone:
            raise Unavailable(f"pack {self.name}: {gone}; ask the index again") from gone


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key):  # keys are made by us; a damaged index could say anything
        raise Unavailable(f"not a pack's key: {key[:80]!r}")
    return key


def _object(key: str, part: int) -> str:
    return f"{_PACKS}/{_checked(part_name(key, part))}"


def _sums_name(name: str) -> str:
    return f"{name}.sums"
