"""The picture that stands for a study, a series, an instance."""

from collections.abc import Sequence

from archipel.archive.model import Held
from archipel.imaging.errors import NotAnImage

SIDE = 256  # pixels: what a list shows


def representative(held: Sequence[Held]) -> tuple[Held, int]:
    """Choose the instance and the frame (1 first) that stand for these, in stored order.

    The middle of the first series that has pixels: the first and last slices of a volume show
    little. Raises `NotAnImage`.
    """
    with_pixels = [one for one in held if one.frames > 0]
    if not with_pixels:
        raise NotAnImage("nothing here holds an image")
    series = with_pixels[0].key.series
    own = [one for one in with_pixels if one.key.series == series]
    chosen = own[len(own) // 2]
    return chosen, (chosen.frames + 1) // 2
