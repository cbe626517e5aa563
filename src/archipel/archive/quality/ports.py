"""What quality control needs of the world. ``stores`` and ``app`` provide it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from archipel.archive.model import Header, Held, StudyKey
from archipel.archive.quality.correction import Correction, State
from archipel.archive.quality.model import Note, Reason, Rejected
from archipel.kernel.actors import Scope
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """All that a study holds, rejected or not, as its keeper sees it."""

    key: StudyKey
    attributes: Header  # of patient and study
    held: Sequence[Held]
    notes: Sequence[Note]
    rejected: frozenset[Uid]  # what people do not see: instances and notes
    reasons: dict[Uid, Reason]  # why, of those that a note rejects


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One instance to be stored: head and data set of a Part 10 file."""

    head: bytes
    body: bytes
    sop_class: Uid
    sop_instance: Uid
    transfer_syntax: Uid


class Studies(Protocol):
    """Studies and the bin, for those who may correct them. Only owners see theirs."""

    def whole(self, key: StudyKey, *, scope: Scope) -> Whole | None:
        """All of one study; None outside the scope."""

    def attributes(self, key: StudyKey, *, scope: Scope) -> Header:
        """What a study says of patient and study, rejected or not; nothing out of scope."""

    def rejected(self, *, scope: Scope, limit: int) -> Sequence[Rejected]:
        """The bin: notes that stand, latest first."""

    def corrections(
        self, *, scope: Scope, limit: int, of: StudyKey | None = None
    ) -> Sequence[Correction]:
        """Corrections, latest first; of one study, as source or target, where it is given."""

    def correction(self, name: str, *, scope: Scope) -> Correction | None:
        """One correction; None outside the scope."""

    def ask(self, one: Correction, *, scope: Scope) -> None:
        """Keep a correction that is to be done, and announce `CorrectionAsked`, in one step."""

    def settle(
        self, name: str, state: State, *, detail: str, tenant: TenantId, now: datetime
    ) -> None:
        """Keep how it went on; `UNDOING` announces `CorrectionAsked` again."""


class Deposit(Protocol):
    """The one way in: the journal."""

    def store(self, files: Iterable[File], *, tenant: TenantId, decision: str) -> None:
        """Store files, one after the other, and wait until the index knows them.

        Raises `Exhausted`, `Unavailable`: it may be done again, equal bytes are held once.
        """


class Originals(Protocol):
    """Bytes of what is held: `archive.ports.Contents`."""

    def dataset(self, held: Held) -> bytes:
        """The data set as received, bit for bit. Raises `NotFound`, `Unavailable`."""
