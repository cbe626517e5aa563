"""Decoding: every codec gives back what it was given, and bounds hold against strangers."""

import struct

import imagecodecs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archipel.imaging.codestream import size_of
from archipel.imaging.errors import NotAnImage, Undecodable
from archipel.imaging.frames import decode, photometric_of, to_bytes
from archipel.kernel.errors import ArchipelError
from archipel.standards.dicom import transfer_syntax as ts
from archipel.standards.dicom.pixels import PixelDescription

GREY = PixelDescription(
    rows=40, columns=48, bits_allocated=16, bits_stored=12, high_bit=11, signed=False
)
SIGNED = PixelDescription(
    rows=40, columns=48, bits_allocated=16, bits_stored=16, high_bit=15, signed=True
)
COLOUR = PixelDescription(
    rows=40,
    columns=48,
    samples=3,
    bits_allocated=8,
    bits_stored=8,
    high_bit=7,
    photometric="RGB",
)


def _grey() -> np.ndarray:
    return (np.arange(40 * 48, dtype=np.uint16).reshape(40, 48) * 37) % 4096


def _signed() -> np.ndarray:
    return (np.arange(40 * 48, dtype=np.int32).reshape(40, 48) * 29 % 5000 - 2000).astype(np.int16)


def _colour() -> np.ndarray:
    return (np.arange(40 * 48 * 3, dtype=np.uint32).reshape(40, 48, 3) * 7 % 256).astype(np.uint8)


@pytest.mark.parametrize(
    ("syntax", "encode"),
    [
        (ts.JPEG_LS_LOSSLESS, imagecodecs.jpegls_encode),
        (ts.JPEG_LOSSLESS_SV1, lambda a: imagecodecs.ljpeg_encode(a, bitspersample=12)),
        (
            ts.JPEG_2000_LOSSLESS,
            lambda a: imagecodecs.jpeg2k_encode(a, level=0, codecformat="j2k"),
        ),
        (ts.HTJ2K_LOSSLESS_RPCL, lambda a: imagecodecs.htj2k_encode(a, reversible=True)),
        (ts.EXPLICIT_VR_LITTLE_ENDIAN, lambda a: a.astype("<u2").tobytes()),
        (ts.EXPLICIT_VR_BIG_ENDIAN, lambda a: a.astype(">u2").tobytes()),
    ],
)
def test_grey_comes_back_exactly(syntax, encode) -> None:
    content = bytes(encode(_grey()))

    found = decode(content, syntax, GREY)

    assert np.array_equal(found, _grey())
    assert to_bytes([found], GREY) == _grey().astype("<u2").tobytes()


@pytest.mark.parametrize(
    ("syntax", "encode"),
    [
        (ts.HTJ2K_LOSSLESS, lambda a: imagecodecs.htj2k_encode(a, reversible=True)),
        (ts.JPEG_LS_LOSSLESS, lambda a: imagecodecs.jpegls_encode(a.view(np.uint16))),
        (ts.EXPLICIT_VR_LITTLE_ENDIAN, lambda a: a.tobytes()),
    ],
)
def test_signs_come_back(syntax, encode) -> None:
    assert np.array_equal(decode(bytes(encode(_signed())), syntax, SIGNED), _signed())


def test_colour_by_plane_comes_out_by_pixel() -> None:
    planes = np.moveaxis(_colour(), -1, 0).tobytes()
    description = PixelDescription(
        rows=40, columns=48, samples=3, bits_allocated=8, bits_stored=8, high_bit=7, planar=True
    )

    assert np.array_equal(decode(planes, ts.EXPLICIT_VR_LITTLE_ENDIAN, description), _colour())


def test_jpeg_colour_comes_out_rgb() -> None:
    smooth = np.full((40, 48, 3), (200, 40, 90), np.uint8)
    content = bytes(imagecodecs.jpeg8_encode(smooth, level=95))
    description = PixelDescription(
        rows=40,
        columns=48,
        samples=3,
        bits_allocated=8,
        bits_stored=8,
        high_bit=7,
        photometric="YBR_FULL_422",
    )

    found = decode(content, ts.JPEG_BASELINE, description)

    assert np.abs(found.astype(int) - smooth).max() <= 3
    assert photometric_of(ts.JPEG_BASELINE, description) == "RGB"


