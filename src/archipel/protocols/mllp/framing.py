"""Blocks: VT, the message, FS, CR (MLLP release 1); release 2 adds blocks of ACK and NAK."""

from collections.abc import Iterator

from archipel.kernel.errors import Malformed

VT, FS, CR = b"\x0b", b"\x1c", b"\x0d"
COMMIT_ACK, COMMIT_NAK = b"\x06", b"\x15"  # the only byte of a block, release 2
_BETWEEN = b"\r\n \t\x00"  # what some senders put between blocks


class NotFramed(Malformed):
    """The bytes are no blocks, or a block is too long: the connection is of no use any more."""


def framed(content: bytes) -> bytes:
    """Return a block."""
    return VT + content + FS + CR


class Deframer:
    """Takes bytes as they come, gives whole blocks. Holds at most one block of `max_bytes`."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._held = bytearray()
        self._inside = False
        self._seen = 0  # of what is held, already searched

    @property
    def waiting(self) -> bool:
        """Tell whether a block has begun and not ended."""
        return self._inside

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Give the blocks that `data` completes, in order. Raises `NotFramed`."""
        self._held += data
        while True:
            if not self._inside and not self._begin():
                return
            end = self._held.find(FS, self._seen)
            if end < 0:
                if len(self._held) > self._max_bytes:
                    raise NotFramed(f"a message is longer than {self._max_bytes} bytes")
                self._seen = len(self._held)
                return
            block = bytes(self._held[:end])
            del self._held[: end + 1]
            self._inside, self._seen = False, 0
            if len(block) > self._max_bytes:
                raise NotFramed(f"a message is longer than {self._max_bytes} bytes")
            if VT in block:
                raise NotFramed("a block begins inside a block")
            yield block

    def _begin(self) -> bool:
        """Look for the next block; what may stand between two is dropped."""
        rest = self._held.lstrip(_BETWEEN)
        if not rest:
            self._held.clear()
            return False
        if rest[:1] != VT:
            raise NotFramed("bytes outside a block: each message stands between 0BH and 1CH 0DH")
        del self._held[: len(self._held) - len(rest) + 1]
        self._inside, self._seen = True, 0
        return True
