"""Two folders for packs: hot, where they are built and read; cold, for what nobody asks for.

Readers need not know: what is not hot is read from the cold folder, and a mark asks for its
recall. A pack is copied, read back from the disk it went to, made durable and named, its first
part last; only then is it deleted where it was, its first part first. So a first part is there
only with all others, and wherever a move ends a whole pack is in one of the two.
"""

import contextlib
import os
import secrets
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from blake3 import blake3

from archipel.archive.model import SeriesKey
from archipel.kernel.errors import ArchipelError, Unavailable
from archipel.stores.journal.slot import sync_directory
from archipel.stores.packs.files import FileRanges, PackFiles
from archipel.stores.packs.reader import PartReader

_CHUNK_BYTES = 1 << 20
_MARK = ".tier"
_READ_AGAIN_S = 3600.0  # a pack that stays open is noted as read so often

Moved = Callable[[int], None]
"""Told of each piece that was copied, in bytes; may sleep, may raise to break the move off."""


class Tiers:
    """`Shelf` over a hot and a cold folder. `note` False: reading recalls nothing (a scrub)."""

    def __init__(self, hot: Path, cold: Path, *, run: Path, note: bool = True) -> None:
        self.hot = PackFiles(hot)
        self.temporary = self.hot.temporary
        self._away = not _ours(hot, cold)
        self._cold = None if self._away else PackFiles(cold)
        self._cold_root = cold
        self._marks, self._note = run / "recall", note
        self._marks.mkdir(parents=True, exist_ok=True)
        self._noted: dict[str, float] = {}

    @property
    def cold(self) -> PackFiles:
        """Return the cold folder. Raises `Unavailable` while its disk is not there."""
        if self._cold is None:
            raise Unavailable(
                f"the cold packs are away: {self._cold_root} is not the folder they were put in; "
                "is its disk mounted?"
            )
        return self._cold

    def key(self, series: SeriesKey, generation: int) -> str:
        """Name a pack that is about to be built."""
        return self.hot.key(series, generation)

    def fresh(self) -> Path:
        """Name a file to write a part into."""
        return self.hot.fresh()

    def publish(self, written: Path, key: str, part: int) -> None:
        """Put a durable file among the hot ones, which come before cold ones of their name."""
        self.hot.publish(written, key, part)

    def open(self, key: str, part: int = 0) -> FileRanges:
        """Open one part, wherever it lies. Raises `Unavailable`."""
        with contextlib.suppress(Unavailable):
            opened = self.hot.open(key, part)
            self._read(key, cold=False)
            return opened
        with contextlib.suppress(Unavailable):
            opened = self.cold.open(key, part)
            self._read(key, cold=True)
            return opened
        return self.hot.open(key, part)  # recalled meanwhile; or in neither

    def reached(self) -> None:
        """Raise `Unavailable` when one of the folders is away."""
        self.hot.reached()
        self.cold.reached()

    def inventory(self) -> Iterator[tuple[str, datetime]]:
        """Give every pack of both; of the hot ones alone while the cold are away."""
        seen: set[str] = set()
        for files in self._folders():
            for key, at in files.inventory():
                if key not in seen:
                    seen.add(key)
                    yield key, at

    def retire(self, key: str, now: datetime) -> None:
        """Set the time of a pack."""
        for files in self._folders():
            files.retire(key, now)

    def remove(self, key: str) -> None:
        """Delete a pack from both."""
        for files in self._folders():
            files.remove(key)
        self._mark(key).unlink(missing_ok=True)

    def sweep(self, now: datetime) -> int:
        """Delete what writers that died have left."""
        return sum(files.sweep(now) for files in self._folders())

    def wanted(self) -> list[str]:
        """Give the packs that somebody read from the cold folder, in the order of asking."""
        marks = sorted(self._marks.iterdir(), key=lambda path: path.stat().st_mtime)
        return [mark.name.replace("~", "/") for mark in marks]

    def idle(self, before: datetime) -> Iterator[tuple[str, int]]:
        """Give hot packs that nobody read since, with their sizes, longest unread first."""
        found: list[tuple[float, str, int]] = []
        for key, written in self.hot.inventory():
            with contextlib.suppress(FileNotFoundError):
                paths = self.hot.paths(key)
                read = max(paths[0].stat().st_atime, written.timestamp())
                size = sum(path.stat().st_size for path in paths if path.exists())
                if datetime.fromtimestamp(read, UTC) < before:
                    found.append((read, key, size))
        yield from ((key, size) for _read, key, size in sorted(found))

    def lay_off(self, key: str, *, moved: Moved = lambda _count: None) -> None:
        """Move a pack to the cold folder. Raises `Unavailable`, `OSError`, or as `moved`."""
        if not whole(self.hot, key):
            return
        _move(self.hot, self.cold, key, moved)

    def recall(self, key: str, *, moved: Moved = lambda _count: None) -> None:
        """Move a pack back, and take its mark away. Raises as `lay_off`."""
        if not whole(self.hot, key) and whole(self.cold, key):
            _move(self.cold, self.hot, key, moved)
            now = time.time()
            for path in self.hot.paths(key):
                os.utime(path, (now, path.stat().st_mtime))
        self._mark(key).unlink(missing_ok=True)

    def settle(self) -> int:
        """Finish moves that were broken off: no pack stays in both; return how many were."""
        both = {key for key, _at in self.hot.inventory()} & {
            key for key, _at in self.cold.inventory()
        }
        left = 0
        for key in both:
            if whole(self.hot, key):
                self.cold.remove(key)
                left += 1
            elif whole(self.cold, key):
                self.hot.remove(key)
                left += 1
        return left

    def _folders(self) -> list[PackFiles]:
        return [self.hot] if self._cold is None else [self.hot, self._cold]

    def _read(self, key: str, *, cold: bool) -> None:
        """Note that a pack was read, so that it stays where it is, or comes back."""
        if not self._note:
            return
        now_s = time.monotonic()
        if now_s - self._noted.get(key, -_READ_AGAIN_S) < _READ_AGAIN_S and not cold:
            return
        self._noted[key] = now_s
        with contextlib.suppress(OSError):  # a note is no reason to fail a reading
            if cold:
                self._mark(key).touch(exist_ok=True)
            else:
                path = self.hot.paths(key)[0]
                os.utime(path, (time.time(), path.stat().st_mtime))

    def _mark(self, key: str) -> Path:
        return self._marks / key.replace("/", "~")


