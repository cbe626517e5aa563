"""What the DICOM door needs of the house, handed in by the wiring."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from archipel.access.ports import Audit, Devices
from archipel.archive.ports import Catalogue, Commitments, Contents, Journal
from archipel.kernel.clock import Clock
from archipel.kernel.uid import Uid
from archipel.orders.ports import Worklist


class Transcoder(Protocol):
    """Writes a data set in another transfer syntax, for a peer that cannot take the stored one."""

    def __call__(self, dataset: bytes, from_ts: Uid, to_ts: Uid) -> bytes:
        """Return `dataset`, encoded in `from_ts`, encoded in `to_ts`.

        Not a sample changes. Raises `Malformed` (it cannot be decoded), `NotFound` (no decoder for
        this syntax, or `to_ts` has no place for it), `Exhausted`.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The ports of one worker process. Built in that process, used by many threads.

    A C-MOVE destination is the address of the device of that title, registered for the
    organisation that was called.
    """

    journal: Journal
    catalogue: Catalogue
    contents: Contents
    devices: Devices
    audit: Audit
    commitments: Commitments
    worklist: Worklist
    clock: Clock
    transcoder: Transcoder | None = None


BuildServices = Callable[[], Services]
"""Called once in each worker process, after the fork: open files and databases in here."""
