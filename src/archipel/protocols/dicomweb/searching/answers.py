"""QIDO-RS answers in the DICOM JSON model (PS3.18 section 10.6.3 and annex F)."""

from collections.abc import Callable, Mapping
from typing import Any

from archipel.archive.model import Match
from archipel.kernel.hierarchy import Level
from archipel.protocols.dicomweb.searching.search import Search
from archipel.standards.dicom.attributes import (
    COMPUTED,
    INDEXED,
    REQUIRED_ANSWER,
    Attribute,
)

Element = dict[str, Any]

RETRIEVE_URL, AVAILABILITY, CHARACTER_SET = 0x00081190, 0x00080056, 0x00080005
STUDY_UID, SERIES_UID, INSTANCE_UID = 0x0020000D, 0x0020000E, 0x00080018
_ALWAYS = {STUDY_UID, SERIES_UID}
_OF_THE_ANSWER = {RETRIEVE_URL, AVAILABILITY, CHARACTER_SET, 0x00080052, 0x00080054}
_ONE_VALUE = {"LT", "ST", "UT", "UR"}
_INTEGERS = {"IS", "US", "UL", "SS", "SL"}
_NAME_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
# "if known" in PS3.18 tables 10.6.3-3 to -5: left out where the index has no value
_IF_KNOWN = {
    *(0x00080201, 0x0008103E, 0x00081030, 0x00100021, 0x00280008, 0x00280010),
    *(0x00280011, 0x00280100, 0x00400244, 0x00400245),
}


class Answers:
    """Writes matches of one level; which attributes is settled once for the whole search."""

    def __init__(self, level: Level, search: Search, *, above: bool, base_url: str) -> None:
        """`above`: the resource is relational, upper levels' attributes are part of the answer."""
        levels = [level] if not above else [v for v in Level if v <= level]
        if level == Level.STUDY:
            levels = [Level.PATIENT, Level.STUDY]
        self._level, self._base_url = level, base_url
        required = {tag for one in levels for tag in REQUIRED_ANSWER[one]} - _OF_THE_ANSWER
        matched = set(search.query.matching)
        wanted = required | set(search.query.wanted) | matched | _ALWAYS
        if search.everything:
            wanted |= {a.tag for a in _known() if a.level <= level}
        self._required = {t for t in required if t not in _IF_KNOWN}
        self._flat = sorted(t for t in wanted if (a := _attribute(t)) and a.within is None)
        self._flat = [t for t in self._flat if t not in _OF_THE_ANSWER]
        self._nested = sorted(
            (a.within, a.tag)
            for a in _known()
            if a.within is not None
            and (a.tag in wanted or a.within in wanted or search.everything)
            and a.level <= level
        )

    def write(self, match: Match) -> dict[str, Element]:
        """One match as a data set."""
        found = match.attributes
        answer: dict[str, Element] = {
            "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]},
            "00080056": {"vr": "CS", "Value": ["ONLINE"]},
            "00081190": {"vr": "UR", "Value": [self._url(found)]},
        }
        for tag in self._flat:
            text = found.get(tag)
            if text is not None or tag in self._required:
                answer[f"{tag:08X}"] = element(_VR[tag], text or "")
        for sequence, tag in self._nested:
            text = found.get(tag)
            if text:
                held = answer.setdefault(f"{sequence:08X}", {"vr": "SQ", "Value": [{}]})
                held["Value"][0][f"{tag:08X}"] = element(_VR[tag], text)
        return answer

    def _url(self, found: Mapping[int, str]) -> str:
        url = f"{self._base_url}/studies/{found.get(STUDY_UID, '')}"
        if self._level >= Level.SERIES:
            url += f"/series/{found.get(SERIES_UID, '')}"
        if self._level >= Level.IMAGE:
            url += f"/instances/{found.get(INSTANCE_UID, '')}"
        return url


def element(vr: str, text: str) -> Element:
    """One element from its decoded text, values joined by backslash (PS3.18 section F.2.2)."""
    if not text:
        return {"vr": vr}
    values = [text] if vr in _ONE_VALUE else text.split("\\")
    return {"vr": vr, "Value": [_value(vr, value) for value in values]}


def _value(vr: str, text: str) -> Any:
    if not text:
        return None
    if vr == "PN":
        groups = zip(_NAME_GROUPS, text.split("="), strict=False)
        return {name: group for name, group in groups if group}
    convert: Callable[[str], Any] | None = int if vr in _INTEGERS else None
    if vr == "DS":
        convert = float
    if convert is None:
        return text
    try:
        return convert(text)
    except ValueError:  # a modality wrote something else: said as it stands (F.2.3 allows text)
        return text


def _known() -> list[Attribute]:
    return [*INDEXED.values(), *COMPUTED.values()]


def _attribute(tag: int) -> Attribute | None:
    return INDEXED.get(tag) or COMPUTED.get(tag)


_VR = {attribute.tag: attribute.vr for attribute in _known()}
