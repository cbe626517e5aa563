"""Everything that is kept, read again and held against its digest; every damage has a name."""

from collections.abc import Iterator
from dataclasses import dataclass

from archipel.archive.model import Held, JournalPlace, PackPlace, Place
from archipel.archive.ports import Contents, Holdings, Packs, Segments
from archipel.kernel.errors import ArchipelError
from archipel.kernel.identifiers import TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One object that was checked; `damage` is None when it is whole.

    `kind` is instance, quarantined or pack; `name` a SOP Instance UID or a pack's key.
    """

    kind: str
    tenant: TenantId
    name: str
    where: str
    size_bytes: int
    damage: str | None


def verify(
    *, holdings: Holdings, contents: Contents, packs: Packs, segments: Segments
) -> Iterator[Finding]:
    """Check every instance, every quarantined record and every pack that is in use.

    Runs beside a node at work: what moved from the journal into a pack meanwhile is looked for
    again. Raises `Unavailable` only when the index does not answer.
    """
    seen: set[str] = set()
    for held in holdings.everything():
        finding = _instance(held, contents)
        if finding.damage is not None:
            now = holdings.held(held.tenant, held.key.sop_instance)
            if now is not None and now.place != held.place:
                held, finding = now, _instance(now, contents)  # noqa: PLW2901 (it moved)
        yield finding
        if isinstance(held.place, PackPlace) and held.place.pack not in seen:
            seen.add(held.place.pack)
            yield _pack(held.place.pack, held.tenant, packs)
    for record in holdings.set_aside():
        damage: str | None = None
        try:
            segments.check(record.place)
        except ArchipelError as error:
            damage = str(error)
        yield Finding(
            kind="quarantined",
            tenant=record.tenant,
            name=str(record.sop_instance),
            where=_where(record.place),
            size_bytes=record.size_bytes,
            damage=damage,
        )


def _instance(held: Held, contents: Contents) -> Finding:
    damage: str | None = None
    size_bytes = 0
    try:
        for piece in contents.part10(held):
            size_bytes += len(piece)
    except ArchipelError as error:
        damage = str(error)
    return Finding(
        kind="instance",
        tenant=held.tenant,
        name=str(held.key.sop_instance),
        where=_where(held.place),
        size_bytes=size_bytes,
        damage=damage,
    )


def _pack(pack: str, tenant: TenantId, packs: Packs) -> Finding:
    """Check what a pack holds beside its instances: receipts, metadata, directory."""
    damage: str | None = None
    size_bytes = 0
    try:
        size_bytes = packs.read(pack)[0].size_bytes
    except ArchipelError as error:
        damage = str(error)
    return Finding(
        kind="pack", tenant=tenant, name=pack, where=pack, size_bytes=size_bytes, damage=damage
    )


def _where(place: Place) -> str:
    if isinstance(place, JournalPlace):
        return f"journal segment {place.segment:016x} offset {place.offset}"
    return f"pack {place.pack} entry {place.entry}"
