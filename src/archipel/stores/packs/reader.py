"""Reads one part of a pack: a frame is two ranges, the low pass of a series is one."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Protocol

import zstandard
from blake3 import blake3
from crc32c import crc32c

from archipel.archive.errors import DamagedContent
from archipel.archive.model import Receipt
from archipel.kernel.errors import Malformed, NotFound
from archipel.kernel.uid import Uid
from archipel.stores.journal.segment import unpack_receipt
from archipel.stores.packs import codestream
from archipel.stores.packs.format import (
    HEAD_BYTES,
    TAIL_BYTES,
    Directory,
    Entry,
    Fill,
    FillKind,
    Section,
    created_us,
    directory_span,
    unpack,
    unpack_directory,
)


class Ranges(Protocol):
    """Where a part lies: a local file, or an object of a remote store."""

    name: str
    size_bytes: int

    def read(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset`, fewer at the end. Raises `Unavailable`."""


class PartReader:
    """One part of a pack. Raises `Malformed` when it is none. For any number of threads."""

    def __init__(self, ranges: Ranges) -> None:
        self._ranges = ranges
        size = ranges.size_bytes
        tail = ranges.read(max(0, size - TAIL_BYTES), TAIL_BYTES)
        offset, length, digest = directory_span(tail)
        self.directory: Directory = unpack_directory(ranges.read(offset, length), digest)
        self._block: tuple[int, bytes] = (-1, b"")  # the skeleton block unpacked last
        self._frames: dict[str, dict[int, list[Fill]]] = {}  # by instance, then number

    @property
    def size_bytes(self) -> int:
        """Return how large the part is."""
        return self._ranges.size_bytes

    def written_at(self) -> datetime:
        """Return when the part was begun. Raises `Malformed`."""
        begun_us = created_us(self._ranges.read(0, HEAD_BYTES))
        return datetime.fromtimestamp(begun_us / 1e6, UTC)

    def frame(self, entry: Entry, number: int) -> tuple[bytes, bool]:
        """Return frame `number`, 1 first, and whether it is one of our HTJ2K codestreams.

        Raises `NotFound` when the pack knows no such frame by itself, `DamagedContent`.
        """
        fills = self._of_frame(entry, number)
        stored = b"".join(self._stored(entry, fill) for fill in fills)
        return stored, fills[0].kind is FillKind.HTJ2K

    def low_frame(self, entry: Entry, number: int) -> bytes:
        """Return frame `number` as a codestream of a quarter of its resolution, or less.

        Raises `NotFound` when it is not kept as HTJ2K, `DamagedContent`.
        """
        fill = self._of_frame(entry, number)[0]
        if fill.kind is not FillKind.HTJ2K:
            raise NotFound(f"frame {number} of {entry.sop_instance} is not kept by resolution")
        return codestream.ended(self._low(entry, fill))

    def low_frames(self) -> Iterator[tuple[Entry, int, bytes]]:
        """Give instance, frame number and low codestream of every such frame, by one read."""
        section = self.directory.low
        content = memoryview(self._ranges.read(section.offset, section.length))
        for entry in self.directory.entries:
            for fill in entry.fills:
                if fill.kind is FillKind.HTJ2K:
                    low = bytes(content[fill.low_at : fill.low_at + fill.low_stored])
                    self._check(entry, low, fill.low_crc)
                    yield entry, fill.frame, codestream.ended(low)

    def meta(self, entry: Entry) -> bytes:
        """Return preamble, prefix and group 2 of the Part 10 file."""
        return self._skeleton(entry)[: entry.meta_bytes]

    def pieces(self, entry: Entry) -> Iterator[bytes]:
        """Give the data set as received, bit for bit, in pieces.

        Raises `DamagedContent`, at the end at the latest, when it lost its digest.
        """
        skeleton = memoryview(self._skeleton(entry))[entry.meta_bytes :]
        digest, taken, position = blake3(), 0, 0
        for fill in entry.fills:
            gap = skeleton[taken : taken + fill.start - position]
            for piece in (bytes(gap), self._value(entry, fill)):
                digest.update(piece)
                yield piece
            taken += len(gap)
            position = fill.start + fill.length
        last = bytes(skeleton[taken:])
        digest.update(last)
        yield last
        if digest.digest() != entry.digest:
            raise DamagedContent(Uid(entry.sop_instance), self._ranges.name)

    def metadata(self) -> bytes:
        """Return gzip of the DICOM JSON array of all entries."""
        return self._section(self.directory.metadata)

    def receipts(self) -> Sequence[Receipt]:
        """Return the journal's receipts of all entries. Raises `Malformed`."""
        packed: list[bytes] = unpack(self._section(self.directory.facts), list[bytes])
        return [unpack_receipt(one) for one in packed]

    def _of_frame(self, entry: Entry, number: int) -> list[Fill]:
        frames = self._frames.get(entry.sop_instance)
        if frames is None:
            frames = {}
            for fill in entry.fills:
                frames.setdefault(fill.frame, []).append(fill)
            frames.pop(0, None)
            self._frames[entry.sop_instance] = frames
        fills = frames.get(number)
        if not fills:
            raise NotFound(f"instance {entry.sop_instance} has no frame {number}")
        return fills

    def _stored(self, entry: Entry, fill: Fill) -> bytes:
        if fill.kind is FillKind.HTJ2K:
            return self._low(entry, fill) + self._rest(entry, fill)
        return self._value(entry, fill)

    def _value(self, entry: Entry, fill: Fill) -> bytes:
        if fill.kind is FillKind.HTJ2K and entry.samples is not None:
            try:
                return codestream.decode(self._stored(entry, fill), entry.samples)
            except ValueError as error:
                raise self._damaged(entry) from error
        if fill.kind is FillKind.ZSTD:
            try:
                return zstandard.ZstdDecompressor().decompress(self._rest(entry, fill))
            except zstandard.ZstdError as error:
                raise self._damaged(entry) from error
        return self._rest(entry, fill)

    def _low(self, entry: Entry, fill: Fill) -> bytes:
        offset = self.directory.low.offset + fill.low_at
        return self._check(entry, self._ranges.read(offset, fill.low_stored), fill.low_crc)

    def _rest(self, entry: Entry, fill: Fill) -> bytes:
        blob = fill.kind in {FillKind.ZSTD, FillKind.RAW}
        section = self.directory.blob if blob else self.directory.rest
        content = self._ranges.read(section.offset + fill.at, fill.stored)
        return self._check(entry, content, fill.crc)

    def _skeleton(self, entry: Entry) -> bytes:
        """Return meta and skeleton of one instance; they lie within one block."""
        for block in self.directory.blocks:
            inside = entry.skeleton_at - block.plain_at
            if 0 <= inside < block.plain_bytes:
                plain = self._unpacked(entry, block.plain_at, block.at, block.stored)
                return plain[inside : inside + entry.meta_bytes + entry.skeleton_bytes]
        return b""

    def _unpacked(self, entry: Entry, plain_at: int, at: int, stored: int) -> bytes:
        known, plain = self._block
        if known != plain_at:
            content = self._ranges.read(self.directory.skeleton.offset + at, stored)
            try:
                plain = zstandard.ZstdDecompressor().decompress(content)
            except zstandard.ZstdError as error:
                raise self._damaged(entry) from error
            self._block = (plain_at, plain)
        return plain

    def _section(self, section: Section) -> bytes:
        content = self._ranges.read(section.offset, section.length)
        if blake3(content).digest() != section.digest:
            raise Malformed(f"{self._ranges.name}: a section does not match its digest")
        return content

    def _check(self, entry: Entry, content: bytes, checksum: int) -> bytes:
        if crc32c(content) != checksum:
            raise self._damaged(entry)
        return content

    def _damaged(self, entry: Entry) -> DamagedContent:
        return DamagedContent(Uid(entry.sop_instance), f"pack {self._ranges.name}")
