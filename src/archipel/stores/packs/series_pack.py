"""A pack as a whole: its parts in their order, entries counted across them."""

import gzip
from collections.abc import Callable, Iterator

from archipel.kernel.errors import Malformed, Unavailable
from archipel.stores.packs.format import Entry
from archipel.stores.packs.reader import PartReader

_GZIP_LEVEL = 6


class SeriesPack:
    """All parts of one pack; `open_part` gives part n. Parts are opened when they are needed."""

    def __init__(self, key: str, open_part: Callable[[int], PartReader]) -> None:
        self.key = key
        self._open_part = open_part
        self._parts = [open_part(0)]

    @property
    def first(self) -> PartReader:
        """Return the first part, which says whose the pack is."""
        return self._parts[0]

    def parts(self) -> Iterator[PartReader]:
        """Give every part."""
        number = 0
        while True:
            part = self._part(number)
            yield part
            number += 1
            if part.directory.parts:
                return

    def entry(self, number: int) -> tuple[PartReader, Entry]:
        """Return an entry and the part it lies in. Raises `Unavailable` when there is none."""
        for part in self.parts():
            inside = number - part.directory.first_entry
            if 0 <= inside < len(part.directory.entries):
                return part, part.directory.entries[inside]
        raise Unavailable(f"pack {self.key} has no entry {number}: rebuild the index")

    def entries(self) -> Iterator[tuple[int, PartReader, Entry]]:
        """Give every entry with its number."""
        for part in self.parts():
            for inside, entry in enumerate(part.directory.entries):
                yield part.directory.first_entry + inside, part, entry

    def metadata(self) -> bytes:
        """Return gzip of the DICOM JSON array of all entries."""
        documents = [part.metadata() for part in self.parts()]
        if len(documents) == 1:
            return documents[0]
        inner = [gzip.decompress(document)[1:-1] for document in documents]
        return gzip.compress(b"[" + b",".join(inner) + b"]", _GZIP_LEVEL)

    def _part(self, number: int) -> PartReader:
        parts = self._parts
        if number < len(parts):
            return parts[number]
        part = self._open_part(number)
        whole = (part.directory.series, part.directory.generation, part.directory.part)
        first = self.first.directory
        if whole != (first.series, first.generation, number):
            raise Malformed(f"part {number} of pack {self.key} belongs to another pack")
        self._parts = [*parts[:number], part]  # replaced whole: other threads may be reading
        return part
