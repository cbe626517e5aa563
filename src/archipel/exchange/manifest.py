"""What a study consists of when it travels: a manifest names packs, a root names a pack's bytes.

Two levels, so that a study of gigabytes is described in kilobytes: the manifest lists the packs
by root; the root is a hash over the digests of segments of 64 chunks; the digests of a segment's
chunks are fetched when the first of them is needed. Everything is SHA-256 and checked against
what named it, so that it does not matter who hands the bytes over.

A pack file travels as it lies (format version 1): its layers are ranges of it, cut at chunks.
"""

import hashlib
import json
import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from archipel.archive.model import StudyKey
from archipel.kernel.errors import Malformed
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid

CHUNK_BYTES = 64 << 10
SEGMENT_CHUNKS = 64
DIGEST_BYTES = 32
SEGMENT_LIST_BYTES = SEGMENT_CHUNKS * DIGEST_BYTES  # the digests of one segment's chunks
MANIFEST_BYTES = 256 << 10  # some 1,000 packs; a usual study needs 10 kB
PACK_BYTES = 64 << 30  # no part of a pack is larger: it is closed behind 4 GiB
SPINE_BYTES = PACK_BYTES // (CHUNK_BYTES * SEGMENT_CHUNKS) * DIGEST_BYTES

_VERSION = 1
_NAME = re.compile(r"[0-9a-f]{64}")
_PACKS = 4096
_RANGES = 8


class Layer(StrEnum):
    """In which order a pack's bytes are wanted."""

    METADATA = "M"  # head, skeletons, DICOM JSON, receipts, directory: all that is not pixels
    LOW = "L0"  # every frame at a quarter of its resolution
    REST = "L1"


