"""A damaged pack file is laid beside, its bad chunks are filled, and it is put back when proved.

The damaged file is not touched until its successor is whole and durable: should the mending end
anywhere, the pack is as damaged as before, and the chunks that came are kept.
"""

import contextlib
import os
import shutil
from pathlib import Path

from archipel.archive.model import SeriesKey
from archipel.exchange.manifest import CHUNK_BYTES, PackEntry
from archipel.kernel.errors import Unavailable
from archipel.stores.packs.files import FileRanges
from archipel.stores.packs.part_file import DiskPartFile, refused
from archipel.stores.packs.reader import PartReader
from archipel.stores.packs.shelf import Shelf
from archipel.stores.packs.spool import check_against


class PackBench:
    """Where packs of `home` are mended, one file at a time."""

    def __init__(self, home: Path, shelf: Shelf) -> None:
        self._packs = shelf
        self._root = home / "spool" / "mending"

    def key(self, series: SeriesKey, entry: PackEntry) -> str:
        """Name what a mended pack is to be: the same on a folder, a new name in a bucket."""
        return self._packs.key(series, entry.generation)

    def lay_out(self, pack: str, entry: PackEntry) -> DiskPartFile:
        """Copy what can be read of a file; which chunks are good its digests will tell.

        Raises `Exhausted`, `Unavailable`.
        """
        folder = self._root / entry.root
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            copy = folder / f"{entry.root}.part"
            if not copy.exists():
                self._copy(pack, entry, copy)
        except OSError as error:
            raise refused(error) from error
        return DiskPartFile(folder, entry, lambda _leaf: None)

    def put_back(self, laid: DiskPartFile, pack: str, entry: PackEntry, key: SeriesKey) -> None:
        """Prove a file that is complete, and put it under a name, durably.

        Its root proves every byte; its instances are held against their digests all the same.
        Raises `Unavailable`, `DamagedContent`, `Malformed`, `Exhausted`.
        """
        if len(laid.have) != entry.chunks:
            raise Unavailable(f"pack {pack} is not whole yet")
        try:
            os.truncate(laid.path, entry.size_bytes)
            check_against(PartReader(FileRanges(laid.path, pack)), key)
            laid.sync()
            self._packs.publish(laid.path, pack, entry.part)
        except OSError as error:
            raise refused(error) from error
        shutil.rmtree(laid.path.parent, ignore_errors=True)

    def _copy(self, pack: str, entry: PackEntry, copy: Path) -> None:
        fresh = copy.with_suffix(".new")
        with fresh.open("wb") as file:
            with contextlib.suppress(Unavailable):  # it is gone: every chunk is fetched
                damaged = self._packs.open(pack, entry.part)
                for chunk in range(entry.chunks):
                    offset = chunk * CHUNK_BYTES
                    with contextlib.suppress(Unavailable):  # a bad sector: a hole
                        file.seek(offset)
                        file.write(damaged.read(offset, entry.chunk_bytes(chunk)))
            file.truncate(entry.size_bytes)
        fresh.replace(copy)
