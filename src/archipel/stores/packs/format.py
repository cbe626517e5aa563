"""The pack, format version 1 (docs/adr/0021): one immutable object for a sealed series.

    head   64 bytes: magic, version, flags, time
    LOW    of every HTJ2K frame, in order: main header and tile-parts up to a quarter of the
           resolution; one read is the low-resolution pass of the whole series
    REST   the other tile-parts of those frames; fragments of encapsulated pixels, untouched
    BLOB   other large values, zstd or as they are, each on its own
    SKEL   file meta and data set of every instance without those values, in zstd blocks
    META   DICOM JSON array of the series (PS3.18 F), gzip, ready to be sent
    FACTS  the journal's receipts, zstd: the index can be made again from them
    DIR    zstd of msgpack: `Directory`
    tail   64 bytes: where DIR lies, its BLAKE3, crc32c, magic

One rule makes every kind of object come back bit for bit: an instance is its skeleton with its
holes filled, and every `Fill` names how its bytes come back. What was not understood is one hole
over everything. All integers are little endian.
"""

import struct
from enum import StrEnum
from typing import Any

import msgspec
import zstandard
from blake3 import blake3
from crc32c import crc32c

from archipel.kernel.errors import Malformed

HEAD_BYTES = TAIL_BYTES = 64
VERSION = 1
_HEAD = struct.Struct("<8sHHIQ40x")
_TAIL = struct.Struct("<QQ32sI4s8s")
_MAGIC, _END = b"ARCPACK\n", b"ARCEND\r\n"
_CHECKED_BYTES = 48  # of the tail, by its crc
_MAX_DIRECTORY_BYTES = 1 << 30


class FillKind(StrEnum):
    """How the bytes of a hole come back."""

    HTJ2K = "h"  # decode the frame, write it in the recorded sample form
    AS_IS = "i"  # a fragment, from REST
    ZSTD = "z"  # from BLOB
    RAW = "r"  # from BLOB


class Fill(msgspec.Struct, array_like=True, frozen=True):
    """One hole of a data set: `length` bytes at `start`. Positions count within the sections.

    `frame` counts from 1, 0 for what belongs to no frame.
    """

    kind: FillKind
    start: int
    length: int
    at: int  # in REST or BLOB
    stored: int  # bytes there
    crc: int
    frame: int = 0
    low_at: int = 0  # in LOW
    low_stored: int = 0
    low_crc: int = 0


class Samples(msgspec.Struct, array_like=True, frozen=True):
    """The form of a native frame: what `numpy` needs to write it again."""

    rows: int
    columns: int
    samples: int
    bits: int  # allocated: 8 or 16
    signed: bool
    little_endian: bool


class Entry(msgspec.Struct, array_like=True, frozen=True):
    """One instance."""

    sop_instance: str
    sop_class: str
    transfer_syntax: str  # as received
    number: int | None
    frames: int
    size_bytes: int  # of the data set
    digest: bytes  # BLAKE3-256 of the data set, taken at reception
    sha256: bytes  # of the data set, taken when it was sealed
    skeleton_at: int  # in the unpacked SKEL
    meta_bytes: int  # preamble, prefix and group 2, first in the skeleton
    skeleton_bytes: int  # after them
    samples: Samples | None
    fills: tuple[Fill, ...]


class Block(msgspec.Struct, array_like=True, frozen=True):
    """One zstd block of SKEL."""

    plain_at: int
    plain_bytes: int
    at: int  # in the section
    stored: int


class Section(msgspec.Struct, array_like=True, frozen=True):
    """Where a section lies in the pack."""

    offset: int
    length: int
    digest: bytes = b""  # BLAKE3, for META and FACTS


class Directory(msgspec.Struct, array_like=True, frozen=True):
    """What a pack says of itself."""

    version: int
    tenant: str
    study: str
    series: str
    generation: int
    part: int  # 0 first; a series beyond the size limit has several
    parts: int  # 0 in every part but the last, which is written last
    first_entry: int  # of this part, within the series
    low: Section
    rest: Section
    blob: Section
    skeleton: Section
    metadata: Section
    facts: Section
    blocks: tuple[Block, ...]
    entries: tuple[Entry, ...]


def head(begun_us: int) -> bytes:
    """Return the first 64 bytes of a pack."""
    return _HEAD.pack(_MAGIC, VERSION, 0, HEAD_BYTES, begun_us)


def created_us(content: bytes) -> int:
    """Read when a pack was begun from its first 64 bytes. Raises `Malformed`."""
    if len(content) != HEAD_BYTES or content[: len(_MAGIC)] != _MAGIC:
        raise Malformed("not a pack")
    return int(_HEAD.unpack(content)[4])


def pack_directory(directory: Directory, offset: int) -> tuple[bytes, bytes]:
    """Return the directory as it lies at `offset`, and the tail that follows it."""
    content = zstandard.ZstdCompressor(level=9).compress(msgspec.msgpack.encode(directory))
    start = struct.pack("<QQ32s", offset, len(content), blake3(content).digest())
    return content, _TAIL.pack(*struct.unpack("<QQ32s", start), crc32c(start), bytes(4), _END)


def directory_span(tail: bytes) -> tuple[int, int, bytes]:
    """Read a pack's tail: offset, length and BLAKE3 of its directory. Raises `Malformed`."""
    if len(tail) != TAIL_BYTES:
        raise Malformed("a pack that ends within its tail")
    offset, length, digest, checksum, _pad, magic = _TAIL.unpack(tail)
    if magic != _END or checksum != crc32c(tail[:_CHECKED_BYTES]):
        raise Malformed("no pack's tail: cut short or damaged")
    if length > _MAX_DIRECTORY_BYTES:
        raise Malformed(f"a pack's directory of {length} bytes")
    return offset, length, digest


def unpack_directory(content: bytes, digest: bytes) -> Directory:
    """Read a directory. Raises `Malformed`."""
    if blake3(content).digest() != digest:
        raise Malformed("a pack's directory does not match its digest")
    directory: Directory = unpack(content, Directory)
    if directory.version != VERSION:
        raise Malformed(f"a pack of version {directory.version}; this release reads {VERSION}")
    return directory


def unpack(content: bytes, form: Any) -> Any:
    """Read zstd of msgpack as `form`. Raises `Malformed`."""
    try:
        plain = zstandard.ZstdDecompressor().decompress(
            content, max_output_size=_MAX_DIRECTORY_BYTES
        )
        return msgspec.msgpack.decode(plain, type=form)
    except (zstandard.ZstdError, msgspec.DecodeError) as error:
        raise Malformed(f"a section of a pack cannot be read: {error}") from error
