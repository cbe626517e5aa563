"""A softcopy presentation state as far as one frame is concerned (PS3.3 C.10, C.7.6.11)."""

from dataclasses import dataclass, field
from enum import Enum

from archipel.imaging.model import Presentation

Point = tuple[float, float]


class GraphicType(Enum):
    """Graphic Type (0070,0023)."""

    POINT = "POINT"
    POLYLINE = "POLYLINE"
    INTERPOLATED = "INTERPOLATED"
    CIRCLE = "CIRCLE"
    ELLIPSE = "ELLIPSE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Graphic:
    """One graphic object.

    Points are column and row: of the image, 0 at the edge of its top left pixel, or from 0 to 1 of
    the displayed area where `on_display`.
    """

    kind: GraphicType
    points: tuple[Point, ...]
    on_display: bool
    filled: bool = False
    grey: int = 255  # 8 bits, of its layer


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Words at a place, in the same units."""

    words: str
    at: Point
    on_display: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shutter:
    """What of the image is shown: what lies within every shape told. Rows and columns from 1."""

    rectangle: tuple[int, int, int, int] | None = None  # left, right, upper, lower, shown too
    circle: tuple[int, int, int] | None = None  # row, column, radius in pixels of a row
    polygon: tuple[Point, ...] = ()  # row, column
    grey: int = 0  # 8 bits: what covers the rest


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """The displayed area: columns and rows from 1, both ends shown; may reach beyond the image."""

    left: int
    top: int
    right: int
    bottom: int
    aspect: float = 1.0  # height of a pixel by its width
    magnification: float | None = None  # pixels of the picture by pixel of the image


@dataclass(frozen=True, slots=True, kw_only=True)
class Softcopy:
    """How one frame is presented. It is turned clockwise first, then mirrored (PS3.3 C.10.6)."""

    presentation: Presentation
    shutter: Shutter | None = None
    area: Area | None = None
    rotation: int = 0  # degrees clockwise: 0, 90, 180, 270
    flipped: bool = False
    graphics: tuple[Graphic, ...] = field(default=())
    texts: tuple[Text, ...] = field(default=())
