"""Pictures made here put together as one that moves (GIF89a)."""

import io
from collections.abc import Sequence

from PIL import Image as Picture


def animated(pictures: Sequence[bytes], *, frame_ms: int) -> bytes:
    """Make an animated GIF of pictures of one size, each shown for `frame_ms` milliseconds."""
    opened = [Picture.open(io.BytesIO(picture)) for picture in pictures]
    out = io.BytesIO()
    opened[0].save(out, "GIF", save_all=True, append_images=opened[1:], duration=frame_ms, loop=0)
    return out.getvalue()
