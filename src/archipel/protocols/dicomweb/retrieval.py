"""Instances and their bytes for one visit, asked of the index and the archive.

A viewer asks for the frames of a series one by one: the series is looked up once and remembered
for `SERIES_S`. Meanwhile it may be sealed, and its bytes move: when they are not where they were,
the index is asked again, once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
SERIES = 256

T = TypeVar("T")
_SeriesKey = tuple[Scope, Uid, Uid]
KnownSeries = Remembered[_SeriesKey, Mapping[Uid, Held]]


def known_series() -> KnownSeries:
    """Make the memory that all visits share."""
    return Remembered(for_s=SERIES_S, most=SERIES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieval:
    """What one visitor may retrieve."""

    catalogue: Catalogue
    contents: Contents
    known: KnownSeries
    scope: Scope
    now: datetime

    def below(self, study: Uid | None, series: Uid | None) -> Sequence[Held]:
        """Find all instances of a study or a series. Raises `NotFound`."""
        found = self.catalogue.instances(scope=self.scope, study=study, series=series)
        if not found:
            raise NotFound("nothing is held under this name")
        return found

    def instance(self, study: Uid, series: Uid, sop_instance: Uid) -> Held:
        """Find one instance. Raises `NotFound`."""
        key = (self.scope, study, series)
        known = self.known.get(key, self.now)
        if known is None or sop_instance not in known:
            known = {one.key.sop_instance: one for one in self.below(study, series)}
            self.known.put(key, known, self.now)
        if sop_instance not in known:
            raise NotFound("nothing is held under this name")
        return known[sop_instance]

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
        try:
            return self.contents.series_metadata(held)
        except Unavailable:
            fresh = {
                one.key.sop_instance: one
                for one in self.below(held[0].key.study, held[0].key.series)
            }
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
            self.known.forget((self.scope, held.key.study, held.key.series))
            moved = self.instance(held.key.study, held.key.series, held.key.sop_instance)
            if moved.place == held.place:
                raise
            return read(moved)
