"""One pack file while it arrives: chunks in any order, believed only by their digests.

Beside it lies what is known of its digests, so that after a crash the file itself is the record
of what is here: it is hashed again. Nothing is made durable before the whole is.
"""

import errno
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from archipel.exchange.manifest import (
    CHUNK_BYTES,
    DIGEST_BYTES,
    SEGMENT_CHUNKS,
    SEGMENT_LIST_BYTES,
    DigestTree,
    PackEntry,
)
from archipel.kernel.errors import ArchipelError, Exhausted, Malformed, Unavailable

Donor = Callable[[bytes], bytes | None]
"""Gives a chunk that is here already, by its digest."""

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class DiskPartFile:
    """`exchange.ports.PartFile` as two files: `<root>.part` and `<root>.digests`."""

    def __init__(self, folder: Path, pack: PackEntry, donor: Donor) -> None:
        self.path = folder / f"{pack.root}.part"
        self._donor = donor
        self._tree = DigestTree(pack)
        self._pack = pack
        self._have: set[int] = set()
        self._lock = threading.RLock()  # a number that was closed may be another file's by now
        self._closed = False
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            self._fd = os.open(self.path, flags, 0o600)
            self._digests = os.open(folder / f"{pack.root}.digests", flags, 0o600)
        except OSError as error:
            raise refused(error) from error
        self._recall()

    @property
    def have(self) -> set[int]:
        """Return the chunks that are here and have their digest."""
        return self._have

    @property
    def done_bytes(self) -> int:
        """Return how many bytes of it are here."""
        last = self._pack.chunks - 1
        short = CHUNK_BYTES - self._pack.chunk_bytes(last) if last in self._have else 0
        return len(self._have) * CHUNK_BYTES - short

    def knows_spine(self) -> bool:
        """Tell whether the digests of the segments are here."""
        return bool(self._tree.spine)

    def knows(self, segment: int) -> bool:
        """Tell whether the digests of a segment's chunks are here."""
        return segment in self._tree.lists

    def keep_spine(self, content: bytes) -> None:
        """Keep the digests of the segments. Raises `Malformed`, `Exhausted`."""
        self._tree.accept_spine(content)
        self._write(self._digests, content, 0)

    def keep_list(self, segment: int, content: bytes) -> None:
        """Keep the digests of a segment's chunks. Raises `Malformed`, `Exhausted`.

        Chunks of it that are here already, in this file or in another, are taken as they are.
        """
        self._tree.accept_list(segment, content)
        self._write(self._digests, content, self._list_at(segment))
        self._look(segment)

    def write(self, chunk: int, content: bytes) -> bool:
        """Keep one chunk; False when it has another digest. Raises `Exhausted`."""
        if not self._tree.holds(chunk, content):
            return False
        if chunk not in self._have:
            self._write(self._fd, content, chunk * CHUNK_BYTES)
            self._have.add(chunk)
        return True

    def chunks(self) -> Iterator[tuple[bytes, int]]:
        """Give digest and number of every chunk that is here."""
        for chunk in list(self._have):  # chunks may come meanwhile
            leaf = self._tree.leaf(chunk)
            if leaf is not None:
                yield leaf, chunk

    def read(self, chunk: int) -> bytes:
        """Read a chunk back. Raises `Unavailable` once closed."""
        with self._at_work():
            return os.pread(self._fd, self._pack.chunk_bytes(chunk), chunk * CHUNK_BYTES)

    def sync(self) -> None:
        """Make the file durable. Raises `Exhausted`, `Unavailable`."""
        with self._at_work():
            os.fsync(self._fd)

    def close(self) -> None:
        """Let the files go; whoever still writes is told so."""
        with self._lock:
            if not self._closed:
                self._closed = True
                os.close(self._fd)
                os.close(self._digests)

    def _recall(self) -> None:
        try:
            self._tree.accept_spine(os.pread(self._digests, self._spine_bytes, 0))
        except Malformed:
            return  # new, or torn by a crash: it is fetched again
        for segment in range(self._pack.segments):
            content = os.pread(self._digests, self._list_bytes(segment), self._list_at(segment))
            try:
                self._tree.accept_list(segment, content)
            except Malformed:
                continue
            self._look(segment)

    def _look(self, segment: int) -> None:
        first = segment * SEGMENT_CHUNKS
        with self._at_work():
            size = os.fstat(self._fd).st_size
        for chunk in range(first, min(first + SEGMENT_CHUNKS, self._pack.chunks)):
            if chunk in self._have:
                continue
            if chunk * CHUNK_BYTES < size and self._tree.holds(chunk, self.read(chunk)):
                self._have.add(chunk)
                continue
            leaf = self._tree.leaf(chunk)
            given = self._donor(leaf) if leaf is not None else None
            if given is not None:
                self.write(chunk, given)

    @property
    def _spine_bytes(self) -> int:
        return self._pack.segments * DIGEST_BYTES

    def _list_at(self, segment: int) -> int:
        return self._spine_bytes + segment * SEGMENT_LIST_BYTES

    def _list_bytes(self, segment: int) -> int:
        left = self._pack.chunks - segment * SEGMENT_CHUNKS
        return min(SEGMENT_CHUNKS, left) * DIGEST_BYTES

    def _write(self, fd: int, content: bytes, offset: int) -> None:
        view = memoryview(content)
        with self._at_work():
            while view:
                written = os.pwrite(fd, view, offset)
                view, offset = view[written:], offset + written

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        """Keep the files open meanwhile. Raises `Unavailable` once closed, or as a disk says."""
        with self._lock:
            if self._closed:
                raise Unavailable("the transfer has ended: its part files are closed")
            try:
                yield
            except OSError as error:
                raise refused(error) from error


def refused(error: OSError) -> ArchipelError:
    """Say what a disk said."""
    if error.errno in _NO_ROOM:
        return Exhausted("no room for what is arriving: free some space; it goes on by itself")
    return Unavailable(f"the spool cannot be written: {error.strerror}")
