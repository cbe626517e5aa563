"""Where the large values of a data set lie, so that a pack can keep them apart.

A data set as received is its skeleton with holes filled: whatever the pack does with the bytes
of a hole, putting them back gives the data set bit for bit. Layout: PS3.5 sections 7 and A.4.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from archipel.kernel.errors import Malformed
from archipel.standards.dicom.elements import (
    ITEM,
    UNDEFINED,
    Buffer,
    Encoding,
    encoding_of,
    item,
    walk,
)
from archipel.standards.dicom.pixels import (
    DESCRIBING,
    EXTENDED_OFFSET_TABLE,
    PIXEL_DATA,
    Fragment,
    PixelDescription,
    group_fragments,
)
from archipel.standards.dicom.transfer_syntax import TransferSyntax, of

BULK_BYTES = 16_384  # values from this size on are kept out of the skeleton


class HoleKind(Enum):
    """What lies in a hole."""

    FRAME = "frame"  # one native frame: whole bytes, as `pixels` describes
    FRAGMENT = "fragment"  # one fragment of encapsulated pixel data, without its item head
    BULK = "bulk"  # any other large value, or pixel data that is not understood
    OPAQUE = "opaque"  # the whole data set: nothing in it was understood


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """One stretch of bytes to keep out of line.

    `frame` counts from 1; a fragment that no frame can claim has None. `pixels` describes the
    frames of a native or encapsulated image. Samples of native frames are in the byte order of
    the transfer syntax (`little_endian`).
    """

    kind: HoleKind
    start: int
    length: int
    tag: int = 0
    frame: int | None = None
    pixels: PixelDescription | None = None
    little_endian: bool = True


def holes(data: Buffer, transfer_syntax: str, *, bulk_bytes: int = BULK_BYTES) -> list[Hole]:
    """Find the holes of a data set as received, in ascending order and never overlapping.

    Never raises on odd bytes: what is not understood is one `OPAQUE` hole over everything, and
    pixel data that contradicts its description is `BULK`. Values inside sequences stay in the
    skeleton.
    """
    syntax = of(transfer_syntax)
    opaque = Hole(kind=HoleKind.OPAQUE, start=0, length=len(data))
    if syntax.deflated or not len(data):
        return [opaque] if len(data) else []
    try:
        return _Outline(data, syntax, bulk_bytes).draw()
    except Malformed:
        return [opaque]


@dataclass(slots=True)
class _Outline:
    data: Buffer
    syntax: TransferSyntax
    bulk_bytes: int
    found: list[Hole] = field(default_factory=list)
    described: dict[int, str] = field(default_factory=dict)
    offsets: tuple[int, ...] = ()

    def draw(self) -> list[Hole]:
        encoding = encoding_of(self.syntax, self.data)
        for tag, vr, length, start, position in walk(self.data, encoding):
            if tag == PIXEL_DATA and length == UNDEFINED:
                self.found.extend(self._encapsulated(start, encoding))
            elif tag == PIXEL_DATA:
                self.found.extend(self._native(start, length, encoding))
            elif tag in DESCRIBING and length != UNDEFINED:
                self.described[tag] = _described(self.data, (start, length), tag, vr, encoding)
            elif length != UNDEFINED and length >= self.bulk_bytes:
                self.found.append(Hole(kind=HoleKind.BULK, start=start, length=length, tag=tag))
            if tag == EXTENDED_OFFSET_TABLE and length != UNDEFINED and length % 8 == 0:
                form = ("<" if encoding.little_endian else ">") + f"{length // 8}Q"
                self.offsets = struct.unpack_from(form, self.data, start)
            if position < start:
                raise Malformed("a length goes backwards")
        return self.found

    def _native(self, start: int, length: int, encoding: Encoding) -> Iterator[Hole]:
        pixels = self._description()
        size = pixels.frame_bytes if pixels else 0
        whole = pixels is not None and pixels.frame_bits % 8 == 0
        if pixels is None or not whole or not size or pixels.frames * size > length:
            if length >= self.bulk_bytes:
                yield Hole(kind=HoleKind.BULK, start=start, length=length, tag=PIXEL_DATA)
            return
        for number in range(pixels.frames):
            yield Hole(
                kind=HoleKind.FRAME,
                start=start + number * size,
                length=size,
                tag=PIXEL_DATA,
                frame=number + 1,
                pixels=pixels,
                little_endian=encoding.little_endian,
            )

    def _encapsulated(self, start: int, encoding: Encoding) -> Iterator[Hole]:
        pixels = self._description()
        table, fragments = fragments_at(self.data, start, encoding)
        owner: dict[int, int] = {}
        try:
            frames = group_fragments(
                self.data,
                fragments,
                frames=pixels.frames if pixels else 1,
                offsets=self.offsets or table,
                syntax=self.syntax,
            )
        except Malformed:
            frames = []
        for number, indices in enumerate(frames, 1):
            owner.update(dict.fromkeys(indices, number))
        for index, fragment in enumerate(fragments):
            yield Hole(
                kind=HoleKind.FRAGMENT,
                start=fragment.start,
                length=fragment.length,
                tag=PIXEL_DATA,
                frame=owner.get(index),
                pixels=pixels,
                little_endian=encoding.little_endian,
            )

    def _description(self) -> PixelDescription | None:
        try:
            return PixelDescription.read(self.described)
        except Malformed:
            return None


def _described(
    data: Buffer, span: tuple[int, int], tag: int, vr: bytes, encoding: Encoding
) -> str:
    start, length = span
    if DESCRIBING[tag] in {"photometric", "frames"} or vr in {b"IS", b"CS", b"DS"}:
        return str(data[start : start + min(length, 64)], "latin-1").strip(" \0")
    return str(encoding.u16(data, start)[0]) if length >= 2 else ""  # noqa: PLR2004 (US)


def fragments_at(
    data: Buffer, start: int, encoding: Encoding
) -> tuple[tuple[int, ...], list[Fragment]]:
    """Read encapsulated pixel data whose first item is at `start` (PS3.5 section A.4).

    Gives the basic offset table, empty where there is none, and the fragments. Raises
    `Malformed`, `NeedMore`.
    """
    tag, length, position = item(data, start, encoding)
    if tag != ITEM or length == UNDEFINED:
        raise Malformed(f"encapsulated pixel data has no offset table item at byte {start}")
    order = "<" if encoding.little_endian else ">"
    count = length // 4
    table: tuple[int, ...] = ()
    if length % 4 == 0 and position + length <= len(data):
        table = struct.unpack_from(f"{order}{count}I", data, position)
    position += length
    fragments: list[Fragment] = []
    while True:
        tag, length, position = item(data, position, encoding)
        if tag != ITEM:
            return table, fragments
        if length == UNDEFINED or position + length > len(data):
            raise Malformed(f"the fragment at byte {position} reaches beyond the data set")
        fragments.append(Fragment(position, length))
        position += length
