"""One scrub and one mover a node: whoever comes second is told, and waits its turn."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def taken(run: Path, work: str) -> Iterator[bool]:
    """Take the turn of `work` for a block, if nobody has it; tell whether it was free."""
    lock = os.open(run / f"{work}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(lock)
