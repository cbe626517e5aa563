"""An index writer as a process of its own, for tests that kill it: home and database URL."""

import signal
import sys
from datetime import timedelta
from pathlib import Path

from archipel.app.index_writer import Gauges, IndexWriter, alone
from archipel.kernel.clock import utc_now
from archipel.stores.journal.tail import JournalTail
from archipel.stores.sql.archive.writer import SqlIndex
from archipel.stores.sql.session import Durability, open_database


def main(home: Path, url: str) -> None:
    index = SqlIndex(open_database(url, durability=Durability.REPLAYED))
    with alone(home / "run"):
        writer = IndexWriter(
            tail=JournalTail(home, index.applied()),
            index=index,
            clock=utc_now,
            gauges=Gauges(home / "run" / "index.json"),
            study_quiet=timedelta(seconds=60),
        )
        signal.signal(signal.SIGTERM, lambda *_: writer.stop.set())
        writer.run(ready=lambda: print("ready", flush=True))  # noqa: T201  (the parent waits for it)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
