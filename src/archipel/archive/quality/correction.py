"""Corrections: copies with other UIDs that say otherwise, and a note that rejects the originals.

As IHE IOCM has it: what was stored is never altered. A copy tells in its Original Attributes
Sequence (0400,0561) what it was, why and by whom (PS3.3 C.12.1.1.9); the originals stay, rejected,
and come back byte for byte when the correction is undone. Its UIDs follow from the correction, so
one that was interrupted and is done again makes the same bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from uuid import NAMESPACE_OID, uuid5

from archipel.archive.model import StudyKey
from archipel.kernel.hierarchy import Level
from archipel.kernel.uid import Uid
from archipel.standards.dicom import dataset
from archipel.standards.dicom.attributes import INDEXED
from archipel.standards.dicom.charset import (
    SPECIFIC_CHARACTER_SET,
    TEXT_VRS,
    CharacterSet,
    suiting,
)
from archipel.standards.dicom.dataset import DataSet, Element

STUDY_UID, SERIES_UID, SOP_UID = 0x0020000D, 0x0020000E, 0x00080018
ORIGINAL, MODIFIED = 0x04000561, 0x04000550
MODIFIED_AT, MODIFIED_BY = 0x04000562, 0x04000563
PREVIOUS_SOURCE, MODIFIED_WHY = 0x04000564, 0x04000565
SYSTEM = "Archipel"

CORRECTABLE = frozenset(
    {
        *(0x00100010, 0x00100020, 0x00100021, 0x00100030, 0x00100040),  # patient
        *(0x00080020, 0x00080030, 0x00080050, 0x00080090, 0x00081030, 0x00200010),  # study
    }
)
OF_STUDY = frozenset(
    tag
    for tag, known in INDEXED.items()
    if known.level <= Level.STUDY and known.within is None and tag != SPECIFIC_CHARACTER_SET
) - {STUDY_UID}
"""What every instance of a study says alike, as far as the index knows it."""


class Kind(Enum):
    """What people call it. Each is a choice of series, a target and other values."""

    CORRECT = "correct"  # the whole study says something else of patient or study
    MOVE = "move"  # series to another study
    SPLIT = "split"  # series to a study of their own
    MERGE = "merge"  # the whole study to another one


class State(Enum):
    """How far a correction is."""

    ASKED = "asked"
    DONE = "done"
    FAILED = "failed"
    UNDOING = "undoing"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """One correction. `texts` are the values of patient and study that the copies get."""

    name: str  # 32 hexadecimal digits; the UIDs of the copies follow from it
    kind: Kind
    source: StudyKey
    series: frozenset[Uid]  # empty: all
    target: Uid  # Study Instance UID of the copies
    texts: Mapping[int, str]
    why: str
    by: str  # as the copies and notes name them
    login: str
    institution: str
    at: datetime
    state: State = State.ASKED
    detail: str = ""
    settled_at: datetime | None = None


def derived(seed: str, use: str) -> Uid:
    """Make the UID that a decision always gives."""
    return Uid.from_uuid(uuid5(NAMESPACE_OID, f"archipel quality {seed} {use}"))


def rejecting(one: Correction) -> Uid:
    """Name the note that rejects the originals."""
    return derived(one.name, "note")


def gone(one: Correction) -> Uid:
    """Name the note that rejects the copies when the correction is undone."""
    return derived(one.name, "gone")


def copied(content: bytes, syntax: Uid, correction: Correction, names: Mapping[str, str]) -> bytes:
    """Write the copy of one data set. `names` maps old UIDs of series and instances to new ones.

    Raises `Malformed` for what cannot be read as a data set.
    """
    said = dataset.read(content, syntax.value)
    said = _able(said, correction.texts)
    before = DataSet(outer=said.charset)
    changes = dict(correction.texts) | {STUDY_UID: correction.target.value}
    changes |= {tag: names[said.text(tag)] for tag in (SERIES_UID, SOP_UID)}
    for tag, text in sorted(changes.items()):
        old = said.elements.get(tag)
        if old is None and not text:
            continue
        if said.text(tag) == text and old is not None:
            continue
        before.elements[tag] = old if old is not None else Element(_vr(tag), b"")
        said.set_text(tag, text)
    _rename(said, names)
    said.set_items(ORIGINAL, [*said.items(ORIGINAL), _told(said, before, correction)])
    return dataset.write(said, syntax.value)


def _told(said: DataSet, before: DataSet, correction: Correction) -> DataSet:
    told = DataSet(outer=said.charset)
    at = correction.at.astimezone(UTC)
    told.set_items(MODIFIED, [before])
    told.set_text(MODIFIED_AT, f"{at:%Y%m%d%H%M%S.%f}+0000")
    told.set_text(MODIFIED_BY, SYSTEM)
    told.set_text(PREVIOUS_SOURCE, "")
    told.set_text(MODIFIED_WHY, "CORRECT")
    return told


def _rename(said: DataSet, names: Mapping[str, str]) -> None:
    """Let what names an instance or a series that is copied name the copy."""
    for element in said.elements.values():
        if isinstance(element.value, list):
            for item in element.value:
                for tag, inner in item.elements.items():
                    if inner.vr == "UI" and (new := names.get(item.text(tag))):
                        item.set_text(tag, new)
                _rename(item, names)


def _able(said: DataSet, texts: Mapping[int, str]) -> DataSet:
    """Give a data set whose character set can say `texts`: its own, else UTF-8 throughout."""
    own = said.charset
    chosen = suiting((text for text in texts.values() if not text.isascii()), own)
    if str(chosen) != str(own) and any(not text.isascii() for text in texts.values()):
        chosen = suiting(["\U0001f9b4"])  # nothing but UTF-8 has every sign
        _recode(said, chosen)
        said.set_text(SPECIFIC_CHARACTER_SET, str(chosen))
    return said


def _recode(said: DataSet, charset: CharacterSet) -> None:
    own = said.charset
    for tag, element in said.elements.items():
        if isinstance(element.value, list):
            for item in element.value:
                _recode(item, charset)
                item.elements.pop(SPECIFIC_CHARACTER_SET, None)
        elif element.vr in TEXT_VRS:
            name = element.vr == "PN"
            raw = charset.encode(own.decode(element.value, name=name), name=name)
            said.elements[tag] = Element(element.vr, raw + b" " if len(raw) % 2 else raw)
    for element in said.elements.values():
        if isinstance(element.value, list):
            for item in element.value:
                item.outer = charset


def _vr(tag: int) -> str:
    return INDEXED[tag].vr if tag in INDEXED else "UI"
