"""The index made again from packs and journal alone, when the database is lost.

Every pack carries its instances' receipts, so the one way in serves here too: the receipts of a
pack are taken in as if they had just come, then the pack is published; the journal follows by
the replay that every start runs. What only the database knew is lost: accounts, audit, shares
with other organisations.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from archipel.archive.model import (
    Batch,
    Held,
    JournalPlace,
    PackLabel,
    PackPlace,
    Receipt,
    Recorded,
    Sealed,
    SeriesKey,
)
from archipel.archive.ports import Changes, Index, Packs, SealIndex, Tail
from archipel.archive.quality.notes import may_be_note
from archipel.kernel.errors import ArchipelError, Unavailable

_BATCH_RECORDS = 500
_NOWHERE = 0  # the number no segment has: for records that lie in a pack


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """One pack or batch of the journal that was taken in; `damage` says why a pack was not."""

    source: str
    instances: int
    damage: str | None = None


def rebuild(
    *,
    packs: Packs,
    tail: Tail,
    index: Index,
    seals: SealIndex,
    take_in: Callable[[Sequence[Batch]], object],
    now: datetime,
) -> Iterator[Restored]:
    """Fill an empty index. Of several packs of a series the last generation counts.

    `take_in` ingests batches in a transaction of its own, as the index writer does. A damaged
    pack is named and passed over, and an older one of its series taken instead. Raises
    `Unavailable`.
    """
    latest: dict[SeriesKey, list[PackLabel]] = {}
    for pack, _at in packs.inventory():
        try:
            label = packs.label(pack)
        except ArchipelError as error:
            yield Restored(source=pack, instances=0, damage=str(error))
            continue
        latest.setdefault(label.key, []).append(label)
    offset = 0
    for labels in latest.values():
        for label in sorted(labels, key=lambda one: (-one.generation, one.written_at)):
            try:
                sealed, receipts = packs.read(label.pack)
            except ArchipelError as error:
                yield Restored(source=label.pack, instances=0, damage=str(error))
                continue
            for batch in _batches(sealed, receipts, offset, packs):
                take_in([batch])
                offset = batch.end
            _publish(sealed, index=index, seals=seals, now=now)
            yield Restored(source=label.pack, instances=len(receipts))
            break
    seals.forget_segments([_NOWHERE])
    for batch in tail.replay():
        take_in([batch])
        tail.indexed([batch])
        yield Restored(source=f"journal {batch.segment:016x}", instances=len(batch.records))


def _batches(
    sealed: Sealed, receipts: Sequence[Receipt], offset: int, packs: Packs
) -> Iterator[Batch]:
    records = [
        Recorded(
            place=JournalPlace(_NOWHERE, offset + n),
            end=offset + n + 1,
            size_bytes=held.size_bytes,
            receipt=receipt,
            read=reader(held, packs),
        )
        for n, (held, receipt) in enumerate(zip(sealed.instances, receipts, strict=True))
    ]
    for start in range(0, len(records), _BATCH_RECORDS):
        some = tuple(records[start : start + _BATCH_RECORDS])
        yield Batch(segment=_NOWHERE, end=some[-1].end, records=some)


def reader(held: Held, packs: Packs) -> Callable[[], bytes] | None:
    """Say how one instance of a pack is read again, where ingest may want to."""
    if not (isinstance(held.place, PackPlace) and may_be_note(held.sop_class, held.size_bytes)):
        return None
    return partial(packs.dataset, held.place)


def _publish(sealed: Sealed, *, index: Index, seals: SealIndex, now: datetime) -> None:
    """Give the series the generation of its pack, so that later ones are above it; publish."""
    with index.transaction() as transaction:
        series = transaction.series([sealed.key]).get(sealed.key)
        if series is None:
            raise Unavailable(f"pack {sealed.pack} was taken in but its series is not there")
        changes = Changes(series=[replace(series, generation=sealed.generation)])
        transaction.write(changes)
    if not seals.publish(sealed, now=now):
        raise Unavailable(f"pack {sealed.pack} cannot be published: is another writer at work?")
