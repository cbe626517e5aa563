"""The scrub as a node runs it: on schedule in the work process, or by `archipel scrub`."""

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from archipel.app.keeping.pace import Busy, Pace, Stopped
from archipel.app.keeping.turns import taken
from archipel.app.wiring import Node
from archipel.archive.keeping.mend import mend
from archipel.archive.keeping.model import Damage, DamagedKind, Found, ScrubPass
from archipel.archive.keeping.scrub import Reading, Took, scrub
from archipel.kernel.errors import ArchipelError
from archipel.stores.contents import HeldContents
from archipel.stores.journal.copies import JournalCopies
from archipel.stores.packs.store import PackStore
from archipel.stores.sql.keeping.ledger import SqlLedger, SqlOriginals
from archipel.stores.sql.keeping.shelves import SqlShelves

LOOK_EVERY_S = 5.0
RETRY_EVERY = timedelta(minutes=1)
SAVE_EVERY_BYTES = 64 << 20
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What scrubbing uses of a node."""

    node: Node
    reading: Reading
    ledger: SqlLedger
    copies: JournalCopies


def room_of(node: Node, *, took: Took = lambda _count: None) -> Room:
    """Put together what scrubbing uses: packs opened by itself, and read from no cache."""
    packs = PackStore(node.home.root, shelf=node.shelf(cached=False))
    reading = Reading(
        shelves=SqlShelves(node.database, host=node.host),
        contents=HeldContents(node.home.root, packs=packs, workshop=node.workshop),
        packs=packs,
        raw=packs,
        originals=SqlOriginals(node.database),
        segments=node.segments,
        took=took,
    )
    return Room(
        node=node,
        reading=reading,
        ledger=SqlLedger(node.database),
        copies=JournalCopies(node.home.root),
    )


def run_pass(room: Room, scrubbed: ScrubPass) -> Iterator[ScrubPass]:
    """Read everything behind the pass's cursor; give the pass after each step, ended at last.

    What is damaged is entered, told to the log, and mended from the journal where that can be.
    Raises `Unavailable` when the index does not answer.
    """
    saved_bytes = scrubbed.size_bytes
    for read in scrub(room.reading, after=scrubbed.cursor):
        scrubbed = replace(
            scrubbed,
            cursor=scrubbed.cursor if read.cursor is None else read.cursor,
            objects=scrubbed.objects + read.objects,
            size_bytes=scrubbed.size_bytes + read.size_bytes,
            damaged=scrubbed.damaged + len(read.found),
        )
        if read.found:
            enter(room, read.found)
        if read.found or scrubbed.size_bytes - saved_bytes >= SAVE_EVERY_BYTES:
            room.ledger.progress(scrubbed)
            saved_bytes = scrubbed.size_bytes
        yield scrubbed
    scrubbed = replace(scrubbed, ended_at=room.node.clock(), strays=_strays(room.node))
    room.ledger.progress(scrubbed)
    yield scrubbed


def enter(room: Room, found: tuple[Found, ...]) -> None:
    """Enter damage in the book, tell the log, and try to mend what is new."""
    for damage in room.ledger.note(found, now=room.node.clock()):
        _log.error("damaged: %s", told(damage))
        if mend_here(room, damage):
            _log.warning("mended from the journal: %s %s", kind_of(damage), damage.found.name)


def mend_here(room: Room, damage: Damage) -> bool:
    """Try to mend one damage from what lies here."""
    return mend(
        damage, by=room.reading, copies=room.copies, ledger=room.ledger, now=room.node.clock()
    )


def told(damage: Damage) -> str:
    """Write a damage in one line: the study by our number, no patient."""
    found = damage.found
    entries = f" entries {_ranges(found.entries)}" if found.entries else ""
    study = f" of study {found.study}" if found.study is not None else ""
    return (
        f"{found.kind.value} {found.name}{entries}{study}, "
        f"{found.instances} instances: {found.detail}"
    )


def kind_of(damage: Damage) -> str:
    """Name what is damaged."""
    return damage.found.kind.value


class Scrubber:
    """The schedule: one pass every so many days, never two at once; open damage tried again."""

    def __init__(self, node: Node, ended: threading.Event) -> None:
        self._node, self._ended = node, ended
        settings = node.settings.keeping
        pace = Pace(settings.scrub_mbytes_per_s * 1e6, busy=Busy(node.home.run), wait=ended.wait)
        self._room = room_of(node, took=pace)

    def run(self) -> None:
        """Scrub until told to stop."""
        while not self._ended.wait(LOOK_EVERY_S):
            try:
                self.once()
            except Stopped:
                return
            except ArchipelError as failure:
                _log.warning("scrub: %s", failure)

    def once(self) -> None:
        """Try open damage again, then scrub when it is due. Raises `Stopped`, `Unavailable`."""
        self._mend_open()
        if self.due():
            with taken(self._node.home.run, "scrub") as mine:
                if mine:
                    self._scrub()

    def due(self) -> bool:
        """Tell whether a pass is to begin, or to go on."""
        every = timedelta(days=self._node.settings.keeping.scrub_every_days)
        last = self._room.ledger.last()
        if not every:
            return False
        return last is None or last.ended_at is None or self._node.clock() - last.began_at >= every

    def _scrub(self) -> None:
        reached = self._room.ledger.begin(now=self._node.clock())
        try:
            for scrubbed in run_pass(self._room, reached):
                reached = scrubbed
        except Stopped:
            self._room.ledger.progress(reached)
            raise
        _log.info("scrub: %d objects read, %d damaged", reached.objects, reached.damaged)

    def _mend_open(self) -> None:
        now = self._node.clock()
        for damage in self._room.ledger.open_damage():
            late = damage.tried_at is None or now - damage.tried_at >= RETRY_EVERY
            if late and mend_here(self._room, damage):
                _log.warning("mended: %s %s", kind_of(damage), damage.found.name)


def packs_only(damage: Damage) -> bool:
    """Tell whether another node could have the bytes."""
    return damage.found.kind is DamagedKind.PACK


def _strays(node: Node) -> int:
    packs = [pack for pack, _at in node.packs.inventory()]
    return len(set(packs) - set(node.seal_index.packs_in_use(packs)))


def _ranges(numbers: tuple[int, ...]) -> str:
    """Write 0-3,7 for (0, 1, 2, 3, 7)."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and spans[-1][1] == number - 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ",".join(f"{a}-{b}" if b > a else str(a) for a, b in spans)
