"""The query string of QIDO-RS (PS3.18 sections 8.3.4 and 10.6.1.2) read into a `Query`."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from archipel.archive.model import Query
from archipel.kernel.errors import Malformed
from archipel.standards.dicom import dictionary
from archipel.standards.dicom.attributes import (
    COMPUTED,
    INDEXED,
)

MAX_KEYS = 64
MAX_VALUE = 16_384  # characters of one key: a list of 200 UIDs fits
MAX_OFFSET = 10_000_000

_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_KEYWORD = re.compile(r"[A-Z][A-Za-z0-9]{1,63}")
_NUMBER = re.compile(r"[0-9]{1,8}")
_SEQUENCES = {a.within for a in INDEXED.values() if a.within is not None}
MATCHED_COMPUTED = frozenset({0x00080061})  # Modalities in Study; numbers are answered only
_RESERVED = {
    *("includefield", "limit", "offset", "fuzzymatching", "emptyvaluematching"),
    *("multiplevaluematching", "accept", "accept-charset", "charset"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What one QIDO-RS request asks for."""

    query: Query
    everything: bool  # includefield=all
    fuzzy: bool
    ignored: tuple[str, ...]  # keys that are attributes but not matched on here
    beyond: frozenset[int] = frozenset()  # wanted, of the top level, and in no index


def read_search(pairs: Iterable[tuple[str, str]], *, most: int) -> Search:
    """Read the parameters of a search; `most` bounds the answers. Raises `Malformed`."""
    matching: dict[int, str] = {}
    ignored: list[str] = []
    wanted: set[int] = set()
    beyond: set[int] = set()
    once: dict[str, str] = {}
    everything, several = False, False
    given = list(pairs)
    if len(given) > MAX_KEYS:
        raise Malformed(f"a search holds at most {MAX_KEYS} keys")
    several = any(name == "multiplevaluematching" and _flag(name, text) for name, text in given)
    for name, text in given:
        if len(text) > MAX_VALUE:
            raise Malformed(f"the value of one key is longer than {MAX_VALUE} characters")
        if name == "includefield":
            fields = [field.strip() for field in text.split(",") if field.strip()]
            everything = everything or "all" in fields
            known = {each: tag_of(each) for each in fields if each != "all"}
            wanted.update(tag for tag in known.values() if tag is not None)
            beyond.update(
                _top_level(e) for e, tag in known.items() if tag is None and "." not in e
            )
        elif name in _RESERVED:
            if name in once:
                raise Malformed(f"{name} is given twice")
            once[name] = text
        else:
            tag = tag_of(name)
            if tag is None or (tag in COMPUTED and tag not in MATCHED_COMPUTED):
                ignored.append(name)
            elif tag in matching:
                raise Malformed(f"the key {name} is given twice")
            else:
                matching[tag] = _value(tag, text, several=several)
    if everything and (wanted or beyond):
        raise Malformed("includefield is either `all` or a list of attributes")
    limit = _number(once, "limit", most, largest=MAX_OFFSET)
    fuzzy = _flag("fuzzymatching", once.get("fuzzymatching", "false"))
    query = Query(
        matching=matching,
        wanted=frozenset(wanted),
        limit=min(limit, most),
        offset=_number(once, "offset", 0, largest=MAX_OFFSET),
        fuzzy=fuzzy,
    )
    return Search(
        query=query,
        everything=everything,
        fuzzy=fuzzy,
        ignored=tuple(ignored),
        beyond=frozenset(beyond),
    )


def keys_of(query: Query) -> str:
    """Say which keys were given, never their values: those may name a patient."""
    return "by " + (" ".join(f"{tag:08X}" for tag in sorted(query.matching)) or "nothing")


def warnings_of(asked: Search, base_url: str) -> list[str]:
    """Say what of a search is passed over (PS3.18 section 8.3.4)."""
    if not asked.ignored:
        return []
    names = " ".join(asked.ignored)
    return [f'299 {base_url} "These keys are not matched on: {names}"']


def tag_of(name: str) -> int | None:
    """Read the tag a key or field names; None for an attribute that is not searched on here.

    A nested key names the sequence first, `00400275.00400009`. Raises `Malformed` for a name
    that can name no attribute.
    """
    path = name.split(".")
    for step in path:
        if not (_TAG.fullmatch(step) or _KEYWORD.fullmatch(step)):
            raise Malformed("a key is an attribute's keyword or its 8 hexadecimal digits")
    if any(not _TAG.fullmatch(s) and dictionary.tag_of(s) is None for s in path):
        raise Malformed("a key is an attribute's keyword or its 8 hexadecimal digits")
    tags = [int(s, 16) if _TAG.fullmatch(s) else dictionary.tag_of(s) for s in path]
    tag = tags[-1]
    known = None if tag is None else INDEXED.get(tag) or COMPUTED.get(tag)
    if known is None:
        return tag if len(path) == 1 and tag in _SEQUENCES else None
    within = tags[0] if len(path) == 2 else None  # noqa: PLR2004  (a sequence and its attribute)
    return tag if within in {known.within, None} and len(path) <= 2 else None  # noqa: PLR2004  (as above)


def _top_level(name: str) -> int:
    """Give the tag of an attribute that `tag_of` has read and does not hold in the index."""
    tag = int(name, 16) if _TAG.fullmatch(name) else dictionary.tag_of(name)
    if tag is None:
        raise Malformed("a field is an attribute's keyword or its 8 hexadecimal digits")
    return tag


def _value(tag: int, text: str, *, several: bool) -> str:
    known = INDEXED.get(tag) or COMPUTED.get(tag)
    listed = known is not None and (known.vr == "UI" or several)
    return text.replace(",", "\\") if listed else text


def _number(once: dict[str, str], name: str, otherwise: int, *, largest: int) -> int:
    text = once.get(name)
    if text is None:
        return otherwise
    if not _NUMBER.fullmatch(text) or int(text) > largest:
        raise Malformed(f"{name} is a number up to {largest}")
    return int(text)


def _flag(name: str, text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise Malformed(f"{name} is true or false")
    return text.lower() == "true"