def whole(files: PackFiles, key: str) -> bool:
    """Tell whether a folder has every part of a pack, as its directories say."""
    try:
        for part in count():
            if PartReader(files.open(key, part)).directory.parts:
                return True
    except ArchipelError:
        return False
    raise AssertionError("unreachable")


def _move(source: PackFiles, target: PackFiles, key: str, moved: Moved) -> None:
    paths = [path for path in source.paths(key) if path.exists()]
    for part in reversed(range(len(paths))):
        path = source.paths_of(key, part)
        fresh = target.fresh()
        try:
            _copy(path, fresh, moved)
            target.publish(fresh, key, part)
        finally:
            fresh.unlink(missing_ok=True)
    source.remove(key)
    sync_directory(paths[0].parent)


def _copy(path: Path, fresh: Path, moved: Moved) -> None:
    """Copy a file, durably, and hold what the disk gives back against what was read."""
    digest = blake3()
    with path.open("rb") as source, fresh.open("xb") as target:
        while piece := source.read(_CHUNK_BYTES):
            digest.update(piece)
            target.write(piece)
            moved(len(piece))
        target.flush()
        os.fsync(target.fileno())
    ranges = FileRanges(fresh, path.name)
    ranges.forget_cached()
    again = blake3()
    for offset in range(0, ranges.size_bytes, _CHUNK_BYTES):
        again.update(ranges.read(offset, _CHUNK_BYTES))
    if again.digest() != digest.digest():
        raise Unavailable(f"pack {path.name}: its copy does not read back as it was written")
    told = path.stat()
    os.utime(fresh, (told.st_atime, told.st_mtime))


def _ours(hot: Path, cold: Path) -> bool:
    """Tell whether the cold folder is the one that packs were put in; at first it becomes so.

    A folder whose disk is not mounted is empty: nothing may be put there, and nothing be missed.
    """
    mine, theirs = hot / _MARK, cold / _MARK
    if not mine.exists():
        token = secrets.token_hex(16)
        cold.mkdir(mode=0o700, parents=True, exist_ok=True)
        hot.mkdir(parents=True, exist_ok=True)
        for path in (theirs, mine):
            path.write_text(token)
    try:
        return mine.read_text() == theirs.read_text()
    except OSError:
        return False
