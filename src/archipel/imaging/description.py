"""What to decode and how to show it, read from the stored metadata document.

The document is DICOM JSON (PS3.18 annex F); reading it spares rebuilding a whole data set to
show one frame of it. In an enhanced image the functional groups of the frame, then the shared
ones, speak before the data set itself (PS3.3 C.7.6.16).
"""

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from isal import igzip

from archipel.imaging.bounds import bounded
from archipel.imaging.errors import NotAnImage, Undecodable
from archipel.imaging.model import (
    MONOCHROME,
    PALETTE,
    Image,
    Lut,
    Palette,
    Presentation,
    VoiFunction,
    Window,
)
from archipel.kernel.errors import Malformed
from archipel.standards.dicom.pixels import DESCRIBING, PixelDescription

BulkData = Callable[[tuple[int, ...]], bytes | None]
"""A value too large to stand in the document, as `standards.dicom.bulk` finds it by path."""

_SHARED, _PER_FRAME = "52009229", "52009230"
_FLOAT_PIXELS = {"7FE00008", "7FE00009"}
_FUNCTIONS = {
    "LINEAR": VoiFunction.LINEAR,
    "LINEAR_EXACT": VoiFunction.LINEAR_EXACT,
    "SIGMOID": VoiFunction.SIGMOID,
}
_LUT_DATA = 0x00283006
_FRAME_TIME = 0x00181063
_BRIEFEST_MS, _LONGEST_MS, _OTHERWISE_MS = 10, 2_000, 100
_WHOLE_16_BITS = 1 << 16


@dataclass(frozen=True, slots=True)
class Attributes:
    """Elements of one data set or item, asked for by tag."""

    elements: Mapping[str, Any]

    def values(self, tag: int) -> list[Any]:
        """All values; empty where there is none."""
        element = self.elements.get(f"{tag:08X}") or {}
        return [value for value in element.get("Value", ()) if value is not None]

    def number(self, tag: int) -> float | None:
        """First value as a number; None where there is none. Raises `Undecodable`."""
        values = self.values(tag)
        try:
            return float(values[0]) if values else None
        except (TypeError, ValueError) as failure:
            raise Undecodable(f"({tag:08X}) holds no number") from failure

    def whole(self, tag: int, otherwise: int) -> int:
        """First value as an integer."""
        number = self.number(tag)
        if number is None:
            return otherwise
        if number != int(number):
            raise Undecodable(f"({tag:08X}) holds no whole number")
        return int(number)

    def text(self, tag: int, otherwise: str = "") -> str:
        """First value as text."""
        values = self.values(tag)
        return str(values[0]).strip() if values else otherwise

    def items(self, tag: int) -> "list[Attributes]":
        """Items of a sequence."""
        return [Attributes(value) for value in self.values(tag) if isinstance(value, Mapping)]


def frame_time_ms(document: bytes) -> int:
    """Read how long a frame is shown, from gzip of the metadata: 10 to 2000 ms, else 100."""
    found = Attributes(orjson.loads(igzip.decompress(document))[0])
    time_ms = found.number(_FRAME_TIME)
    return round(time_ms) if time_ms and _BRIEFEST_MS <= time_ms <= _LONGEST_MS else _OTHERWISE_MS


def describe(document: bytes, frame: int = 1, bulk_data: BulkData | None = None) -> Image:
    """Read the document of one instance: gzip of a JSON array that holds one data set.

    Raises `NotAnImage` when it has no pixels, `Undecodable` when it contradicts itself.
    """
    datasets = orjson.loads(igzip.decompress(document))
    if len(datasets) != 1:
        raise NotAnImage("one instance is expected")
    top = Attributes(datasets[0])
    if not _FLOAT_PIXELS.isdisjoint(datasets[0]):
        raise NotAnImage("floating point pixels are not drawn")
    pixels = _pixels(top)
    presentation = _presentation(top, pixels, frame, bulk_data)
    return Image(pixels=pixels, presentation=presentation)


def _pixels(top: Attributes) -> PixelDescription:
    header = {tag: "\\".join(map(str, top.values(tag))) for tag in DESCRIBING}
    try:
        pixels = PixelDescription.read({tag: text for tag, text in header.items() if text})
    except Malformed as failure:
        raise Undecodable(str(failure)) from failure
    if pixels is None:
        raise NotAnImage("this instance holds no image: it has no rows and columns")
    return bounded(pixels)


def _groups(top: Attributes, frame: int, macro: int) -> Iterator[Attributes]:
    """Give the items that may hold a macro's attributes, the nearest to the frame first."""
    per_frame = top.elements.get(_PER_FRAME, {}).get("Value", ())
    near = per_frame[frame - 1 : frame] if per_frame else []
    shared = top.elements.get(_SHARED, {}).get("Value", ())[:1]
    for group in (*near, *shared):
        if isinstance(group, Mapping):
            yield from Attributes(group).items(macro)
    yield top


