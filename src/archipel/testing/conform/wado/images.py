"""Pictures that a server makes, opened and measured."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from archipel.testing.conform.model import Failed

JPEG, PNG, GIF = "image/jpeg", "image/png", "image/gif"


def opened(content: bytes, kind: str) -> Image.Image:
    """Open a picture of this media type. Raises `Failed`."""
    try:
        picture = Image.open(io.BytesIO(content))
        picture.load()
    except (UnidentifiedImageError, OSError) as wrong:
        raise Failed(f"the body is no {kind}") from wrong
    if Image.MIME.get(picture.format or "") != kind:
        raise Failed(f"the body is {picture.format}, its Content-Type says {kind}")
    return picture


def grey(content: bytes, kind: str) -> NDArray[np.uint8]:
    """Read the grey of a picture, shape (rows, columns)."""
    return np.asarray(opened(content, kind).convert("L"))
