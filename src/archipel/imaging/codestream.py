"""The size a codestream claims, read before anything is decoded from it.

JPEG and JPEG-LS: the frame header (ISO/IEC 10918-1 B.2.2, 14495-1 C.2.2). JPEG 2000 and HTJ2K:
the SIZ marker (ISO/IEC 15444-1 A.5.1), within a JP2 box or bare. A stranger's 1 kB may claim
65,535 x 65,535 pixels: the claim must agree with the data set before memory is taken.
"""

import struct
from dataclasses import dataclass

from archipel.imaging.errors import Undecodable

_SOI, _SOC, _SIZ, _LS_FRAME = b"\xff\xd8", b"\xff\x4f", b"\xff\x51", 0xF7
_JP2 = b"\x00\x00\x00\x0cjP  "
_FRAME_HEADERS = {*range(0xC0, 0xD0), _LS_FRAME} - {0xC4, 0xC8, 0xCC}
_STANDALONE = {0x01, *range(0xD0, 0xD8)}
_LOSSLESS_FRAMES = {0xC3, 0xC7, 0xCB, 0xCF}
MAX_MARKERS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class CodestreamSize:
    """What a codestream says of itself; `frame_type` is the JPEG SOF marker, 0 for JPEG 2000."""

    rows: int
    columns: int
    samples: int
    precision: int
    frame_type: int = 0
    color_transform: int | None = None  # of the Adobe segment; JFIF counts as 1

    @property
    def lossless_jpeg(self) -> bool:
        """JPEG process 14 or another of the lossless ones."""
        return self.frame_type in _LOSSLESS_FRAMES


def size_of(content: bytes) -> CodestreamSize:
    """Read what `content` claims. Raises `Undecodable`."""
    try:
        if content[:2] == _SOI:
            return _jpeg(content)
        if content[:2] == _SOC:
            return _siz(content, 2)
        if content[:8] == _JP2:
            return _siz(content, content.index(_SOC + _SIZ) + 2)
    except (struct.error, IndexError, ValueError) as failure:
        raise Undecodable("the codestream ends within its header") from failure
    raise Undecodable("not a JPEG, JPEG-LS or JPEG 2000 codestream")


def _siz(content: bytes, position: int) -> CodestreamSize:
    if content[position : position + 2] != _SIZ:
        raise Undecodable("a JPEG 2000 codestream opens with SIZ")
    right, bottom, left, top = struct.unpack_from(">4I", content, position + 6)
    (samples,) = struct.unpack_from(">H", content, position + 38)
    precision = (content[position + 40] & 0x7F) + 1
    return CodestreamSize(
        rows=bottom - top, columns=right - left, samples=samples, precision=precision
    )


def _jpeg(content: bytes) -> CodestreamSize:
    position, transform = 2, None
    for _ in range(MAX_MARKERS):
        while content[position] == 0xFF and content[position + 1] == 0xFF:  # noqa: PLR2004  (fill)
            position += 1
        if content[position] != 0xFF:  # noqa: PLR2004  (every marker opens so)
            raise Undecodable("a JPEG marker is missing")
        marker = content[position + 1]
        if marker in _STANDALONE:
            position += 2
            continue
        (length,) = struct.unpack_from(">H", content, position + 2)
        segment = content[position + 4 : position + 2 + length]
        if marker in _FRAME_HEADERS:
            precision, rows, columns, samples = struct.unpack_from(">BHHB", segment)
            return CodestreamSize(
                rows=rows,
                columns=columns,
                samples=samples,
                precision=precision,
                frame_type=marker,
                color_transform=transform,
            )
        if marker == 0xE0 and segment[:4] == b"JFIF":  # noqa: PLR2004  (APP0)
            transform = 1
        if marker == 0xEE and segment[:5] == b"Adobe":  # noqa: PLR2004  (APP14)
            transform = segment[11]
        position += 2 + length
    raise Undecodable("a JPEG without a frame header")
