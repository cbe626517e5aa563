"""Packs as files of a directory. The keys are ours, the same a remote store would be given.

A pack appears under its key whole or not at all: written beside, made durable, renamed.
"""

import contextlib
import hashlib
import os
import re
import secrets
import weakref
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from archipel.archive.model import SeriesKey
from archipel.kernel.errors import Unavailable
from archipel.stores.journal.slot import sync_directory

_STALE = timedelta(days=1)
_KEY = re.compile(r"([a-z0-9-]{1,48}/[0-9a-f]{32}-[0-9]+(?:-[0-9a-f]{8})?)(?:\.([0-9]+))?\.pack")


class FileRanges:
    """Ranges of one file, open for as long as somebody holds this."""

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        try:
            self._fd = _opened(path)
        except OSError as error:
            raise Unavailable(f"pack {name}: {error.strerror}") from error
        weakref.finalize(self, os.close, self._fd)
        self.size_bytes = os.fstat(self._fd).st_size

    def read(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset`, fewer at the end. Raises `Unavailable`."""
        try:
            content = os.pread(self._fd, length, offset)
            while len(content) < length:  # Linux gives at most 2 GiB a call
                more = os.pread(self._fd, length - len(content), offset + len(content))
                if not more:
                    break
                content += more
        except OSError as error:
            raise Unavailable(f"pack {self.name}: {error.strerror}") from error
        return content

    def forget_cached(self) -> None:
        """Have what follows read from the disk, not from memory, where the system obliges."""
        with contextlib.suppress(OSError):
            os.posix_fadvise(self._fd, 0, 0, os.POSIX_FADV_DONTNEED)

    def gone(self) -> bool:
        """Tell whether the file was deleted or replaced meanwhile."""
        return os.fstat(self._fd).st_nlink == 0


def _opened(path: Path) -> int:
    """Open a file; that it was read is noted by `tiers` alone, not by the system."""
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOATIME)
    except PermissionError:  # somebody else's file
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


class PackFiles:
    """The directory of all packs of a node. Methods raise `OSError` where they write."""

    def __init__(self, root: Path) -> None:
        self._root = self.root = root
        self.temporary = root / ".tmp"
        self.temporary.mkdir(parents=True, exist_ok=True)

    def key(self, series: SeriesKey, generation: int) -> str:
        """Name a pack that is about to be built: building it again replaces it by an equal one."""
        return pack_key(series, generation)

    def fresh(self) -> Path:
        """Name a file to write a part into."""
        return self.temporary / f"{os.getpid()}-{secrets.token_hex(8)}"

    def publish(self, written: Path, key: str, part: int) -> None:
        """Give a durable file its key, durably."""
        target = self._path(key, part)
        if not target.parent.is_dir():
            target.parent.mkdir(exist_ok=True)
            sync_directory(self._root)
        written.replace(target)
        sync_directory(target.parent)

    def open(self, key: str, part: int = 0) -> FileRanges:
        """Open one part of a pack. Raises `Unavailable`."""
        return FileRanges(self._path(key, part), part_name(key, part))

    def reached(self) -> None:
        """Raise `Unavailable` when the folder itself is away: a disk that is not mounted."""
        if not self.temporary.is_dir():
            raise Unavailable(f"the folder of packs is away: {self._root}")

    def inventory(self) -> Iterator[tuple[str, datetime]]:
        """Give every pack there is, also one that lacks parts, and its time."""
        seen: set[str] = set()
        for path in sorted(self._root.glob("*/*.pack")):
            found = _KEY.fullmatch(f"{path.parent.name}/{path.name}")
            if found is None or f"{found[1]}.pack" in seen:
                continue
            seen.add(f"{found[1]}.pack")
            with contextlib.suppress(FileNotFoundError):
                modified = path.stat().st_mtime
                yield f"{found[1]}.pack", datetime.fromtimestamp(modified, UTC)

    def retire(self, key: str, now: datetime) -> None:
        """Set the time of a pack, all its parts."""
        for path in self._parts(key):
            with contextlib.suppress(FileNotFoundError):
                os.utime(path, (now.timestamp(), now.timestamp()))

    def remove(self, key: str) -> None:
        """Delete a pack, its first part first: without it the others are nothing."""
        for path in self._parts(key):
            path.unlink(missing_ok=True)

    def sweep(self, now: datetime) -> int:
        """Delete what writers that died have left; return how many files."""
        stale = [
            path
            for path in self.temporary.iterdir()
            if path.stat().st_mtime < (now - _STALE).timestamp()
        ]
        for path in stale:
            path.unlink(missing_ok=True)
        return len(stale)

    def paths(self, key: str) -> list[Path]:
        """Give the files of a pack as they are named, its first part first."""
        first, *others = self._parts(key)
        return [first, *(self._path(key, part) for part in range(1, len(others) + 1))]

    def paths_of(self, key: str, part: int) -> Path:
        """Give the file of one part as it is named."""
        return self._path(key, part)

    def _parts(self, key: str) -> list[Path]:
        first = self._path(key, 0)
        others = first.parent.glob(f"{first.stem}.*.pack")
        return [first, *sorted(others)]

    def _path(self, key: str, part: int) -> Path:
        name = part_name(key, part)
        if not _KEY.fullmatch(name):  # keys are made by us; a damaged index could say anything
            raise Unavailable(f"not a pack's key: {name[:80]!r}")
        return self._root / name


def pack_key(key: SeriesKey, generation: int) -> str:
    """Return the key of a series' pack: no text of the sender's is in it but its hash."""
    name = f"{key.tenant}\n{key.study}\n{key.series}".encode()
    return f"{key.tenant}/{hashlib.blake2b(name, digest_size=16).hexdigest()}-{generation}.pack"


def part_name(key: str, part: int) -> str:
    """Return the name of one part of a pack."""
    return f"{key.removesuffix('.pack')}.{part}.pack" if part else key
