"""Frames of a data set as received, where no pack has laid them out (PS3.5 section 8, A.4)."""

from collections.abc import Sequence
from dataclasses import dataclass

from crc32c import crc32c

from archipel.kernel.errors import Malformed, NotFound
from archipel.standards.dicom import header
from archipel.standards.dicom.elements import inflate
from archipel.standards.dicom.pixels import (
    DOUBLE_PIXEL_DATA,
    FLOAT_PIXEL_DATA,
    PIXEL_DATA,
    PixelDescription,
)
from archipel.standards.dicom.skeleton import HoleKind, holes
from archipel.standards.dicom.transfer_syntax import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    of,
)

_INFLATE_LIMIT_BYTES = 1 << 28
_PIXELS = {PIXEL_DATA, FLOAT_PIXEL_DATA, DOUBLE_PIXEL_DATA}


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a data set, and the checksum it had when the whole had its digest."""

    start: int
    length: int
    crc: int


@dataclass(frozen=True, slots=True)
class CutFrame:
    """A task (`imaging.ports.Task`): a frame of a data set that must be inflated first."""

    dataset: bytes
    transfer_syntax: str
    number: int

    def do(self) -> bytes:
        """Cut it out. Raises `NotFound`, `Malformed`."""
        return odd_frame(self.dataset, self.transfer_syntax, self.number)


Layout = dict[int, list[Span]]
"""By frame number, 1 first, the stretches that make the frame."""


def layout(data: memoryview, transfer_syntax: str) -> Layout:
    """Say where every frame lies that has bytes of its own; empty when none has."""
    found: Layout = {}
    for hole in holes(data, transfer_syntax):
        if hole.frame is not None:
            content = data[hole.start : hole.start + hole.length]
            found.setdefault(hole.frame, []).append(Span(hole.start, hole.length, crc32c(content)))
    return found


def odd_frame(data: bytes, transfer_syntax: str, number: int) -> bytes:
    """Cut out a frame that `layout` does not know: deflated, of single bits, of floats.

    Frames of single bits that do not begin at a byte are moved to the lowest bit of the first
    (PS3.5 section 8.1.1). Raises `NotFound`, `Malformed`.
    """
    syntax = of(transfer_syntax)
    if syntax.deflated:
        data = inflate(data, limit_bytes=_INFLATE_LIMIT_BYTES)
        transfer_syntax = EXPLICIT_VR_LITTLE_ENDIAN
        spans = layout(memoryview(data), transfer_syntax).get(number)
        if spans is not None:
            return b"".join(data[span.start : span.start + span.length] for span in spans)
    try:
        pixels = PixelDescription.read(header.scan(data, transfer_syntax))
    except Malformed:
        pixels = None
    value = next(
        (
            memoryview(data)[hole.start : hole.start + hole.length]
            for hole in holes(data, transfer_syntax, bulk_bytes=1)
            if hole.kind is HoleKind.BULK and hole.tag in _PIXELS
        ),
        None,
    )
    if pixels is None or value is None or not 1 <= number <= pixels.frames:
        raise NotFound(f"the instance has no frame {number}")
    start, bits = (number - 1) * pixels.frame_bits, pixels.frame_bits
    if not bits or start + bits > len(value) * 8:
        raise NotFound(f"the pixel data ends before frame {number}")
    return _cut(value, start, bits)


def served_as(transfer_syntax: str) -> str:
    """Name the transfer syntax of a frame cut from a data set: pixels know no implicit VR."""
    if transfer_syntax == IMPLICIT_VR_LITTLE_ENDIAN or of(transfer_syntax).deflated:
        return EXPLICIT_VR_LITTLE_ENDIAN
    return transfer_syntax


def joined(spans: Sequence[Span], pieces: Sequence[bytes]) -> bytes | None:
    """Return the frame, None when a piece lost its checksum."""
    whole = all(crc32c(piece) == span.crc for span, piece in zip(spans, pieces, strict=True))
    return b"".join(pieces) if whole else None


def _cut(value: memoryview, start: int, bits: int) -> bytes:
    first, shift = divmod(start, 8)
    last = -(-(start + bits) // 8)
    if not shift and not bits % 8:
        return bytes(value[first:last])
    shifted = int.from_bytes(value[first:last], "little") >> shift
    return (shifted & (1 << bits) - 1).to_bytes(-(-bits // 8), "little")
