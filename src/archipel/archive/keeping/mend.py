"""Damage is mended from a second copy of the same bytes, proved before anything is replaced.

Here: from the journal, which keeps what was sealed until its grace is over, and takes a second
copy whenever somebody sends the instance again. From another node: `app.keeping.mending`.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from archipel.archive.keeping.model import Damage, DamagedKind, MendedBy, Shelf, place_of
from archipel.archive.keeping.ports import Copies, Ledger
from archipel.archive.keeping.scrub import Reading, bad_entries, beside, examine
from archipel.archive.model import Held, JournalPlace, PackPlace
from archipel.kernel.errors import ArchipelError

NO_COPY = "the journal has no second copy"


def mend(damage: Damage, *, by: Reading, copies: Copies, ledger: Ledger, now: datetime) -> bool:
    """Try to mend one damage from what lies on this node; tell whether it is mended.

    What helped, or why nothing did, is entered in the book. Raises `Unavailable` only when the
    index does not answer.
    """
    kind = damage.found.kind
    try:
        if kind is DamagedKind.PACK:
            helped = _pack(damage, by, copies, now)
        elif kind is DamagedKind.RECORD:
            helped = _record(damage, by, copies)
        else:
            helped = _aside(damage, by)
    except ArchipelError as failure:
        ledger.tried(damage.number, str(failure), now=now)
        return False
    if helped is None:
        ledger.tried(damage.number, NO_COPY, now=now)
        return False
    ledger.mended(damage.number, helped, now=now)
    return True


def whole(pack: str, *, by: Reading) -> MendedBy | None:
    """Say that a pack is no damage any more: nothing points to it, or it reads well."""
    shelf = by.shelves.of_pack(pack)
    if shelf is None:
        return MendedBy.REPLACED
    _read, found = examine(shelf, by)
    return None if any(one.name == pack for one in found) else MendedBy.REPLACED


def _pack(damage: Damage, by: Reading, copies: Copies, now: datetime) -> MendedBy | None:
    pack = damage.found.name
    if whole(pack, by=by) is not None:
        return MendedBy.REPLACED
    shelf = by.shelves.of_pack(pack)
    if shelf is None:
        return MendedBy.REPLACED
    wrong, _read = bad_entries(shelf, pack, by)
    lying = sorted((one for one in shelf.held if _lies_in(one, pack)), key=_entry)
    # Without its receipts a pack gives none of its instances to the new one.
    lost = lying if beside(pack, by) else [one for one in lying if _entry(one) in wrong]
    found = copies.find(
        shelf.key.tenant, {one.key.sop_instance: one.digest for one in lost}, besides=()
    )
    if len(found) < len(lost):
        return None
    sources = [replace(one, place=found.get(one.key.sop_instance, one.place)) for one in lying]
    by.raw.reached()
    sealed = by.raw.build_again(pack, shelf.key, sources)
    by.shelves.rebuilt(pack, sealed, now=now)
    return MendedBy.JOURNAL if whole(sealed.pack, by=by) else None


def _record(damage: Damage, by: Reading, copies: Copies) -> MendedBy | None:
    place = place_of(damage.found.name)
    try:
        by.segments.check(place)
    except ArchipelError:
        pass
    else:
        return MendedBy.REPLACED
    held = _held_at(place, damage, by)
    if held is None:  # sealed, or moved by a former try
        return MendedBy.REPLACED
    uid = held.key.sop_instance
    found = copies.find(held.tenant, {uid: held.digest}, besides=[place])
    if uid not in found:
        return None
    by.shelves.move(held.tenant, uid, place, found[uid])
    by.segments.check(found[uid])
    return MendedBy.JOURNAL


def _aside(damage: Damage, by: Reading) -> MendedBy | None:
    place = place_of(damage.found.name)
    if all(one.place != place for one in by.shelves.set_aside()):
        return MendedBy.REPLACED  # given up, or its decision let it go
    by.segments.check(place)
    return MendedBy.REPLACED


def _held_at(place: JournalPlace, damage: Damage, by: Reading) -> Held | None:
    for shelf in _shelves_of(damage, by):
        for held in shelf.held:
            if held.place == place:
                return held
    return None


def _shelves_of(damage: Damage, by: Reading) -> Sequence[Shelf]:
    return by.shelves.of_study(damage.found.study) if damage.found.study is not None else ()


def _lies_in(held: Held, pack: str) -> bool:
    return isinstance(held.place, PackPlace) and held.place.pack == pack


def _entry(held: Held) -> int:
    return held.place.entry if isinstance(held.place, PackPlace) else -1
