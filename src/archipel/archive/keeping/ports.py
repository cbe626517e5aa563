"""What scrubbing and mending need of the world."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from archipel.archive.keeping.model import Damage, Found, MendedBy, ScrubPass, Shelf
from archipel.archive.model import Held, JournalPlace, Sealed, SeriesKey, SetAside
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid


class Shelves(Protocol):
    """All that is kept, series by series."""

    def after(self, cursor: int, *, limit: int) -> Sequence[Shelf]:
        """Give the shelves behind a cursor, in order; 0 is before the first."""

    def shelf(self, cursor: int) -> Shelf | None:
        """Give one shelf as it is now."""

    def of_pack(self, pack: str) -> Shelf | None:
        """Give the shelf whose last pack this is; None when nothing points to it."""

    def of_study(self, study: int) -> Sequence[Shelf]:
        """Give the shelves of one study, by our number of it."""

    def set_aside(self) -> Iterator[SetAside]:
        """Give every record in quarantine whose bytes are kept."""

    def move(
        self, tenant: TenantId, sop_instance: Uid, old: JournalPlace, new: JournalPlace
    ) -> bool:
        """Say that an instance of an open series lies elsewhere in the journal now.

        False, and nothing changed, when it does not lie at `old` any more.
        """

    def rebuilt(self, old: str, sealed: Sealed, *, now: datetime) -> None:
        """Say that a pack was built again: what was known of its file is forgotten."""

    def repack(self, old: str, new: str) -> None:
        """Say that what lay in one pack lies in another, entry by entry, of the same bytes."""


class Ledger(Protocol):
    """The book of damage and of scrubs. Every write is fully durable."""

    def note(self, found: Collection[Found], *, now: datetime) -> Collection[Damage]:
        """Enter damage; what is open already stays one entry. Gives those that are new."""

    def open_damage(self, *, limit: int = 1000) -> Sequence[Damage]:
        """Give what is not mended, oldest first."""

    def latest(self, *, limit: int = 100) -> Sequence[Damage]:
        """Give the latest damage, mended or not, newest first."""

    def tried(self, number: int, why_not: str, *, now: datetime) -> None:
        """Remember what was tried in vain."""

    def mended(self, number: int, by: MendedBy, *, now: datetime) -> None:
        """Close a damage, with a row of the audit."""

    def begin(self, *, now: datetime, fresh: bool = False) -> ScrubPass:
        """Begin a pass, or go on with the one that was interrupted unless `fresh`."""

    def progress(self, scrub: ScrubPass) -> None:
        """Keep how far a pass is."""

    def last(self) -> ScrubPass | None:
        """Give the pass that was begun last."""


class Originals(Protocol):
    """What was written down of a pack file when it was whole: the root that it travels under."""

    def same(self, pack: str, sizes_and_leaves: Sequence[tuple[int, bytes]]) -> bool | None:
        """Hold size and chunk digests of every part against it; None when nothing is known."""


class RawPacks(Protocol):
    """Pack files as bytes, and packs built again."""

    def reached(self) -> None:
        """Raise `Unavailable` when all packs are away, so that none is to blame."""

    def parts(self, pack: str) -> int:
        """Count the files of a pack, and forget what was read of it. Raises `Unavailable`."""

    def chunks(self, pack: str, part: int) -> Iterator[bytes]:
        """Read a file anew from the disk, in chunks of exchange. Raises `Unavailable`."""

    def build_again(self, pack: str, key: SeriesKey, instances: Sequence[Held]) -> Sealed:
        """Build a pack once more, from wherever the instances lie, under its own key or a new one.

        Under its own it is replaced in one step, once every instance has its digest. Raises as
        `Packs.build`.
        """


class Copies(Protocol):
    """Second copies in the journal: of what was sealed lately, or was sent again."""

    def find(
        self, tenant: TenantId, wanted: Mapping[Uid, bytes], *, besides: Collection[JournalPlace]
    ) -> Mapping[Uid, JournalPlace]:
        """Look through every segment for whole records of these instances with these digests."""
