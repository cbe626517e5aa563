"""One instance de-identified, pixels included: a whole Part 10 file or nothing (PS3.15 Annex E).

The attributes are the work of `standards.dicom.deidentify`; here pixels are decoded where text
must be blackened in them, and cut to what their description says.
"""

from dataclasses import dataclass

from archipel.imaging.transcode import to_little_endian
from archipel.kernel.errors import Malformed
from archipel.kernel.uid import Uid
from archipel.standards.dicom import dataset as grammar
from archipel.standards.dicom import transfer_syntax as ts
from archipel.standards.dicom.dataset import DataSet, Element
from archipel.standards.dicom.deidentify.apply import NotDeidentifiable, deidentify
from archipel.standards.dicom.deidentify.apply import Task as Asked
from archipel.standards.dicom.deidentify.burned import Cover, blacken, cover_of
from archipel.standards.dicom.elements import PIXEL_DATA
from archipel.standards.dicom.part10 import meta
from archipel.standards.dicom.pixels import DESCRIBING, PixelDescription

_SOP_CLASS, _SOP_INSTANCE = 0x00080016, 0x00080018
_OVERLAY_POSITION = 0x0102  # of group 60xx: the bit of each pixel in which it lies, 0: none


def deidentified_file(dataset: bytes, transfer_syntax: str, asked: Asked) -> bytes:
    """Return a data set as a de-identified Part 10 file.

    In the transfer syntax it has, or in explicit little endian where its pixels had to be
    decoded. Raises `NotDeidentifiable`, `Malformed`, `Undecodable`, `Exhausted`.
    """
    read = grammar.read(dataset, transfer_syntax)
    pixels = _described(read)
    cover = cover_of(read, pixels, asked.profile)
    if pixels is not None and (cover.boxes or _hides_overlays(read)):
        read, transfer_syntax = _native(dataset, transfer_syntax)
        pixels = _described(read) or pixels
        _repaint(read, pixels, cover)
    elif pixels is not None:
        _cut(read, pixels)
    made = deidentify(read, asked, cleaned_pixels=bool(cover.boxes))
    if not made.text(_SOP_CLASS) or not made.text(_SOP_INSTANCE):
        raise NotDeidentifiable("it has no SOP class or instance UID, so it is no file of its own")
    head = meta(
        sop_class=Uid.parse(made.text(_SOP_CLASS)),
        sop_instance=Uid.parse(made.text(_SOP_INSTANCE)),
        transfer_syntax=Uid.parse(transfer_syntax),
    )
    return head + grammar.write(made, transfer_syntax)


def _described(dataset: DataSet) -> PixelDescription | None:
    if PIXEL_DATA not in dataset:
        return None
    pixels = PixelDescription.read({tag: dataset.text(tag) for tag in DESCRIBING})
    if pixels is None:
        raise NotDeidentifiable("its pixels have no rows and columns: they cannot be judged")
    return pixels


def _native(dataset: bytes, transfer_syntax: str) -> tuple[DataSet, str]:
    syntax = ts.of(transfer_syntax)
    if syntax.video or syntax.referenced or not syntax.known:
        raise NotDeidentifiable("text in pixels of this transfer syntax cannot be blackened")
    target = ts.EXPLICIT_VR_LITTLE_ENDIAN
    return grammar.read(to_little_endian(dataset, transfer_syntax, target), target), target


def _repaint(dataset: DataSet, pixels: PixelDescription, cover: Cover) -> None:
    """Blacken, and clear the bits of native pixels that are no part of the image."""
    _cut(dataset, pixels)
    element = dataset.elements[PIXEL_DATA]
    native = element.value
    if not isinstance(native, bytes) or len(native) < pixels.frames * pixels.frame_bytes:
        raise NotDeidentifiable("its pixels are fewer than described: they cannot be judged")
    if cover.boxes:
        native = blacken(native, pixels, cover)
    if _hides_overlays(dataset):
        native = _image_bits(native, pixels)
    dataset.elements[PIXEL_DATA] = Element(element.vr, native)


def _image_bits(native: bytes, pixels: PixelDescription) -> bytes:
    import numpy as np  # noqa: PLC0415  (only for images of another time)

    if pixels.bits_allocated not in {8, 16} or pixels.signed:
        raise NotDeidentifiable("overlays hidden in pixels of this layout cannot be cleared")
    mask = ((1 << pixels.bits_stored) - 1) << (pixels.high_bit + 1 - pixels.bits_stored)
    samples = np.frombuffer(native, f"<u{pixels.bits_allocated // 8}")
    cleared: bytes = (samples & samples.dtype.type(mask)).tobytes()
    return cleared


def _hides_overlays(dataset: DataSet) -> bool:
    positions = [t for t in dataset if t >> 24 == 0x60 and t & 0xFFFF == _OVERLAY_POSITION]  # noqa: PLR2004 (overlay groups)
    return any(dataset.text(tag) not in {"", "0"} for tag in positions)


def _cut(dataset: DataSet, pixels: PixelDescription) -> None:
    """Drop what follows the last frame of native pixels: it is no image, it may be anything."""
    element = dataset.elements[PIXEL_DATA]
    if element.encapsulated or not isinstance(element.value, bytes):
        return
    size = (pixels.frames * pixels.frame_bits + 7) // 8
    if pixels.frames * pixels.frame_bits == 0:
        raise Malformed("its pixels have no size")
    if len(element.value) > size + size % 2:
        kept = element.value[:size] + b"\0" * (size % 2)
        dataset.elements[PIXEL_DATA] = Element(element.vr, kept)


@dataclass(frozen=True, slots=True)
class DeidentifyInstance:
    """`deidentified_file` as a task for the workshop (`imaging.ports`)."""

    dataset: bytes
    transfer_syntax: str
    asked: Asked

    def do(self) -> bytes:
        """Do it. Raises as `deidentified_file`."""
        return deidentified_file(self.dataset, self.transfer_syntax, self.asked)
