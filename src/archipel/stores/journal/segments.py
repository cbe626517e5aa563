"""The files of the journal, for those who tidy and check them."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from archipel.archive.model import JournalPlace
from archipel.kernel.errors import Unavailable
from archipel.stores.journal import segment as form
from archipel.stores.journal.announce import IndexedOffsets
from archipel.stores.journal.reader import JournalReader
from archipel.stores.journal.slot import sync_directory

_STILLBORN_S = 3600.0


class SegmentFiles:
    """`archive.ports.Segments` over `home`/journal."""

    def __init__(self, home: Path) -> None:
        self._directory = home / "journal"
        self._run = home / "run"
        self._marks = self._run / "idle"
        self._marks.mkdir(parents=True, exist_ok=True)

    def numbers(self) -> Sequence[int]:
        """Return the numbers of all segments, oldest first."""
        found = (form.segment_of(entry.name) for entry in os.scandir(self._directory))
        return sorted(number for number in found if number is not None)

    def sweep(self) -> None:
        """Delete what writers left that died before their segment had its name."""
        for path in self._directory.glob(f"{form.UNBORN}*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > _STILLBORN_S:
                    path.unlink()

    def sizes(self) -> Mapping[int, int]:
        """Return the size in bytes of each segment."""
        found: dict[int, int] = {}
        for number in self.numbers():
            with contextlib.suppress(FileNotFoundError):  # reclaimed meanwhile
                found[number] = (self._directory / form.file_name(number)).stat().st_size
        return found

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
            raise _unavailable(path, error) from error

    def check(self, place: JournalPlace) -> None:
        """Hold one record against its digest. Raises `DamagedContent`, `Unavailable`."""
        for _piece in JournalReader(self._directory.parent).pieces(place):
            pass

    def reclaim(self, segment: int, *, applied: int, now: datetime, grace: timedelta) -> bool:
        """Delete a segment nobody writes to, with no record beyond `applied`, for a while already.

        A segment is locked before it has its name and never opened for writing again once its
        writer let it go, so the lock says all: whoever gets it is alone with the file. Since when
        it could go is the time of a mark in `run`. Raises `Unavailable`.
        """
        path, mark = (
            self._directory / form.file_name(segment),
            self._marks / form.file_name(segment),
        )
        try:
            fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            mark.unlink(missing_ok=True)
            return True
        except OSError as error:
            raise _unavailable(path, error) from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if next(form.scan(fd, applied, verify=True), None) is not None:
                mark.unlink(missing_ok=True)
                return False
            if _marked_since(mark, now) > now - grace:
                return False
            path.unlink()
            sync_directory(self._directory)
        except BlockingIOError:
            return False
        except OSError as error:
            raise _unavailable(path, error) from error
        finally:
            os.close(fd)
        mark.unlink(missing_ok=True)
        IndexedOffsets(self._run).forget(segment)
        return True


def _marked_since(mark: Path, now: datetime) -> datetime:
    try:
        return datetime.fromtimestamp(mark.stat().st_mtime, UTC)
    except FileNotFoundError:
        mark.touch()
        os.utime(mark, (now.timestamp(), now.timestamp()))
        return now


def _unavailable(path: Path, error: OSError) -> Unavailable:
    return Unavailable(f"{path.name} of the journal: {error.strerror}")
