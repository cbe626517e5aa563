"""One frame from its stored bytes to samples (PS3.5 section 8, annex A.4).

Arrays have shape (rows, columns) or (rows, columns, samples), row 0 at the top, stored values:
no rescale is applied, signs are extended, bits beyond Bits Stored are gone. Colour that a codec
transformed comes out RGB; `photometric_of` says what the samples then are.
"""

from collections.abc import Callable, Sequence
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from archipel.imaging.bounds import bounded
from archipel.imaging.codestream import CodestreamSize, size_of
from archipel.imaging.errors import NotAnImage, Undecodable
from archipel.standards.dicom import transfer_syntax as ts
from archipel.standards.dicom.pixels import PixelDescription

Pixels = NDArray[Any]

_JPEG = {ts.JPEG_BASELINE, ts.JPEG_EXTENDED, ts.JPEG_LOSSLESS, ts.JPEG_LOSSLESS_SV1} | {
    f"{ts.ROOT}.4.{number}" for number in (52, 53, 54, 55, 56, 58)
}
_JPEG_LS = {ts.JPEG_LS_LOSSLESS, ts.JPEG_LS_NEAR_LOSSLESS}
_JPEG_2000 = {ts.JPEG_2000_LOSSLESS, ts.JPEG_2000}
_HTJ2K = {ts.HTJ2K_LOSSLESS, ts.HTJ2K_LOSSLESS_RPCL, ts.HTJ2K}
_LOSSLESS_JPEG = {ts.JPEG_LOSSLESS, ts.JPEG_LOSSLESS_SV1, f"{ts.ROOT}.4.58"}
_MULTIPLE_COMPONENT = {"YBR_RCT", "YBR_ICT"}  # undone by every JPEG 2000 decoder


def can_decode(transfer_syntax: str) -> bool:
    """Tell whether frames of this transfer syntax can be decoded here."""
    known = ts.of(transfer_syntax)
    return not known.referenced and (
        not known.encapsulated
        or transfer_syntax in {ts.RLE_LOSSLESS, ts.ENCAPSULATED_UNCOMPRESSED}
        or transfer_syntax in _JPEG | _JPEG_LS | _JPEG_2000 | _HTJ2K
    )


def decode(content: bytes, transfer_syntax: str, pixels: PixelDescription) -> Pixels:
    """Decode one frame. Raises `Undecodable`, or `NotAnImage` for what is no still image."""
    if not can_decode(transfer_syntax):
        raise NotAnImage(f"frames in {transfer_syntax} are not decoded here")
    bounded(pixels)
    known = ts.of(transfer_syntax)
    if not known.encapsulated or transfer_syntax == ts.ENCAPSULATED_UNCOMPRESSED:
        return _native(content, pixels, big_endian=not known.little_endian)
    try:
        array = _decoder(transfer_syntax)(content, pixels)
    except (RuntimeError, ValueError, TypeError, OverflowError) as failure:
        raise Undecodable(f"a frame in {transfer_syntax} does not decode") from failure
    return _settled(array, pixels, shift=0)


def photometric_of(transfer_syntax: str, pixels: PixelDescription) -> str:
    """Say what the samples are after `decode` (PS3.3 C.7.6.3.1.2)."""
    if pixels.samples > 1 and (
        transfer_syntax in _JPEG - _LOSSLESS_JPEG or pixels.photometric in _MULTIPLE_COMPONENT
    ):
        return "RGB"
    if pixels.photometric == "YBR_FULL_422":
        return "YBR_FULL"
    return pixels.photometric


def to_bytes(arrays: Sequence[Pixels], pixels: PixelDescription) -> bytes:
    """Write frames as native little endian pixel data, colour by pixel (PS3.5 section 8.1).

    Frames of one-bit pixels follow each other without a gap.
    """
    if pixels.bits_allocated == 1:
        bits = np.concatenate([array.astype(np.uint8).ravel() for array in arrays])
        return np.packbits(bits, bitorder="little").tobytes()
    dtype = _dtype(pixels).newbyteorder("<")
    return b"".join(np.ascontiguousarray(array, dtype=dtype).tobytes() for array in arrays)


def _dtype(pixels: PixelDescription) -> np.dtype[np.generic]:
    if pixels.bits_allocated == 1:
        return np.dtype("u1")
    return np.dtype(f"{'i' if pixels.signed else 'u'}{pixels.bits_allocated // 8}")


def _shape(pixels: PixelDescription) -> tuple[int, ...]:
    if pixels.samples == 1:
        return (pixels.rows, pixels.columns)
    return (pixels.rows, pixels.columns, pixels.samples)


