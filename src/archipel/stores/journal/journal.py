"""The journal of a node: slots to append, the fence, the read-only flag."""

import os
import threading
from pathlib import Path

from archipel.archive.model import JournalPlace
from archipel.stores.journal.announce import Announcements, IndexedOffsets
from archipel.stores.journal.health import Health
from archipel.stores.journal.policy import JournalPolicy
from archipel.stores.journal.slot import FileSlot, OpenSegment

__all__ = ["FileJournal", "JournalPolicy"]

_IDLE_SEGMENTS = 16  # kept open for the next associations of this process


class FileJournal:
    """`archive.ports.Journal` over `home`/journal and `home`/run. For any thread of a process.

    Each process that receives opens its own. A segment is created by the first record that needs
    one, kept by its process for later slots, and never opened for writing again once let go: so
    nothing is ever appended behind bytes of unknown fate.
    """

    def __init__(self, home: Path, *, node: int = 1, policy: JournalPolicy | None = None) -> None:
        self._policy = policy or JournalPolicy()
        self._directory, run = home / "journal", home / "run"
        for directory in (self._directory, run):
            directory.mkdir(parents=True, exist_ok=True)
        self._node = node
        self._announcements = Announcements(run)
        self._indexed = IndexedOffsets(run)
        self.health = Health(self._directory, run, low_water_bytes=self._policy.low_water_bytes)
        self._lock = threading.Lock()
        self._idle: list[OpenSegment] = []
        self._process = os.getpid()

    def slot(self) -> FileSlot:
        """Take a slot. Raises `ReadOnly` while the node takes nothing in."""
        self.health.check()
        return FileSlot(
            self._take, self._give_back, self._announcements, self.health, self._policy
        )

    def wait_indexed(self, place: JournalPlace, *, timeout_s: float) -> bool:
        """Wait until the index knows the record (the fence); False when time ran out."""
        return self._indexed.wait(place.segment, place.offset, timeout_s=timeout_s)

    def forget_announcements(self) -> None:
        """Empty the pipe. Only for the holder of the index writer's lock.

        Nobody follows the journal then, and whoever does next replays it from the disk.
        """
        while self._announcements.receive(timeout_s=0.0):
            pass

    def close(self) -> None:
        """Let every idle segment go. Slots still out close theirs themselves."""
        with self._lock:
            idle, self._idle = self._idle, []
        for segment in idle:
            segment.close()
        self._announcements.close()

    def _take(self) -> OpenSegment:
        with self._lock:
            if os.getpid() != self._process:  # forked: these belong to the parent
                self._idle, self._process = [], os.getpid()
            if self._idle:
                return self._idle.pop()
        return OpenSegment(self._directory, self._node)

    def _give_back(self, segment: OpenSegment) -> None:
        with self._lock:
            keep = segment.offset < self._policy.roll_bytes and len(self._idle) < _IDLE_SEGMENTS
            if keep:
                self._idle.append(segment)
        if not keep:
            segment.close()
