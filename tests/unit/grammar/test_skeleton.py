"""Where large values lie: native frames, fragments, bulk values, and what is not understood."""

import struct

import pytest
from tests.unit.grammar.encoded import (
    BIG,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    UNDEFINED,
    ct,
    deflate,
    element,
    item,
    us,
)

from archipel.standards.dicom.skeleton import BULK_BYTES, Hole, HoleKind, holes

JPEG_LS, MPEG4 = "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.102"
END = b"\xfe\xff\xdd\xe0\0\0\0\0"


def image(pixels: bytes, syntax: str = EXPLICIT, *, frames: int = 1, **more: int) -> bytes:
    values = {"rows": 4, "columns": 4, "bits": 16, "samples": 1} | more
    return b"".join(
        (
            element(0x00280002, "US", us(values["samples"], syntax), syntax),
            element(0x00280008, "IS", str(frames), syntax),
            element(0x00280010, "US", us(values["rows"], syntax), syntax),
            element(0x00280011, "US", us(values["columns"], syntax), syntax),
            element(0x00280100, "US", us(values["bits"], syntax), syntax),
            pixels,
        )
    )


def encapsulated(fragments: list[bytes], table: bytes = b"") -> bytes:
    content = item(table) + b"".join(item(fragment) for fragment in fragments) + END
    return element(0x7FE00010, "OB", content, length=UNDEFINED)


def filled(data: bytes, found: list[Hole]) -> bytes:
    """Take the holes out and put them back."""
    kept, out, at = [], [data[h.start : h.start + h.length] for h in found], 0
    for hole in found:
        kept.append(data[at : hole.start])
        at = hole.start + hole.length
    kept.append(data[at:])
    out.append(b"")
    return b"".join(a + b for a, b in zip(kept, out, strict=True))


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG])
def test_native_pixels_are_one_hole_for_each_frame(syntax: str) -> None:
    data = image(element(0x7FE00010, "OW", bytes(range(96)), syntax), syntax, frames=3)

    found = holes(data, syntax)

    assert [(h.kind, h.frame, h.length) for h in found] == [
        (HoleKind.FRAME, n, 32) for n in (1, 2, 3)
    ]
    assert [data[h.start : h.start + 32] for h in found] == [
        bytes(range(n, n + 32)) for n in (0, 32, 64)
    ]
    assert found[0].little_endian == (syntax != BIG)
    assert found[0].pixels is not None
    assert (found[0].pixels.rows, found[0].pixels.bits_allocated) == (4, 16)
    assert filled(data, found) == data


def test_pixel_data_too_short_for_its_frames_is_one_bulk_value() -> None:
    data = image(element(0x7FE00010, "OW", b"\0" * BULK_BYTES), frames=3000)

    assert [h.kind for h in holes(data, EXPLICIT)] == [HoleKind.BULK]


def test_one_bit_frames_that_share_a_byte_are_no_frames() -> None:
    data = image(
        element(0x7FE00010, "OB", b"\0" * BULK_BYTES), frames=2, bits=1, rows=3, columns=3
    )

    assert [h.kind for h in holes(data, EXPLICIT)] == [HoleKind.BULK]


def test_each_fragment_belongs_to_its_frame() -> None:
    data = image(encapsulated([b"ab", b"cd"]), frames=2)

    found = holes(data, JPEG_LS)

    assert [(h.kind, h.frame) for h in found] == [(HoleKind.FRAGMENT, 1), (HoleKind.FRAGMENT, 2)]
    assert [data[h.start : h.start + h.length] for h in found] == [b"ab", b"cd"]


def test_an_offset_table_says_which_fragments_make_a_frame() -> None:
    table = struct.pack("<II", 0, 20)
    data = image(encapsulated([b"ab", b"cd", b"ef"], table), frames=2)

    assert [h.frame for h in holes(data, JPEG_LS)] == [1, 1, 2]


def test_an_extended_offset_table_says_so_too() -> None:
    extended = element(0x7FE00001, "OV", struct.pack("<QQ", 0, 10))
    data = image(extended + encapsulated([b"ab", b"cd", b"ef"]), frames=2)

    assert [h.frame for h in holes(data, JPEG_LS)] == [1, 2, 2]


def test_without_a_table_the_streams_themselves_tell() -> None:
    first, last = b"\xff\xd8\xff\xe0" + b"x" * 8, b"y" * 8 + b"\xff\xd9"
    data = image(encapsulated([first, last, first, b"zz", last]), frames=2)

    assert [h.frame for h in holes(data, JPEG_LS)] == [1, 1, 2, 2, 2]


def test_fragments_that_nothing_tells_apart_stay_nobodys() -> None:
    data = image(encapsulated([b"ab", b"cd", b"ef"]), frames=2)

    assert [h.frame for h in holes(data, JPEG_LS)] == [None] * 3


def test_a_wrong_offset_table_is_not_believed() -> None:
    data = image(encapsulated([b"ab", b"cd", b"ef"], struct.pack("<II", 0, 6)), frames=2)

    assert [h.frame for h in holes(data, JPEG_LS)] == [None] * 3


def test_a_video_is_one_stream() -> None:
    data = image(encapsulated([b"ab", b"cd"]), frames=250)

    assert [h.frame for h in holes(data, MPEG4)] == [1, 1]


def test_large_values_are_bulk_and_small_ones_stay() -> None:
    data = element(0x00420011, "OB", b"%" * BULK_BYTES) + element(0x00420012, "LO", "application")

    found = holes(data, EXPLICIT)

    assert [(h.kind, h.tag, h.length) for h in found] == [(HoleKind.BULK, 0x00420011, BULK_BYTES)]


@pytest.mark.parametrize(
    ("data", "syntax"),
    [(deflate(ct()), DEFLATED), (ct()[:-3], EXPLICIT), (b"\xff" * 99, EXPLICIT)],
)
def test_what_is_not_understood_is_one_hole_over_everything(data: bytes, syntax: str) -> None:
    assert [(h.kind, h.start, h.length) for h in holes(data, syntax)] == [
        (HoleKind.OPAQUE, 0, len(data))
    ]


def test_nothing_has_no_holes() -> None:
    assert holes(b"", EXPLICIT) == []
