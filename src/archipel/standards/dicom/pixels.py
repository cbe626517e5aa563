"""What pixel data looks like, and where each frame of it lies (PS3.3 C.7.6.3, PS3.5 A.4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from archipel.kernel.errors import Malformed
from archipel.standards.dicom.transfer_syntax import TransferSyntax

FLOAT_PIXEL_DATA, DOUBLE_PIXEL_DATA, PIXEL_DATA = 0x7FE00008, 0x7FE00009, 0x7FE00010
EXTENDED_OFFSET_TABLE, EXTENDED_OFFSET_TABLE_LENGTHS = 0x7FE00001, 0x7FE00002

DESCRIBING = {
    0x00280002: "samples",
    0x00280004: "photometric",
    0x00280006: "planar",
    0x00280008: "frames",
    0x00280010: "rows",
    0x00280011: "columns",
    0x00280100: "bits_allocated",
    0x00280101: "bits_stored",
    0x00280102: "high_bit",
    0x00280103: "signed",
}
"""Attributes from which a `PixelDescription` is made, by tag."""

_LARGEST = 2**31 - 1  # of any number here; frames are an IS (PS3.5 6.2), the others US
_EOI = b"\xff\xd9"  # ends a JPEG, JPEG-LS or JPEG 2000 stream
_STARTS = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\xff\x0a", b"\0\0\0\x0cjP", b"\0\0\0\x0cJXL")


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelDescription:
    """The image pixel module of one instance. All frames are alike."""

    rows: int
    columns: int
    samples: int = 1
    bits_allocated: int = 16
    bits_stored: int = 16
    high_bit: int = 15
    signed: bool = False
    planar: bool = False  # colour by plane, (0028,0006) = 1
    photometric: str = "MONOCHROME2"
    frames: int = 1

    @property
    def frame_bits(self) -> int:
        """Size of one native frame in bits; frames of one-bit pixels may share a byte."""
        size = self.rows * self.columns * self.samples * self.bits_allocated
        if self.photometric == "YBR_FULL_422":
            size = size * 2 // 3
        return size

    @property
    def frame_bytes(self) -> int:
        """Size of one native frame, rounded up to whole bytes."""
        return (self.frame_bits + 7) // 8

    @classmethod
    def read(cls, header: Mapping[int, str]) -> "PixelDescription | None":
        """Read from decoded text by tag; None where there is no image. Raises `Malformed`."""
        if not header.get(0x00280010) or not header.get(0x00280011):
            return None
        try:
            allocated = _number(header, 0x00280100, 16)
            stored = _number(header, 0x00280101, allocated)
            return cls(
                rows=_number(header, 0x00280010, 0),
                columns=_number(header, 0x00280011, 0),
                samples=_number(header, 0x00280002, 1),
                bits_allocated=allocated,
                bits_stored=stored,
                high_bit=_number(header, 0x00280102, stored - 1),
                signed=_number(header, 0x00280103, 0) == 1,
                planar=_number(header, 0x00280006, 0) == 1,
                photometric=header.get(0x00280004, "MONOCHROME2").upper(),
                frames=max(1, _number(header, 0x00280008, 1)),
            )
        except ValueError:
            raise Malformed("the attributes that describe the pixels are not numbers") from None


def _number(header: Mapping[int, str], tag: int, default: int) -> int:
    text = header.get(tag, "").split("\\")[0].strip()
    number = int(text) if text else default
    if not 0 <= number <= _LARGEST:
        raise ValueError(number)
    return number


@dataclass(frozen=True, slots=True)
class Fragment:
    """One fragment of encapsulated pixel data: where its content lies in the data set."""

    start: int
    length: int


def group_fragments(
    data: bytes | memoryview,
    fragments: Sequence[Fragment],
    *,
    frames: int,
    offsets: Sequence[int] = (),
    syntax: TransferSyntax,
) -> list[range]:
    """Say which fragments make each frame, as ranges of indices into `fragments`.

    `offsets` is the basic or extended offset table: byte offsets of the item of the first
    fragment of each frame, counted from the first item after the table (PS3.5 section A.4).
    A video is one stream in all its fragments and counts as one frame. Raises `Malformed` where
    nothing tells the frames apart.
    """
    count = len(fragments)
    if syntax.video or frames == 1:
        return [range(count)] if count else []
    if count == frames:
        return [range(n, n + 1) for n in range(count)]
    if len(offsets) == frames and fragments:
        first = fragments[0].start
        index_at = {fragment.start - first: n for n, fragment in enumerate(fragments)}
        firsts = [index_at.get(offset - offsets[0], -1) for offset in offsets]
        if firsts[0] == 0 and all(a < b for a, b in pairwise(firsts)):
            return _ranges(firsts, count)
    firsts = [n for n, fragment in enumerate(fragments) if _begins(data, fragments, n, fragment)]
    if len(firsts) == frames and firsts[0] == 0:
        return _ranges(firsts, count)
    raise Malformed(f"{count} fragments do not make {frames} frames")


def _ranges(firsts: list[int], count: int) -> list[range]:
    return [range(a, b) for a, b in pairwise([*firsts, count])]


def _begins(
    data: bytes | memoryview, fragments: Sequence[Fragment], n: int, fragment: Fragment
) -> bool:
    """Whether a frame begins here: a new stream, and the one before has come to its end."""
    opening = bytes(data[fragment.start : fragment.start + 8])
    if not opening.startswith(_STARTS):
        return False
    if n == 0 or not opening.startswith(b"\xff"):
        return True
    before = fragments[n - 1]
    end = before.start + before.length
    return _EOI in bytes(data[max(before.start, end - 16) : end])  # padding follows it at times
