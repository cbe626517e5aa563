"""A frame as a picture for people: grey or colour, 8 bits (PS3.3 C.11, PS3.18 8.3.5).

Stored values go through the modality LUT or rescale, the VOI window or LUT, and the presentation
inversion, then are scaled to the viewport and written as JPEG, PNG or GIF. Not for diagnosis.
"""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from archipel.imaging.annotation import annotation_of, written
from archipel.imaging.errors import NotAnImage
from archipel.imaging.frames import Pixels, decode, photometric_of
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
from archipel.imaging.softcopy.drawing import presented
from archipel.imaging.wishes import Format, Viewport, Wishes
from archipel.kernel.errors import Malformed

Grey = NDArray[np.uint8]

_TOP = 255.0
_TABLED_BYTES = 2  # a sample: values of more are too many for a table


def render(
    content: bytes, transfer_syntax: str, image: Image, wishes: Wishes, document: bytes = b""
) -> bytes:
    """Decode one frame and write it as a picture. Raises `Undecodable`, `NotAnImage`.

    `document` is gzip of the metadata, of which `wishes.annotate` is written on.
    """
    stored = decode(content, transfer_syntax, image.pixels)
    photometric = photometric_of(transfer_syntax, image.pixels)
    shown = _shown(stored, photometric, image.presentation, wishes.window)
    if wishes.softcopy is not None:
        view = wishes.viewport
        size = (view.width, view.height) if view is not None else None
        picture = presented(shown, wishes.softcopy, size)
    else:
        picture = Picture.fromarray(shown)
        if wishes.viewport is not None:
            picture = _scaled(picture, wishes.viewport)
    if wishes.annotate:
        picture = written(picture, annotation_of(document, wishes.annotate))
    out = io.BytesIO()
    if wishes.format is Format.PNG:
        picture.save(out, "PNG", compress_level=4)
    elif wishes.format is Format.GIF:
        picture.save(out, "GIF")
    else:
        picture.save(out, "JPEG", quality=wishes.quality)
    return out.getvalue()


def _shown(
    stored: Pixels, photometric: str, presentation: Presentation, window: Window | None
) -> Grey:
    if photometric in MONOCHROME:
        return grey_of(stored, presentation, window)
    if photometric == PALETTE and presentation.palette is not None:
        return _painted(stored, presentation.palette)
    if stored.ndim == 3 and stored.shape[2] == 3:  # noqa: PLR2004  (rows, columns, colours)
        eight_bits = _to_eight_bits(stored)
        return _rgb_of(eight_bits) if photometric.startswith("YBR") else eight_bits
    raise NotAnImage(f"photometric interpretation {photometric} is not drawn")


def grey_of(stored: Pixels, presentation: Presentation, window: Window | None = None) -> Grey:
    """Give the grey of stored values, shape (rows, columns), 0 black.

    `window` overrides the data set's own.
    """
    chosen = window or presentation.window
    if chosen is None and presentation.voi_lut is None:
        values = _modality(stored, presentation)
        chosen = _whole_range(values, stored, presentation)
        return _grey_of(stored, values, presentation, chosen)
    if stored.dtype.kind not in "iu" or stored.dtype.itemsize > _TABLED_BYTES or not stored.size:
        return _grey_of(stored, _modality(stored, presentation), presentation, chosen)
    # The grey of a value depends on nothing but it: worked out once for each value that may
    # occur, not for each pixel.
    low, high = int(stored.min()), int(stored.max())
    ramp = np.arange(low, high + 1).astype(stored.dtype)
    table = _grey_of(ramp, _modality(ramp, presentation), presentation, chosen)
    grey: Grey = np.take(table, np.subtract(stored, low, dtype=np.intp))
    return grey


def _grey_of(
    stored: Pixels,
    values: NDArray[np.float32],
    presentation: Presentation,
    window: Window | None,
) -> Grey:
    """Give the grey of stored values, whose modality values are `values`, one for one.

    Without a window the presentation's VOI LUT tells it.
    """
    if window is not None:
        shown = _windowed(values, window)
    elif presentation.voi_lut is not None:
        lut = presentation.voi_lut
        shown = _looked_up(values, lut) * (_TOP / ((1 << lut.bits) - 1))
    else:
        raise ValueError("a grey needs a window or a VOI LUT")
    if presentation.presentation_lut is not None:
        lut = presentation.presentation_lut
        places = np.rint(np.clip(shown, 0, _TOP) * ((len(lut.entries) - 1) / _TOP)) + lut.first
        shown = _looked_up(places, lut) * (_TOP / ((1 << lut.bits) - 1))
    if presentation.inverse:
        shown = _TOP - shown
    grey: Grey = np.clip(np.rint(shown), 0, _TOP).astype(np.uint8)
    if presentation.padding is not None:
        low, high = presentation.padding
        grey[(stored >= low) & (stored <= high)] = 0
    return grey


