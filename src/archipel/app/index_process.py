"""The process of the index writer: this node's journal into this node's index."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from select import select

from archipel.app.home import Home
from archipel.app.hosts.keeper import hosted
from archipel.app.index_writer import Gauges, IndexWriter, alone
from archipel.app.peer_keys import name_of
from archipel.app.transfer.adoption import Adopter
from archipel.app.wiring import Node
from archipel.stores.journal.tail import JournalTail
from archipel.stores.sql.archive.writer import SqlIndex
from archipel.stores.sql.facts import open_log
from archipel.stores.sql.migrations import migrate
from archipel.stores.sql.session import Durability

PATIENCE_S = 2.0  # with an import that holds the lock for a moment


def run(home: Home, *, ready: Callable[[], None], stop: int) -> None:
    """Bring the index up to date, then follow the journal until `stop` is readable."""
    with (
        alone(home.run, patience_s=PATIENCE_S),
        Node.open(home, durability=Durability.REPLAYED) as node,
        Node.open(home) as durable,
        ExitStack() as held,
    ):
        migrate(node.database)
        held.enter_context(hosted(durable, "journal", node.database))
        with node.database.write() as connection:
            open_log(connection, name_of(node.settings), now=node.clock())
        index = SqlIndex(node.database, host=node.host or 0)
        if node.host is not None:
            index.adopt_segments(node.segments.numbers())
        tail = JournalTail(home.root, index.applied())
        writer = IndexWriter(
            tail=tail,
            index=index,
            clock=node.clock,
            gauges=Gauges(home.run / "index.json"),
            study_quiet=timedelta(seconds=node.settings.archive.study_quiet_s),
            adopt=Adopter(database=durable.database, packs=node.packs, clock=node.clock),
        )
        threading.Thread(target=_stop_when_told, args=(stop, writer.stop), daemon=True).start()
        try:
            writer.run(ready=ready)
        finally:
            tail.close()


def _stop_when_told(stop: int, event: threading.Event) -> None:
    select([stop], [], [])
    event.set()
