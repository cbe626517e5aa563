"""The packs of a node: built from the journal and from what a series had been sealed in before."""

import contextlib
import errno
import mmap
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count
from pathlib import Path

from archipel.archive.model import (
    Held,
    InstanceKey,
    JournalPlace,
    PackLabel,
    PackPlace,
    Receipt,
    Sealed,
    SeriesKey,
    ToSeal,
)
from archipel.exchange.manifest import CHUNK_BYTES
from archipel.exchange.offered import Described
from archipel.kernel.errors import Exhausted, Unavailable
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.journal.reader import JournalReader
from archipel.stores.packs.files import FileRanges, PackFiles, pack_key
from archipel.stores.packs.format import Directory, Entry
from archipel.stores.packs.index import Packed, pack_index
from archipel.stores.packs.metadata import instance_metadata
from archipel.stores.packs.reader import PartReader
from archipel.stores.packs.series_pack import SeriesPack
from archipel.stores.packs.shelf import PackRanges, Shelf
from archipel.stores.packs.travel import describe, written_us
from archipel.stores.packs.writer import PartWriter, Source

__all__ = ["PART_BYTES", "PackStore", "pack_key"]

PART_BYTES = 4 << 30  # a part is closed behind the instance that passes it
_IN_MEMORY_BYTES = 64 << 20  # a larger data set is laid in a file while it is packed
_OPEN_PACKS = 64
_READ_BYTES = 64 * CHUNK_BYTES  # of one read by the scrub