def _first_with(groups: Iterator[Attributes], tag: int) -> Attributes | None:
    return next((group for group in groups if group.values(tag)), None)


def _presentation(
    top: Attributes, pixels: PixelDescription, frame: int, bulk_data: BulkData | None
) -> Presentation:
    if pixels.photometric == PALETTE:
        return Presentation(palette=_palette(top, pixels, bulk_data))
    if pixels.photometric not in MONOCHROME:
        return Presentation()
    rescale = _first_with(_groups(top, frame, 0x00289145), 0x00281053)
    window = _first_with(_groups(top, frame, 0x00289132), 0x00281050)
    shape = top.text(0x20500020).upper()
    inverse = shape == "INVERSE" if shape else pixels.photometric == "MONOCHROME1"
    slope = rescale.number(0x00281053) if rescale else None
    intercept = rescale.number(0x00281052) if rescale else None
    return Presentation(
        slope=1.0 if slope is None or slope == 0 else slope,
        intercept=intercept or 0.0,
        modality_lut=lut_of(top, 0x00283000, pixels, bulk_data),
        window=window_of(window),
        voi_lut=lut_of(top, 0x00283010, pixels, bulk_data),
        inverse=inverse,
        padding=_padding(top, pixels),
    )


def window_of(group: Attributes | None) -> Window | None:
    """Read a window; None where there is none that can be applied. Raises `Undecodable`."""
    if group is None:
        return None
    center, width = group.number(0x00281050), group.number(0x00281051)
    function = _FUNCTIONS.get(group.text(0x00281056, "LINEAR").upper(), VoiFunction.LINEAR)
    if center is None or width is None or width < 1:
        return None  # a width of 0 is written in the field; the values themselves then decide
    return Window(center=center, width=width, function=function)


def _padding(top: Attributes, pixels: PixelDescription) -> tuple[int, int] | None:
    value = top.number(0x00280120)
    if value is None:
        return None
    limit = top.number(0x00280121)
    ends = sorted(_signed(int(v), pixels) for v in (value, value if limit is None else limit))
    return ends[0], ends[1]


def _signed(value: int, pixels: PixelDescription) -> int:
    """Read a value as the pixels mean it: US written where SS was meant, or the reverse."""
    span = 1 << pixels.bits_allocated
    if pixels.signed and value >= span // 2:
        return value - span
    return value + span if not pixels.signed and value < 0 else value


def lut_of(
    top: Attributes,
    sequence: int,
    pixels: PixelDescription,
    bulk_data: BulkData | None,
    within: tuple[int, ...] = (),
) -> Lut | None:
    """Read the table in a sequence of `top`, which is at the path `within`; None: there is none.

    Raises `Undecodable`.
    """
    items = top.items(sequence)
    if not items:
        return None
    raw = _raw(items[0], (*within, sequence, 1, _LUT_DATA), bulk_data)
    return _lut(items[0].values(0x00283002), items[0].values(_LUT_DATA), raw, pixels)


def _raw(holder: Attributes, path: tuple[int, ...], bulk_data: BulkData | None) -> bytes | None:
    """Read the bytes of a binary value, in the document or beside it."""
    element = holder.elements.get(f"{path[-1]:08X}", {})
    if "InlineBinary" in element:
        return base64.b64decode(element["InlineBinary"])
    if "BulkDataURI" in element and bulk_data is not None:
        return bulk_data(path)
    return None


def _lut(
    descriptor: list[Any], data: list[Any], raw: bytes | None, pixels: PixelDescription
) -> Lut | None:
    if len(descriptor) != 3 or not (data or raw):  # noqa: PLR2004  (PS3.3 C.11.1.1.1)
        return None
    length = int(descriptor[0]) % _WHOLE_16_BITS or _WHOLE_16_BITS
    first, bits = _signed(int(descriptor[1]), pixels), int(descriptor[2])
    if raw is not None:
        wide = len(raw) >= 2 * length
        step = 2 if wide else 1
        data = [int.from_bytes(raw[i : i + step], "little") for i in range(0, len(raw), step)]
    entries = tuple(int(value) & 0xFFFF for value in data[:length])
    if not 1 <= bits <= 16 or not entries:  # noqa: PLR2004  (bits of an entry)
        raise Undecodable("a lookup table has no entries or more than 16 bits")
    return Lut(first=first, bits=bits, entries=entries)


def _palette(
    top: Attributes, pixels: PixelDescription, bulk_data: BulkData | None
) -> Palette | None:
    channels = []
    for descriptor, data in (
        (0x00281101, 0x00281201),
        (0x00281102, 0x00281202),
        (0x00281103, 0x00281203),
    ):
        raw = _raw(top, (data,), bulk_data)
        lut = _lut(top.values(descriptor), top.values(data), raw, pixels)
        if lut is None:
            raise Undecodable(
                "PALETTE COLOR without its lookup tables (segmented ones are not read)"
            )
        channels.append(lut)
    return Palette(red=channels[0], green=channels[1], blue=channels[2])