def test_single_bits_are_unpacked_and_packed_again() -> None:
    bits = (np.arange(10 * 13) % 3 == 0).astype(np.uint8).reshape(10, 13)
    description = PixelDescription(
        rows=10, columns=13, bits_allocated=1, bits_stored=1, high_bit=0
    )
    content = np.packbits(bits.ravel(), bitorder="little").tobytes()

    found = decode(content, ts.EXPLICIT_VR_LITTLE_ENDIAN, description)

    assert np.array_equal(found, bits)
    assert to_bytes([found], description) == content
    assert len(to_bytes([found, found], description)) == 33  # 260 bits, no gap between frames


def test_a_codestream_that_claims_another_size_is_refused_before_it_is_decoded() -> None:
    content = bytearray(imagecodecs.jpeg2k_encode(_grey(), level=0, codecformat="j2k"))
    struct.pack_into(">II", content, 8, 65_000, 65_000)

    with pytest.raises(Undecodable, match="65000"):
        decode(bytes(content), ts.JPEG_2000_LOSSLESS, GREY)


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.102", "1.2.840.10008.1.2.4.94"])
def test_video_and_references_are_no_still_images(syntax) -> None:
    with pytest.raises(NotAnImage):
        decode(b"\0" * 100, syntax, GREY)


@pytest.mark.parametrize(
    "description",
    [
        PixelDescription(rows=0, columns=48),
        PixelDescription(rows=70_000, columns=48),
        PixelDescription(rows=60_000, columns=60_000),
        PixelDescription(rows=40, columns=48, samples=9),
        PixelDescription(rows=40, columns=48, bits_allocated=12),
        PixelDescription(rows=40, columns=48, bits_stored=0),
        PixelDescription(rows=40, columns=48, bits_stored=16, high_bit=3),
    ],
)
def test_descriptions_out_of_bounds_are_refused(description) -> None:
    with pytest.raises(Undecodable):
        decode(b"\0" * 9_000, ts.EXPLICIT_VR_LITTLE_ENDIAN, description)


SYNTAXES = [
    ts.EXPLICIT_VR_LITTLE_ENDIAN,
    ts.RLE_LOSSLESS,
    ts.JPEG_BASELINE,
    ts.JPEG_LOSSLESS_SV1,
    ts.JPEG_LS_LOSSLESS,
    ts.JPEG_2000,
    ts.HTJ2K,
]


@given(st.binary(max_size=600), st.sampled_from(SYNTAXES))
def test_any_bytes_decode_or_are_undecodable(content: bytes, syntax: str) -> None:
    try:
        found = decode(content, syntax, GREY)
    except ArchipelError:
        return
    assert found.shape == (40, 48)


# OpenJPH raises where imagecodecs cannot pass it on: rows after the damage stay empty.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@given(st.data(), st.sampled_from(["jpegls", "jpeg2k", "htj2k", "ljpeg"]))
def test_damaged_codestreams_decode_or_are_undecodable(data, codec: str) -> None:
    encode = {
        "jpegls": (ts.JPEG_LS_LOSSLESS, imagecodecs.jpegls_encode),
        "jpeg2k": (ts.JPEG_2000, lambda a: imagecodecs.jpeg2k_encode(a, codecformat="j2k")),
        "htj2k": (ts.HTJ2K, lambda a: imagecodecs.htj2k_encode(a, reversible=True)),
        "ljpeg": (ts.JPEG_LOSSLESS, lambda a: imagecodecs.ljpeg_encode(a, bitspersample=12)),
    }
    syntax, make = encode[codec]
    content = bytearray(make(_grey()))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))

    try:
        found = decode(bytes(content), syntax, GREY)
    except ArchipelError:
        return
    assert found.shape == (40, 48)


@given(st.binary(max_size=200))
def test_any_head_has_a_size_or_is_undecodable(content: bytes) -> None:
    for start in (b"\xff\xd8", b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP  ", b""):
        try:
            size_of(start + content)
        except Undecodable:
            continue