def _native(content: bytes, pixels: PixelDescription, *, big_endian: bool) -> Pixels:
    count = pixels.rows * pixels.columns * pixels.samples
    if pixels.bits_allocated == 1:
        bits = np.unpackbits(np.frombuffer(content, np.uint8), bitorder="little")
        return _exactly(bits, count).reshape(_shape(pixels))
    dtype = _dtype(pixels).newbyteorder(">" if big_endian else "<")
    samples = np.frombuffer(content, dtype, len(content) // dtype.itemsize)
    if pixels.photometric == "YBR_FULL_422" and pixels.samples > 1:
        return _upsampled(_exactly(samples, count * 2 // 3), pixels)
    array = _exactly(samples, count)
    if pixels.samples > 1 and pixels.planar:
        planes = array.reshape(pixels.samples, pixels.rows, pixels.columns)
        array = np.moveaxis(planes, 0, -1)
    shift = pixels.high_bit + 1 - pixels.bits_stored
    return _settled(array.reshape(_shape(pixels)), pixels, shift=shift)


def _exactly(samples: NDArray[np.generic], count: int) -> NDArray[np.generic]:
    if samples.size < count:
        raise Undecodable(f"{samples.size} samples where {count} are described")
    return samples[:count]


def _upsampled(samples: NDArray[np.generic], pixels: PixelDescription) -> Pixels:
    """Y Y Cb Cr for each two pixels (PS3.3 C.7.6.3.1.2)."""
    if pixels.columns % 2:
        raise Undecodable("YBR_FULL_422 in an odd number of columns")
    pairs = samples.reshape(pixels.rows, pixels.columns // 2, 4)
    array = np.empty(_shape(pixels), samples.dtype)
    array[:, 0::2, 0], array[:, 1::2, 0] = pairs[:, :, 0], pairs[:, :, 1]
    for plane in (1, 2):
        array[:, :, plane] = np.repeat(pairs[:, :, plane + 1], 2, axis=1)
    return array


def _settled(array: Pixels, pixels: PixelDescription, *, shift: int) -> Pixels:
    """Give decoded samples the described shape, type, sign and bits.

    `shift` is the number of bits below the lowest stored one; codecs leave none.
    """
    if array.shape != _shape(pixels):
        raise Undecodable(f"{array.shape} decoded where {_shape(pixels)} is described")
    dtype = _dtype(pixels)
    if array.dtype.kind == "f":
        return array
    unsigned = np.dtype(f"u{dtype.itemsize}")
    spare = dtype.itemsize * 8 - pixels.bits_stored
    same = array.dtype in {dtype, unsigned} and array.flags.c_contiguous
    values = array.view(unsigned) if same else array.astype(unsigned)
    if shift > 0:
        values = values >> unsigned.type(shift)
    if pixels.signed and not spare:
        return values.view(dtype)
    if pixels.signed:
        extended: Pixels = (values << unsigned.type(spare)).view(dtype) >> dtype.type(spare)
        return extended
    if spare:
        values = values & unsigned.type((1 << pixels.bits_stored) - 1)
    return values


def _decoder(transfer_syntax: str) -> Callable[[bytes, PixelDescription], Pixels]:
    if transfer_syntax == ts.RLE_LOSSLESS:
        return _rle
    if transfer_syntax in _JPEG:
        return _jpeg
    return _by_siz


def _claimed(content: bytes, pixels: PixelDescription) -> CodestreamSize:
    """Read the codestream's own size, which must be the described one. Raises `Undecodable`."""
    size = size_of(content)
    if (size.rows, size.columns, size.samples) != (pixels.rows, pixels.columns, pixels.samples):
        raise Undecodable(
            f"the codestream holds {size.rows} x {size.columns} x {size.samples}, the data set "
            f"describes {pixels.rows} x {pixels.columns} x {pixels.samples}"
        )
    if size.precision > pixels.bits_allocated:
        raise Undecodable(
            f"the codestream has samples of {size.precision} bits, the data set allocates "
            f"{pixels.bits_allocated}"
        )
    return size


def _rle(content: bytes, pixels: PixelDescription) -> Pixels:
    count = pixels.rows * pixels.columns * pixels.samples
    if pixels.bits_allocated == 1:
        packed = imagecodecs.dicomrle_decode(content, "u1", out=(count + 7) // 8)
        bits = np.unpackbits(np.frombuffer(packed, np.uint8), bitorder="little")
        return _exactly(bits, count).reshape(_shape(pixels))
    dtype = np.dtype(f"u{pixels.bits_allocated // 8}")
    decoded = imagecodecs.dicomrle_decode(content, dtype, out=count * dtype.itemsize)
    planes = _exactly(np.frombuffer(decoded, dtype), count)
    if pixels.samples == 1:
        return planes.reshape(_shape(pixels))
    return np.moveaxis(planes.reshape(pixels.samples, pixels.rows, pixels.columns), 0, -1)


def _jpeg(content: bytes, pixels: PixelDescription) -> Pixels:
    size = _claimed(content, pixels)
    if size.lossless_jpeg:
        if pixels.samples == 1:
            return np.asarray(imagecodecs.ljpeg_decode(content))
        return np.asarray(imagecodecs.jpegsof3_decode(content))
    if pixels.samples == 1:
        return np.asarray(imagecodecs.jpeg_decode(content))
    transform = size.color_transform
    if transform is None:
        transform = int(pixels.photometric != "RGB")
    space = imagecodecs.JPEG8.CS.YCbCr if transform else imagecodecs.JPEG8.CS.RGB
    return np.asarray(
        imagecodecs.jpeg_decode(content, colorspace=space, outcolorspace=imagecodecs.JPEG8.CS.RGB)
    )


def _by_siz(content: bytes, pixels: PixelDescription) -> Pixels:
    size = _claimed(content, pixels)
    if size.frame_type:
        return np.asarray(imagecodecs.jpegls_decode(content))
    if _is_high_throughput(content):
        return np.asarray(imagecodecs.htj2k_decode(content))
    return np.asarray(imagecodecs.jpeg2k_decode(content))


def _is_high_throughput(content: bytes) -> bool:
    """Look for a CAP marker in the main header: part 15 (ISO/IEC 15444-15 A.3)."""
    return b"\xff\x50" in content[: content.find(b"\xff\x90")]
