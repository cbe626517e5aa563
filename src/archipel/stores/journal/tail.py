"""What the index writer reads: at start all the index lacks, then what receivers announce.

The same code is the recovery of a node. Replay trusts nothing it has not checked: it reads every
record, holds each data set against its digest and makes the segment durable itself before it
gives a record to the index, for a receiver may have died between write and fdatasync. Later
batches stop at the announced end, which is durable by the announcer's word.
"""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from archipel.archive.model import Batch, JournalPlace, Recorded
from archipel.archive.quality.notes import may_be_note
from archipel.kernel.errors import Unavailable
from archipel.stores.journal import segment as form
from archipel.stores.journal.announce import Announcements, IndexedOffsets
from archipel.stores.journal.reader import JournalReader
from archipel.stores.journal.segments import SegmentFiles

_BATCH_RECORDS = 500
_log = logging.getLogger(__name__)


class JournalTail:
    """`archive.ports.Tail` over `home`/journal. One for each node, in one thread.

    `applied` is what the index remembers: segment number -> offset up to which it knows records.
    """

    def __init__(self, home: Path, applied: Mapping[int, int]) -> None:
        self._directory, run = home / "journal", home / "run"
        for directory in (self._directory, run):
            directory.mkdir(parents=True, exist_ok=True)
        self._announcements = Announcements(run)  # first: what comes during replay waits here
        self._segments = SegmentFiles(home)
        self._reader = JournalReader(home)
        self._segments.sweep()
        self._indexed = IndexedOffsets(run)
        self._indexed.clear()
        self._read = dict(applied)  # segment -> offset up to which records were given out
        self._pending: dict[int, int] = {}  # segment -> announced end not given out yet

    def replay(self) -> Iterator[Batch]:
        """Give everything durable that the index lacks. Raises `Unavailable`: the disk failed."""
        for segment in self._segments.numbers():
            yield from self._replay(segment)
            self._indexed.say(segment, self._read.get(segment, 0))

    def batches(self, *, timeout_s: float) -> Sequence[Batch]:
        """Give what was announced since: at most one batch a segment."""
        wait_s = 0.0 if self._pending else timeout_s
        for segment, end in self._announcements.receive(timeout_s=wait_s).items():
            self._pending[segment] = max(end, self._pending.get(segment, 0))
        found: list[Batch] = []
        for segment, end in list(self._pending.items()):
            batch = self._batch(segment, end)
            if batch is not None:
                found.append(batch)
            if self._read.get(segment, 0) >= end:
                del self._pending[segment]
            elif batch is None:
                del self._pending[segment]
                _log.error(
                    "journal segment %s: announced up to %d, readable up to %d; "
                    "the rest is tried again when the index writer starts",
                    form.file_name(segment), end, self._read.get(segment, 0),
                )  # fmt: skip
        return found

    def indexed(self, batches: Sequence[Batch]) -> None:
        """Let the fences of these batches go."""
        for batch in batches:
            self._indexed.say(batch.segment, batch.end)

    def lost(self, applied: Mapping[int, int]) -> bool:
        """Tell whether an index that remembers `applied` lacks what it was given already."""
        return any(end > applied.get(segment, 0) for segment, end in self._read.items())

    def rewind(self, applied: Mapping[int, int]) -> None:
        """Begin again where the index is; `replay` then gives what it lacks."""
        self._read = dict(applied)
        self._pending.clear()

    def close(self) -> None:
        """Leave the pipe."""
        self._announcements.close()

    def _batch(self, segment: int, end: int) -> Batch | None:
        start = self._read.get(segment, 0)
        if end <= start:
            return None
        path = self._directory / form.file_name(segment)
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                return self._next(segment, form.scan(fd, start, end))
            finally:
                os.close(fd)
        except OSError as error:
            raise Unavailable(f"{path.name} of the journal: {error.strerror}") from error

    def _replay(self, segment: int) -> Iterator[Batch]:
        path = self._directory / form.file_name(segment)
        try:
            fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return  # reclaimed meanwhile
        try:
            records = form.scan(fd, self._read.get(segment, 0), verify=True)
            while batch := self._next(segment, records):
                os.fdatasync(fd)  # after the check: what was checked is then durable
                yield batch
        except OSError as error:
            raise Unavailable(f"{path.name} of the journal: {error.strerror}") from error
        finally:
            os.close(fd)

    def _next(self, segment: int, records: Iterator[form.Record]) -> Batch | None:
        found: list[Recorded] = []
        for record in records:
            if record.skipped:
                _log.error(
                    "journal segment %s: %d bytes before offset %d are no record any more; "
                    "run the verification and ask the sender again",
                    form.file_name(segment), record.skipped, record.offset,
                )  # fmt: skip
            found.append(recorded(segment, record, self._reader))
            if len(found) == _BATCH_RECORDS:
                break
        if not found:
            return None
        start = self._read.get(segment, 0)
        self._read[segment] = found[-1].end
        return Batch(segment=segment, start=start, end=found[-1].end, records=tuple(found))


def recorded(segment: int, record: form.Record, reader: JournalReader) -> Recorded:
    """Say a record in the archive's words."""
    place = JournalPlace(segment, record.offset)
    read = None
    if may_be_note(record.receipt.sop_class, record.dataset_bytes):
        read = partial(reader.dataset, place)
    return Recorded(
        place=place,
        end=record.end,
        size_bytes=record.dataset_bytes,
        receipt=record.receipt,
        read=read,
    )
