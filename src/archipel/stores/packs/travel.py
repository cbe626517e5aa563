"""A pack file as it travels: its layers as ranges, its chunks' digests, its root."""

from collections.abc import Iterator

from archipel.exchange.manifest import (
    CHUNK_BYTES,
    Layer,
    PackEntry,
    Span,
    leaf_digests,
    root_of,
    spine_of,
)
from archipel.exchange.offered import Described
from archipel.kernel.uid import Uid
from archipel.stores.packs.format import HEAD_BYTES, Directory, created_us
from archipel.stores.packs.reader import PartReader, Ranges


def describe(ranges: Ranges) -> Described:
    """Read a whole pack file and hash it. Raises `Malformed` when it is none, `Unavailable`."""
    directory = PartReader(ranges).directory
    leaves = leaf_digests(_chunks(ranges))
    size = ranges.size_bytes
    entry = PackEntry(
        root=root_of(size, spine_of(leaves)),
        series=Uid(directory.series),
        generation=directory.generation,
        part=directory.part,
        size_bytes=size,
        layers=layers_of(directory, size),
    )
    return Described(entry, leaves, written_us(ranges))


def layers_of(directory: Directory, size_bytes: int) -> dict[Layer, tuple[Span, ...]]:
    """Return the layers of a pack file as ranges of it (format version 1).

    All that is not pixels lies behind them: skeletons, DICOM JSON, receipts, directory, tail.
    """
    behind = directory.blob.offset + directory.blob.length
    return {
        Layer.METADATA: (Span(0, HEAD_BYTES), Span(behind, size_bytes - behind)),
        Layer.LOW: (Span(directory.low.offset, directory.low.length),),
        Layer.REST: (Span(directory.rest.offset, behind - directory.rest.offset),),
    }


def written_us(ranges: Ranges) -> int:
    """Return when a pack file was begun, as its head says. Raises `Malformed`."""
    return created_us(ranges.read(0, HEAD_BYTES))


def _chunks(ranges: Ranges) -> Iterator[bytes]:
    for offset in range(0, ranges.size_bytes, CHUNK_BYTES):
        yield ranges.read(offset, CHUNK_BYTES)
