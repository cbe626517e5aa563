"""How receivers tell the index writer what is durable, and how it tells them what it indexed.

One way: a named pipe of 16-byte notes (segment, durable end). A pipe holds 64 KiB, 4,096 notes:
when the index writer is that far behind, receivers wait, then refuse; so the lag stays bounded.
Back: one file of eight bytes for each segment, the offset up to which it is indexed. It lives in
the page cache, is never synced and starts empty with the index writer: it may say less than the
index knows, never more.
"""

import contextlib
import logging
import os
import select
import struct
import time
from pathlib import Path

from archipel.archive.errors import IndexBehind
from archipel.stores.journal.segment import file_name

_log = logging.getLogger(__name__)
_NOTE = struct.Struct("<QQ")
_OFFSET = struct.Struct("<Q")
_BEHIND = (
    "the index writer is some 4,000 instances behind or gone: what came is safe, but nothing "
    "more is taken until it follows"
)
_SHORTEST_S, _LONGEST_S = 0.0005, 0.01  # between two looks at an indexed offset


class Announcements:
    """The pipe. Opened for both directions by both sides: a dead reader breaks no writer."""

    def __init__(self, run: Path) -> None:
        path = run / "journal.fifo"
        with contextlib.suppress(FileExistsError):
            os.mkfifo(path, 0o600)
        self._fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def send(self, segment: int, end: int, *, timeout_s: float) -> None:
        """Say that `segment` is durable up to `end`. Raises `IndexBehind` when nobody listens."""
        note = _NOTE.pack(segment, end)
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                os.write(self._fd, note)
            except BlockingIOError:
                left_s = deadline - time.monotonic()
                if left_s <= 0 or not _ready(self._fd, select.POLLOUT, left_s):
                    raise IndexBehind(_BEHIND) from None
            else:
                return

    def wait_for_room(self, *, timeout_s: float) -> None:
        """Wait until a page of the pipe is free, 256 notes. Raises `IndexBehind`."""
        if not _ready(self._fd, select.POLLOUT, timeout_s):
            raise IndexBehind(_BEHIND)

    def receive(self, *, timeout_s: float) -> dict[int, int]:
        """Return the highest durable end of each segment announced; empty when time ran out."""
        durable: dict[int, int] = {}
        if not _ready(self._fd, select.POLLIN, timeout_s):
            return durable
        with contextlib.suppress(BlockingIOError):
            for segment, end in _NOTE.iter_unpack(os.read(self._fd, 4096 * _NOTE.size)):
                durable[segment] = max(end, durable.get(segment, 0))
        return durable

    def close(self) -> None:
        """Leave the pipe; notes in it are lost with its last user, replay finds them again."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


class IndexedOffsets:
    """Up to where each segment is indexed, for the fences."""

    def __init__(self, run: Path) -> None:
        self._directory = run / "indexed"
        self._directory.mkdir(exist_ok=True)

    def clear(self) -> None:
        """Forget everything: the index writer starts again."""
        for path in self._directory.iterdir():
            path.unlink(missing_ok=True)

    def say(self, segment: int, end: int) -> None:
        """Publish that everything below `end` is indexed.

        A full disk may refuse it: then fences wait in vain, and the index writer goes on.
        """
        try:
            fd = os.open(self._directory / file_name(segment), os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.pwrite(fd, _OFFSET.pack(end), 0)
            finally:
                os.close(fd)
        except OSError as error:
            _log.warning("fences cannot be let go: %s", error.strerror)

    def forget(self, segment: int) -> None:
        """Drop a segment that is gone."""
        (self._directory / file_name(segment)).unlink(missing_ok=True)

    def known(self, segment: int) -> int:
        """Return the offset below which all is indexed; 0 when nothing was said yet."""
        try:
            content = (self._directory / file_name(segment)).read_bytes()
        except FileNotFoundError:
            return 0
        return int(_OFFSET.unpack(content)[0]) if len(content) == _OFFSET.size else 0

    def wait(self, segment: int, offset: int, *, timeout_s: float) -> bool:
        """Wait until the record at `offset` is indexed; False when time ran out."""
        deadline, pause_s = time.monotonic() + timeout_s, _SHORTEST_S
        while self.known(segment) <= offset:
            if time.monotonic() + pause_s > deadline:
                return False
            time.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_S)
        return True


def _ready(fd: int, event: int, timeout_s: float) -> bool:
    poll = select.poll()
    poll.register(fd, event)
    return bool(poll.poll(max(timeout_s, 0.0) * 1000))
