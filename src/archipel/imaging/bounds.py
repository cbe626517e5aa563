"""What a description of pixels may ask for before anything is decoded by it."""

from archipel.imaging.errors import Undecodable
from archipel.standards.dicom.pixels import PixelDescription

MAX_SAMPLES = 1 << 28  # in one frame: 268 million, a 16384 x 16384 image


def bounded(pixels: PixelDescription) -> PixelDescription:
    """Give back a description that can be decoded. Raises `Undecodable` for another."""
    if not (0 < pixels.rows < 1 << 16 and 0 < pixels.columns < 1 << 16):
        raise Undecodable(f"an image of {pixels.rows} rows and {pixels.columns} columns")
    samples = pixels.rows * pixels.columns * pixels.samples
    if not 1 <= pixels.samples <= 4 or samples > MAX_SAMPLES:  # noqa: PLR2004  (CMYK, long retired)
        raise Undecodable(f"{pixels.samples} samples a pixel, or too many pixels to decode")
    if pixels.bits_allocated not in {1, 8, 16, 32}:
        raise Undecodable(f"{pixels.bits_allocated} bits are allocated to a sample")
    if not 1 <= pixels.bits_stored <= pixels.high_bit + 1 <= pixels.bits_allocated:
        raise Undecodable(
            f"{pixels.bits_stored} bits up to bit {pixels.high_bit} of {pixels.bits_allocated}"
        )
    return pixels
