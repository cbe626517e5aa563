"""Rejection of instances (IHE RAD TF-2 4.66, 4.67: Imaging Object Change Management).

A rejection is said by a note, a Key Object Selection that is an instance like any other; no byte
of what it names goes. What stands of an instance is a pure function of all notes that name it, so
an index made again from journal and packs says the same.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, IntEnum
from types import MappingProxyType

from archipel.archive.model import InstanceKey, StudyKey
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid


class Reason(Enum):
    """Why an instance is rejected: the four titles of DICOM CID 7011 that IOCM uses."""

    QUALITY = "quality"  # 113001 Rejected for Quality Reasons
    SAFETY = "safety"  # 113037 Rejected for Patient Safety Reasons
    WORKLIST = "worklist"  # 113038 Incorrect Modality Worklist Entry
    EXPIRED = "expired"  # 113039 Data Retention Policy Expired


class Hidden(IntEnum):
    """From whom an instance is hidden. A higher one hides from all whom a lower one does."""

    FROM_NOBODY = 0
    FROM_PEOPLE = 1  # screens; DICOM peers go on seeing it, and the note beside it
    FROM_ALL = 2


class Again(Enum):
    """What becomes of a rejected instance that is sent once more."""

    IGNORED = "ignored"  # taken as what is held already: it stays rejected
    REFUSED = "refused"  # at the door, with a status that says why
    RESTORED = "restored"  # whoever sends it wants it kept


@dataclass(frozen=True, slots=True)
class Rule:
    """What one reason means. `strength` decides where several notes name one instance."""

    strength: int
    hidden: Hidden
    again: Again


RULES: Mapping[Reason, Rule] = MappingProxyType(
    {
        Reason.QUALITY: Rule(1, Hidden.FROM_PEOPLE, Again.IGNORED),
        Reason.SAFETY: Rule(2, Hidden.FROM_ALL, Again.REFUSED),
        Reason.WORKLIST: Rule(3, Hidden.FROM_ALL, Again.REFUSED),
        Reason.EXPIRED: Rule(4, Hidden.FROM_ALL, Again.RESTORED),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One note. With a `reason` it rejects `instances`; without, it takes rejections back.

    One that takes back undoes the notes it names, `undoes`, or, where it names none, all that
    came before it.
    """

    tenant: TenantId
    study: Uid
    series: Uid
    uid: Uid  # SOP Instance UID
    reason: Reason | None
    instances: tuple[InstanceKey, ...]
    undoes: frozenset[Uid]
    why: str
    by: str  # who is said to have decided; the sender where nobody is named
    at: datetime  # when it was received

    @property
    def key(self) -> StudyKey:
        """The study it bears on."""
        return StudyKey(self.tenant, self.study)


def in_force(notes: Collection[Note]) -> list[Note]:
    """Give the rejecting notes that nothing took back, of all that name one instance.

    In whatever order they came to this node, the same set gives the same answer, oldest first.
    """
    undone = {uid for note in notes if note.reason is None for uid in note.undoes}
    standing: list[Note] = []
    for note in sorted(notes, key=lambda one: (one.at, one.reason is None, one.uid)):
        if note.reason is None:
            if not note.undoes:
                standing.clear()
        elif note.uid not in undone:
            standing.append(note)
    return standing


def standing(notes: Collection[Note], *, received_at: datetime | None) -> Note | None:
    """Give the note that decides on one instance; None: it is not rejected.

    Where retention gave an instance up and it came again later, that note is past.
    """
    decisive: Note | None = None
    for note in in_force(notes):
        if note.reason is None:
            continue
        if note.reason is Reason.EXPIRED and received_at is not None and received_at > note.at:
            continue
        if decisive is None or _strength(note) > _strength(decisive):
            decisive = note
    return decisive


def _strength(note: Note) -> int:
    return RULES[note.reason].strength if note.reason is not None else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """One note in the bin: what it rejects and who said so."""

    key: StudyKey
    note: Uid
    reason: Reason
    instances: int  # held ones that this note decides upon
    why: str
    by: str
    at: datetime
    whole_study: bool  # nothing of the study is left to be seen
    of_correction: bool  # a correction made it: undoing that is the way back
