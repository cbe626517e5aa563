"""Packs copied from where they stand to another shelf, while the node goes on.

A pack never changes, so one that was copied and proved is done: its key is noted in a file, and a
copy that was killed goes on behind it.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from archipel.kernel.errors import Unavailable
from archipel.stores.packs.shelf import PackRanges, Shelf
from archipel.stores.packs.store import PackStore

_PIECE_BYTES = 4 << 20


class Done:
    """The keys of packs that are proved to be in their new place, a line each."""

    def __init__(self, file: Path) -> None:
        self._file = file
        text = file.read_text() if file.exists() else ""
        self.keys = set(text.splitlines()[: text.count("\n")])  # a torn last line is no key

    def add(self, key: str) -> None:
        """Note one."""
        with self._file.open("a") as file:
            if file.tell() and not self._ended():
                file.write("\n")
            file.write(f"{key}\n")
            file.flush()
            os.fdatasync(file.fileno())
        self.keys.add(key)

    def _ended(self) -> bool:
        with self._file.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"


def waiting(source: Shelf, done: Done) -> list[str]:
    """Name the packs that are not copied yet."""
    return [key for key, _at in source.inventory() if key not in done.keys]


def copy_pack(key: str, *, home: Path, source: Shelf, target: Shelf) -> int:
    """Copy one pack, its first part last, proved; return its bytes. 0: it is gone meanwhile.

    Raises `Unavailable` when the target cannot be relied upon, `Malformed` for a damaged pack.
    """
    try:
        parts = sum(1 for _part in PackStore(home, shelf=source).open(key).parts())
        ranges = [source.open(key, part) for part in range(parts)]
    except Unavailable:
        if key in {one for one, _at in source.inventory()}:
            raise
        return 0
    for part in reversed(range(parts)):
        fresh = target.fresh()
        try:
            with fresh.open("wb") as file:
                for piece in _pieces(ranges[part]):
                    file.write(piece)
            target.publish(fresh, key, part)
        finally:
            fresh.unlink(missing_ok=True)
    return sum(one.size_bytes for one in ranges)


def _pieces(ranges: PackRanges) -> Iterator[bytes]:
    for start in range(0, ranges.size_bytes, _PIECE_BYTES):
        yield ranges.read(start, _PIECE_BYTES)
