"""The move itself: packs while the node serves; then, the node stopped, rows, proof and switch.

Every step may be killed and run again. Nothing of the old place is deleted or changed: the last
step puts the new settings in place, until then the node starts as it was.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from archipel.app.health import runs
from archipel.app.home import Home
from archipel.app.index_writer import alone
from archipel.app.moving.packs import Done, copy_pack, waiting
from archipel.app.moving.target import target_of, write_settings
from archipel.app.wiring import Node
from archipel.kernel.errors import Conflict, Unavailable
from archipel.stores.sql.migrations import migrate
from archipel.stores.sql.moving import proof, rows
from archipel.stores.sql.session import Database, open_database

_DUE = ("ENQUEUED", "DELAYED", "PENDING")
_ASKED = """
SELECT workflow_uuid FROM workflow_status WHERE status IN (SELECT value FROM json_each(?))
"""


@dataclass(frozen=True, slots=True)
class Step:
    """How far the move is; `total` 0: not known."""

    what: str
    done: int
    total: int = 0


@dataclass
class Move:
    """One node on its way. `file` names where to."""

    home: Home
    file: Path
    packs: int = 0
    pack_bytes: int = 0
    rows: int = 0
    tables: int = 0
    due: int = 0  # subscribers that begin again where work of theirs was due

    def copy_packs(self) -> Iterator[Step]:
        """Copy packs until none is missing; the node may serve and seal meanwhile."""
        wanted = target_of(self.home, self.file)
        if not wanted.objects.url:
            return
        with Node.open(self.home) as node:
            if node.settings.objects.url:
                raise Conflict("the packs of this node lie in an object store already")
            target = Node(self.home, wanted).shelf(cached=False)
            source, done = node.shelf(cached=False), Done(self._folder / "packs")
            while left := waiting(source, done):
                for number, key in enumerate(left):
                    size_bytes = copy_pack(key, home=self.home.root, source=source, target=target)
                    if size_bytes:
                        self.pack_bytes += size_bytes
                        self.packs += 1
                    done.add(key)
                    yield Step("packs", number + 1, len(left))

    def switch(self) -> Iterator[Step]:
        """Copy what is left, prove all of it, and put the new settings in place.

        Raises `Conflict` while the node runs, or when the target holds something else, or is not
        what the source is.
        """
        with self._stopped():
            yield from self.copy_packs()
            wanted = target_of(self.home, self.file)
            with Node.open(self.home) as node:
                if wanted.database.url and not node.settings.database.url:
                    yield from self._copy_rows(node, wanted.database.url)
                yield from self._prove_packs(node, Node(self.home, wanted))
            write_settings(self.home, self.file)

    @property
    def _folder(self) -> Path:
        folder = self.home.root / "moving"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    @contextmanager
    def _stopped(self) -> Iterator[None]:
        if runs(self.home):
            raise Conflict(
                "the node runs: its packs are copied meanwhile, without --switch; stop it for the "
                "switch, which takes as long as its rows (about a minute for 100,000 studies)"
            )
        with alone(self.home.run):  # nobody starts it while rows are copied
            yield

    def _copy_rows(self, node: Node, url: str) -> Iterator[Step]:
        token = _state_of(self.home.root / "index.db")
        source, target = node.database, open_database(url)
        try:
            migrate(target)
            rows.begin(target, token)
            for step in rows.copied(source, target, token):
                yield Step(step.table, step.rows)
            yield from self._prove_rows(source, target)
            self.due = rows.rewind(target, self._due())
            rows.finish(source, target)
        finally:
            target.close()

    def _prove_rows(self, source: Database, target: Database) -> Iterator[Step]:
        yield Step("proving rows", 0)
        before, after = proof.sums(source), proof.sums(target)
        wrong = sorted(name for name in before if before[name] != after[name])
        if wrong:
            raise Conflict(
                f"rows that were copied are not those that were there: {', '.join(wrong)}; "
                "empty the target database and run this again"
            )
        self.rows = sum(one.rows for one in after.values())
        self.tables = len(after)

    def _prove_packs(self, node: Node, moved: Node) -> Iterator[Step]:
        """Every pack that a series lies in is in its new place; each was read back before."""
        if not moved.settings.objects.url or node.settings.objects.url:
            return
        there = {key for key, _at in moved.shelf(cached=False).inventory()}
        used = set(node.seal_index.every_pack())
        yield Step("proving packs", len(used), len(used))
        if missing := used - there:
            raise Unavailable(
                f"{len(missing)} packs are in use but not in the object store: run this again"
            )

    def _due(self) -> Mapping[str, int]:
        """Say behind which fact each subscriber begins again: deliveries of its that are due."""
        if not self.home.work_file.exists():
            return {}
        with closing(sqlite3.connect(self.home.work_file, timeout=30)) as queue:
            names = [str(name) for (name,) in queue.execute(_ASKED, [json.dumps(_DUE)])]
        first: dict[str, int] = {}
        for name in names:
            match name.split("."):  # see work.Delivery.id
                case [_era, position, *words, _round] if words and position.isdigit():
                    subscriber, before = ".".join(words), int(position) - 1
                    first[subscriber] = min(before, first.get(subscriber, before))
        return first


def _state_of(file: Path) -> str:
    """Name the state of a database of SQLite that nobody writes to, all of it in one file."""
    with closing(sqlite3.connect(file, timeout=30)) as connection:
        busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    if busy:
        raise Conflict("somebody reads the index still: stop every `archipel` of this home")
    said = file.stat()
    return hashlib.blake2b(
        f"{said.st_ino} {said.st_size} {said.st_mtime_ns}".encode(), digest_size=16
    ).hexdigest()
