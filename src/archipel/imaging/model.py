"""What a frame's pixels are, and how they are to be shown (PS3.3 C.7.6.3, C.11.1, C.11.2)."""

from dataclasses import dataclass, field
from enum import Enum

from archipel.kernel.errors import Malformed
from archipel.standards.dicom.pixels import PixelDescription

MONOCHROME = frozenset({"MONOCHROME1", "MONOCHROME2"})
PALETTE = "PALETTE COLOR"


class VoiFunction(Enum):
    """How a window maps values to grey (PS3.3 C.11.2.1.2 and C.11.2.1.3)."""

    LINEAR = "linear"
    LINEAR_EXACT = "linear-exact"
    SIGMOID = "sigmoid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A window on modality values: Hounsfield units in CT, otherwise the modality's own."""

    center: float
    width: float
    function: VoiFunction = VoiFunction.LINEAR

    def __post_init__(self) -> None:
        least = 1 if self.function is VoiFunction.LINEAR else 0
        if not self.width >= least or self.width == 0:
            raise Malformed("a window is at least 1 wide, or wider than 0 (PS3.3 C.11.2.1.2)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lut:
    """A lookup table: `first` is the value mapped to its first entry (PS3.3 C.11.1.1)."""

    first: int
    bits: int
    entries: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Three lookup tables, red, green and blue (PS3.3 C.7.6.3.1.5)."""

    red: Lut
    green: Lut
    blue: Lut


@dataclass(frozen=True, slots=True, kw_only=True)
class Presentation:
    """How stored values become what is shown, as the data set says it."""

    slope: float = 1.0
    intercept: float = 0.0
    modality_lut: Lut | None = None
    window: Window | None = None
    voi_lut: Lut | None = None
    presentation_lut: Lut | None = None  # of a presentation state: from grey to grey
    inverse: bool = False  # MONOCHROME1, or Presentation LUT Shape INVERSE
    padding: tuple[int, int] | None = None  # stored values from .. to that are no image
    palette: Palette | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """All that is needed to decode and show the frames of one instance."""

    pixels: PixelDescription
    presentation: Presentation = field(default_factory=Presentation)
