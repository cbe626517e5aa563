"""Holds a lease for one process of a host, and ends the process that lost it.

Only on PostgreSQL: a node on SQLite is one host, whose files are locked (`index_writer.alone`).
The lease is guarded in every writing transaction of the process (docs/adr/0137).
"""

import logging
import os
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from select import select

from sqlalchemy import Connection

from archipel.app.home import Home
from archipel.app.wiring import Node
from archipel.kernel.errors import ArchipelError, Conflict, Unavailable
from archipel.stores.key_file import held_or_made
from archipel.stores.sql.hosts import leases
from archipel.stores.sql.session import Database

LOST = 75  # the exit status of a process whose lease was taken away: it is started again
_LOG = logging.getLogger(__name__)
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(kw_only=True)
class Keeper:
    """One lease of one process, guarding what it writes to `databases`."""

    name: str
    holder: str
    databases: Sequence[Database]
    length_s: float
    held: leases.Lease | None = None
    _ended: threading.Event = field(default_factory=threading.Event)

    def tried(self) -> bool:
        """Take the lease; False while it is another's. Raises `Unavailable`."""
        try:
            with self.databases[0].write() as connection:
                self.held = leases.take(connection, self.name, self.holder, length=self._length)
        except Conflict:
            return False
        return True

    def take(self) -> None:
        """Take the lease, waiting for another's to lapse. Raises `Conflict`, `Unavailable`."""
        deadline = time.monotonic() + 1.5 * self.length_s
        while not self.tried():
            if time.monotonic() > deadline:
                raise Conflict(
                    f"{self.name} is held by another home over this database: give this one a "
                    "node.number that no other has"
                )
            time.sleep(min(1.0, self.length_s / 5))
        for database in self.databases:
            database.guards.append(self.guard)

    def guard(self, connection: Connection) -> None:
        """End this process at once when the lease is another's: nothing more is written."""
        if self.held is None or not leases.guard(connection, self.held):
            self._lost()

    def keep(self) -> None:
        """Renew until `close`; a database that is away is asked again."""
        while not self._ended.wait(self.length_s / 3):
            try:
                with self.databases[0].write() as connection:  # guarded as all others
                    if self.held is None or not leases.renew(
                        connection, self.held, length=self._length
                    ):
                        self._lost()
            except ArchipelError as away:
                _LOG.warning("%s cannot be renewed: %s", self.name, away)

    def close(self) -> None:
        """Give the lease back."""
        self._ended.set()
        held, self.held = self.held, None
        for database in self.databases:
            if self.guard in database.guards:
                database.guards.remove(self.guard)
        if held is not None:
            with suppress(ArchipelError), self.databases[0].write() as connection:
                leases.release(connection, held)

    @property
    def _length(self) -> timedelta:
        return timedelta(seconds=self.length_s)

    def _lost(self) -> None:
        _LOG.error("%s was taken over while this process stood still: it ends now", self.name)
        logging.shutdown()
        os._exit(LOST)


@contextmanager
def kept(keeper: Keeper) -> Iterator[Keeper]:
    """Hold a lease for the length of a block."""
    keeper.take()
    renewing = threading.Thread(target=keeper.keep, daemon=True)
    renewing.start()
    try:
        yield keeper
    finally:
        keeper.close()


@contextmanager
def hosted(node: Node, part: str, *more: Database) -> Iterator[None]:
    """Hold one part of a host alone, `journal` or `work`; nothing to hold where it is alone.

    Raises `Conflict` when another home has its number, or packs that the others cannot reach.
    """
    if node.host is None:
        yield
        return
    length_s = node.settings.database.lease_s
    mine = f"{part}-{node.host}"
    if not node.settings.objects.url:
        with node.database.read() as connection:
            others = [name for name in leases.running(connection, f"{part}-") if name != mine]
        if others:
            raise Conflict(
                f"other hosts run over this database ({', '.join(others)}): their packs must lie "
                "where all reach them: set objects.url"
            )
    keeper = Keeper(
        name=mine,
        holder=holder_of(node.home),
        databases=[node.database, *more],
        length_s=length_s,
    )
    with kept(keeper):
        yield


@contextmanager
def alone_of_all(node: Node, part: str, *, stop: int) -> Iterator[bool]:
    """Do what one host of a database does, after waiting for the turn.

    Gives False when `stop` became readable before. A host that is alone does not wait.
    """
    if node.host is None:
        yield True
        return
    keeper = Keeper(
        name=part,
        holder=holder_of(node.home),
        databases=[node.database],
        length_s=node.settings.database.lease_s,
    )
    while not _perhaps(keeper):
        if select([stop], [], [], keeper.length_s / 3)[0]:
            yield False
            return
    with kept(keeper):
        yield True


def _perhaps(keeper: Keeper) -> bool:
    try:
        return keeper.tried()
    except Unavailable:  # the database is away: somebody will hold it when it is back
        return False


def holder_of(home: Home) -> str:
    """Say who holds: this home, since this machine was started.

    A process that is started again takes its own lease back at once; a copy of the home on
    another machine does not.
    """
    token = held_or_made(home.host_file).hex()[:16]
    try:
        boot = _BOOT.read_text().strip()
    except OSError:
        boot = secrets.token_hex(8)
    return f"{token}@{boot}"
