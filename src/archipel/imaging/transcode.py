"""A data set from any transfer syntax to a native or a lossless one (PS3.5 annex A).

Values are copied as bytes: no text is decoded, none is judged. Pixels are decoded where they are
encapsulated and encoded where they shall be, and what describes them is corrected: Photometric
Interpretation, Planar Configuration, High Bit. An icon in encapsulated form is left out, for it
has no place in another transfer syntax. Nothing is ever compressed with loss here; what once was
says so (PS3.3 C.7.6.1.1.5).
"""

import struct
from dataclasses import replace

from archipel.imaging.errors import NotAnImage, Undecodable
from archipel.kernel.errors import Exhausted, Malformed
from archipel.standards.dicom import dataset as grammar
from archipel.standards.dicom import transfer_syntax as ts
from archipel.standards.dicom.dataset import DataSet, Element
from archipel.standards.dicom.elements import PIXEL_DATA, inflate
from archipel.standards.dicom.pixels import (
    EXTENDED_OFFSET_TABLE,
    EXTENDED_OFFSET_TABLE_LENGTHS,
    PixelDescription,
)
from archipel.standards.dicom.skeleton import HoleKind, holes

MAX_INFLATED_BYTES = 1 << 28
MAX_DECODED_BYTES = 2 << 30  # native pixels of one instance

_PHOTOMETRIC, _PLANAR, _ICON = 0x00280004, 0x00280006, 0x00880200
_HIGH_BIT, _LOSSY, _LOSSY_METHOD = 0x00280102, 0x00282110, 0x00282114
_OVERLAYS = range(0x60000000, 0x60200000, 0x20000)
_OVERLAY_BIT, _OVERLAY_DATA = 0x0102, 0x3000
_LARGEST_OFFSET = 0xFFFFFFFF
_METHODS = {  # PS3.3 C.7.6.1.1.5.1
    ts.JPEG_BASELINE: "ISO_10918_1",
    ts.JPEG_EXTENDED: "ISO_10918_1",
    ts.JPEG_LS_NEAR_LOSSLESS: "ISO_14495_1",
    ts.JPEG_2000: "ISO_15444_1",
    ts.HTJ2K: "ISO_15444_15",
}
_TARGETS = {ts.EXPLICIT_VR_LITTLE_ENDIAN, ts.IMPLICIT_VR_LITTLE_ENDIAN}
_WORD_BITS = 16


def rewrite(dataset: bytes, from_ts: str, to_ts: str) -> bytes:
    """Rewrite `dataset` from `from_ts` in `to_ts`: see `to_little_endian`, `to_lossless`."""
    if from_ts == to_ts:
        return dataset
    if to_ts in _TARGETS:
        return to_little_endian(dataset, from_ts, to_ts)
    return to_lossless(dataset, from_ts, to_ts)


def to_lossless(dataset: bytes, from_ts: str, to_ts: str) -> bytes:
    """Rewrite `dataset` in one of `encode.ENCODED`: every sample stays what it was.

    Raises as `to_little_endian`; `NotAnImage` as well for samples that `to_ts` has no place for
    and for overlays that lie in the bits beside the samples, which would be lost.
    """
    from archipel.imaging.encode import encode, photometric_in  # noqa: PLC0415  (the codecs)
    from archipel.imaging.frames import decode, photometric_of  # noqa: PLC0415  (numpy)

    if ts.of(from_ts).deflated:
        dataset = inflate(dataset, limit_bytes=MAX_INFLATED_BYTES)
        from_ts = ts.EXPLICIT_VR_LITTLE_ENDIAN
    elements = grammar.read(dataset, from_ts)
    frames, pixels = _frames(dataset, from_ts)
    if pixels is None:
        if PIXEL_DATA in elements:
            raise Undecodable("the pixels contradict what describes them")
        return grammar.write(elements, to_ts)
    _check_overlays(elements)
    samples = photometric_of(from_ts, pixels)
    described = replace(pixels, photometric=samples, planar=False, high_bit=pixels.bits_stored - 1)
    coded = [
        encode(decode(b"".join(frames[n]), from_ts, pixels), to_ts, described)
        for n in sorted(frames)
    ]
    _drop_encapsulated_icons(elements)
    elements.elements[PIXEL_DATA] = Element("OB", _encapsulated(coded), encapsulated=True)
    _describe(elements, photometric_in(to_ts, samples))
    if pixels.samples > 1:
        elements.elements[_PLANAR] = Element("US", struct.pack("<H", to_ts == ts.RLE_LOSSLESS))
    elements.elements[_HIGH_BIT] = Element("US", struct.pack("<H", described.high_bit))
    _remember_loss(elements, from_ts)
    return grammar.write(elements, to_ts)


def to_little_endian(dataset: bytes, from_ts: str, to_ts: str) -> bytes:
    """Rewrite `dataset`, stored in `from_ts`, in `to_ts`: explicit or implicit little endian.

    Raises `Undecodable` for damaged pixels, `NotAnImage` for video, `Malformed` for a damaged
    structure, `Exhausted` for more decoded bytes than are granted.
    """
    if to_ts not in _TARGETS:
        raise NotAnImage(f"nothing is written in {to_ts} here")
    if from_ts == to_ts:
        return dataset
    source = ts.of(from_ts)
    if source.deflated:
        dataset = inflate(dataset, limit_bytes=MAX_INFLATED_BYTES)
        from_ts = ts.EXPLICIT_VR_LITTLE_ENDIAN
    elements = grammar.read(dataset, from_ts)
    if source.encapsulated:
        _replace_pixels(elements, dataset, from_ts)
    elif not source.little_endian:
        _turn_long_samples(elements)
    return grammar.write(elements, to_ts)