@dataclass(frozen=True, slots=True)
class Span:
    """A range of bytes of a pack file."""

    offset: int
    length: int

    @property
    def chunks(self) -> range:
        """Return the numbers of the chunks it touches."""
        if not self.length:
            return range(0)
        return range(
            self.offset // CHUNK_BYTES, (self.offset + self.length - 1) // CHUNK_BYTES + 1
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PackEntry:
    """One file of a study: a pack, or one part of a pack of several."""

    root: str  # SHA-256, hexadecimal
    series: Uid
    generation: int
    part: int
    size_bytes: int
    layers: Mapping[Layer, tuple[Span, ...]]

    @property
    def chunks(self) -> int:
        """Return how many chunks it has."""
        return -(-self.size_bytes // CHUNK_BYTES)

    @property
    def segments(self) -> int:
        """Return how many segments it has."""
        return -(-self.chunks // SEGMENT_CHUNKS)

    def chunk_bytes(self, chunk: int) -> int:
        """Return the length of one chunk: all are alike but the last."""
        return min(CHUNK_BYTES, self.size_bytes - chunk * CHUNK_BYTES)

    def layer_bytes(self, layer: Layer) -> int:
        """Return how many bytes a layer has."""
        return sum(span.length for span in self.layers.get(layer, ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyManifest:
    """A study at one revision. Only its home writes one."""

    home: str  # node
    key: StudyKey
    revision: int
    packs: tuple[PackEntry, ...]
    supersedes: str | None = None  # digest of the manifest before

    @property
    def size_bytes(self) -> int:
        """Return the size of all packs."""
        return sum(pack.size_bytes for pack in self.packs)

    def layer_bytes(self, layer: Layer) -> int:
        """Return how many bytes one layer of all packs has."""
        return sum(pack.layer_bytes(layer) for pack in self.packs)

    def encoded(self) -> bytes:
        """Write canonical JSON, named by its SHA-256. Raises `Malformed` when too large."""
        said = {
            "v": _VERSION,
            "home": self.home,
            "tenant": self.key.tenant.value,
            "study": self.key.study.value,
            "rev": self.revision,
            "supersedes": self.supersedes,
            "packs": [_written(pack) for pack in self.packs],
        }
        content = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
        if len(content) > MANIFEST_BYTES:
            raise Malformed(
                f"the manifest of {self.key.study} has {len(content)} bytes: too many series"
            )
        return content

    @classmethod
    def parse(cls, content: bytes) -> "StudyManifest":
        """Read one. Raises `Malformed`."""
        if len(content) > MANIFEST_BYTES:
            raise Malformed(f"a manifest of {len(content)} bytes")
        try:
            said = json.loads(content)
            packs = said["packs"]
            if said["v"] != _VERSION or not 1 <= len(packs) <= _PACKS:
                raise Malformed("a manifest of an unknown version, or of no packs")
            supersedes = said["supersedes"]
            manifest = cls(
                home=_text(said["home"]),
                key=StudyKey(TenantId(_text(said["tenant"])), Uid(_text(said["study"]))),
                revision=_count(said["rev"], 1 << 31),
                packs=tuple(_read(pack) for pack in packs),
                supersedes=None if supersedes is None else _name(supersedes),
            )
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise Malformed("a manifest that cannot be read") from error
        if len({pack.root for pack in manifest.packs}) != len(manifest.packs):
            raise Malformed("a manifest that names one pack twice")
        return manifest


def digest_of(content: bytes) -> str:
    """Return the SHA-256 that names some bytes."""
    return hashlib.sha256(content).hexdigest()


def leaf_digests(pieces: Iterable[bytes]) -> bytes:
    """Return the digests of all chunks of a file, one after another; `pieces` are its chunks."""
    return b"".join(hashlib.sha256(piece).digest() for piece in pieces)


def spine_of(leaves: bytes) -> bytes:
    """Return the digests of all segments, given those of all chunks."""
    return b"".join(
        hashlib.sha256(leaves[start : start + SEGMENT_LIST_BYTES]).digest()
        for start in range(0, len(leaves), SEGMENT_LIST_BYTES)
    )


def root_of(size_bytes: int, spine: bytes) -> str:
    """Return the root of a pack: its size and the digests of its segments."""
    return hashlib.sha256(b"archipel pack 1\n" + struct.pack("<Q", size_bytes) + spine).hexdigest()


@dataclass(slots=True)
class DigestTree:
    """What is known of the digests of one pack, taken from anybody and believed from nobody."""

    pack: PackEntry
    spine: bytes = b""
    lists: dict[int, bytes] = field(default_factory=dict)  # by segment

    def accept_spine(self, content: bytes) -> None:
        """Take the digests of the segments. Raises `Malformed` when they are not the root's."""
        whole = len(content) == self.pack.segments * DIGEST_BYTES
        if not whole or root_of(self.pack.size_bytes, content) != self.pack.root:
            raise Malformed(f"not the segments of pack {self.pack.root[:12]}")
        self.spine = content

    def accept_list(self, segment: int, content: bytes) -> None:
        """Take the digests of one segment's chunks. Raises `Malformed` when they are not its."""
        chunks = min(SEGMENT_CHUNKS, self.pack.chunks - segment * SEGMENT_CHUNKS)
        named = self.spine[segment * DIGEST_BYTES : (segment + 1) * DIGEST_BYTES]
        if (
            not 0 <= segment < self.pack.segments
            or len(content) != chunks * DIGEST_BYTES
            or hashlib.sha256(content).digest() != named
        ):
            raise Malformed(f"not the chunks of segment {segment} of {self.pack.root[:12]}")
        self.lists[segment] = content

    def leaf(self, chunk: int) -> bytes | None:
        """Return the digest of a chunk; None when its segment's list is not here."""
        listed = self.lists.get(chunk // SEGMENT_CHUNKS)
        if listed is None:
            return None
        at = chunk % SEGMENT_CHUNKS * DIGEST_BYTES
        return listed[at : at + DIGEST_BYTES]

    def holds(self, chunk: int, content: bytes | memoryview) -> bool:
        """Tell whether `content` is that chunk."""
        return len(content) == self.pack.chunk_bytes(chunk) and hashlib.sha256(
            content
        ).digest() == self.leaf(chunk)


def _written(pack: PackEntry) -> list[Any]:
    layers = {
        layer.value: [[span.offset, span.length] for span in spans]
        for layer, spans in pack.layers.items()
    }
    series = pack.series.value
    return [pack.root, series, pack.generation, pack.part, pack.size_bytes, layers]


def _read(said: Any) -> PackEntry:
    root, series, generation, part, size_bytes, layers = said
    size = _count(size_bytes, PACK_BYTES)
    entry = PackEntry(
        root=_name(root),
        series=Uid(_text(series)),
        generation=_count(generation, 1 << 31),
        part=_count(part, 1 << 16),
        size_bytes=size,
        layers={Layer(layer): _spans(spans, size) for layer, spans in layers.items()},
    )
    if not size:
        raise Malformed("a pack of no bytes")
    return entry


def _spans(said: Sequence[Any], size: int) -> tuple[Span, ...]:
    if len(said) > _RANGES:
        raise Malformed("a layer of too many ranges")
    spans = tuple(Span(_count(offset, size), _count(length, size)) for offset, length in said)
    if any(span.offset + span.length > size for span in spans):
        raise Malformed("a layer that ends behind its pack")
    return spans


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 128:  # noqa: PLR2004  (none of ours is longer)
        raise Malformed("a manifest holds something that is no text")
    return value


def _count(value: Any, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise Malformed("a manifest holds a number that cannot be")
    return value


def _name(value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise Malformed("a manifest holds something that is no SHA-256")
    return value
