"""Work on strangers' bytes that a process of its own does: what a codec may crash on or never end.

A task is a value: what to do and on what. Whoever holds a `ports.Workshop` gives it there; `do` is
what the workshop's worker calls. The codecs are loaded by the worker, not by who asks.
"""

from dataclasses import dataclass

from archipel.imaging.model import Image
from archipel.imaging.wishes import Wishes
from archipel.standards.dicom.bulk import value_at
from archipel.standards.dicom.pixels import PixelDescription


@dataclass(frozen=True, slots=True)
class RenderFrame:
    """One frame as a picture, see `render.render`."""

    content: bytes
    transfer_syntax: str
    image: Image
    wishes: Wishes
    document: bytes = b""  # gzip of the metadata, where something of it is written on

    def do(self) -> bytes:
        """Draw it. Raises `Undecodable`, `NotAnImage`."""
        from archipel.imaging.render import render  # noqa: PLC0415  (numpy and the codecs)

        return render(self.content, self.transfer_syntax, self.image, self.wishes, self.document)


@dataclass(frozen=True, slots=True)
class DecodeFrame:
    """One frame as native little endian pixels, see `frames.to_bytes`."""

    content: bytes
    transfer_syntax: str
    pixels: PixelDescription

    def do(self) -> bytes:
        """Decode it. Raises `Undecodable`, `NotAnImage`."""
        from archipel.imaging.frames import decode, to_bytes  # noqa: PLC0415  (as above)

        return to_bytes([decode(self.content, self.transfer_syntax, self.pixels)], self.pixels)


@dataclass(frozen=True, slots=True)
class RewriteDataset:
    """A data set in another transfer syntax, see `transcode.rewrite`."""

    dataset: bytes
    from_ts: str
    to_ts: str

    def do(self) -> bytes:
        """Rewrite it. Raises `Undecodable`, `NotAnImage`, `Malformed`, `Exhausted`."""
        from archipel.imaging.transcode import rewrite  # noqa: PLC0415  (as above)

        return rewrite(self.dataset, self.from_ts, self.to_ts)


@dataclass(frozen=True, slots=True)
class FindValue:
    """A value of a deflated data set by its path, see `standards.dicom.bulk`."""

    dataset: bytes
    transfer_syntax: str
    path: tuple[int, ...]

    def do(self) -> bytes:
        """Find it. Raises `NotFound`, `Malformed`."""
        return value_at(self.dataset, self.transfer_syntax, self.path)
