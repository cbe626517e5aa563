"""A data set from any transfer syntax to a native little endian one (PS3.5 section A).

Values are copied as bytes: no text is decoded, none is judged. Pixels are decoded where they are
encapsulated, and what describes them is corrected: Photometric Interpretation and Planar
Configuration. An icon in encapsulated form is left out, for a native transfer syntax has no
place for it.
"""

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
_TARGETS = {ts.EXPLICIT_VR_LITTLE_ENDIAN, ts.IMPLICIT_VR_LITTLE_ENDIAN}
_WORD_BITS = 16


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
    frames, pixels = _fragments(dataset, transfer_syntax)
    if pixels is None:
        return
    if pixels.frames * pixels.frame_bytes > MAX_DECODED_BYTES:
        raise Exhausted(f"its pixels take more than {MAX_DECODED_BYTES} bytes when decoded")
    if sorted(frames) != list(range(1, pixels.frames + 1)):
        raise Undecodable(f"{len(frames)} frames where {pixels.frames} are described")
    decoded = (decode(b"".join(frames[n]), transfer_syntax, pixels) for n in sorted(frames))
    if pixels.bits_allocated == 1:  # frames follow each other within a byte
        native = to_bytes(list(decoded), pixels)
    else:
        native = b"".join(to_bytes([array], pixels) for array in decoded)
    vr = "OW" if pixels.bits_allocated >= _WORD_BITS else "OB"
    photometric = photometric_of(transfer_syntax, pixels).encode()
    elements.elements[PIXEL_DATA] = Element(vr, native + b"\0" * (len(native) % 2))
    elements.elements[_PHOTOMETRIC] = Element("CS", photometric + b" " * (len(photometric) % 2))
    if pixels.samples > 1:
        elements.elements[_PLANAR] = Element("US", b"\0\0")
    for table in (EXTENDED_OFFSET_TABLE, EXTENDED_OFFSET_TABLE_LENGTHS):
        elements.elements.pop(table, None)


def _fragments(
    dataset: bytes, transfer_syntax: str
) -> tuple[dict[int, list[bytes]], PixelDescription | None]:
    """Gather the fragments of each frame, 1 first, and what describes them."""
    frames: dict[int, list[bytes]] = {}
    pixels: PixelDescription | None = None
    for hole in holes(dataset, transfer_syntax):
        if hole.kind is HoleKind.OPAQUE:
            raise Malformed("the data set is not understood, so its pixels are not decoded")
        if hole.kind is not HoleKind.FRAGMENT:
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