def _replace_pixels(elements: DataSet, dataset: bytes, transfer_syntax: str) -> None:
    """Put decoded frames in the place of encapsulated ones, if there are any."""
    from archipel.imaging.frames import decode, photometric_of, to_bytes  # noqa: PLC0415  (numpy)

    _drop_encapsulated_icons(elements)
    frames, pixels = _frames(dataset, transfer_syntax)
    if pixels is None:
        return
    decoded = (decode(b"".join(frames[n]), transfer_syntax, pixels) for n in sorted(frames))
    if pixels.bits_allocated == 1:  # frames follow each other within a byte
        native = to_bytes(list(decoded), pixels)
    else:
        native = b"".join(to_bytes([array], pixels) for array in decoded)
    vr = "OW" if pixels.bits_allocated >= _WORD_BITS else "OB"
    elements.elements[PIXEL_DATA] = Element(vr, native + b"\0" * (len(native) % 2))
    _describe(elements, photometric_of(transfer_syntax, pixels))
    if pixels.samples > 1:
        elements.elements[_PLANAR] = Element("US", b"\0\0")
    _remember_loss(elements, transfer_syntax)


def _describe(elements: DataSet, photometric: str) -> None:
    elements.set_text(_PHOTOMETRIC, photometric)
    for table in (EXTENDED_OFFSET_TABLE, EXTENDED_OFFSET_TABLE_LENGTHS):
        elements.elements.pop(table, None)


def _remember_loss(elements: DataSet, from_ts: str) -> None:
    """Let pixels that once were compressed with loss say so, where nobody has."""
    if ts.of(from_ts).lossless or elements.text(_LOSSY) == "01":
        return
    elements.set_text(_LOSSY, "01")
    if from_ts in _METHODS and not elements.text(_LOSSY_METHOD):
        elements.set_text(_LOSSY_METHOD, _METHODS[from_ts])


def _check_overlays(elements: DataSet) -> None:
    for group in _OVERLAYS:
        if elements.text(group | _OVERLAY_BIT) not in {"", "0"} and (
            group | _OVERLAY_DATA not in elements
        ):
            raise NotAnImage("an overlay lies in the bits beside the samples: it would be lost")


def _encapsulated(frames: list[bytes]) -> bytes:
    """Write one fragment for each frame, behind a basic offset table (PS3.5 section A.4)."""
    offsets, position = [], 0
    for one in frames:
        offsets.append(position)
        position += 8 + len(one)
    table = struct.pack(f"<{len(offsets)}I", *offsets) if position <= _LARGEST_OFFSET else b""
    return b"".join(
        struct.pack("<HHI", 0xFFFE, 0xE000, len(one)) + one for one in [table, *frames]
    )


def _frames(
    dataset: bytes, transfer_syntax: str
) -> tuple[dict[int, list[bytes]], PixelDescription | None]:
    """Gather the bytes of each frame, 1 first, and what describes them.

    Raises `Exhausted`, `Undecodable` where the frames are not those described.
    """
    frames, pixels = _pieces(dataset, transfer_syntax)
    if pixels is None:
        return frames, pixels
    if pixels.frames * pixels.frame_bytes > MAX_DECODED_BYTES:
        raise Exhausted(f"its pixels take more than {MAX_DECODED_BYTES} bytes when decoded")
    if sorted(frames) != list(range(1, pixels.frames + 1)):
        raise Undecodable(f"{len(frames)} frames where {pixels.frames} are described")
    return frames, pixels


def _pieces(
    dataset: bytes, transfer_syntax: str
) -> tuple[dict[int, list[bytes]], PixelDescription | None]:
    frames: dict[int, list[bytes]] = {}
    pixels: PixelDescription | None = None
    for hole in holes(dataset, transfer_syntax):
        if hole.kind is HoleKind.OPAQUE:
            raise Malformed("the data set is not understood, so its pixels are not decoded")
        if hole.kind not in {HoleKind.FRAGMENT, HoleKind.FRAME}:
            continue
        if hole.frame is None or hole.pixels is None:
            raise Undecodable("nothing tells which fragment belongs to which frame")
        pixels = hole.pixels
        fragment = dataset[hole.start : hole.start + hole.length]
        frames.setdefault(hole.frame, []).append(fragment)
    return frames, pixels


def _drop_encapsulated_icons(elements: DataSet) -> None:
    icon = elements.elements.get(_ICON)
    if icon is None or isinstance(icon.value, bytes):
        return
    if any((p := each.elements.get(PIXEL_DATA)) and p.encapsulated for each in icon.value):
        del elements.elements[_ICON]


def _turn_long_samples(elements: DataSet) -> None:
    """Finish the turn of 32-bit samples in words: the grammar turned each 16-bit word."""
    pixels = elements.elements.get(PIXEL_DATA)
    allocated = elements.elements.get(0x00280100)
    if pixels is None or allocated is None or not isinstance(pixels.value, bytes):
        return
    if pixels.vr == "OW" and allocated.value == b"\x20\0" and len(pixels.value) % 4 == 0:
        turned = bytearray(pixels.value)
        turned[0::4], turned[1::4] = pixels.value[2::4], pixels.value[3::4]
        turned[2::4], turned[3::4] = pixels.value[0::4], pixels.value[1::4]
        elements.elements[PIXEL_DATA] = Element("OW", bytes(turned))
