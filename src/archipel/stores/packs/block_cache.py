"""Blocks of remote packs kept on the local disk, bounded in bytes, shared by all processes.

What is read here is believed only by its digest, so a torn or rotten file costs one more fetch.
Least recently read goes first; each process trims after it has added a small part of the limit.
"""

import contextlib
import fcntl
import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

_TRIMMED = 7 / 8  # of the limit; the rest is what processes may add before they trim again
_ADDED = 1 / 64  # of the limit: eight processes stay below it together
_TOUCH_S = 60.0  # a block read again within that is not marked again


class BlockCache:
    """Files in `folder`: blocks by the name of their part and their number. For any thread.

    A disk that refuses is no error: then nothing is kept.
    """

    def __init__(self, folder: Path, *, limit_bytes: int) -> None:
        self._folder, self._limit_bytes = folder, limit_bytes
        self._added = 0
        folder.mkdir(parents=True, exist_ok=True)

    def get(self, name: str, block: int) -> bytes | None:
        """Return what is kept as that block, unchecked; None where nothing is."""
        path = self._path(name, block)
        try:
            with path.open("rb") as file:
                if time.time() - os.fstat(file.fileno()).st_mtime > _TOUCH_S:
                    os.utime(file.fileno())
                return file.read()
        except OSError:
            return None

    def put(self, name: str, block: int, content: bytes | memoryview) -> None:
        """Keep a block."""
        path = self._path(name, block)
        fresh = self._folder / f".{os.getpid()}-{secrets.token_hex(6)}"
        try:
            fresh.write_bytes(content)
            path.parent.mkdir(exist_ok=True)
            fresh.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                fresh.unlink()
            return
        self._added += len(content)
        if self._added >= self._limit_bytes * _ADDED:
            self._added = 0
            self.trim()

    def drop(self, name: str, block: int) -> None:
        """Forget a block that is not what it should be."""
        with contextlib.suppress(OSError):
            self._path(name, block).unlink()

    def trim(self) -> int:
        """Delete what was read longest ago until the rest is within bounds; return its bytes."""
        lock = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            found = sorted(self._files())
            total = sum(size for _read_at, size, _path in found)
            for _read_at, size, path in found:
                if total <= self._limit_bytes * _TRIMMED:
                    break
                with contextlib.suppress(OSError):
                    path.unlink()
                total -= size
            return total
        finally:
            os.close(lock)

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        for folder in os.scandir(self._folder):
            if not folder.is_dir():
                continue
            for entry in os.scandir(folder.path):
                with contextlib.suppress(FileNotFoundError):
                    said = entry.stat()
                    yield said.st_mtime, said.st_size, Path(entry.path)

    def _path(self, name: str, block: int) -> Path:
        hashed = hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
        return self._folder / hashed[:2] / f"{hashed}-{block}"
