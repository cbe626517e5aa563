"""Whether pixels may show who it is, and which of them to blacken (PS3.15 section E.3.1).

An image whose text is burned into its pixels is never let go by its attributes alone: it says so
itself (Burned In Annotation, PS3.3 C.7.6.1.1), or its kind is known to carry text.
"""

from dataclasses import dataclass
from itertools import pairwise

from archipel.standards.dicom.dataset import DataSet
from archipel.standards.dicom.deidentify.apply import NotDeidentifiable
from archipel.standards.dicom.deidentify.profile import Blackout, Box, Profile
from archipel.standards.dicom.deidentify.table import Option
from archipel.standards.dicom.pixels import PixelDescription

_BURNED_IN, _IMAGE_TYPE, _MODALITY, _SOP_CLASS = 0x00280301, 0x00080008, 0x00080060, 0x00080016
_MANUFACTURER, _MODEL, _LABEL = 0x00080070, 0x00081090, 0x00480010
_CONVERSION = 0x00080064
_REGIONS = 0x00186011
_SIDES = (0x00186018, 0x0018601A, 0x0018601C, 0x0018601E)  # first and last column and row
_SPEAKING = frozenset({"US", "IVUS", "ES", "XC", "GM", "OT", "SC", "DOC", "DG", "AU", "HC", "RG"})
_CAPTURED = "1.2.840.10008.5.1.4.1.1.7"  # Secondary Capture and its multi-frame kin
_SHOWN = frozenset({"SCREEN", "SCREEN SAVE", "OVERVIEW", "DOSE", "DOSE_INFO", "CAPTURE"})


@dataclass(frozen=True, slots=True)
class Cover:
    """Which boxes of every frame are blackened; none: the pixels are safe as they are."""

    boxes: tuple[Box, ...] = ()


def cover_of(dataset: DataSet, pixels: PixelDescription | None, profile: Profile) -> Cover:
    """Decide what is to be blackened. Raises `NotDeidentifiable`, saying why."""
    why = suspicion(dataset) if pixels else ""
    if not why or pixels is None:
        return Cover()
    if Option.CLEAN_PIXELS not in profile.options:
        raise NotDeidentifiable(f"{why}: choose to clean pixels, or leave this object out")
    for rule in profile.blackouts:
        if _fits(rule, dataset, pixels):
            return Cover(rule.boxes)
    regions = _regions(dataset, pixels)
    if not regions:
        raise NotDeidentifiable(f"{why}, and no rule says where: leave this object out")
    return Cover(_around(regions, pixels))


def suspicion(dataset: DataSet) -> str:
    """Say why the pixels may show text that identifies; empty where nothing hints at it."""
    said = dataset.text(_BURNED_IN).upper()
    image_type = {one.upper() for one in dataset.texts(_IMAGE_TYPE)}
    modality, sop_class = dataset.text(_MODALITY).upper(), dataset.text(_SOP_CLASS)
    label = dataset.text(_LABEL).upper() == "YES" or "LABEL" in image_type
    captured = sop_class == _CAPTURED or sop_class.startswith(_CAPTURED + ".")
    reasons = (
        (said == "YES", "its pixels are said to have text burned in"),
        (label, "its pixels show a label"),
        (said == "NO", ""),
        (modality in _SPEAKING, f"images of modality {modality} often have text burned in"),
        (captured, "a captured screen often has text burned in"),
        (
            bool(dataset.text(_CONVERSION)) or bool(image_type & _SHOWN),
            "a captured or converted picture often has text burned in",
        ),
    )
    return next((why for holds, why in reasons if holds), "")


def blacken(native: bytes, pixels: PixelDescription, cover: Cover) -> bytes:
    """Blacken boxes in every frame of native little endian pixels of whole bytes.

    Black is 0 of each sample, of MONOCHROME1 the highest stored value, of YBR colours 0, 128,
    128. Raises `NotDeidentifiable` for a layout in which samples share bytes.
    """
    if pixels.bits_allocated % 8 or pixels.photometric == "YBR_FULL_422":
        raise NotDeidentifiable("text in pixels of this layout cannot be blackened")
    out = bytearray(native)
    size = pixels.bits_allocated // 8
    planes = pixels.samples if pixels.planar else 1
    width = size * (1 if pixels.planar else pixels.samples)
    black = _black(pixels, size)
    for frame in range(pixels.frames):
        for plane in range(planes):
            start = frame * pixels.frame_bytes + plane * pixels.rows * pixels.columns * width
            colour = black[plane] if pixels.planar else b"".join(black)
            for box in cover.boxes:
                left, right = min(box.left, pixels.columns), min(box.right, pixels.columns)
                for row in range(box.top, min(box.bottom, pixels.rows)):
                    at = start + row * pixels.columns * width
                    out[at + left * width : at + right * width] = colour * (right - left)
    return bytes(out)


def _black(pixels: PixelDescription, size: int) -> list[bytes]:
    if pixels.photometric.startswith("YBR"):
        return [value.to_bytes(size, "little") for value in (0, 128, 128)]
    dark = 0
    if pixels.photometric == "MONOCHROME1":
        dark = (1 << (pixels.bits_stored - pixels.signed)) - 1
    elif pixels.signed:
        dark = 1 << (pixels.bits_stored - 1)  # the lowest of two's complement
    return [dark.to_bytes(size, "little")] * pixels.samples


def _fits(rule: Blackout, dataset: DataSet, pixels: PixelDescription) -> bool:
    wanted = (rule.modality, rule.manufacturer, rule.model)
    said = (dataset.text(_MODALITY), dataset.text(_MANUFACTURER), dataset.text(_MODEL))
    same = all(a == "" or a.lower() == b.lower() for a, b in zip(wanted, said, strict=True))
    return same and (rule.rows, rule.columns) == (pixels.rows, pixels.columns)


def _regions(dataset: DataSet, pixels: PixelDescription) -> list[Box]:
    """Where an ultrasound image says that its echoes are (PS3.3 section C.8.5.5)."""
    found = []
    for item in dataset.items(_REGIONS):
        texts = [item.text(tag) for tag in _SIDES]
        if not all(text.isdigit() for text in texts):
            return []
        left, top, right, bottom = (int(text) for text in texts)
        if left > right or top > bottom or right >= pixels.columns or bottom >= pixels.rows:
            return []  # a region beyond the image is not believed
        found.append(Box(left, top, right + 1, bottom + 1))
    return found


def _around(regions: list[Box], pixels: PixelDescription) -> tuple[Box, ...]:
    """Cover all that lies in no region, row band by row band."""
    edges = sorted({0, pixels.rows, *(r.top for r in regions), *(r.bottom for r in regions)})
    boxes = []
    for top, bottom in pairwise(edges):
        left = 0
        for region in sorted(regions, key=lambda one: one.left):
            if region.top > top or region.bottom < bottom:
                continue
            if region.left > left:
                boxes.append(Box(left, top, region.left, bottom))
            left = max(left, region.right)
        if left < pixels.columns:
            boxes.append(Box(left, top, pixels.columns, bottom))
    return tuple(boxes)
