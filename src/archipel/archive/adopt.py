"""Packs that another node built are taken into the index: by the one way in, all at once.

Their receipts are ingested as if the instances had just come, then each pack is published, as
rebuilding does (docs/adr/0024); but of a whole study in one transaction, so that no list ever
shows a part of it. Doing it again changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from archipel.archive.ingest import ingest
from archipel.archive.model import (
    Batch,
    JournalPlace,
    Receipt,
    Recorded,
    Sealed,
    StudyKey,
)
from archipel.archive.ports import AdoptionTransaction, Changes, Packs
from archipel.archive.rebuild import reader
from archipel.kernel.errors import Conflict, Malformed

NOWHERE = 0  # the number no segment has: for records that lie in a pack


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """What one adoption did. `replaced` are packs that nothing points to any more."""

    instances: int
    replaced: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where packs came from, as receptions and audit name it."""

    node: str
    transfer: str


def adopt(
    key: StudyKey,
    packs: Sequence[str],
    *,
    store: Packs,
    index: AdoptionTransaction,
    origin: Origin,
    now: datetime,
) -> Adopted:
    """Take the packs of one study in, within the caller's transaction.

    Raises `Conflict` when an instance is held with other bytes, or the study has newer series
    here; `Malformed` when a pack is not of the study. Nothing may then be committed.
    """
    replaced: list[str] = []
    instances = 0
    for pack in packs:
        sealed, receipts = store.read(pack)
        if StudyKey(sealed.key.tenant, sealed.key.study) != key:
            raise Malformed(f"pack {pack} is of another study")
        before = index.packs_of([sealed.key]).get(sealed.key)
        if before is not None and before[0] >= sealed.generation:
            continue  # taken in before
        _refuse_other_bytes(sealed, index)
        batch = _batch(sealed, receipts, index, origin, store)
        outcome = ingest([batch], index=index, now=now)
        _publish(sealed, index, now=now)
        instances += outcome.stored
        if before is not None and before[1] != pack:
            replaced.append(before[1])
    return Adopted(instances=instances, replaced=tuple(replaced))


def _refuse_other_bytes(sealed: Sealed, index: AdoptionTransaction) -> None:
    wanted = {(one.tenant, one.key.sop_instance): one.digest for one in sealed.instances}
    for instance, digest in index.digests(wanted.keys()).items():
        if digest != wanted[instance]:
            raise Conflict(
                f"instance {instance[1]} is held with other bytes: ask its home which hold"
            )


def _batch(
    sealed: Sealed,
    receipts: Sequence[Receipt],
    index: AdoptionTransaction,
    origin: Origin,
    store: Packs,
) -> Batch:
    offset = index.applied([NOWHERE]).get(NOWHERE, 0)
    records = tuple(
        Recorded(
            place=JournalPlace(NOWHERE, offset + number),
            end=offset + number + 1,
            size_bytes=held.size_bytes,
            receipt=replace(
                receipt,
                door="peer",
                peer=origin.node,
                association=f"transfer {origin.transfer}",
            ),
            read=reader(held, store),
        )
        for number, (held, receipt) in enumerate(zip(sealed.instances, receipts, strict=True))
    )
    return Batch(segment=NOWHERE, end=offset + len(records), records=records)


def _publish(sealed: Sealed, index: AdoptionTransaction, *, now: datetime) -> None:
    series = index.series([sealed.key]).get(sealed.key)
    if series is None or series.instances != len(sealed.instances):
        raise Conflict(
            f"pack {sealed.pack} does not hold every instance that is held of its series"
        )
    changes = Changes(series=[replace(series, generation=sealed.generation, sealed=False)])
    index.write(changes)
    if not index.publish(sealed, now=now):
        raise Conflict(f"pack {sealed.pack} cannot be published")
