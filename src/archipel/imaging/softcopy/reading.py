"""A presentation state read from the metadata of its instance (PS3.3 A.33.1, PS3.4 N.2).

What it does not say of the modality and values of interest is identity, whatever the image says:
the state replaces the image's own transformations (PS3.4 N.2.1).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import orjson
from isal import igzip

from archipel.imaging.description import Attributes, BulkData, lut_of, window_of
from archipel.imaging.errors import NotAnImage, Undecodable
from archipel.imaging.model import MONOCHROME, Image, Presentation, VoiFunction, Window
from archipel.imaging.softcopy.model import (
    Area,
    Graphic,
    GraphicType,
    Point,
    Shutter,
    Softcopy,
    Text,
)
from archipel.kernel.errors import Malformed

GREYSCALE = "1.2.840.10008.5.1.4.1.1.11.1"
COLOUR = "1.2.840.10008.5.1.4.1.1.11.2"
STATES = frozenset({GREYSCALE, COLOUR})
"""SOP classes of the states that are applied."""

MOST_GRAPHICS, MOST_TEXTS, MOST_POINTS, MOST_LETTERS = 500, 50, 5_000, 1_024
_MOST_SIDE = 16_384  # of a displayed area, in pixels of the image
_TURNS = {0, 90, 180, 270}


@dataclass(frozen=True, slots=True)
class Reference:
    """One image that a state refers to, and its frames; none: every one."""

    series: str
    instance: str
    frames: tuple[int, ...]


def references(document: bytes) -> list[Reference]:
    """Name the images a state is about, in its order. `document` is gzip of its metadata."""
    return list(_references(_top(document)))


def softcopy_of(
    document: bytes, instance: str, frame: int, image: Image, bulk_data: BulkData | None = None
) -> Softcopy:
    """Read how a state presents one frame. Raises `Malformed` where it is about others.

    `image` is the frame as its own data set describes it. Raises `NotAnImage` for what is not
    applied, `Undecodable` for a state that contradicts itself.
    """
    top = _top(document)
    if top.text(0x00080016) not in STATES:
        raise NotAnImage("only greyscale and colour softcopy presentation states are applied")
    if not any(_is(one, instance, frame) for one in _references(top)):
        raise Malformed("the presentation state does not refer to this image")
    rotation = top.whole(0x00700042, 0) % 360
    if rotation not in _TURNS:
        raise Undecodable("an image is turned by 0, 90, 180 or 270 degrees")
    grey_of = {
        layer.text(0x00700002): layer.whole(0x00700066, 0xFFFF) >> 8 & 0xFF
        for layer in top.items(0x00700060)
    }
    layers = [one for one in top.items(0x00700001) if _applies(one, instance, frame)]
    graphics = (
        graphic
        for one in layers
        for item in one.items(0x00700009)
        if (graphic := _graphic(item, grey_of.get(one.text(0x00700002), 255)))
    )
    texts = (text for one in layers for item in one.items(0x00700008) if (text := _text(item)))
    area = next((a for a in top.items(0x0070005A) if _applies(a, instance, frame)), None)
    return Softcopy(
        presentation=_presentation(top, instance, frame, image, bulk_data),
        shutter=_shutter(top),
        area=_area(area) if area else None,
        rotation=rotation,
        flipped=top.text(0x00700041).upper() == "Y",
        graphics=tuple(islice(graphics, MOST_GRAPHICS)),
        texts=tuple(islice(texts, MOST_TEXTS)),
    )


def _top(document: bytes) -> Attributes:
    (found,) = orjson.loads(igzip.decompress(document))
    return Attributes(found)


def _references(top: Attributes) -> Iterator[Reference]:
    for series in top.items(0x00081115):
        for one in series.items(0x00081140):
            yield Reference(series.text(0x0020000E), one.text(0x00081155), _frames(one))


def _frames(one: Attributes) -> tuple[int, ...]:
    return tuple(int(number) for number in one.values(0x00081160))


def _is(one: Reference, instance: str, frame: int) -> bool:
    return one.instance == instance and (not one.frames or frame in one.frames)


def _applies(item: Attributes, instance: str, frame: int) -> bool:
    """Tell whether an item is about a frame: about all where it names none."""
    named = item.items(0x00081140)
    return not named or any(
        _is(Reference("", one.text(0x00081155), _frames(one)), instance, frame) for one in named
    )


def _presentation(
    top: Attributes, instance: str, frame: int, image: Image, bulk_data: BulkData | None
) -> Presentation:
    pixels = image.pixels
    if pixels.photometric not in MONOCHROME or top.text(0x00080016) == COLOUR:
        return image.presentation
    slope, intercept = top.number(0x00281053), top.number(0x00281052)
    window, voi_lut = None, None
    for number, item in enumerate(top.items(0x00283110), 1):
        if _applies(item, instance, frame):
            window = window_of(item)
            voi_lut = lut_of(item, 0x00283010, pixels, bulk_data, (0x00283110, number))
            break
    made = Presentation(
        slope=slope or 1.0,
        intercept=intercept or 0.0,
        modality_lut=lut_of(top, 0x00283000, pixels, bulk_data),
        window=window,
        voi_lut=voi_lut,
        presentation_lut=lut_of(top, 0x20500010, pixels, bulk_data),
        inverse=top.text(0x20500020).upper() == "INVERSE",
        padding=image.presentation.padding,
    )
    return made if window or voi_lut else replace(made, window=_identity(made, image))


def _identity(made: Presentation, image: Image) -> Window:
    """Span all that may come out of the modality transformation (PS3.4 N.2.1.2)."""
    if made.modality_lut is not None:
        low, high = 0.0, float((1 << made.modality_lut.bits) - 1)
    else:
        stored, signed = image.pixels.bits_stored, image.pixels.signed
        first = -(1 << stored - 1) if signed else 0
        ends = (
            first * made.slope + made.intercept,
            (first + (1 << stored) - 1) * made.slope + made.intercept,
        )
        low, high = min(ends), max(ends)
    return Window(
        center=(low + high) / 2, width=max(high - low, 1e-6), function=VoiFunction.LINEAR_EXACT
    )


def _shutter(top: Attributes) -> Shutter | None:
    shapes = {str(shape).strip().upper() for shape in top.values(0x00181600)}
    if not shapes:
        return None
    if "BITMAP" in shapes:  # not drawing it would show what was covered
        raise NotAnImage("a bitmap shutter is not applied")
    rectangle = circle = None
    polygon: tuple[Point, ...] = ()
    if "RECTANGULAR" in shapes:
        edges = [top.whole(tag, 0) for tag in (0x00181602, 0x00181604, 0x00181606, 0x00181608)]
        rectangle = (edges[0], edges[1], edges[2], edges[3])
    if "CIRCULAR" in shapes:
        centre = _numbers(top, 0x00181610)
        if len(centre) != 2:  # noqa: PLR2004  (row and column)
            raise Undecodable("a circular shutter has no centre")
        circle = (int(centre[0]), int(centre[1]), top.whole(0x00181612, 0))
    if "POLYGONAL" in shapes:
        polygon = _pairs(_numbers(top, 0x00181620))
    return Shutter(
        rectangle=rectangle,
        circle=circle,
        polygon=polygon,
        grey=top.whole(0x00181622, 0) >> 8 & 0xFF,
    )


def _area(item: Attributes) -> Area:
    corners = _numbers(item, 0x00700052) + _numbers(item, 0x00700053)
    if len(corners) != 4:  # noqa: PLR2004  (two corners)
        raise Undecodable("a displayed area has two corners")
    columns, rows = sorted((corners[0], corners[2])), sorted((corners[1], corners[3]))
    if columns[1] - columns[0] >= _MOST_SIDE or rows[1] - rows[0] >= _MOST_SIDE:
        raise Undecodable(f"a displayed area has at most {_MOST_SIDE} rows and columns")
    aspect = _numbers(item, 0x00700101) or _numbers(item, 0x00700102)
    magnified = item.text(0x00700100).upper() == "MAGNIFY"
    ratio = item.number(0x00700103) if magnified else None
    return Area(
        left=int(columns[0]),
        top=int(rows[0]),
        right=int(columns[1]),
        bottom=int(rows[1]),
        aspect=aspect[0] / aspect[1] if len(aspect) == 2 and min(aspect) > 0 else 1.0,  # noqa: PLR2004  (of height and width)
        magnification=ratio if ratio and ratio > 0 else None,
    )


def _graphic(item: Attributes, grey: int) -> Graphic | None:
    kind = item.text(0x00700023).upper()
    points = _pairs(_numbers(item, 0x00700022)[: 2 * MOST_POINTS])
    if kind not in GraphicType.__members__ or not points:
        return None
    return Graphic(
        kind=GraphicType[kind],
        points=points,
        on_display=item.text(0x00700005).upper() == "DISPLAY",
        filled=item.text(0x00700024).upper() == "Y",
        grey=grey,
    )


def _text(item: Attributes) -> Text | None:
    words = item.text(0x00700006)[:MOST_LETTERS]
    for place, units in ((0x00700010, 0x00700003), (0x00700014, 0x00700004)):
        at = _numbers(item, place)
        if words and len(at) == 2:  # noqa: PLR2004  (column and row)
            display = item.text(units).upper() == "DISPLAY"
            return Text(words=words, at=(at[0], at[1]), on_display=display)
    return None


def _numbers(item: Attributes, tag: int) -> list[float]:
    try:
        return [float(value) for value in item.values(tag)]
    except (TypeError, ValueError) as failure:
        raise Undecodable(f"({tag:08X}) holds no numbers") from failure


def _pairs(numbers: list[float]) -> tuple[Point, ...]:
    return tuple(zip(numbers[::2], numbers[1::2], strict=False))
