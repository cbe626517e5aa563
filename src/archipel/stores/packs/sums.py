r"""The digests of a part in an object store: what every block of it must be to be believed.

    "ARCSUM1\n", size of the part (8 bytes), bytes of a block (4), BLAKE3 of each block cut to 16
    bytes, then BLAKE3 of all that. Little endian.

It is put before the part and read before it: a block that came wrong, or lies wrong in the cache,
is never served and never kept.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

from archipel.kernel.errors import Malformed

BLOCK_BYTES = 1 << 20
DIGEST_BYTES = 16
_HEAD = struct.Struct("<8sQI")
_MAGIC = b"ARCSUM1\n"
_SEAL_BYTES = 32


@dataclass(frozen=True, slots=True)
class Sums:
    """Size of a part and the digests of its blocks, in order."""

    size_bytes: int
    digests: bytes
    block_bytes: int = BLOCK_BYTES

    @property
    def blocks(self) -> int:
        """Return how many blocks there are."""
        return -(-self.size_bytes // self.block_bytes)

    def span(self, block: int) -> tuple[int, int]:
        """Return where a block begins and how long it is."""
        start = block * self.block_bytes
        return start, min(self.block_bytes, self.size_bytes - start)

    def holds(self, block: int, content: bytes | memoryview) -> bool:
        """Tell whether this is that block."""
        wanted = self.digests[block * DIGEST_BYTES : (block + 1) * DIGEST_BYTES]
        return digest_of(content) == wanted

    def packed(self) -> bytes:
        """Write them down."""
        said = _HEAD.pack(_MAGIC, self.size_bytes, self.block_bytes) + self.digests
        return said + blake3(said).digest()

    @classmethod
    def read(cls, content: bytes, name: str) -> "Sums":
        """Read them back. Raises `Malformed`."""
        said, seal = content[:-_SEAL_BYTES], content[-_SEAL_BYTES:]
        if len(said) < _HEAD.size or blake3(said).digest() != seal:
            raise Malformed(f"the digests of {name} are damaged")
        magic, size_bytes, block_bytes = _HEAD.unpack_from(said)
        sums = cls(size_bytes, said[_HEAD.size :], block_bytes)
        if magic != _MAGIC or not block_bytes or len(sums.digests) != sums.blocks * DIGEST_BYTES:
            raise Malformed(f"the digests of {name} are of another form")
        return sums


def digest_of(content: bytes | memoryview) -> bytes:
    """Return the digest of one block."""
    digest: bytes = blake3(content).digest(length=DIGEST_BYTES)
    return digest


def sums_of(path: Path) -> Sums:
    """Read a file and return its sums. Raises `OSError`."""
    digests = bytearray()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digests += digest_of(block)
        return Sums(file.tell(), bytes(digests))
