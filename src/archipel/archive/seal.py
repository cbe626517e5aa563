"""A series that is quiet goes from the journal into a pack; what that leaves behind is tidied.

An instance may come at any moment. It raises the generation of its series, so that a pack built
before it is not published; the series is then sealed again, from its last pack and the journal.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from archipel.archive.model import PackPlace, SeriesKey
from archipel.archive.ports import Packs, SealIndex, Segments

QUIET = timedelta(seconds=60)  # since the last instance of a series
PACK_GRACE = timedelta(days=1)  # of one that nothing points to: readers, and builders at work
SEGMENT_GRACE = timedelta(hours=1)  # of one nothing lies in: a retrieval under way may be long


class Sealing(Enum):
    """How sealing a series ended."""

    DONE = "done"
    NOTHING_OPEN = "nothing-open"  # all of it lies in a pack already
    GREW = "grew"  # an instance came while the pack was built: seal again when quiet


@dataclass(frozen=True, slots=True, kw_only=True)
class Tidied:
    """What was given back to the disk."""

    segments: int
    packs: int


def seal(key: SeriesKey, *, index: SealIndex, packs: Packs, now: datetime) -> Sealing:
    """Seal one series. May be repeated, interrupted at any point, and run twice at once.

    Nothing is lost before `publish` returns: until then the journal holds every instance. A pack
    that could not be published stays for `tidy`: somebody else may have published the same one.
    Raises `DamagedContent` when an instance lost its digest, `Exhausted`, `Unavailable`.
    """
    series = index.to_seal(key)
    if series is None:
        return Sealing.NOTHING_OPEN
    replaced = {held.place.pack for held in series.instances if isinstance(held.place, PackPlace)}
    sealed = packs.build(series)
    if not index.publish(sealed, now=now):
        return Sealing.GREW
    for pack in replaced - {sealed.pack}:
        packs.retire(pack, now=now)
    return Sealing.DONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Graces:
    """How long what is not needed any more stays."""

    pack: timedelta = PACK_GRACE
    segment: timedelta = SEGMENT_GRACE


def tidy(
    *,
    index: SealIndex,
    packs: Packs,
    segments: Segments,
    now: datetime,
    graces: Graces = Graces(),
) -> Tidied:
    """Delete journal segments that nothing lies in any more and packs that nothing points to.

    Raises `Unavailable`.
    """
    gone = tidy_segments(index=index, segments=segments, now=now, grace=graces.segment)
    unused = tidy_packs(index=index, packs=packs, now=now, grace=graces.pack)
    return Tidied(segments=gone, packs=unused)


def tidy_segments(*, index: SealIndex, segments: Segments, now: datetime, grace: timedelta) -> int:
    """Delete journal segments that nothing lies in any more; return how many.

    A segment is idle only by publications, which are fully durable, or by duplicates: so its
    records are safe elsewhere, whatever the index loses in a power cut. Raises `Unavailable`.
    """
    idle = index.idle_segments()
    present = segments.numbers()
    gone = [
        n for n in present if segments.reclaim(n, applied=idle.get(n, 0), now=now, grace=grace)
    ]
    forgotten = (idle.keys() & gone) | (idle.keys() - set(present))
    if forgotten:
        index.forget_segments(forgotten)
    return len(gone)


def tidy_packs(*, index: SealIndex, packs: Packs, now: datetime, grace: timedelta) -> int:
    """Delete packs that nothing points to since `grace`; return how many. Raises `Unavailable`."""
    old = [pack for pack, at in packs.inventory() if at < now - grace]
    unused = index.condemn(old, now=now)  # a builder that wakes too late may not publish them
    for pack in unused:
        packs.remove(pack)
    return len(unused)