def _modality(stored: Pixels, presentation: Presentation) -> NDArray[np.float32]:
    if presentation.modality_lut is not None:
        return _looked_up(stored, presentation.modality_lut)
    values = stored.astype(np.float32)
    if presentation.slope != 1.0:
        values *= np.float32(presentation.slope)
    if presentation.intercept != 0.0:
        values += np.float32(presentation.intercept)
    return values


def _looked_up(values: NDArray[np.generic], lut: Lut) -> NDArray[np.float32]:
    entries = np.asarray(lut.entries, np.float32)
    places = np.clip(values.astype(np.int64) - lut.first, 0, len(entries) - 1)
    found: NDArray[np.float32] = entries[places]
    return found


def _whole_range(
    values: NDArray[np.float32], stored: Pixels, presentation: Presentation
) -> Window:
    """Open a window over all values that are image and finite, when nothing is said."""
    inside = np.isfinite(values)
    if presentation.padding is not None:
        low, high = presentation.padding
        inside &= (stored < low) | (stored > high)
    chosen = values[inside]
    if chosen.size == 0:
        return Window(center=0.5, width=1.0)
    low_value, high_value = float(chosen.min()), float(chosen.max())
    return Window(
        center=(low_value + high_value) / 2,
        width=max(high_value - low_value, 1e-6),
        function=VoiFunction.LINEAR_EXACT,
    )


def _windowed(values: NDArray[np.float32], window: Window) -> NDArray[np.float32]:
    center, width = window.center, window.width
    if window.function is VoiFunction.SIGMOID:
        exponent = np.clip(-4.0 * (values - center) / width, -80, 80)
        return np.asarray(_TOP / (1.0 + np.exp(exponent)), np.float32)
    if window.function is VoiFunction.LINEAR:
        center, width = center - 0.5, width - 1.0
        if width == 0:
            return np.where(values > center, np.float32(_TOP), np.float32(0.0))
    scaled = ((values - center) / width + 0.5) * _TOP
    return np.asarray(np.clip(np.nan_to_num(scaled), 0.0, _TOP), np.float32)


def _painted(stored: Pixels, palette: Palette) -> Grey:
    planes = []
    for lut in (palette.red, palette.green, palette.blue):
        entries = np.asarray(lut.entries, np.uint32)
        # 8-bit palettes are written with 8 bits said, or as 16 bits with 16 said; some say 16
        # and fill 8: the largest entry tells (PS3.3 C.7.6.3.1.5).
        wide = lut.bits > 8 and int(entries.max()) > 255  # noqa: PLR2004  (8-bit entries)
        colours = (entries >> 8 if wide else entries).astype(np.uint8)
        places = np.clip(stored.astype(np.int64) - lut.first, 0, len(entries) - 1)
        planes.append(colours[places])
    return np.stack(planes, axis=-1)


def _to_eight_bits(stored: Pixels) -> Grey:
    if stored.dtype.itemsize == 1:
        return np.ascontiguousarray(stored, np.uint8)
    top = max(int(stored.max()), 1)
    return (stored.astype(np.float32) * (_TOP / top)).astype(np.uint8)


def _rgb_of(ybr: Grey) -> Grey:
    """YBR_FULL to RGB (PS3.3 C.7.6.3.1.2)."""
    luma = ybr[..., 0].astype(np.float32)
    blue, red = ybr[..., 1].astype(np.float32) - 128, ybr[..., 2].astype(np.float32) - 128
    planes = (luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue)
    rgb: Grey = np.clip(np.rint(np.stack(planes, axis=-1)), 0, _TOP).astype(np.uint8)
    return rgb


def _scaled(picture: Picture.Image, viewport: Viewport) -> Picture.Image:
    """Fit the region into the viewport, keeping its proportions (PS3.18 8.3.5.1.3)."""
    left, top, width, height = viewport.region or (0.0, 0.0, *map(float, picture.size))
    if left + width > picture.width or top + height > picture.height:
        raise Malformed("the viewport's region reaches beyond the image")
    scale = min(viewport.width / width, viewport.height / height)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    shrinking = scale < 1
    how = Picture.Resampling.LANCZOS if shrinking else Picture.Resampling.BILINEAR
    return picture.resize(size, how, (left, top, left + width, top + height))
