"""Identifiers of C-FIND, C-MOVE and C-GET (PS3.4 sections C.4.1.1, C.4.2.1): data sets of keys.

Only the first nesting level of a sequence can be matched, as only that is indexed.
"""

import contextlib
from dataclasses import dataclass

from archipel.archive.model import Match, Query
from archipel.kernel.errors import Malformed
from archipel.kernel.hierarchy import Level
from archipel.kernel.uid import Uid
from archipel.standards.dicom import dataset as datasets
from archipel.standards.dicom import service_classes as sop
from archipel.standards.dicom.attributes import COMPUTED, INDEXED, UNIQUE_KEY
from archipel.standards.dicom.dataset import DataSet
from archipel.standards.dicom.matching import DateTimeRange, combined

QUERY_RETRIEVE_LEVEL = 0x00080052
RETRIEVE_AE_TITLE = 0x00080054
INSTANCE_AVAILABILITY = 0x00080056
SPECIFIC_CHARACTER_SET = 0x00080005
FAILED_SOP_INSTANCE_UID_LIST = 0x00080058
_MOMENTS = (  # a date and the time that belongs to it
    (0x00080020, 0x00080030),
    (0x00080021, 0x00080031),
    (0x00080022, 0x00080032),
    (0x00080023, 0x00080033),
    (0x00400244, 0x00400245),
)
_NOT_KEYS = frozenset(
    {
        SPECIFIC_CHARACTER_SET,
        QUERY_RETRIEVE_LEVEL,
        RETRIEVE_AE_TITLE,
        INSTANCE_AVAILABILITY,
    }
)
_UNMATCHED = frozenset({0x00080201})  # the time zone qualifies the dates


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An identifier, read: its level and the data set of its keys."""

    level: Level
    keys: DataSet
    transfer_syntax: str

    def query(self, *, limit: int | None, fuzzy: bool = False) -> Query:
        """Return the keys as the catalogue wants them."""
        matching: dict[int, str] = {}
        wanted: set[int] = set()
        for tag, element in self.keys.elements.items():
            if tag in _NOT_KEYS:
                continue
            if isinstance(element.value, list):
                for item in element.value:
                    wanted.update(item.elements)
                    matching |= {nested: item.text(nested) for nested in item}
                continue
            wanted.add(tag)
            matching[tag] = self.keys.text(tag)
        asked = {tag: text for tag, text in matching.items() if text and tag not in _UNMATCHED}
        return Query(matching=asked, wanted=frozenset(wanted), limit=limit, fuzzy=fuzzy)

    def combined(self) -> list[tuple[int, int, DateTimeRange]]:
        """Return the pairs of date and time keys that are ranges both (PS3.4 C.2.2.2.5.4).

        Raises `Malformed` for a range that is none.
        """
        found = []
        for date, time in _MOMENTS:
            keys = self.keys.text(date), self.keys.text(time)
            if all("-" in key and "\\" not in key for key in keys):
                found.append((date, time, combined(*keys)))
        return found

    def unsupported(self) -> bool:
        """Tell whether a key is asked for that no answer can have (status FF01)."""
        nested = [tag for element in self.keys.elements.values() for tag in _within(element)]
        asked = {tag for tag, one in self.keys.elements.items() if not _within(one)} | set(nested)
        known = INDEXED.keys() | COMPUTED.keys() | _NOT_KEYS | _UNMATCHED
        return any(tag not in known and tag & 0xFFFF for tag in asked)

    def unique(self, level: Level) -> list[Uid]:
        """Return the UIDs of a unique key, a list of them being allowed. Raises `Malformed`."""
        return [Uid.parse(text) for text in self.keys.texts(UNIQUE_KEY[level])]


def _within(element: datasets.Element) -> list[int]:
    if not isinstance(element.value, list):
        return []
    return [tag for item in element.value for tag in item]


def read(raw: bytes, *, abstract_syntax: str, transfer_syntax: str) -> Asked:
    """Read an identifier. Raises `Malformed`, also for a level its model does not have."""
    keys = datasets.read(raw, transfer_syntax)
    named = keys.text(QUERY_RETRIEVE_LEVEL)
    if named not in Level.__members__:
        raise Malformed(f"(0008,0052) must name a query/retrieve level, not {named[:16]!r}")
    level = Level[named]
    if level is Level.PATIENT and abstract_syntax not in sop.PATIENT_ROOT:
        raise Malformed("the study root model has no patient level (PS3.4 C.6.2)")
    return Asked(level=level, keys=keys, transfer_syntax=transfer_syntax)


def answer(asked: Asked, match: Match, *, retrieve_ae: str) -> bytes:
    """Write one answer: every key asked for, with a value or empty (PS3.4 C.4.1.1.3.2)."""
    found = match.attributes
    texts = {
        tag: found.get(tag, "")
        for tag, element in asked.keys.elements.items()
        if tag not in _NOT_KEYS and not isinstance(element.value, list)
    }
    for level, tag in UNIQUE_KEY.items():
        if level <= asked.level and tag in found:
            texts[tag] = found[tag]
    made = DataSet.from_texts(
        {tag: text for tag, text in texts.items() if text and _is_writable(tag, text)},
        preferred=asked.keys.charset,
    )
    for tag in texts.keys() - made.elements.keys():
        made.elements[tag] = datasets.Element(asked.keys.elements[tag].vr, b"")
    for tag, element in asked.keys.elements.items():
        if isinstance(element.value, list):
            made.set_items(tag, [_item(item, match, made) for item in element.value])
    made.set_text(QUERY_RETRIEVE_LEVEL, asked.level.name)
    made.set_text(RETRIEVE_AE_TITLE, retrieve_ae)
    made.set_text(INSTANCE_AVAILABILITY, "ONLINE")
    return datasets.write(made, asked.transfer_syntax)


def failed_list(instances: list[Uid], transfer_syntax: str) -> bytes:
    """Write the identifier that names instances that could not be sent (PS3.4 C.4.2.1.5)."""
    made = DataSet()
    made.set_text(FAILED_SOP_INSTANCE_UID_LIST, "\\".join(uid.value for uid in instances))
    return datasets.write(made, transfer_syntax)


def _item(asked: DataSet, match: Match, outer: DataSet) -> DataSet:
    item = DataSet(outer=outer.charset)
    for tag, element in asked.elements.items():
        item.elements[tag] = datasets.Element(
            element.vr, [] if isinstance(element.value, list) else b""
        )
        with contextlib.suppress(Malformed):  # a value that its VR cannot hold stays empty
            if match.attributes.get(tag):
                item.set_text(tag, match.attributes[tag])
    return item


def _is_writable(tag: int, text: str) -> bool:
    try:
        DataSet().set_text(tag, text)
    except Malformed:
        return False
    return True
