"""Where pack files stand: what `PackStore` needs of a folder or of an object store."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Protocol

from archipel.archive.model import SeriesKey
from archipel.stores.packs.reader import Ranges


class PackRanges(Ranges, Protocol):
    """One part of a pack, open."""

    def gone(self) -> bool:
        """Tell whether it was deleted or replaced meanwhile, so that it must be opened again."""

    def forget_cached(self) -> None:
        """Have what follows read from the disk itself, where the system obliges."""


class Shelf(Protocol):
    """A place for packs, shared by any number of processes.

    A part appears under its name whole and durable, or not at all. Methods that write raise
    `OSError` where the local disk refuses, `Unavailable` or `Exhausted` where a store does.
    """

    temporary: Path
    """A local folder for what is being built."""

    def key(self, series: SeriesKey, generation: int) -> str:
        """Name a pack that is about to be built."""

    def fresh(self) -> Path:
        """Name a file to write a part into."""

    def publish(self, written: Path, key: str, part: int) -> None:
        """Put a durable file in its place, durably, and prove it; the file may be gone then."""

    def open(self, key: str, part: int = 0) -> PackRanges:
        """Open one part of a pack. Raises `Unavailable`."""

    def reached(self) -> None:
        """Raise `Unavailable` when the whole shelf is away, so that no pack is to blame."""

    def inventory(self) -> Iterator[tuple[str, datetime]]:
        """Give every pack there is, also one that lacks parts, and when it was put or retired."""

    def retire(self, key: str, now: datetime) -> None:
        """Start the grace of a pack that was replaced."""

    def remove(self, key: str) -> None:
        """Delete a pack, its first part first: without it the others are nothing."""

    def sweep(self, now: datetime) -> int:
        """Delete what writers that died have left; return how many files."""
