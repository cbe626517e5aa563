"""QIDO-RS answers in the DICOM JSON model (PS3.18 section 10.6.3 and annex F)."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from orjson import dumps

from archipel.archive.model import Match
from archipel.kernel.hierarchy import Level
from archipel.protocols.dicomweb.searching.search import Search
from archipel.standards.dicom.attributes import (
    COMPUTED,
    INDEXED,
    REQUIRED_ANSWER,
    Attribute,
)

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
        flat = sorted(t for t in wanted if (a := _attribute(t)) and a.within is None)
        self._flat = [
            (t, _WRITERS[t], _WRITERS[t]("") if t in self._required else None)
            for t in flat
            if t not in _OF_THE_ANSWER
        ]
        self._nested = sorted(
            (a.within, a.tag)
            for a in _known()
            if a.within is not None
            and (a.tag in wanted or a.within in wanted or search.everything)
            and a.level <= level
        )

    def write(self, match: Match) -> bytes:
        """One match as a data set, written."""
        found = match.attributes
        said = found.get
        parts = [_HEAD, _WRITERS[RETRIEVE_URL](self._url(found))]
        for tag, write, empty in self._flat:
            text = said(tag)
            if text:
                parts.append(write(text))
            elif empty is not None:
                parts.append(empty)
            elif text is not None:
                parts.append(write(""))
        nested: dict[int, list[bytes]] = {}
        for sequence, tag in self._nested:
            text = said(tag)
            if text:
                nested.setdefault(sequence, []).append(_WRITERS[tag](text))
        for sequence, inner in nested.items():
            parts.append(b'"%08X":{"vr":"SQ","Value":[{%s}]}' % (sequence, b",".join(inner)))
        return b"{%s}" % b",".join(parts)

    def _url(self, found: Mapping[int, str]) -> str:
        url = f"{self._base_url}/studies/{found.get(STUDY_UID, '')}"
        if self._level >= Level.SERIES:
            url += f"/series/{found.get(SERIES_UID, '')}"
        if self._level >= Level.IMAGE:
            url += f"/instances/{found.get(INSTANCE_UID, '')}"
        return url


def _writer_of(tag: int, vr: str) -> Callable[[str], bytes]:
    """Make what writes elements of one attribute: a page of studies has thousands of them.

    From decoded text, values joined by backslash (PS3.18 section F.2.2).
    """
    opening = b'"%08X":{"vr":"%s"' % (tag, vr.encode("ascii"))
    whole, read = vr in _ONE_VALUE, _reader_of(vr)

    def write(text: str) -> bytes:
        if not text:
            return opening + b"}"
        if whole or "\\" not in text:
            value = text if read is None else read(text)
            return b'%s,"Value":[%s]}' % (opening, dumps(value))
        values = text.split("\\")
        if read is not None:
            return opening + b',"Value":' + dumps([read(v) if v else None for v in values]) + b"}"
        return opening + b',"Value":' + dumps([value or None for value in values]) + b"}"

    return write


def _reader_of(vr: str) -> Callable[[str], Any] | None:
    """Give what makes a JSON value of one text; None: the text itself is."""
    if vr == "PN":
        return _name
    convert: Callable[[str], Any] | None = int if vr in _INTEGERS else None
    if vr == "DS":
        convert = float
    return None if convert is None else partial(_number, convert)


def _name(text: str) -> dict[str, str]:
    if "=" not in text:
        return {"Alphabetic": text}
    groups = zip(_NAME_GROUPS, text.split("="), strict=False)
    return {name: group for name, group in groups if group}


def _number(convert: Callable[[str], Any], text: str) -> Any:
    try:
        return convert(text)
    except ValueError:  # a modality wrote something else: said as it stands (F.2.3 allows text)
        return text


def _known() -> list[Attribute]:
    return [*INDEXED.values(), *COMPUTED.values()]


def _attribute(tag: int) -> Attribute | None:
    return INDEXED.get(tag) or COMPUTED.get(tag)


_WRITERS = {one.tag: _writer_of(one.tag, one.vr) for one in _known()}
_HEAD = b",".join((_WRITERS[CHARACTER_SET]("ISO_IR 192"), _WRITERS[AVAILABILITY]("ONLINE")))
