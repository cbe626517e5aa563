"""Lossless encoding: what comes out decodes to the very samples, or is refused."""

import struct

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.pixels.decoders.rle import _rle_decode_frame

from archipel.imaging import encode as module
from archipel.imaging.encode import ENCODED, encode
from archipel.imaging.errors import NotAnImage, Undecodable
from archipel.imaging.frames import decode, to_bytes
from archipel.imaging.transcode import rewrite
from archipel.standards.dicom import dataset as grammar
from archipel.standards.dicom import transfer_syntax as ts
from archipel.standards.dicom.dataset import DataSet, Element
from archipel.standards.dicom.pixels import PixelDescription

PIXEL_DATA, LOSSY, METHOD = 0x7FE00010, 0x00282110, 0x00282114


def image(frames: list[np.ndarray], pixels: PixelDescription) -> DataSet:
    made = DataSet()
    for tag, number in {
        0x00280002: pixels.samples,
        0x00280010: pixels.rows,
        0x00280011: pixels.columns,
        0x00280100: pixels.bits_allocated,
        0x00280101: pixels.bits_stored,
        0x00280102: pixels.high_bit,
        0x00280103: int(pixels.signed),
    }.items():
        made.elements[tag] = Element("US", struct.pack("<H", number))
    made.set_text(0x00280004, pixels.photometric)
    made.set_text(0x00280008, str(len(frames)))
    if pixels.samples > 1:
        made.elements[0x00280006] = Element("US", b"\0\0")
    native = to_bytes(frames, pixels)
    made.elements[PIXEL_DATA] = Element("OW", native + b"\0" * (len(native) % 2))
    return made


@st.composite
def frames(draw: st.DrawFn) -> tuple[PixelDescription, list[np.ndarray]]:
    stored = draw(st.sampled_from([8, 10, 12, 16]))
    allocated = 8 if stored == 8 else 16
    colour = draw(st.booleans())
    signed = not colour and draw(st.booleans())
    pixels = PixelDescription(
        rows=draw(st.integers(1, 40)),
        columns=draw(st.integers(1, 40)),
        samples=3 if colour else 1,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=stored - 1,
        signed=signed,
        photometric=draw(st.sampled_from(["RGB", "YBR_FULL"])) if colour else "MONOCHROME2",
        frames=draw(st.integers(1, 3)),
    )
    low, high = (-(1 << stored - 1), 1 << stored - 1) if signed else (0, 1 << stored)
    shape = (pixels.rows, pixels.columns, 3) if colour else (pixels.rows, pixels.columns)
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    flat = draw(st.booleans())
    dtype = f"{'i' if signed else 'u'}{allocated // 8}"
    made = [
        random.integers(low, high, shape).astype(dtype) // (64 if flat else 1)
        for _ in range(pixels.frames)
    ]
    return pixels, made


@settings(max_examples=40, deadline=None)
@given(frames(), st.sampled_from(ENCODED))
def test_not_a_sample_changes_there_and_back(drawn, syntax) -> None:
    pixels, made = drawn
    dataset = grammar.write(image(made, pixels), ts.EXPLICIT_VR_LITTLE_ENDIAN)

    try:
        coded = rewrite(dataset, ts.EXPLICIT_VR_LITTLE_ENDIAN, syntax)
    except NotAnImage:
        assert syntax == ts.HTJ2K_LOSSLESS
        assert pixels.photometric == "YBR_FULL"
        return

    back = grammar.read(
        rewrite(coded, syntax, ts.EXPLICIT_VR_LITTLE_ENDIAN), ts.EXPLICIT_VR_LITTLE_ENDIAN
    )
    assert back.elements[PIXEL_DATA].value[: len(to_bytes(made, pixels))] == to_bytes(made, pixels)
    assert back.text(0x00280004) == pixels.photometric
    assert LOSSY not in back