class PackStore:
    """`archive.ports.Packs` on a shelf: `home`/packs where no other is given.

    For any number of threads and processes.
    """

    def __init__(
        self,
        home: Path,
        *,
        shelf: Shelf | None = None,
        journal: JournalReader | None = None,
        part_bytes: int = PART_BYTES,
    ) -> None:
        self._files: Shelf = shelf or PackFiles(home / "packs")
        self._journal = journal or JournalReader(home)
        self._part_bytes = part_bytes
        self._lock = threading.Lock()
        self._open: OrderedDict[str, tuple[PackRanges, SeriesPack]] = OrderedDict()

    def open(self, key: str) -> SeriesPack:
        """Open a pack, or give the one that is open. Raises `Unavailable`, `Malformed`."""
        with self._lock:
            known = self._open.get(key)
            if known is not None and not known[0].gone():
                self._open.move_to_end(key)
                return known[1]
        first = self._files.open(key)

        def part(number: int) -> PartReader:
            return PartReader(self._files.open(key, number) if number else first)

        opened = SeriesPack(key, part)
        with self._lock:
            self._open[key] = (first, opened)
            while len(self._open) > _OPEN_PACKS:
                self._open.popitem(last=False)
        return opened

    def build(self, series: ToSeal) -> Sealed:
        """Write the series' pack, hold every instance against its digest, make it durable.

        Raises `DamagedContent` when a source lost its digest, `Exhausted`, `Unavailable`.
        """
        key = self._files.key(series.key, series.generation)
        writing = _Parts(self._files, series, self._part_bytes)
        sources = _Sources(self, self._journal, self._files.temporary)
        packed: list[Packed] = []
        try:
            for held in series.instances:
                with sources.of(held) as source:
                    writing.add(source)
                place = PackPlace(key, len(packed))
                packed.append(Packed(replace(held, place=place), source.receipt.header))
            size_bytes = writing.publish(key)
        except OSError as error:
            raise _refused(error, key) from error
        finally:
            writing.close()
        return Sealed(
            key=series.key,
            generation=series.generation,
            pack=key,
            size_bytes=size_bytes,
            instances=tuple(one.held for one in packed),
            index=pack_index(packed),
        )

    def build_again(self, pack: str, key: SeriesKey, instances: Sequence[Held]) -> Sealed:
        """Build a pack once more, from wherever its instances lie. Raises as `build`.

        A folder gives it the same key, an object store a new one. Raises `Unavailable` when it is
        no pack of that series.
        """
        generation = generation_of(pack)
        if not pack.startswith(pack_key(key, generation).removesuffix(".pack")):
            raise Unavailable(f"{pack} is no pack of that series: rebuild the index")
        return self.build(ToSeal(key=key, generation=generation, instances=tuple(instances)))

    def parts(self, pack: str) -> int:
        """Count the files of a pack. Raises `Unavailable` when its first is not there.

        What was read of it before is forgotten: directories, skeletons come from the disk again.
        """
        with self._lock:
            self._open.pop(pack, None)
        self._files.open(pack)
        for part in count(1):
            try:
                self._files.open(pack, part)
            except Unavailable:
                return part
        raise AssertionError("unreachable")

    def reached(self) -> None:
        """Raise `Unavailable` when it is the whole shelf that is away, not a pack of it."""
        self._files.reached()

    def chunks(self, pack: str, part: int) -> Iterator[bytes]:
        """Read a file anew from the disk, in chunks of exchange. Raises `Unavailable`."""
        ranges = self._files.open(pack, part)
        ranges.forget_cached()
        for offset in range(0, ranges.size_bytes, _READ_BYTES):
            some = ranges.read(offset, _READ_BYTES)
            for start in range(0, len(some), CHUNK_BYTES):
                yield some[start : start + CHUNK_BYTES]

    def label(self, pack: str) -> PackLabel:
        """Say whose a pack is. Raises `Malformed` when it is damaged, `Unavailable`."""
        first = self.open(pack).first
        directory = first.directory
        return PackLabel(
            pack=pack,
            key=_series_key(directory),
            generation=directory.generation,
            written_at=first.written_at(),
        )

    def read(self, pack: str) -> tuple[Sealed, Sequence[Receipt]]:
        """Say all that a pack knows, with the receipts of its instances.

        Every section that is not an instance's own is held against its digest. Raises as `label`.
        """
        opened = self.open(pack)
        key = _series_key(opened.first.directory)
        opened.metadata()
        receipts = [receipt for part in opened.parts() for receipt in part.receipts()]
        packed = [
            Packed(_held(entry, receipt, key, PackPlace(pack, number)), receipt.header)
            for (number, _part, entry), receipt in zip(opened.entries(), receipts, strict=True)
        ]
        sealed = Sealed(
            key=key,
            generation=opened.first.directory.generation,
            pack=pack,
            size_bytes=sum(part.size_bytes for part in opened.parts()),
            instances=tuple(one.held for one in packed),
            index=pack_index(packed),
        )
        return sealed, receipts

    def dataset(self, place: PackPlace) -> bytes:
        """Read one data set, bit for bit. Raises `DamagedContent`, `Unavailable`."""
        part, entry = self.open(place.pack).entry(place.entry)
        return b"".join(part.pieces(entry))

    def describe(self, pack: str) -> Sequence[Described]:
        """Read and hash every file of a pack, by part. Raises `Malformed`, `Unavailable`."""
        parts = sum(1 for _part in self.open(pack).parts())
        return [describe(self._files.open(pack, part)) for part in range(parts)]

    def written_us(self, pack: str) -> int:
        """Return when a pack was begun, as its first file says. Raises as `describe`."""
        return written_us(self._files.open(pack))

    def ranges(self, pack: str, part: int) -> PackRanges:
        """Open one file of a pack as bytes. Raises `Unavailable`."""
        return self._files.open(pack, part)

    def inventory(self) -> Iterator[tuple[str, datetime]]:
        """Give every pack there is, and when it was written or retired."""
        return self._files.inventory()

    def retire(self, pack: str, *, now: datetime) -> None:
        """Start the grace of a pack that a newer generation replaced."""
        self._files.retire(pack, now)

    def remove(self, pack: str) -> None:
        """Delete a pack for good. Raises `Unavailable`."""
        with self._lock:
            self._open.pop(pack, None)
        try:
            self._files.remove(pack)
        except OSError as error:
            raise Unavailable(f"pack {pack}: {error.strerror}") from error

    def sweep(self, *, now: datetime) -> int:
        """Delete what builders that died a day ago have left; return how many files."""
        return self._files.sweep(now)


