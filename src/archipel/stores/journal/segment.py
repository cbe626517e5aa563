"""The journal segment, format version 1 (docs/adr/0020): bytes to values and back.

A segment is a file of records, written by one writer, in order, never edited once a record was
acknowledged. All integers are little endian; a record starts at a multiple of 64 bytes.

    file     header of 64 bytes, then records
    record   header of 64 bytes, meta, data set, trailer, zeros up to a multiple of 64
    meta     preamble, "DICM" and group 2: meta and data set together are a file of PS3.10 7.1
    trailer  "ARCT", length, msgpack of the receipt, crc32c, record start, "ARCE"

The length of the data set in a record's header is all ones until its last byte has come, then
overwritten (a short record is written once, whole), then made durable by one fdatasync. A record
counts only if both checksums hold, its header repeats the segment's number and its eight random
bytes (an old or planted record in reused bytes has neither), the trailer points back, and, where
asked, the data set has its digest. The first record that does not count ends the segment: what
follows was never acknowledged.
"""

import os
import re
import secrets
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec
from blake3 import blake3
from crc32c import crc32c

from archipel.archive.model import Receipt
from archipel.kernel.errors import ArchipelError, Malformed
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid

HEADER_BYTES = 64  # of the file and of each record
ALIGN_BYTES = 64
MAX_META_BYTES = 64 << 10
MAX_TRAILER_BYTES = 1 << 20
SUFFIX = ".seg"
UNBORN = ".new-"  # begins the name of a segment whose writer has not locked it yet

_OPEN = (1 << 64) - 1  # the length of a data set that is still coming in
_MAGIC, _VERSION = b"ARCSEG\r\n", 1
_FILE = struct.Struct("<8sHHIQQ8s24x")  # magic version flags node id created_us nonce
_RECORD = struct.Struct("<4sBBHQQIIQ8sQI")  # magic kind flags length id seq M T D nonce us spare
_NONCE_OFFSET = 40  # in a record's header
_CRC = struct.Struct("<I")
_TRAILER_HEAD = struct.Struct("<4sI")
_TRAILER_TAIL = struct.Struct("<IQ4s")
_NAME = re.compile(r"[0-9a-f]{16}\.seg")
_CHUNK_BYTES = 1 << 20
_KINDS = {"dimse": 1, "stow": 2, "import": 3}


@dataclass(frozen=True, slots=True)
class SegmentHeader:
    """Who a segment is. `nonce` are random bytes that no sender can know."""

    node: int
    number: int
    created_us: int  # since 1970
    nonce: bytes

    @classmethod
    def fresh(cls, node: int, now_us: int) -> "SegmentHeader":
        """Name a segment that does not exist yet."""
        number = now_us << 12 | secrets.randbits(12)
        return cls(node, number, now_us, secrets.token_bytes(8))

    def pack(self) -> bytes:
        """Return the 64 bytes a segment starts with."""
        return _FILE.pack(_MAGIC, _VERSION, 0, self.node, self.number, self.created_us, self.nonce)


@dataclass(frozen=True, slots=True)
class Record:
    """Where the parts of one record lie, and its receipt. Offsets are from the segment's start."""

    offset: int
    meta_bytes: int
    dataset_bytes: int
    end: int  # where the next record starts
    sequence: int
    receipt: Receipt
    skipped: int = 0  # bytes before it that should have been a record: damage

    @property
    def meta_offset(self) -> int:
        """Where preamble, prefix and group 2 start."""
        return self.offset + HEADER_BYTES

    @property
    def dataset_offset(self) -> int:
        """Where the data set starts."""
        return self.offset + HEADER_BYTES + self.meta_bytes


def file_name(segment: int) -> str:
    """Return the name of a segment's file."""
    return f"{segment:016x}{SUFFIX}"


def segment_of(name: str) -> int | None:
    """Return the number a file name stands for; None when it is not a segment's."""
    return int(name[:16], 16) if _NAME.fullmatch(name) else None


