"""What the asker of a picture wants (PS3.18 section 8.3.5)."""

from dataclasses import dataclass
from enum import Enum

from archipel.imaging.model import Window
from archipel.imaging.softcopy.model import Softcopy

QUALITY = 90


class Format(Enum):
    """What a picture is written as; the values are media types."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    GIF = "image/gif"


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewport:
    """Size of the picture, and the region of the image that is to fill it (PS3.18 8.3.5.1.3).

    The region is (left, top, width, height) in pixels; None: the whole image.
    """

    width: int
    height: int
    region: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the asker wants of a picture; unsaid things follow the data set."""

    format: Format = Format.JPEG
    window: Window | None = None
    viewport: Viewport | None = None
    quality: int = QUALITY
    softcopy: Softcopy | None = None  # replaces what the data set says; then no window, no region
    annotate: tuple[str, ...] = ()  # sorted, of `annotation.PATIENT` and `annotation.TECHNIQUE`
