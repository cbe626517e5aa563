"""Bytes of held instances, wherever they lie: a journal segment or a pack."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Generic, TypeVar

import orjson
from isal import igzip

from archipel.archive.errors import DamagedContent
from archipel.archive.model import Frame, Held, JournalPlace, PackPlace, Place
from archipel.imaging.ports import Workshop
from archipel.kernel.errors import NotFound
from archipel.kernel.uid import Uid
from archipel.standards.dicom.transfer_syntax import HTJ2K_LOSSLESS_RPCL, of
from archipel.stores import frames
from archipel.stores.journal.reader import JournalReader
from archipel.stores.packs.metadata import instance_metadata
from archipel.stores.packs.store import PackStore

_CACHED_BYTES = 64 << 20  # of metadata of open series and of single instances
_CACHED_LAYOUTS = 512
_GZIP_LEVEL = 1  # of documents made while somebody waits
V = TypeVar("V")
_RPCL = Uid(HTJ2K_LOSSLESS_RPCL)


class HeldContents:
    """`archive.ports.Contents` over the journal and the packs of `home`. For any thread.

    Nothing leaves that does not have its digest or checksum. A place that is no longer there
    (sealed meanwhile, re-sealed) raises `Unavailable`: ask the index again. Who reads for
    strangers hands a `workshop` in, where deflated data sets are inflated.
    """

    def __init__(
        self,
        home: Path,
        *,
        journal: JournalReader | None = None,
        packs: PackStore | None = None,
        workshop: Workshop | None = None,
    ) -> None:
        self._workshop = workshop
        self._journal = journal or JournalReader(home)
        self._packs = packs or PackStore(home, journal=self._journal)
        self._documents: _Cache[bytes] = _Cache(_CACHED_BYTES, len)
        self._layouts: _Cache[frames.Layout] = _Cache(_CACHED_LAYOUTS, lambda _layout: 1)

    def dataset(self, held: Held) -> bytes:
        """Return the data set as received, bit for bit."""
        return b"".join(self._pieces(held))

    def pieces(self, held: Held) -> Iterator[bytes]:
        """Give the data set as received, piece by piece."""
        return self._pieces(held)

    def part10(self, held: Held) -> Iterator[bytes]:
        """Give the instance as a Part 10 file in its received transfer syntax, in pieces."""
        place = held.place
        if isinstance(place, JournalPlace):
            yield self._journal.meta(place)
        else:
            part, entry = self._packs.open(place.pack).entry(place.entry)
            yield part.meta(entry)
        yield from self._pieces(held)

    def frame(self, held: Held, number: int) -> Frame:
        """Return frame `number`, 1 first, as stored."""
        place = held.place
        if isinstance(place, JournalPlace):
            content = self._journal_frame(held, place, number)
        else:
            part, entry = self._packs.open(place.pack).entry(place.entry)
            try:
                content, is_htj2k = part.frame(entry, number)
                if is_htj2k:
                    return Frame(content=content, transfer_syntax=_RPCL)
            except NotFound:
                content = None
        if content is None:
            content = self._odd_frame(held, number)
        syntax = frames.served_as(str(held.transfer_syntax))
        return Frame(content=content, transfer_syntax=Uid(syntax))

    def low_frame(self, held: Held, number: int) -> Frame:
        """Return frame `number` at a quarter of its resolution. Raises `NotFound` where unkept."""
        if isinstance(held.place, JournalPlace):
            raise NotFound(f"instance {held.key.sop_instance} is not sealed yet")
        part, entry = self._packs.open(held.place.pack).entry(held.place.entry)
        return Frame(content=part.low_frame(entry, number), transfer_syntax=_RPCL)

    def series_metadata(self, held: Sequence[Held]) -> bytes:
        """Return gzip of the DICOM JSON array of these instances of one series, in this order."""
        places = [one.place for one in held]
        if held and isinstance(places[0], PackPlace):
            pack = self._packs.open(places[0].pack)
            entries = sum(len(part.directory.entries) for part in pack.parts())
            if places == [PackPlace(places[0].pack, n) for n in range(entries)]:
                return pack.metadata()
        documents = self._sealed_documents(held)
        array = b",".join(
            documents.get(one.key.sop_instance) or self._document(one) for one in held
        )
        document: bytes = igzip.compress(b"[%s]" % array, _GZIP_LEVEL)
        return document

    def _pieces(self, held: Held) -> Iterator[bytes]:
        place = held.place
        if isinstance(place, JournalPlace):
            return self._journal.pieces(place)
        part, entry = self._packs.open(place.pack).entry(place.entry)
        if entry.digest != held.digest:
            raise DamagedContent(held.key.sop_instance, f"pack {place.pack}")
        return part.pieces(entry)

    def _journal_frame(self, held: Held, place: JournalPlace, number: int) -> bytes | None:
        layout = self._layouts.get(place)
        if layout is None:
            data = memoryview(self._journal.dataset(place))
            layout = frames.layout(data, str(held.transfer_syntax))
            self._layouts.put(place, layout)
        spans = layout.get(number)
        if spans is None:
            return None
        pieces = [self._journal.range(place, span.start, span.length) for span in spans]
        content = frames.joined(spans, pieces)
        if content is None:
            raise DamagedContent(held.key.sop_instance, f"segment {place.segment:016x}")
        return content

    def _odd_frame(self, held: Held, number: int) -> bytes:
        """Cut a frame that no layout knows; what must be inflated for it, in the workshop."""
        task = frames.CutFrame(self.dataset(held), str(held.transfer_syntax), number)
        if self._workshop is not None and of(task.transfer_syntax).deflated:
            return self._workshop.run(task)
        return task.do()

    def _document(self, held: Held) -> bytes:
        """Return the JSON object of one instance of the journal."""
        known = self._documents.get(held.place)
        if known is None:
            known = instance_metadata(memoryview(self.dataset(held)), held)
            self._documents.put(held.place, known)
        return known

    def _sealed_documents(self, held: Sequence[Held]) -> dict[Uid, bytes]:
        """Return the JSON objects of those that lie in packs."""
        documents: dict[Uid, bytes] = {}
        missing: dict[str, set[int]] = {}
        for one in held:
            if isinstance(one.place, PackPlace):
                known = self._documents.get(one.place)
                if known is None:
                    missing.setdefault(one.place.pack, set()).add(one.place.entry)
                else:
                    documents[one.key.sop_instance] = known
        for key, wanted in missing.items():
            array = orjson.loads(igzip.decompress(self._packs.open(key).metadata()))
            for number, entry in enumerate(array):
                content = orjson.dumps(entry)
                self._documents.put(PackPlace(key, number), content)
                if number in wanted:
                    uid = self._packs.open(key).entry(number)[1].sop_instance
                    documents[Uid(uid)] = content
        return documents


class _Cache(Generic[V]):
    """The values used last, bounded by what they weigh."""

    def __init__(self, limit: int, weigh: Callable[[V], int]) -> None:
        self._limit, self._weigh = limit, weigh
        self._lock = threading.Lock()
        self._values: OrderedDict[Place, V] = OrderedDict()
        self._weight = 0

    def get(self, place: Place) -> V | None:
        with self._lock:
            if place in self._values:
                self._values.move_to_end(place)
            return self._values.get(place)

    def put(self, place: Place, value: V) -> None:
        with self._lock:
            if place in self._values:
                return
            self._values[place] = value
            self._weight += self._weigh(value)
            while self._weight > self._limit:
                self._weight -= self._weigh(self._values.popitem(last=False)[1])
