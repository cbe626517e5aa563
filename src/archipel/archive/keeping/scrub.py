"""All that is kept is read again, slowly, and what lost its bytes is named.

A pack whose files still have the digests they had when they were described for other nodes is
whole, whatever is in it; that costs a sixth of taking it apart. Where nothing was described, or
the digests differ, every instance is held against the digest it was received with.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

from archipel.archive.keeping.model import DamagedKind, Found, Shelf, name_of
from archipel.archive.keeping.ports import Originals, RawPacks, Shelves
from archipel.archive.model import Held, JournalPlace, PackPlace
from archipel.archive.ports import Contents, Packs, Segments
from archipel.kernel.errors import ArchipelError

_AT_ONCE = 20
_ALL = ()  # no entry is named: it is the pack as a whole

Took = Callable[[int], None]
"""Told of each piece that was read, in bytes; it sleeps as long as the pace demands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Whatever a scrub reads with."""

    shelves: Shelves
    contents: Contents
    packs: Packs
    raw: RawPacks
    originals: Originals
    segments: Segments
    took: Took = lambda _count: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What one step read: `cursor` is the shelf it ended, None for records in quarantine."""

    cursor: int | None
    objects: int
    size_bytes: int
    found: tuple[Found, ...]


def scrub(by: Reading, *, after: int = 0) -> Iterator[Read]:
    """Read everything behind a cursor, shelf by shelf, then what is in quarantine.

    Runs beside a node at work: what moved meanwhile is looked for again. Raises `Unavailable`
    only when the index does not answer, or no pack can be reached.
    """
    while shelves := by.shelves.after(after, limit=_AT_ONCE):
        for shelf in shelves:
            yield _shelf(shelf, by)
            after = shelf.cursor
    for record in by.shelves.set_aside():
        damage = _fault(lambda: by.segments.check(record.place))  # noqa: B023 (called at once)
        by.took(record.size_bytes)
        found = Found(
            kind=DamagedKind.ASIDE,
            tenant=record.tenant,
            name=name_of(record.place),
            study=None,
            entries=_ALL,
            instances=1,
            detail=damage or "",
        )
        yield Read(
            cursor=None,
            objects=1,
            size_bytes=record.size_bytes,
            found=(found,) if damage else (),
        )


def examine(shelf: Shelf, by: Reading) -> tuple[int, tuple[Found, ...]]:
    """Read one shelf; give how many bytes were read and what is damaged."""
    size_bytes, found = 0, list[Found]()
    for pack in shelf.packs:
        read, damaged = _pack(shelf, pack, by)
        size_bytes += read
        found += damaged
    for held in shelf.held:
        if isinstance(held.place, JournalPlace):
            damage, read = _instance(held, by)
            size_bytes += read
            if damage is not None:
                found.append(
                    Found(
                        kind=DamagedKind.RECORD,
                        tenant=held.tenant,
                        name=name_of(held.place),
                        study=shelf.study,
                        entries=_ALL,
                        instances=1,
                        detail=damage,
                    )
                )
    return size_bytes, tuple(found)


def bad_entries(shelf: Shelf, pack: str, by: Reading) -> tuple[dict[int, str], int]:
    """Take a pack apart: what is wrong by entry, and how many bytes were read."""
    wrong: dict[int, str] = {}
    size_bytes = 0
    for held in shelf.held:
        if isinstance(held.place, PackPlace) and held.place.pack == pack:
            damage, read = _instance(held, by)
            size_bytes += read
            if damage is not None:
                wrong[held.place.entry] = damage
    return wrong, size_bytes


def beside(pack: str, by: Reading) -> str | None:
    """Check what a pack holds beside its instances: receipts, metadata, directory."""
    return _fault(lambda: by.packs.read(pack))


def _shelf(shelf: Shelf, by: Reading) -> Read:
    size_bytes, found = examine(shelf, by)
    if found:
        by.raw.reached()
        now = by.shelves.shelf(shelf.cursor)
        if now is None:
            found = ()
        elif _places(now) != _places(shelf):  # sealed, or disposed of, while we read
            more, found = examine(now, by)
            size_bytes += more
    return Read(cursor=shelf.cursor, objects=len(shelf.held), size_bytes=size_bytes, found=found)


def _pack(shelf: Shelf, pack: str, by: Reading) -> tuple[int, list[Found]]:
    try:
        files = [_file(pack, part, by) for part in range(by.raw.parts(pack))]
    except ArchipelError as gone:
        return 0, [_found(shelf, pack, _ALL, str(gone))]
    size_bytes = sum(size for size, _leaves in files)
    same = by.originals.same(pack, files)
    if same:
        return size_bytes, []
    wrong, read = bad_entries(shelf, pack, by)
    size_bytes += read
    if wrong:
        first = min(wrong)
        return size_bytes, [_found(shelf, pack, tuple(sorted(wrong)), wrong[first])]
    detail = beside(pack, by)
    if detail is None and same is False:
        detail = "bytes that belong to no instance differ from what was written"
    return size_bytes, [_found(shelf, pack, _ALL, detail)] if detail else []


def _file(pack: str, part: int, by: Reading) -> tuple[int, bytes]:
    size_bytes, leaves = 0, bytearray()
    for chunk in by.raw.chunks(pack, part):
        leaves += hashlib.sha256(chunk).digest()
        size_bytes += len(chunk)
        by.took(len(chunk))
    return size_bytes, bytes(leaves)


def _instance(held: Held, by: Reading) -> tuple[str | None, int]:
    size_bytes = 0
    try:
        for piece in chain(by.contents.part10(held)):
            size_bytes += len(piece)
            by.took(len(piece))
    except ArchipelError as damage:
        return str(damage), size_bytes
    return None, size_bytes


def _found(shelf: Shelf, pack: str, entries: tuple[int, ...], detail: str) -> Found:
    lying = sum(isinstance(one.place, PackPlace) for one in shelf.held)
    return Found(
        kind=DamagedKind.PACK,
        tenant=shelf.key.tenant,
        name=pack,
        study=shelf.study,
        entries=entries,
        instances=len(entries) or lying,
        detail=detail,
    )


def _places(shelf: Shelf) -> set[object]:
    return {one.place for one in shelf.held}


def _fault(check: Callable[[], object]) -> str | None:
    try:
        check()
    except ArchipelError as damage:
        return str(damage)
    return None
