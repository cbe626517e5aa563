"""The data dictionary: tag, value representation and keyword (PS3.6 chapter 6).

The table lies beside this module, made by ``scripts/dictionary``; it is read when first asked.
"""

from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import NamedTuple

_TABLE = Path(__file__).with_suffix(".tsv")
_REPEATING = {0x50: 0xFF00FFFF, 0x60: 0xFF00FFFF, 0x7F: 0xFF00FFFF}  # groups 50xx, 60xx, 7Fxx


class Entry(NamedTuple):
    """One attribute. `vrs` has several values where the context decides (PS3.5 Annex A)."""

    tag: int
    vrs: tuple[str, ...]
    keyword: str


@cache
def _entries() -> tuple[dict[int, Entry], dict[str, Entry]]:
    by_tag: dict[int, Entry] = {}
    for line in _TABLE.read_text("utf-8").splitlines()[1:]:
        code, vrs, keyword = line.split("\t")
        tag = int(code.replace("x", "0"), 16)
        by_tag.setdefault(tag, Entry(tag, tuple(vrs.split("|")), keyword))
    return by_tag, {entry.keyword: entry for entry in by_tag.values() if entry.keyword}


def entry_of(tag: int) -> Entry | None:
    """Find an attribute by its tag; that of a repeating group under its first tag."""
    by_tag = _entries()[0]
    found = by_tag.get(tag)
    if found is None and (mask := _REPEATING.get(tag >> 24)) and not tag & 0x00010000:
        found = by_tag.get(tag & mask)
    return found


def tag_of(keyword: str) -> int | None:
    """Find a tag by its keyword."""
    entry = _entries()[1].get(keyword)
    return entry.tag if entry else None


def keywords() -> Collection[str]:
    """Give every keyword there is."""
    return _entries()[1].keys()


def keyword_of(tag: int) -> str:
    """Give the keyword of a tag; empty for private and unknown ones."""
    entry = entry_of(tag)
    return entry.keyword if entry else ""


@cache
def vr_of(tag: int, *, signed: bool = False) -> str:
    """Give the VR that an implicit data set means.

    Where the dictionary leaves the choice, `signed` (pixel representation) decides between US
    and SS, and words win over bytes (PS3.5 section A.1). Unknown and private: UN, but LO for a
    private creator and UL for a group length.
    """
    entry = entry_of(tag)
    if entry is not None:
        if "OW" in entry.vrs:
            return "OW"
        return "SS" if signed and "SS" in entry.vrs else entry.vrs[0]
    element = tag & 0xFFFF
    if element == 0:
        return "UL"
    if tag & 0x00010000 and 0x10 <= element <= 0xFF:  # noqa: PLR2004 (PS3.5 section 7.8.1)
        return "LO"
    return "UN"
