"""Key Object Selections read: title, what they name, and what is said of it (PS3.3 C.17.6).

The evidence sequence (0040,A375) counts, as IHE says for rejection notes; content items are read
for the description (113012) and the observer's name (121008) alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from archipel.kernel.errors import Malformed
from archipel.kernel.uid import Uid
from archipel.standards.dicom.dataset import DataSet, read
from archipel.standards.dicom.document import DESCRIPTION, OBSERVER, Code, Reference

SERIES_SEQUENCE, SOP_SEQUENCE = 0x00081115, 0x00081199
SOP_CLASS, SOP_INSTANCE = 0x00081150, 0x00081155
STUDY, SERIES = 0x0020000D, 0x0020000E
CONCEPT_NAME, EVIDENCE, CONTENT = 0x0040A043, 0x0040A375, 0x0040A730
CODE_VALUE, CODE_SCHEME, CODE_MEANING = 0x00080100, 0x00080102, 0x00080104
TEXT_VALUE, PERSON_NAME = 0x0040A160, 0x0040A123


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a Key Object Selection says."""

    title: Code
    references: tuple[Reference, ...]
    text: str
    observer: str


def read_key_object(content: bytes, transfer_syntax: str) -> Selection:
    """Read one. Raises `Malformed` for what is no data set or names things that are no UIDs."""
    said = read(content, transfer_syntax)
    titles = said.items(CONCEPT_NAME)
    if not titles:
        raise Malformed("a key object selection without title")
    return Selection(
        title=_code(titles[0]),
        references=tuple(_references(said)),
        text=_content(said, DESCRIPTION, TEXT_VALUE),
        observer=_content(said, OBSERVER, PERSON_NAME),
    )


def _references(said: DataSet) -> Iterator[Reference]:
    for study in said.items(EVIDENCE):
        for series in study.items(SERIES_SEQUENCE):
            for one in series.items(SOP_SEQUENCE):
                yield Reference(
                    study=Uid.parse(study.text(STUDY)),
                    series=Uid.parse(series.text(SERIES)),
                    sop_class=Uid.parse(one.text(SOP_CLASS)),
                    sop_instance=Uid.parse(one.text(SOP_INSTANCE)),
                )


def _content(said: DataSet, concept: Code, value: int) -> str:
    for one in said.items(CONTENT):
        names = one.items(CONCEPT_NAME)
        if names and _code(names[0])[:2] == concept[:2]:
            return one.text(value)
    return ""


def _code(item: DataSet) -> Code:
    return item.text(CODE_VALUE), item.text(CODE_SCHEME), item.text(CODE_MEANING)
