"""Instances and their bytes for one visit, asked of the index and the archive.

A viewer asks for the frames of a series one by one: the series is looked up once and remembered,
for `SERIES_S` where one of its instances is asked for, for `WHOLE_SERIES_S` where all are.
Meanwhile it may be sealed, and its bytes move: when they are not where they were, the index is
asked again, once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import TypeVar

from archipel.archive.model import Frame, Held
from archipel.archive.ports import Catalogue, Contents
from archipel.kernel.actors import Scope
from archipel.kernel.errors import NotFound, Unavailable
from archipel.kernel.uid import Uid
from archipel.protocols.dicomweb.remembered import Remembered

SERIES_S = 5.0  # also how long something no longer shared may still be read, frame by frame
WHOLE_SERIES_S = 1.0  # how long something new may stay unseen in a series that is asked for
SERIES = 256
DOCUMENTS = 16

T = TypeVar("T")
_SeriesKey = tuple[Scope, Uid, Uid]


@dataclass(frozen=True, slots=True)
class Series:
    """The instances of one series as the index told them at one moment."""

    held: Sequence[Held]
    by_uid: Mapping[Uid, Held]
    at: datetime


@dataclass(frozen=True, slots=True)
class Memory:
    """What all visits share. Documents are remembered by the digests they are made of."""

    series: Remembered[_SeriesKey, Series] = field(
        default_factory=lambda: Remembered(for_s=SERIES_S, most=SERIES)
    )
    documents: Remembered[bytes, bytes] = field(
        default_factory=lambda: Remembered(for_s=SERIES_S, most=DOCUMENTS)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieval:
    """What one visitor may retrieve."""

    catalogue: Catalogue
    contents: Contents
    memory: Memory
    scope: Scope
    now: datetime

    def below(self, study: Uid | None, series: Uid | None) -> Sequence[Held]:
        """Find all instances of a study or a series. Raises `NotFound`."""
        if study is not None and series is not None:
            return self._series(study, series, within_s=WHOLE_SERIES_S).held
        found = self.catalogue.instances(scope=self.scope, study=study, series=series)
        if not found:
            raise NotFound("nothing is held under this name")
        return found

    def instance(self, study: Uid, series: Uid, sop_instance: Uid) -> Held:
        """Find one instance. Raises `NotFound`."""
        for within_s in (SERIES_S, 0.0):
            known = self._series(study, series, within_s=within_s).by_uid
            if sop_instance in known:
                return known[sop_instance]
        raise NotFound("nothing is held under this name")

    def series_now(self, study: Uid, series: Uid) -> Sequence[Held]:
        """Find all instances of a series where they lie at this moment. Raises `NotFound`."""
        return self._series(study, series, within_s=0.0).held

    def forget(self, study: Uid, series: Uid) -> None:
        """Ask the index again for this series: something was added to it, or it moved."""
        self.memory.series.forget((self.scope, study, series))

    def _series(self, study: Uid, series: Uid, *, within_s: float) -> Series:
        key = (self.scope, study, series)
        known = self.memory.series.get(key, self.now)
        if known is None or (self.now - known.at).total_seconds() >= within_s:
            found = self.catalogue.instances(scope=self.scope, study=study, series=series)
            if not found:
                raise NotFound("nothing is held under this name")
            known = Series(found, {one.key.sop_instance: one for one in found}, self.now)
            self.memory.series.put(key, known, self.now)
        return known

    def frame(self, held: Held, number: int) -> Frame:
        """Return one frame as stored. Raises `NotFound`, `Unavailable`."""
        return self._where_it_is(held, lambda one: self.contents.frame(one, number))

    def low_frame(self, held: Held, number: int) -> Frame:
        """Return one frame at a quarter of its resolution. Raises `NotFound` where unkept."""
        return self._where_it_is(held, lambda one: self.contents.low_frame(one, number))

    def dataset(self, held: Held) -> bytes:
        """Return the data set as received. Raises `NotFound`, `Unavailable`."""
        return self._where_it_is(held, self.contents.dataset)

    def document(self, held: Held) -> bytes:
        """Return gzip of the metadata of one instance. Raises `NotFound`, `Unavailable`."""
        return self._where_it_is(held, lambda one: self.contents.series_metadata([one]))

    def series_document(self, held: Sequence[Held]) -> bytes:
        """Return gzip of the metadata of these instances of one series."""
        made_of = b"".join(one.digest for one in held)
        known = self.memory.documents.get(made_of, self.now)
        if known is None:
            known = self._series_document(held)
            self.memory.documents.put(made_of, known, self.now)
        return known

    def _series_document(self, held: Sequence[Held]) -> bytes:
        try:
            return self.contents.series_metadata(held)
        except Unavailable:
            study, series = held[0].key.study, held[0].key.series
            fresh = self._series(study, series, within_s=0.0).by_uid
            now_held = [fresh.get(one.key.sop_instance, one) for one in held]
            return self.contents.series_metadata(now_held)

    def part10(self, held: Held) -> Iterator[bytes]:
        """Give the file as received, in pieces; what fails at once fails here."""

        def begun(one: Held) -> Iterator[bytes]:
            pieces = self.contents.part10(one)
            return chain((next(pieces), next(pieces, b"")), pieces)

        return self._where_it_is(held, begun)

    def _where_it_is(self, held: Held, read: Callable[[Held], T]) -> T:
        try:
            return read(held)
        except Unavailable:
            self.forget(held.key.study, held.key.series)
            moved = self.instance(held.key.study, held.key.series, held.key.sop_instance)
            if moved.place == held.place:
                raise
            return read(moved)
