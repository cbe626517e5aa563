"""One place to append: an exclusive segment, one record open at a time.

A record is made durable alone (`commit`), or several that are answered together by one fdatasync
(`keep`, then `secure`). Nothing is announced, and so nothing indexed, before it is durable.
"""

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from archipel.archive.model import JournalPlace, Receipt
from archipel.archive.ports import Buffer
from archipel.kernel.errors import ArchipelError, Malformed
from archipel.stores.journal import segment as form
from archipel.stores.journal.announce import Announcements
from archipel.stores.journal.health import Health
from archipel.stores.journal.policy import JournalPolicy

_MAX_BUFFERS = 512  # of one pwritev; Linux takes 1024
_GATHERED_BYTES = 64 << 10  # a record that is no longer is written in one piece, when it is whole
_UNSAFE_BYTES = 32 << 20  # of kept records that are not durable yet


class OpenSegment:
    """A segment this process created and alone may append to. It is never opened again.

    The lock tells the reclaimer that a writer lives; it goes with the file descriptor.
    """

    def __init__(self, directory: Path, node: int) -> None:
        self.header = form.SegmentHeader.fresh(node, time.time_ns() // 1000)
        path = directory / form.file_name(self.header.number)
        unborn = directory / f"{form.UNBORN}{path.name}"
        self.fd = os.open(unborn, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            write_all(self.fd, [self.header.pack()], 0)
            unborn.rename(path)  # a segment that has its name has its lock
            sync_directory(directory)
        except OSError:
            os.close(self.fd)
            for left in (unborn, path):
                left.unlink(missing_ok=True)
            raise
        self.offset = form.HEADER_BYTES  # where the next record starts
        self.sequence = 0

    def age_s(self) -> float:
        """Return how long ago the segment was created."""
        return time.time() - self.header.created_us / 1e6

    def close(self) -> None:
        """Let the segment go for good."""
        os.close(self.fd)


class FileSlot:
    """`archive.ports.Slot` over a segment. Not for use by two threads at once."""

    def __init__(
        self,
        take: Callable[[], OpenSegment],
        give_back: Callable[[OpenSegment], None],
        announcements: Announcements,
        health: Health,
        policy: JournalPolicy,
    ) -> None:
        self._policy = policy
        self._take, self._give_back = take, give_back
        self._announcements, self._health = announcements, health
        self._segment: OpenSegment | None = None
        self._meta = b""
        self._dataset_bytes = 0
        self._gathered: bytearray | None = None  # the data set so far; None once it is written
        self._open = False  # a record is
        self._done = False
        self._unsafe: tuple[int, int] | None = None  # offset and sequence of the first kept record
        self._failure: Exception | None = None  # of the disk: the slot takes nothing more

    def begin(self, meta: bytes) -> None:
        """Open a record, on a fresh segment when the last one is full.

        Waits while the index writer is far behind, then raises `IndexBehind`: better before the
        instance has come than when it is safe already and cannot be announced.
        """
        if self._failure is not None:
            raise self._failure
        if self._open or self._done:
            raise RuntimeError("a slot takes one record at a time and none once it is closed")
        if len(meta) > form.MAX_META_BYTES:
            raise Malformed(f"a file meta group of {len(meta)} bytes (PS3.10 section 7.1)")
        self._health.check()
        self._announcements.wait_for_room(timeout_s=self._policy.announce_timeout_s)
        if self._segment is not None and self._segment.offset >= self._policy.roll_bytes:
            self.secure()
            self._give_back(self._segment)
            self._segment = None
        try:
            self._segment = self._segment or self._take()
        except OSError as error:
            raise self._broken(error, "while a record was opened") from error
        self._meta, self._dataset_bytes, self._open = meta, 0, True
        self._gathered = bytearray()

    def write(self, buffers: Sequence[Buffer]) -> None:
        """Append data set bytes, without copying them unless they are few."""
        segment = self._writing()
        size = sum(memoryview(buffer).nbytes for buffer in buffers)
        if self._gathered is not None:
            if len(self._gathered) + size <= _GATHERED_BYTES:
                for buffer in buffers:
                    self._gathered += buffer
                self._dataset_bytes += size
                return
            opening = self._header(segment, kind=0, trailer=0, closed=False)
            buffers = [opening, self._meta, self._gathered, *buffers]
            offset = segment.offset
        else:
            offset = segment.offset + form.HEADER_BYTES + len(self._meta) + self._dataset_bytes
        try:
            write_all(segment.fd, buffers, offset)
        except OSError as error:
            raise self._broken(error, "while a record was written") from error
        self._gathered = None
        self._dataset_bytes += size

    def commit(self, receipt: Receipt) -> JournalPlace:
        """Close the record, make it durable by one fdatasync, announce it."""
        place = self.keep(receipt)
        self.secure()
        return place

    def keep(self, receipt: Receipt) -> JournalPlace:
        """Close the record: complete in the file, durable and announced by the next `secure`."""
        segment = self._writing()
        start = segment.offset
        body_end = start + form.HEADER_BYTES + len(self._meta) + self._dataset_bytes
        trailer = form.trailer(receipt, start)
        end = form.aligned(body_end + len(trailer))
        padding = bytes(end - body_end - len(trailer))
        head = self._header(segment, kind=form.kind_of(receipt), trailer=len(trailer), closed=True)
        try:
            if self._gathered is not None:
                whole: list[Buffer] = [head, self._meta, self._gathered, trailer, padding]
                write_all(segment.fd, whole, start)
            else:
                write_all(segment.fd, [trailer, padding], body_end)
                write_all(segment.fd, [head], start)
        except OSError as error:
            raise self._broken(error, "while a record was closed") from error
        self._unsafe = self._unsafe or (start, segment.sequence)
        self._open = False
        segment.offset, segment.sequence = end, segment.sequence + 1
        if end - self._unsafe[0] >= _UNSAFE_BYTES:
            self.secure()
        return JournalPlace(segment.header.number, start)

    def secure(self) -> None:
        """Make every record kept durable by one fdatasync, and announce them together."""
        if self._failure is not None:
            raise self._failure
        segment = self._segment
        if self._unsafe is None or segment is None:
            return
        try:
            os.fdatasync(segment.fd)
        except OSError as error:
            raise self._broken(error, "while a record was made durable") from error
        self._unsafe = None
        self._announcements.send(
            segment.header.number, segment.offset, timeout_s=self._policy.announce_timeout_s
        )

    def abandon(self) -> None:
        """Forget the open record: the next one overwrites it."""
        self._open = False

    def close(self) -> None:
        """Give the segment back for the next slot of this process."""
        self._open = False
        self._done = True
        with contextlib.suppress(ArchipelError):  # told to whoever reads the journal's health
            self.secure()
        if self._segment is not None:
            self._give_back(self._segment)
            self._segment = None

    def _header(self, segment: OpenSegment, *, kind: int, trailer: int, closed: bool) -> bytes:
        return form.record_header(
            segment.header,
            segment.sequence,
            kind=kind,
            meta=len(self._meta),
            trailer=trailer,
            dataset=self._dataset_bytes if closed else None,
        )

    def _writing(self) -> OpenSegment:
        if self._segment is None or not self._open:
            raise RuntimeError("no record is open in this slot")
        return self._segment

    def _broken(self, error: OSError, doing: str) -> Exception:
        """Leave the segment for good: after a failed fdatasync nothing is known of its pages.

        The kernel drops the dirty mark of pages it could not write, so a second fdatasync would
        say yes to bytes that never reached the disk, and a reader would still find them. The
        record is cut off instead, and the descriptor is never used again.
        """
        segment, self._segment = self._segment, None
        self._open, self._done = False, True
        if segment is not None:
            if self._unsafe is not None:  # those kept go too: their pages share the failure
                segment.offset, segment.sequence = self._unsafe
            for undo in (_reopen_record, _cut_record, OpenSegment.close):
                with contextlib.suppress(OSError):  # refused too: recovery checks the digest
                    undo(segment)
        self._unsafe = None
        self._failure = self._health.failed(error, doing)
        return self._failure


def write_all(fd: int, buffers: Sequence[Buffer], offset: int) -> int:
    """Write every byte at `offset`, in few calls; return how many. Raises `OSError`."""
    views = [memoryview(b).cast("B") for b in buffers if len(b)]
    total = sum(v.nbytes for v in views)
    done = 0
    while views:
        written = os.pwritev(fd, views[:_MAX_BUFFERS], offset + done)
        if not written:
            raise OSError(errno.EIO, "a write of no bytes")
        done += written
        while views and written >= views[0].nbytes:
            written -= views.pop(0).nbytes
        if written:
            views[0] = views[0][written:]
    return total


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _reopen_record(segment: OpenSegment) -> None:
    head = form.record_header(
        segment.header, segment.sequence, kind=0, meta=0, trailer=0, dataset=None
    )
    os.pwrite(segment.fd, head, segment.offset)


def _cut_record(segment: OpenSegment) -> None:
    os.ftruncate(segment.fd, segment.offset)
