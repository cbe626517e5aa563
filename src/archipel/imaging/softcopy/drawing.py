"""A frame in its greys or colours, made into the picture that a presentation state wants.

In the order of PS3.4 N.2: the shutter, then the displayed area, turned and mirrored, and scaled;
the graphics and words on it last, so that lines stay thin at every size.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from PIL import ImageDraw

from archipel.imaging.annotation import block
from archipel.imaging.errors import Undecodable
from archipel.imaging.softcopy.model import (
    Area,
    Graphic,
    GraphicType,
    Point,
    Shutter,
    Softcopy,
)

Shown = NDArray[np.uint8]

LARGEST_SIDE = 8192
_STEPS = 72  # corners of a circle
_DOT = 2.0
_THIN_PER_PIXELS = 512  # one pixel of a line for so many of the picture


def presented(shown: Shown, state: Softcopy, size: tuple[int, int] | None) -> Picture.Image:
    """Make the picture; `size` is the width and height it is to fit into, None: its own.

    `shown` has shape (rows, columns) or (rows, columns, 3). Raises `Undecodable`.
    """
    if state.shutter is not None:
        hidden = ~_open(shown.shape[0], shown.shape[1], state.shutter)
        shown = shown.copy()
        shown[hidden] = state.shutter.grey
    area = state.area or Area(left=1, top=1, right=shown.shape[1], bottom=shown.shape[0])
    turned = np.rot90(_cut(shown, area), k=-state.rotation // 90)
    if state.flipped:
        turned = np.fliplr(turned)
    picture = Picture.fromarray(np.ascontiguousarray(turned))
    wanted = _size(picture.size, area, sideways=state.rotation % 180 != 0, within=size)
    if wanted != picture.size:
        shrinking = wanted[0] < picture.size[0]
        how = Picture.Resampling.LANCZOS if shrinking else Picture.Resampling.BILINEAR
        picture = picture.resize(wanted, how)
    return _written_on(picture, state, _Places(area, state, picture.size))


def _open(rows: int, columns: int, shutter: Shutter) -> NDArray[np.bool_]:
    """Say what a shutter leaves to be seen."""
    row, column = np.ogrid[1 : rows + 1, 1 : columns + 1]
    seen = np.ones((rows, columns), np.bool_)
    if shutter.rectangle is not None:
        left, right, upper, lower = shutter.rectangle
        seen &= (column >= left) & (column <= right) & (row >= upper) & (row <= lower)
    if shutter.circle is not None:
        middle_row, middle_column, radius = shutter.circle
        seen &= (row - middle_row) ** 2 + (column - middle_column) ** 2 <= radius**2
    if shutter.polygon:
        mask = Picture.new("1", (columns, rows))
        corners = [(x - 1, y - 1) for y, x in shutter.polygon]
        ImageDraw.Draw(mask).polygon(corners, fill=1, outline=1)
        seen &= np.asarray(mask)
    return seen


def _cut(shown: Shown, area: Area) -> Shown:
    """Cut the displayed area out; what lies beyond the image is black."""
    rows, columns = area.bottom - area.top + 1, area.right - area.left + 1
    made = np.zeros((rows, columns, *shown.shape[2:]), np.uint8)
    top, left = max(area.top, 1), max(area.left, 1)
    bottom, right = min(area.bottom, shown.shape[0]), min(area.right, shown.shape[1])
    if top <= bottom and left <= right:
        made[top - area.top : bottom - area.top + 1, left - area.left : right - area.left + 1] = (
            shown[top - 1 : bottom, left - 1 : right]
        )
    return made


def _size(
    natural: tuple[int, int], area: Area, *, sideways: bool, within: tuple[int, int] | None
) -> tuple[int, int]:
    """Say how large the picture is: pixels are square, whatever those of the image are."""
    aspect = 1 / area.aspect if sideways else area.aspect
    width = natural[0] * max(1.0, 1 / aspect)
    height = natural[1] * max(1.0, aspect)
    if within is not None:
        scale = min(within[0] / width, within[1] / height)
    else:
        scale = area.magnification or 1.0
    wanted = max(round(width * scale), 1), max(round(height * scale), 1)
    if max(wanted) > LARGEST_SIDE:
        raise Undecodable(f"the picture would be larger than {LARGEST_SIDE} pixels: ask for less")
    return wanted


@dataclass(frozen=True, slots=True)
class _Places:
    """Where a place of the image, or of the displayed area, is in the picture."""

    area: Area
    state: Softcopy
    size: tuple[int, int]

    def of(self, point: Point, *, on_display: bool) -> Point:
        """Return column and row in the picture."""
        if on_display:
            return point[0] * self.size[0], point[1] * self.size[1]
        width = float(self.area.right - self.area.left + 1)
        height = float(self.area.bottom - self.area.top + 1)
        x, y = point[0] - (self.area.left - 1), point[1] - (self.area.top - 1)
        for _ in range(self.state.rotation // 90):
            x, y, width, height = height - y, x, height, width
        if self.state.flipped:
            x = width - x
        return x * self.size[0] / width, y * self.size[1] / height


def _written_on(picture: Picture.Image, state: Softcopy, places: _Places) -> Picture.Image:
    if not (state.graphics or state.texts):
        return picture
    made = picture.copy()
    pen = ImageDraw.Draw(made)
    width = max(1, round(min(made.size) / _THIN_PER_PIXELS))
    for graphic in state.graphics:
        line = [places.of(p, on_display=graphic.on_display) for p in outline(graphic)]
        _draw(pen, graphic, line, width, colour=made.mode == "RGB")
    for text in state.texts:
        x, y = places.of(text.at, on_display=text.on_display)
        words = block(text.words, min(made.size))
        made.paste(words.convert(made.mode), (round(x), round(y)), words)
    return made


def _draw(
    pen: ImageDraw.ImageDraw, graphic: Graphic, line: Sequence[Point], width: int, *, colour: bool
) -> None:
    ink: Any = (graphic.grey,) * 3 if colour else graphic.grey
    if graphic.kind is GraphicType.POINT:
        x, y = line[0]
        pen.ellipse((x - _DOT, y - _DOT, x + _DOT, y + _DOT), fill=ink)
    elif graphic.filled and line[0] == line[-1] and len(line) > 2:  # noqa: PLR2004  (an area)
        pen.polygon(list(line), fill=ink)
    else:
        pen.line(list(line), fill=ink, width=width)


def outline(graphic: Graphic) -> list[Point]:
    """Give the line that draws a graphic object (PS3.3 C.10.5.1.2)."""
    points = graphic.points
    if graphic.kind is GraphicType.CIRCLE and len(points) > 1:
        (x, y), edge = points[0], points[1]
        radius = math.hypot(edge[0] - x, edge[1] - y)
        return _around((x, y), (radius, 0.0), (0.0, radius))
    if graphic.kind is GraphicType.ELLIPSE and len(points) > 3:  # noqa: PLR2004  (two axes)
        one, other, third, fourth = points[:4]
        middle = (one[0] + other[0]) / 2, (one[1] + other[1]) / 2
        major = (other[0] - one[0]) / 2, (other[1] - one[1]) / 2
        minor = (fourth[0] - third[0]) / 2, (fourth[1] - third[1]) / 2
        return _around(middle, major, minor)
    if graphic.kind is GraphicType.INTERPOLATED and len(points) > 2:  # noqa: PLR2004  (a curve)
        return list(_curve(points))
    return list(points)


def _around(middle: Point, major: Point, minor: Point) -> list[Point]:
    line = []
    for step in range(_STEPS):
        angle = 2 * math.pi * step / _STEPS
        along, across = math.cos(angle), math.sin(angle)
        x = middle[0] + along * major[0] + across * minor[0]
        y = middle[1] + along * major[1] + across * minor[1]
        line.append((x, y))
    return [*line, line[0]]


def _curve(points: Sequence[Point]) -> Iterable[Point]:
    """Go smoothly through every point (Catmull and Rom)."""
    closed = points[0] == points[-1]
    before, after = (points[-2], points[1]) if closed else (points[0], points[-1])
    whole = [before, *points, after]
    for a, b, c, d in zip(whole, whole[1:], whole[2:], whole[3:], strict=False):
        for step in range(8):
            t = step / 8
            yield _between(a[0], b[0], c[0], d[0], t), _between(a[1], b[1], c[1], d[1], t)
    yield points[-1]


def _between(a: float, b: float, c: float, d: float, t: float) -> float:
    """Go from `b` to `c`, coming from `a` and bound for `d`."""
    curve = (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    return 0.5 * (2 * b + (c - a) * t + curve)