def record_header(
    segment: SegmentHeader,
    sequence: int,
    *,
    kind: int,
    meta: int,
    trailer: int,
    dataset: int | None,
) -> bytes:
    """Return a record's header; `dataset` is None while the data set is coming in."""
    head = _RECORD.pack(
        b"ARCR", kind, 0, HEADER_BYTES, segment.number, sequence, meta, trailer,
        _OPEN if dataset is None else dataset, segment.nonce, 0, 0,
    )  # fmt: skip
    return head + _CRC.pack(crc32c(head))


def kind_of(receipt: Receipt) -> int:
    """Return the kind of record a door makes; 0 for a door this version does not know."""
    return _KINDS.get(receipt.door, 0)


def trailer(receipt: Receipt, offset: int) -> bytes:
    """Return what closes the record that starts at `offset`. Raises `Malformed` when too long."""
    body = pack_receipt(receipt)
    if len(body) > MAX_TRAILER_BYTES - _TRAILER_HEAD.size:
        raise Malformed(f"the indexed attributes of an instance fill {len(body)} bytes")
    head = _TRAILER_HEAD.pack(b"ARCT", len(body)) + body
    return head + _TRAILER_TAIL.pack(crc32c(head), offset, b"ARCE")


def aligned(offset: int) -> int:
    """Return the next offset a record may start at."""
    return -(-offset // ALIGN_BYTES) * ALIGN_BYTES


def pack_receipt(receipt: Receipt) -> bytes:
    """Write a receipt as msgpack. Text that no encoding can say loses only what cannot be said."""
    texts = (
        str(receipt.tenant), receipt.patient_issuer, receipt.source, receipt.peer, receipt.door,
        receipt.association, str(receipt.sop_class), str(receipt.sop_instance),
        str(receipt.transfer_syntax),
    )  # fmt: skip
    rest = (receipt.digest, _microseconds(receipt.received_at))
    try:
        return msgspec.msgpack.encode((*texts, *rest, dict(receipt.header)))
    except UnicodeEncodeError:
        header = {tag: _sayable(text) for tag, text in receipt.header.items()}
        return msgspec.msgpack.encode((*map(_sayable, texts), *rest, header))


_FIELDS = tuple[
    str, str, str, str, str, str, str, str, str, bytes, int, dict[int, str]
]  # as pack_receipt writes them


def unpack_receipt(content: bytes) -> Receipt:
    """Read a receipt. Raises `Malformed`."""
    try:
        fields = msgspec.msgpack.decode(content, type=_FIELDS)
        received_at = datetime.fromtimestamp(fields[10] / 1e6, tz=UTC)
    except (msgspec.DecodeError, ValueError, OverflowError, OSError) as error:
        raise Malformed(f"not a receipt of the journal: {error}") from error
    return Receipt(
        tenant=TenantId(fields[0]),
        patient_issuer=fields[1],
        source=fields[2],
        peer=fields[3],
        door=fields[4],
        association=fields[5],
        sop_class=Uid(fields[6]),
        sop_instance=Uid(fields[7]),
        transfer_syntax=Uid(fields[8]),
        digest=fields[9],
        received_at=received_at,
        header=fields[11],
    )


def read_header(fd: int) -> SegmentHeader:
    """Read who the segment is. Raises `Malformed`: no segment, torn at birth, or of the future."""
    head = os.pread(fd, HEADER_BYTES, 0)
    if len(head) < HEADER_BYTES:
        raise Malformed("a journal segment that ends within its header")
    magic, version, _flags, node, number, created_us, nonce = _FILE.unpack(head)
    if magic != _MAGIC or version != _VERSION:
        raise Malformed(f"not a journal segment of version {_VERSION}: {head[:10]!r}")
    return SegmentHeader(node, number, created_us, nonce)


def read_record(fd: int, segment: SegmentHeader, offset: int) -> Record | None:
    """Read the record that starts at `offset`; None where there is none that counts."""
    head = os.pread(fd, HEADER_BYTES, offset)
    if len(head) < HEADER_BYTES or offset % ALIGN_BYTES:
        return None
    magic, _kind, _flags, length, number, sequence, meta, trail, dataset, nonce, _us, _spare = (
        _RECORD.unpack_from(head)
    )
    if (magic, length, number, nonce) != (b"ARCR", HEADER_BYTES, segment.number, segment.nonce):
        return None
    if _CRC.unpack_from(head, _RECORD.size)[0] != crc32c(head[: _RECORD.size]):
        return None
    end = offset + HEADER_BYTES + meta + dataset + trail
    if meta > MAX_META_BYTES or trail > MAX_TRAILER_BYTES or end > os.fstat(fd).st_size:
        return None  # so too a record that is still open: its length is beyond any file
    receipt = _read_trailer(os.pread(fd, trail, end - trail), offset)
    if receipt is None:
        return None
    return Record(offset, meta, dataset, aligned(end), sequence, receipt)


def scan(
    fd: int, start: int = 0, end: int | None = None, *, verify: bool = False
) -> Iterator[Record]:
    """Give every record that counts from `start` (a record's offset) up to `end`, in order.

    `verify` also holds each data set against its digest: what recovery must do, for only the
    bytes of announced records are known to have reached the disk. It also goes on behind bytes
    that are no record, when a later one counts: a writer stops at its first failure, so those
    bytes were a record once and the disk has damaged it (`Record.skipped`).
    """
    try:
        segment = read_header(fd)
    except Malformed:
        return
    offset, expected = max(start, HEADER_BYTES), None
    reached = offset  # end of the last record given
    while end is None or offset < end:
        record = read_record(fd, segment, offset)
        if record is None or expected not in {None, record.sequence}:
            found = _next_record(fd, segment, offset + ALIGN_BYTES) if verify else None
            if found is None:
                return
            offset, expected = found, None
            continue
        if not verify or digest_of(fd, record) == record.receipt.digest:
            yield replace(record, skipped=offset - reached)
            reached = record.end
        offset, expected = record.end, record.sequence + 1


def _next_record(fd: int, segment: SegmentHeader, start: int) -> int | None:
    """Find the next record that counts by the random bytes of its header; None at the end."""
    base, before = start, b""
    while chunk := os.pread(fd, _CHUNK_BYTES, base + len(before)):
        window = before + chunk
        position = window.find(segment.nonce)
        while position >= 0:
            offset = base + position - _NONCE_OFFSET
            if offset >= start and read_record(fd, segment, offset) is not None:
                return offset
            position = window.find(segment.nonce, position + 1)
        before = window[-HEADER_BYTES:]
        base += len(window) - len(before)
    return None


def digest_of(fd: int, record: Record) -> bytes:
    """Return BLAKE3-256 of the data set as it lies there now."""
    state = blake3()
    for piece in pieces(fd, record.dataset_offset, record.dataset_bytes):
        state.update(piece)
    return state.digest()


def pieces(fd: int, offset: int, length: int) -> Iterator[bytes]:
    """Give `length` bytes from `offset` in pieces; fewer where the file ends before."""
    while length > 0:
        piece = os.pread(fd, min(length, _CHUNK_BYTES), offset)
        if not piece:
            return
        yield piece
        offset += len(piece)
        length -= len(piece)


def _read_trailer(content: bytes, offset: int) -> Receipt | None:
    if len(content) < _TRAILER_HEAD.size + _TRAILER_TAIL.size:
        return None
    body_end = len(content) - _TRAILER_TAIL.size
    checksum, start, mark = _TRAILER_TAIL.unpack_from(content, body_end)
    magic, length = _TRAILER_HEAD.unpack_from(content)
    if (magic, mark, start) != (b"ARCT", b"ARCE", offset):
        return None
    if length != body_end - _TRAILER_HEAD.size or checksum != crc32c(content[:body_end]):
        return None
    try:
        return unpack_receipt(content[_TRAILER_HEAD.size : body_end])
    except ArchipelError:
        return None


def _sayable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _microseconds(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // _MICROSECOND


_MICROSECOND = datetime.resolution