class _Sources:
    """Where the instances of a series come from while it is packed."""

    def __init__(self, packs: PackStore, journal: JournalReader, temporary: Path) -> None:
        self._packs, self._journal, self._temporary = packs, journal, temporary
        self._receipts: tuple[PartReader, Sequence[Receipt]] | None = None  # of the last part

    @contextlib.contextmanager
    def of(self, held: Held) -> Iterator[Source]:
        """Give one instance, its bytes for as long as the block lasts."""
        receipt, meta, pieces = self._found(held)
        with _content(pieces, held.size_bytes, self._temporary) as content:
            yield Source(held, receipt, meta, content, instance_metadata(content, held))

    def _found(self, held: Held) -> tuple[Receipt, bytes, Iterator[bytes]]:
        place = held.place
        if isinstance(place, JournalPlace):
            receipt = self._journal.record(place).receipt
            return receipt, self._journal.meta(place), self._journal.pieces(place)
        part, entry = self._packs.open(place.pack).entry(place.entry)
        if self._receipts is None or self._receipts[0] is not part:
            self._receipts = (part, part.receipts())
        receipt = self._receipts[1][place.entry - part.directory.first_entry]
        return receipt, part.meta(entry), part.pieces(entry)


class _Parts:
    """The parts of one pack while they are written."""

    def __init__(self, files: Shelf, series: ToSeal, part_bytes: int) -> None:
        self._files, self._series, self._part_bytes = files, series, part_bytes
        self._written: list[Path] = []
        self._writer: PartWriter | None = None
        self._entries = 0

    def add(self, source: Source) -> None:
        """Pack one instance, in a new part when the last one is full."""
        if self._writer is not None and self._writer.size_bytes >= self._part_bytes:
            self._writer.finish(parts=0)
            self._writer = None
        if self._writer is None:
            self._written.append(self._files.fresh())
            self._writer = PartWriter(
                self._written[-1],
                self._series.key,
                generation=self._series.generation,
                part=len(self._written) - 1,
                first_entry=self._entries,
            )
        self._writer.add(source)
        self._entries += 1

    def publish(self, key: str) -> int:
        """Finish, read every directory back, give the parts their names; return all bytes.

        The first part comes last: a pack whose first part is there is whole.
        """
        if self._writer is None:
            raise ValueError("a pack of no instances")
        self._writer.finish(parts=len(self._written))
        self._writer = None
        readers = [PartReader(FileRanges(path, key)) for path in self._written]
        if sum(len(reader.directory.entries) for reader in readers) != self._entries:
            raise Unavailable(f"pack {key} reads back otherwise than it was written")
        for part in reversed(range(len(self._written))):
            self._files.publish(self._written[part], key, part)
        return sum(reader.size_bytes for reader in readers)

    def close(self) -> None:
        """Leave nothing behind."""
        if self._writer is not None:
            with contextlib.suppress(OSError):  # what it could not flush is thrown away anyway
                self._writer.close()
        for path in self._written:
            path.unlink(missing_ok=True)


def generation_of(pack: str) -> int:
    """Return the generation that a pack's key names. Raises `Unavailable` when it is no key."""
    words = pack.rpartition("/")[2].removesuffix(".pack").split("-")
    if len(words) < 2 or not words[1].isdigit():  # noqa: PLR2004  (hash and generation)
        raise Unavailable(f"not a pack's key: {pack[:80]!r}")
    return int(words[1])


def _series_key(directory: Directory) -> SeriesKey:
    return SeriesKey(TenantId(directory.tenant), Uid(directory.study), Uid(directory.series))


def _held(entry: Entry, receipt: Receipt, key: SeriesKey, place: PackPlace) -> Held:
    return Held(
        tenant=key.tenant,
        key=InstanceKey(key.study, key.series, receipt.sop_instance),
        sop_class=receipt.sop_class,
        transfer_syntax=receipt.transfer_syntax,
        size_bytes=entry.size_bytes,
        digest=entry.digest,
        number=entry.number,
        frames=entry.frames,
        received_at=receipt.received_at,
        source=receipt.source,
        place=place,
    )


@contextlib.contextmanager
def _content(pieces: Iterator[bytes], size_bytes: int, directory: Path) -> Iterator[memoryview]:
    """Lay a data set out in memory, or, when it is large, in a file that has no name.

    Mapping the journal itself would be quicker, but a bad block would then kill the process
    instead of raising an error.
    """
    if size_bytes <= _IN_MEMORY_BYTES:
        yield memoryview(b"".join(pieces))
        return
    with tempfile.TemporaryFile(dir=directory) as file:
        for piece in pieces:
            file.write(piece)
        file.flush()
        # Closed when the last view of it goes: an exception under way may still hold one.
        yield memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _refused(error: OSError, key: str) -> Exhausted | Unavailable:
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return Exhausted(f"no room for pack {key}; the series stays in the journal")
    return Unavailable(f"pack {key} cannot be written: {error.strerror}")
