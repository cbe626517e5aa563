"""HTJ2K codestreams of packs (ISO/IEC 15444-15; PS3.5 section 8.2.17): reversible, RPCL, with TLM.

Resolutions come in ascending order, a tile-part each, so that the beginning of a codestream is
the frame at a lower resolution. Numpy and the codec are loaded by who encodes or decodes, not by
every process that holds packs.
"""

from archipel.standards.dicom.pixels import PixelDescription
from archipel.stores.packs.format import Samples

_RESOLUTIONS = 5  # halvings
_LEFT_OUT = 2  # tile-parts above a quarter of the resolution
_SMALLEST = 32  # rows and columns: below, there is nothing to gain
_MOST_GAINED = 0.98  # of its native size, else the frame is kept otherwise
_START_OF_TILE_PART = b"\xff\x90"
_END_OF_CODESTREAM = b"\xff\xd9"
_BYTE, _SHORT, _GRAY, _RGB = 8, 16, 1, 3


def samples_of(
    pixels: PixelDescription | None, *, little_endian: bool, length: int
) -> Samples | None:
    """Say how a native frame of `length` bytes becomes an array; None when it stays as it is."""
    if pixels is None or min(pixels.rows, pixels.columns) < _SMALLEST:
        return None
    bits, samples = pixels.bits_allocated, pixels.samples
    gray = samples == _GRAY and bits in {_BYTE, _SHORT}
    colour = samples == _RGB and bits == _BYTE and not pixels.planar
    if not (gray or colour) or pixels.rows * pixels.columns * samples * bits != length * 8:
        return None
    return Samples(pixels.rows, pixels.columns, samples, bits, pixels.signed, little_endian)


def encode(frame: memoryview, samples: Samples) -> bytes | None:
    """Encode a native frame; None when nothing is gained or it would not come back as it was."""
    import imagecodecs  # noqa: PLC0415  (only who codes a frame pays for it)
    import numpy as np  # noqa: PLC0415  (only who codes a frame pays for it)

    stored = np.frombuffer(frame, _dtype(samples)).reshape(_shape(samples))
    native = np.ascontiguousarray(stored, stored.dtype.newbyteorder("="))
    try:
        codestream = bytes(
            imagecodecs.htj2k_encode(
                native, reversible=True, resolutions=_RESOLUTIONS, tlm=True, tilepart=1
            )
        )
    except imagecodecs.Htj2kError:
        return None
    if len(codestream) >= len(frame) * _MOST_GAINED:
        return None
    again = imagecodecs.htj2k_decode(codestream)
    return codestream if again.dtype == native.dtype and np.array_equal(again, native) else None


def decode(codestream: bytes, samples: Samples) -> bytes:
    """Return the native frame in the byte order it was received in.

    Raises `ValueError` for a codestream that holds no such frame.
    """
    import imagecodecs  # noqa: PLC0415  (only who codes a frame pays for it)

    try:
        native = imagecodecs.htj2k_decode(codestream)
    except imagecodecs.Htj2kError as error:
        raise ValueError(str(error)) from error
    if native.shape != _shape(samples):
        raise ValueError(f"a frame of shape {native.shape}")
    content: bytes = native.astype(_dtype(samples), copy=False).tobytes()
    return content


def low_bytes(codestream: bytes) -> int:
    """Return how many bytes from the start make the frame at a quarter of its resolution."""
    position = 2
    lengths: list[int] = []
    while codestream[position : position + 2] != _START_OF_TILE_PART:
        position += 2 + int.from_bytes(codestream[position + 2 : position + 4])
    start = position
    while codestream[position : position + 2] == _START_OF_TILE_PART:
        length = int.from_bytes(codestream[position + 6 : position + 10])
        if not length:
            break  # up to the end (ISO/IEC 15444-1 A.4.2): not written by our encoder
        lengths.append(length)
        position += length
    return start + sum(lengths[: max(1, len(lengths) - _LEFT_OUT)])


def ended(low: bytes) -> bytes:
    """Make the beginning of a codestream one that decoders take."""
    return low + _END_OF_CODESTREAM


def _shape(samples: Samples) -> tuple[int, ...]:
    shape = (samples.rows, samples.columns)
    return shape if samples.samples == _GRAY else (*shape, samples.samples)


def _dtype(samples: Samples) -> str:
    order = "<" if samples.little_endian else ">"
    return f"{order}{'i' if samples.signed else 'u'}{samples.bits // 8}"
