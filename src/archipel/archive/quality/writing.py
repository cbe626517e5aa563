"""A note as a file: the Key Object Selection that rejects instances, or takes that back.

TID 2010 with the titles of `notes`. The study's own attributes go with it, so that it lies in the
study; its UIDs and its moment are given, so that the same decision makes the same bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from archipel.archive.model import Header, Held
from archipel.archive.quality.model import Note, Reason
from archipel.archive.quality.notes import TITLES
from archipel.kernel.errors import Malformed
from archipel.kernel.uid import Uid
from archipel.standards.dicom import dataset
from archipel.standards.dicom.dictionary import keyword_of
from archipel.standards.dicom.document import (
    KEY_OBJECT_SELECTION,
    Placed,
    Reference,
    key_object,
)
from archipel.standards.dicom.part10 import meta
from archipel.standards.dicom.transfer_syntax import EXPLICIT_VR_LITTLE_ENDIAN

SERIES_NUMBER = 9009  # far from what modalities number
SYNTAX = Uid(EXPLICIT_VR_LITTLE_ENDIAN)
STUDY_TAGS = (
    *(0x00100010, 0x00100020, 0x00100021, 0x00100030, 0x00100040),  # patient
    *(0x00080020, 0x00080030, 0x00080050, 0x00080090, 0x00081030, 0x00200010),  # study
)
_ALWAYS = frozenset(STUDY_TAGS) - {0x00100021, 0x00081030}  # of type 2: there, if only empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Who decided, why and when; `source` is how the note's series is described."""

    why: str
    by: str
    institution: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteFile:
    """A note to be stored."""

    uid: Uid
    content: bytes  # a Part 10 file


def note_file(
    reason: Reason | None,
    images: Sequence[Held],
    *,
    study: Header,
    words: Words,
    uids: tuple[Uid, Uid],
    undoes: Sequence[Note] = (),
) -> NoteFile:
    """Write a note on `images` of one study; `uids` are those of its series and of itself.

    With no reason it takes back the notes `undoes`. Raises `Malformed` where it names nothing.
    """
    if not images:
        raise Malformed("a note names at least one instance")
    study_uid = images[0].key.study
    placed = Placed(
        study={keyword_of(tag): study.get(tag, "") for tag in STUDY_TAGS if _said(tag, study)},
        study_uid=study_uid,
        series_uid=uids[0],
        sop_instance=uids[1],
        series_number=SERIES_NUMBER,
        series_description=TITLES[reason][2],
        institution=words.institution,
        at=words.at,
        written_from="Written by a decision on the quality of the study",
    )
    named = [
        Reference(
            study=one.key.study,
            series=one.key.series,
            sop_class=one.sop_class,
            sop_instance=one.key.sop_instance,
        )
        for one in images
    ]
    named += [
        Reference(
            study=study_uid,
            series=one.series,
            sop_class=KEY_OBJECT_SELECTION,
            sop_instance=one.uid,
        )
        for one in undoes
    ]
    made = key_object(placed, named, text=words.why, title=TITLES[reason], observer=words.by)
    head = meta(sop_class=KEY_OBJECT_SELECTION, sop_instance=uids[1], transfer_syntax=SYNTAX)
    return NoteFile(uid=uids[1], content=head + dataset.write(made, SYNTAX.value))


def _said(tag: int, study: Header) -> bool:
    return tag in _ALWAYS or bool(study.get(tag))