def test_from_one_lossless_syntax_into_another() -> None:
    pixels = PixelDescription(rows=30, columns=40, bits_stored=12, high_bit=11, signed=True)
    made = [np.arange(1200, dtype=np.int16).reshape(30, 40) - 600]
    plain = grammar.write(image(made, pixels), ts.EXPLICIT_VR_BIG_ENDIAN)

    through = rewrite(plain, ts.EXPLICIT_VR_BIG_ENDIAN, ts.JPEG_LS_LOSSLESS)
    through = rewrite(through, ts.JPEG_LS_LOSSLESS, ts.RLE_LOSSLESS)
    through = rewrite(through, ts.RLE_LOSSLESS, ts.JPEG_2000_LOSSLESS)
    back = rewrite(through, ts.JPEG_2000_LOSSLESS, ts.EXPLICIT_VR_LITTLE_ENDIAN)

    found = grammar.read(back, ts.EXPLICIT_VR_LITTLE_ENDIAN).elements[PIXEL_DATA].value
    assert found == to_bytes(made, pixels)


def test_what_was_lossy_says_so_wherever_it_goes() -> None:
    pixels = PixelDescription(rows=16, columns=16, bits_allocated=8, bits_stored=8, high_bit=7)
    made = image([np.full((16, 16), 90, np.uint8)], pixels)
    jpeg = bytes(imagecodecs.jpeg8_encode(np.full((16, 16), 90, np.uint8), level=90))
    jpeg += b"\0" * (len(jpeg) % 2)
    items = struct.pack("<HHI", 0xFFFE, 0xE000, 0) + struct.pack("<HHI", 0xFFFE, 0xE000, len(jpeg))
    made.elements[PIXEL_DATA] = Element("OB", items + jpeg, encapsulated=True)

    coded = rewrite(grammar.write(made, ts.JPEG_BASELINE), ts.JPEG_BASELINE, ts.JPEG_LS_LOSSLESS)

    found = grammar.read(coded, ts.JPEG_LS_LOSSLESS)
    assert found.text(LOSSY) == "01"
    assert found.text(METHOD) == "ISO_10918_1"


def test_an_overlay_beside_the_samples_is_not_lost() -> None:
    pixels = PixelDescription(rows=8, columns=8, bits_stored=12, high_bit=11)
    made = image([np.zeros((8, 8), np.uint16)], pixels)
    made.elements[0x60000102] = Element("US", struct.pack("<H", 12))

    with pytest.raises(NotAnImage, match="overlay"):
        rewrite(
            grammar.write(made, ts.EXPLICIT_VR_LITTLE_ENDIAN),
            ts.EXPLICIT_VR_LITTLE_ENDIAN,
            ts.JPEG_LS_LOSSLESS,
        )


@pytest.mark.parametrize("syntax", [ts.JPEG_BASELINE, ts.JPEG_2000, ts.JPEG_LS_NEAR_LOSSLESS])
def test_nothing_is_encoded_with_loss(syntax) -> None:
    pixels = PixelDescription(rows=8, columns=8)

    with pytest.raises(NotAnImage):
        encode(np.zeros((8, 8), np.uint16), syntax, pixels)


def test_a_codec_that_changes_a_sample_is_found_out(monkeypatch) -> None:
    """The codec is replaced: none that is installed here can be made to err."""
    other = bytes(imagecodecs.jpegls_encode(np.ones((8, 8), np.uint16)))
    monkeypatch.setattr(module, "_encoded", lambda *_: other)

    with pytest.raises(Undecodable, match="would not come back"):
        encode(
            np.zeros((8, 8), np.uint16), ts.JPEG_LS_LOSSLESS, PixelDescription(rows=8, columns=8)
        )


def test_run_lengths_are_what_pydicom_reads() -> None:
    random = np.random.default_rng(7)
    array = (random.integers(0, 4, (20, 30, 3)) * 60).astype(np.uint8)
    pixels = PixelDescription(
        rows=20, columns=30, samples=3, bits_allocated=8, bits_stored=8, high_bit=7
    )

    content = encode(array, ts.RLE_LOSSLESS, pixels)

    planes = np.frombuffer(_rle_decode_frame(content, 20, 30, 3, 8), np.uint8)
    assert np.array_equal(planes.reshape(3, 20, 30), np.moveaxis(array, -1, 0))
    assert np.array_equal(decode(content, ts.RLE_LOSSLESS, pixels), array)
