"""Bytes of one record, found by its place."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from blake3 import blake3

from archipel.archive.errors import DamagedContent
from archipel.archive.model import JournalPlace
from archipel.kernel.errors import Unavailable
from archipel.stores.journal import segment as form


class JournalReader:
    """Reads records of `home`/journal, in any process, while others append. Thread-safe.

    Every method raises `Unavailable` when there is no such record (its series was sealed and the
    segment reclaimed: ask the index again) or the disk fails.
    """

    def __init__(self, home: Path) -> None:
        self._directory = home / "journal"

    def record(self, place: JournalPlace) -> form.Record:
        """Return the parts and the receipt of a record."""
        with self._open(place) as (_fd, record):
            return record

    def dataset(self, place: JournalPlace) -> bytes:
        """Return the data set as received. Raises `DamagedContent` when it lost its digest."""
        with self._open(place) as (fd, record):
            content = b"".join(form.pieces(fd, record.dataset_offset, record.dataset_bytes))
        if blake3(content).digest() != record.receipt.digest:
            raise DamagedContent(record.receipt.sop_instance, _where(place))
        return content

    def part10(self, place: JournalPlace) -> Iterator[bytes]:
        """Give the record as a Part 10 file, in pieces; checked as it passes.

        Raises `DamagedContent` at the end when the data set lost its digest.
        """
        yield self.meta(place)
        yield from self.pieces(place)

    def pieces(self, place: JournalPlace) -> Iterator[bytes]:
        """Give the data set as received, in pieces. Raises as `part10`."""
        with self._open(place) as (fd, record):
            state = blake3()
            for piece in form.pieces(fd, record.dataset_offset, record.dataset_bytes):
                state.update(piece)
                yield piece
        if state.digest() != record.receipt.digest:
            raise DamagedContent(record.receipt.sop_instance, _where(place))

    def meta(self, place: JournalPlace) -> bytes:
        """Return preamble, prefix and group 2 (PS3.10 section 7.1)."""
        with self._open(place) as (fd, record):
            return os.pread(fd, record.meta_bytes, record.meta_offset)

    def range(self, place: JournalPlace, start: int, length: int) -> bytes:
        """Return bytes of the data set, unchecked; fewer where it ends before."""
        with self._open(place) as (fd, record):
            length = max(0, min(length, record.dataset_bytes - start))
            return b"".join(form.pieces(fd, record.dataset_offset + start, length))

    @contextlib.contextmanager
    def _open(self, place: JournalPlace) -> Iterator[tuple[int, form.Record]]:
        path = self._directory / form.file_name(place.segment)
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise Unavailable(f"{_where(place)}: {error.strerror}") from error
        try:
            record = form.read_record(fd, form.read_header(fd), place.offset)
            if record is None:
                raise Unavailable(f"{_where(place)}: no record there")
            yield fd, record
        except OSError as error:
            raise Unavailable(f"{_where(place)}: {error.strerror}") from error
        finally:
            os.close(fd)


def _where(place: JournalPlace) -> str:
    return f"journal segment {form.file_name(place.segment)} offset {place.offset}"
