"""What a scrub finds: shelves of the archive, and damage that has a name."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from archipel.archive.model import Held, JournalPlace, PackPlace, Place, SeriesKey
from archipel.kernel.identifiers import TenantId


class DamagedKind(Enum):
    """What is damaged."""

    PACK = "pack"  # its name is the pack's key
    RECORD = "record"  # of the journal, of an open series: its name is segment/offset
    ASIDE = "aside"  # a record in quarantine


class MendedBy(Enum):
    """Where the whole bytes came from."""

    JOURNAL = "journal"  # a segment still had them, or somebody sent them again
    PEER = "peer"  # another node that holds the pack
    REPLACED = "replaced"  # nothing points to the damaged bytes any more, or they read well


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """One series as it is kept: `cursor` orders the shelves, `study` is our number of its study.

    `generation` is that of the series, its last pack's where `sealed`.
    """

    cursor: int
    study: int
    key: SeriesKey
    generation: int
    sealed: bool
    held: tuple[Held, ...]

    @property
    def packs(self) -> tuple[str, ...]:
        """Return the packs its instances lie in: one at most."""
        return tuple({one.place.pack for one in self.held if isinstance(one.place, PackPlace)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One damaged object. `entries` are positions in the pack: none when it is all of it.

    No word of it names a patient: the study is a number of ours.
    """

    kind: DamagedKind
    tenant: TenantId
    name: str
    study: int | None
    entries: tuple[int, ...]
    instances: int
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """A damage on the books: open until it is mended."""

    number: int
    found: Found
    found_at: datetime
    tried: str  # what was tried last, and why it did not help; empty: nothing yet
    tried_at: datetime | None
    mended_by: MendedBy | None
    mended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrubPass:
    """One scrub of all that is kept. `cursor` is the last shelf that was read."""

    number: int
    began_at: datetime
    ended_at: datetime | None
    cursor: int
    objects: int
    size_bytes: int
    damaged: int
    strays: int  # packs that nothing points to; they go when their grace is over


def where_of(place: Place) -> str:
    """Write a place for an operator."""
    if isinstance(place, JournalPlace):
        return name_of(place)
    return f"{place.pack} entry {place.entry}"


def name_of(place: JournalPlace) -> str:
    """Write the place of a record as the name of its damage."""
    return f"{place.segment:016x}/{place.offset}"


def place_of(name: str) -> JournalPlace:
    """Read what `name_of` wrote."""
    segment, _, offset = name.partition("/")
    return JournalPlace(int(segment, 16), int(offset))
