"""The files of the journal, for those who tidy and check them."""

import fcntl
import os
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from archipel.archive.model import JournalPlace
from archipel.kernel.errors import Unavailable
from archipel.stores.journal import segment as form
from archipel.stores.journal.announce import IndexedOffsets
from archipel.stores.journal.reader import JournalReader
from archipel.stores.journal.slot import sync_directory

_BIRTH = timedelta(minutes=10)  # a file this young may be between its creation and its lock


class SegmentFiles:
    """`archive.ports.Segments` over `home`/journal."""

    def __init__(self, home: Path) -> None:
        self._directory = home / "journal"
        self._run = home / "run"

    def numbers(self) -> Sequence[int]:
        """Return the numbers of all segments, oldest first."""
        found = (form.segment_of(entry.name) for entry in os.scandir(self._directory))
        return sorted(number for number in found if number is not None)

    def records(self, segment: int, *, verify: bool) -> Iterator[form.Record]:
        """Give every record of a segment that counts. Raises `Unavailable`."""
        path = self._directory / form.file_name(segment)
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                yield from form.scan(fd, verify=verify)
            finally:
                os.close(fd)
        except OSError as error:
            raise Unavailable(f"{path.name} of the journal: {error.strerror}") from error

    def check(self, place: JournalPlace) -> None:
        """Hold one record against its digest. Raises `DamagedContent`, `Unavailable`."""
        for _piece in JournalReader(self._directory.parent).pieces(place):
            pass

    def reclaim(self, segment: int, *, applied: int, now: datetime) -> bool:
        """Delete a segment nobody writes to, not just born, with no record beyond `applied`.

        A segment is never opened for writing again once its writer let it go, so the lock says
        all: whoever gets it is alone with the file. Raises `Unavailable`.
        """
        path = self._directory / form.file_name(segment)
        if (segment >> 12) / 1e6 > (now - _BIRTH).timestamp():
            return False
        try:
            fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return True
        except OSError as error:
            raise Unavailable(f"{path.name} of the journal: {error.strerror}") from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if next(form.scan(fd, applied, verify=True), None) is not None:
                return False
            path.unlink()
            sync_directory(self._directory)
        except BlockingIOError:
            return False
        except OSError as error:
            raise Unavailable(f"{path.name} of the journal: {error.strerror}") from error
        finally:
            os.close(fd)
        IndexedOffsets(self._run).forget(segment)
        return True
