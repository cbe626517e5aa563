"""Writes one part of a pack, instance by instance, in bounded memory, checked as it is written.

Every frame is decoded again and every instance hashed as it would be rebuilt, while it is at
hand: what does not have the digest taken at reception is not sealed. LOW goes to the front of the
file, REST and BLOB to side files that are appended when the last instance has come.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec
import zstandard
from blake3 import blake3
from crc32c import crc32c

from archipel.archive.errors import DamagedContent
from archipel.archive.model import Held, Receipt, SeriesKey
from archipel.standards.dicom.skeleton import Hole, HoleKind, holes
from archipel.standards.dicom.transfer_syntax import of
from archipel.stores.journal.segment import pack_receipt
from archipel.stores.packs import codestream
from archipel.stores.packs.format import (
    HEAD_BYTES,
    VERSION,
    Block,
    Directory,
    Entry,
    Fill,
    FillKind,
    Samples,
    Section,
    head,
    pack_directory,
)

_BLOCK_BYTES = 256 << 10  # of SKEL, unpacked
_PIECE_BYTES = 16 << 20  # larger values are several fills
_BUFFER_BYTES = 1 << 20
_BLOB_LEVEL, _SKELETON_LEVEL, _META_LEVEL = 3, 6, 6
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Source:
    """One instance to be packed."""

    held: Held
    receipt: Receipt
    meta: bytes  # preamble, prefix and group 2
    content: memoryview  # data set as received
    metadata: bytes  # DICOM JSON object (PS3.18 F)


class PartWriter:
    """One part of a pack being written to `path`, which `finish` makes durable."""

    def __init__(
        self, path: Path, key: SeriesKey, *, generation: int, part: int, first_entry: int
    ) -> None:
        self._identity = (str(key.tenant), str(key.study), str(key.series), generation)
        self._part, self._first_entry = part, first_entry
        self._main = path.open("wb", buffering=_BUFFER_BYTES)
        self._rest, self._blob = (_spool(path.parent), _spool(path.parent))
        self._low_at = self._rest_at = self._blob_at = 0
        self._skeleton = bytearray()  # of the block being filled
        self._skeleton_at = 0  # unpacked, of the next instance
        self._blocks: list[Block] = []
        self._packed_blocks: list[bytes] = []
        self._packed_bytes = 0
        self._gzip = zlib.compressobj(_META_LEVEL, wbits=_GZIP)
        self._metadata: list[bytes] = []
        self._facts: list[bytes] = []
        self._entries: list[Entry] = []
        self._zstd = zstandard.ZstdCompressor(level=_BLOB_LEVEL)
        self._main.write(head(int(path.stat().st_mtime_ns // 1000)))

    @property
    def size_bytes(self) -> int:
        """How large the part is so far, about."""
        return HEAD_BYTES + self._low_at + self._rest_at + self._blob_at + self._packed_bytes

    @property
    def entries(self) -> int:
        """How many instances it holds."""
        return len(self._entries)

    def add(self, source: Source) -> None:
        """Pack one instance. Raises `DamagedContent` when it is not what was received."""
        held, content = source.held, source.content
        walk = _Walk(content)
        for hole in holes(content, str(held.transfer_syntax)):
            for start in range(hole.start, hole.start + hole.length, _piece(hole)):
                end = min(start + _piece(hole), hole.start + hole.length)
                fill, samples = self._fill(hole, content[start:end], start, held)
                walk.fill(fill, samples)
        walk.end()
        if walk.digest.digest() != held.digest:
            raise DamagedContent(held.key.sop_instance, "the source of its pack")
        self._entries.append(
            Entry(
                sop_instance=str(held.key.sop_instance),
                sop_class=str(held.sop_class),
                transfer_syntax=str(held.transfer_syntax),
                number=held.number,
                frames=held.frames,
                size_bytes=len(content),
                digest=held.digest,
                sha256=walk.sha256.digest(),
                skeleton_at=self._skeleton_at,
                meta_bytes=len(source.meta),
                skeleton_bytes=sum(len(gap) for gap in walk.skeleton),
                samples=walk.samples,
                fills=tuple(walk.fills),
            )
        )
        self._facts.append(pack_receipt(source.receipt))
        self._append_skeleton([source.meta, *walk.skeleton])
        self._metadata.append(self._gzip.compress(b"," if self._metadata else b"["))
        self._metadata.append(self._gzip.compress(source.metadata))

    def finish(self, *, parts: int) -> None:
        """Append all that follows LOW and make the file durable. Raises `OSError`.

        `parts` is how many the pack has, told by its last part; 0 in the others.
        """
        main = self._main
        low = Section(HEAD_BYTES, self._low_at)
        rest, blob = self._append_spool(self._rest), self._append_spool(self._blob)
        self._close_block()
        skeleton = self._append(self._packed_blocks)
        self._metadata.append(self._gzip.compress(b"]" if self._entries else b"[]"))
        metadata = self._append([*self._metadata, self._gzip.flush()])
        facts = self._append([self._zstd.compress(msgspec.msgpack.encode(self._facts))])
        tenant, study, series, generation = self._identity
        directory = Directory(
            version=VERSION,
            tenant=tenant,
            study=study,
            series=series,
            generation=generation,
            part=self._part,
            parts=parts,
            first_entry=self._first_entry,
            low=low,
            rest=rest,
            blob=blob,
            skeleton=skeleton,
            metadata=metadata,
            facts=facts,
            blocks=tuple(self._blocks),
            entries=tuple(self._entries),
        )
        for content in pack_directory(directory, main.tell()):
            main.write(content)
        main.flush()
        os.fsync(main.fileno())
        self.close()

    def close(self) -> None:
        """Let the files go, finished or not."""
        with contextlib.ExitStack() as every:  # one that cannot be flushed stops no other
            for file in (self._main, self._rest, self._blob):
                every.callback(file.close)

    def _fill(
        self, hole: Hole, value: memoryview, start: int, held: Held
    ) -> tuple[Fill, Samples | None]:
        frame = hole.frame or 0
        if hole.kind is HoleKind.FRAGMENT:
            at = self._rest_at
            self._rest_at += self._rest.write(value)
            return Fill(
                FillKind.AS_IS, start, len(value), at, len(value), crc32c(value), frame
            ), None
        if hole.kind is HoleKind.FRAME:
            samples = codestream.samples_of(
                hole.pixels, little_endian=hole.little_endian, length=len(value)
            )
            encoded = codestream.encode(value, samples) if samples else None
            if encoded is not None:
                return self._codestream(encoded, start, len(value), frame), samples
        deflated = hole.kind is HoleKind.OPAQUE and of(str(held.transfer_syntax)).deflated
        packed = b"" if deflated else self._zstd.compress(value)
        if deflated or len(packed) >= len(value) or _plain(packed) != value:
            kind, stored = FillKind.RAW, value
        else:
            kind, stored = FillKind.ZSTD, memoryview(packed)
        at = self._blob_at
        self._blob_at += self._blob.write(stored)
        return Fill(kind, start, len(value), at, len(stored), crc32c(stored), frame), None

    def _codestream(self, encoded: bytes, start: int, length: int, frame: int) -> Fill:
        cut = codestream.low_bytes(encoded)
        low, rest = memoryview(encoded)[:cut], memoryview(encoded)[cut:]
        fill = Fill(
            FillKind.HTJ2K, start, length,
            self._rest_at, len(rest), crc32c(rest), frame,
            self._low_at, len(low), crc32c(low),
        )  # fmt: skip
        self._low_at += self._main.write(low)
        self._rest_at += self._rest.write(rest)
        return fill

    def _append_skeleton(self, pieces: list[bytes | memoryview]) -> None:
        for piece in pieces:
            self._skeleton += piece
            self._skeleton_at += len(piece)
        if len(self._skeleton) >= _BLOCK_BYTES:
            self._close_block()

    def _close_block(self) -> None:
        if not self._skeleton:
            return
        packed = zstandard.ZstdCompressor(level=_SKELETON_LEVEL).compress(self._skeleton)
        plain_at = self._skeleton_at - len(self._skeleton)
        self._blocks.append(Block(plain_at, len(self._skeleton), self._packed_bytes, len(packed)))
        self._packed_blocks.append(packed)
        self._packed_bytes += len(packed)
        self._skeleton = bytearray()

    def _append(self, pieces: list[bytes]) -> Section:
        offset, digest = self._main.tell(), blake3()
        for piece in pieces:
            self._main.write(piece)
            digest.update(piece)
        return Section(offset, self._main.tell() - offset, digest.digest())

    def _append_spool(self, spool: IO[bytes]) -> Section:
        offset = self._main.tell()
        spool.seek(0)
        shutil.copyfileobj(spool, self._main, _BUFFER_BYTES)
        return Section(offset, self._main.tell() - offset)


class _Walk:
    """One data set on its way into the pack: skeleton and fills, hashed in their order."""

    def __init__(self, content: memoryview) -> None:
        self._content = content
        self._position = 0
        self.digest, self.sha256 = blake3(), hashlib.sha256()
        self.skeleton: list[memoryview] = []
        self.fills: list[Fill] = []
        self.samples: Samples | None = None

    def fill(self, fill: Fill, samples: Samples | None) -> None:
        """Go on behind a hole whose bytes are known to come back as they are."""
        self._gap(fill.start)
        self._hash(self._content[fill.start : fill.start + fill.length])
        self._position = fill.start + fill.length
        self.fills.append(fill)
        self.samples = samples or self.samples

    def end(self) -> None:
        """Take the rest."""
        self._gap(len(self._content))

    def _gap(self, end: int) -> None:
        if end > self._position:
            gap = self._content[self._position : end]
            self._hash(gap)
            self.skeleton.append(gap)

    def _hash(self, piece: memoryview) -> None:
        self.digest.update(piece)
        self.sha256.update(piece)


def _piece(hole: Hole) -> int:
    """Return the size of the fills a hole is cut into; frames stay whole, being codestreams."""
    return max(1, hole.length) if hole.kind is HoleKind.FRAME else _PIECE_BYTES


def _plain(packed: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(packed)


def _spool(directory: Path) -> IO[bytes]:
    return tempfile.TemporaryFile(dir=directory, buffering=_BUFFER_BYTES)
