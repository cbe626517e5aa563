"""A node's storage with the keeping room over it, and ways to damage its disk."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from archipel.archive.keeping.mend import mend
from archipel.archive.keeping.model import Damage, ScrubPass
from archipel.archive.keeping.scrub import Reading, scrub
from archipel.archive.model import StudyKey
from archipel.stores.journal.copies import JournalCopies
from archipel.stores.journal.journal import FileJournal, JournalPolicy
from archipel.stores.sql.keeping.ledger import SqlLedger, SqlOriginals
from archipel.stores.sql.keeping.shelves import SqlShelves
from archipel.testing.archipelago.travelling import TravellingNode


@dataclass
class Kept:
    """One node, scrubbed by hand."""

    node: TravellingNode

    def __post_init__(self) -> None:
        database = self.node.database
        self.ledger = SqlLedger(database)
        self.shelves = SqlShelves(database)
        self.copies = JournalCopies(self.node.home)
        self.read: list[int] = []
        self.reading = Reading(
            shelves=self.shelves,
            contents=self.node.contents,
            packs=self.node.packs,
            raw=self.node.packs,
            originals=SqlOriginals(database),
            segments=self.node.segments,
            took=self.read.append,
        )

    def scrub(self) -> list[Damage]:
        """Read everything once; enter what is new."""
        found = [one for read in scrub(self.reading) for one in read.found]
        return list(self.ledger.note(found, now=self.node.now))

    def mend(self) -> list[bool]:
        """Try every open damage from here."""
        return [
            mend(one, by=self.reading, copies=self.copies, ledger=self.ledger, now=self.node.now)
            for one in self.ledger.open_damage()
        ]

    def pack(self, key: StudyKey) -> Path:
        """Return the file of a study's only pack."""
        (shelf,) = [one for one in self.shelves.after(0, limit=99) if one.key.study == key.study]
        return self.node.home / "packs" / shelf.packs[0]

    def whole(self) -> bool:
        """Tell whether everything reads well."""
        return not any(one.damage for one in self.node.findings())

    def begin(self) -> ScrubPass:
        """Begin a pass."""
        return self.ledger.begin(now=self.node.now)


def flip(path: Path, offset: int, bit: int = 0) -> None:
    """Flip one bit of a file."""
    with path.open("r+b") as file:
        file.seek(offset)
        (byte,) = file.read(1)
        file.seek(offset)
        file.write(bytes([byte ^ 1 << bit]))


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    node = TravellingNode(tmp_path / "gp", name="gp")
    node.hear_of()
    node.journal.close()
    node.journal = FileJournal(  # a segment for each instance: what is sealed can be reclaimed
        node.home, policy=JournalPolicy(low_water_bytes=0, roll_bytes=1)
    )
    yield Kept(node)
    node.close()


@pytest.fixture
def rotten() -> Callable[..., None]:
    return flip
