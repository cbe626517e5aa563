"""Samples to one frame of a lossless transfer syntax (PS3.5 section 8.2, annexes A.4 and G).

What is written here is decoded again and compared before anybody gets it: a frame that would not
come back sample by sample is refused, whichever codec is at fault.
"""

import struct

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from archipel.imaging.errors import NotAnImage, Undecodable
from archipel.imaging.frames import Pixels, decode
from archipel.standards.dicom import transfer_syntax as ts
from archipel.standards.dicom.pixels import PixelDescription

ENCODED = (ts.HTJ2K_LOSSLESS, ts.JPEG_LS_LOSSLESS, ts.JPEG_2000_LOSSLESS, ts.RLE_LOSSLESS)
"""What frames can be encoded in, the ones that cost peers least first."""

_CODED_BITS = {8, 16}
_RLE_BITS = {8, 16, 32}
_RLE_HEADER = struct.Struct("<16I")
_MOST_SEGMENTS = 15
_COLOUR = 3


def photometric_in(transfer_syntax: str, photometric: str) -> str:
    """Say how samples are described once encoded: JPEG 2000 turns RGB into YBR_RCT."""
    turned = transfer_syntax in {ts.JPEG_2000_LOSSLESS, ts.HTJ2K_LOSSLESS}
    return "YBR_RCT" if turned and photometric == "RGB" else photometric


def encode(array: Pixels, transfer_syntax: str, pixels: PixelDescription) -> bytes:
    """Encode one frame as `frames.decode` gives it; of even length.

    Raises `NotAnImage` for samples that this transfer syntax has no place for, `Undecodable` for
    a frame that would not come back as it is.
    """
    if transfer_syntax not in ENCODED:
        raise NotAnImage(f"nothing is encoded in {transfer_syntax} here")
    bits = _RLE_BITS if transfer_syntax == ts.RLE_LOSSLESS else _CODED_BITS
    if pixels.bits_allocated not in bits or pixels.samples not in {1, _COLOUR}:
        raise NotAnImage(
            f"{pixels.samples} samples of {pixels.bits_allocated} bits have no place in "
            f"{transfer_syntax}"
        )
    try:
        content = _encoded(array, transfer_syntax, pixels)
    except (RuntimeError, ValueError, TypeError, OverflowError) as failure:
        raise Undecodable(f"a frame is not encoded in {transfer_syntax}") from failure
    if not np.array_equal(decode(content, transfer_syntax, pixels), array):
        raise Undecodable(f"a frame would not come back from {transfer_syntax} as it is")
    return content + b"\0" * (len(content) % 2)


def _encoded(array: Pixels, transfer_syntax: str, pixels: PixelDescription) -> bytes:
    native = np.ascontiguousarray(array, array.dtype.newbyteorder("="))
    turned = pixels.photometric == "RGB"
    if transfer_syntax == ts.RLE_LOSSLESS:
        return _run_lengths(native)
    if transfer_syntax == ts.JPEG_LS_LOSSLESS:  # it knows no sign: the words go as they are
        return bytes(imagecodecs.jpegls_encode(native.view(f"u{native.dtype.itemsize}")))
    if transfer_syntax == ts.JPEG_2000_LOSSLESS:
        return bytes(
            imagecodecs.jpeg2k_encode(
                native,
                level=0,
                codecformat="j2k",
                reversible=True,
                mct=turned,
                bitspersample=pixels.bits_stored,
            )
        )
    if pixels.samples > 1 and not turned:
        raise NotAnImage("colour other than RGB is not encoded in HTJ2K here")
    return bytes(imagecodecs.htj2k_encode(native, reversible=True, rgb=turned or None))


def _run_lengths(native: NDArray[np.generic]) -> bytes:
    """Encode byte planes, the highest of the first sample first, row by row (PS3.5 annex G)."""
    rows, columns = native.shape[:2]
    size = native.dtype.itemsize
    planes = native.reshape(rows, columns, -1)
    big = np.ascontiguousarray(planes, planes.dtype.newbyteorder(">"))
    split = big.view(np.uint8).reshape(rows, columns, planes.shape[2] * size)
    segments = [
        bytes(imagecodecs.packbits_encode(split[:, :, n].copy())) for n in range(split.shape[2])
    ]
    segments = [one + b"\0" * (len(one) % 2) for one in segments]
    offsets = [_RLE_HEADER.size]
    for one in segments[:-1]:
        offsets.append(offsets[-1] + len(one))
    spare = [0] * (_MOST_SEGMENTS - len(segments))
    return _RLE_HEADER.pack(len(segments), *offsets, *spare) + b"".join(segments)
