"""What imaging needs of the world: a place where a codec may die and harm nobody."""

from collections.abc import Iterator
from typing import Protocol

MOST_BYTES = 64 << 20
"""Of one result that is handed over in memory."""


class Task(Protocol):
    """Work on strangers' bytes. The class must be importable by its name."""

    def do(self) -> bytes:
        """Do it, in whatever process this is."""


class Workshop(Protocol):
    """Does tasks apart, each within bounds of memory and time."""

    def run(self, task: Task, *, most_bytes: int = MOST_BYTES) -> bytes:
        """Return what the task gives, or raise what it raises.

        Raises `Undecodable` when it dies or takes more memory than is granted, `Exhausted` when
        it takes longer, gives more than `most_bytes`, or no worker is free in time.
        """

    def pieces(self, task: Task) -> Iterator[bytes]:
        """Do it at once; give the result in pieces, which do not lie in this process's memory.

        Raises as `run`, whatever the size.
        """
