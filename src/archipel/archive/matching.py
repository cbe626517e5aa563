"""Matching keys against indexed attributes (PS3.4 section C.2.2.2).

Single value, list of UID, universal, wildcard and range matching; several values joined by
backslash match where any does. Texts of people, descriptions and the like match without regard
to case and accents, identifiers and codes as they are written.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from archipel.archive.model import Header
from archipel.archive.names import fold, fold_name, groups, words
from archipel.archive.times import date_digits, time_digits
from archipel.kernel.errors import Malformed
from archipel.standards.dicom.attributes import COMPUTED, INDEXED

LARGEST_KEY = 65_536  # characters: a list of a thousand UIDs
_WILD = re.compile(r"[*?]")
_ANYTHING = re.compile(r"\*+")
_FOLDED_VRS = frozenset({"LO", "SH", "ST", "LT", "UC", "UT"})
_EXACT_TAGS = frozenset({0x00080050, 0x00100020, 0x00100021, 0x00200010})  # identifiers
_EXACT = 2.0**53  # an integer below it is exact in a float
_NUMBER_VRS = frozenset({"IS", "DS", "US", "UL", "SS", "SL", "FL", "FD"})


@dataclass(frozen=True, slots=True)
class OneOf:
    """Equal to one of these."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Like:
    """Like one of these patterns: ``*`` stands for any characters, ``?`` for one."""

    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """From `low` to `high`, both included; either may be empty. Digits that sort."""

    low: str
    high: str


@dataclass(frozen=True, slots=True)
class WordsOf:
    """Every one of these begins some word of a name (PS3.18 section 8.3.4.2, fuzzy)."""

    beginnings: tuple[str, ...]


Condition = OneOf | Like | Between | WordsOf


def vr_of(tag: int) -> str:
    """Tell the value representation of an indexed or computed attribute, empty if unknown."""
    known = INDEXED.get(tag) or COMPUTED.get(tag)
    return known.vr if known else ""


def condition(tag: int, key: str, *, fuzzy: bool = False) -> Condition | None:
    """Read a matching key; None where everything matches. Raises `Malformed`."""
    if len(key) > LARGEST_KEY:
        raise Malformed(f"the key for ({tag >> 16:04X},{tag & 0xFFFF:04X}) is too long")
    vr = vr_of(tag)
    if vr in {"DA", "TM", "DT"}:
        return _range(tag, vr, key.strip())
    values = tuple(folded(tag, value) for value in key.split("\\"))
    values = tuple(dict.fromkeys(value for value in values if value))
    if not values or any(_ANYTHING.fullmatch(value) for value in values):
        return None
    if vr == "PN" and fuzzy:
        return WordsOf(tuple(words(" ".join(_WILD.sub("", value) for value in values))))
    if vr not in {"UI", *_NUMBER_VRS} and any(_WILD.search(value) for value in values):
        return Like(values)
    return OneOf(values)


def folded(tag: int, value: str) -> str:
    """Give one value as it is compared."""
    vr = vr_of(tag)
    if vr == "PN":
        return fold_name(value)
    if vr in _FOLDED_VRS and tag not in _EXACT_TAGS:
        return fold(value)
    if vr in _NUMBER_VRS:
        return _number(value.strip())
    return value.strip(" \0")


def holds(tag: int, asked: Condition, attributes: Header) -> bool:
    """Tell whether the attribute is as asked. An absent or empty one matches nothing."""
    values = [folded(tag, value) for value in attributes.get(tag, "").split("\\")]
    match asked:
        case OneOf(wanted):
            return any(candidate in wanted for value in values for candidate in _sides(tag, value))
        case Like(patterns):
            shapes = [_shape(pattern) for pattern in patterns]
            return any(
                shape.fullmatch(candidate)
                for value in values
                for candidate in _sides(tag, value)
                for shape in shapes
            )
        case Between(low, high):
            digits = [_digits(vr_of(tag), value) for value in values]
            return any(d and low <= d and (not high or d <= high) for d in digits)
        case WordsOf(beginnings):
            heard = [word for value in values for word in words(value)]
            return all(any(word.startswith(b) for word in heard) for b in beginnings)


def residual(
    asked: Mapping[int, Condition],
) -> Callable[[Header], bool]:
    """Give the test that all of `asked` hold."""
    conditions = tuple(asked.items())
    return lambda attributes: all(holds(tag, c, attributes) for tag, c in conditions)


def _sides(tag: int, value: str) -> list[str]:
    if not value:
        return []
    return list(groups(value)) if vr_of(tag) == "PN" else [value]


@lru_cache(maxsize=256)
def _shape(pattern: str) -> re.Pattern[str]:
    pieces = (
        ".*" if piece.startswith("*") else "." if piece == "?" else re.escape(piece)
        for piece in re.findall(r"\*+|\?|[^*?]+", pattern)
    )
    return re.compile("".join(pieces), re.DOTALL)


def _number(text: str) -> str:
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() and abs(number) < _EXACT else repr(number)


def _range(tag: int, vr: str, key: str) -> Condition | None:
    if not key or key == "*":
        return None
    low, dash, high = key.partition("-")
    if not dash:
        high = low
    lowest, highest = _digits(vr, low), _digits(vr, high, end=True)
    wrong = (low.strip() and not lowest) or (high.strip() and not highest)
    if wrong or not (lowest or highest):
        raise Malformed(
            f"not a date or time range (PS3.4 C.2.2.2.5) for ({tag >> 16:04X},{tag & 0xFFFF:04X})"
        )
    return Between(lowest, highest)


def _digits(vr: str, text: str, *, end: bool = False) -> str:
    text = text.strip()
    if vr == "DA":
        return date_digits(text)
    if vr == "TM":
        digits = time_digits(text)
        if not (end and digits) or "." in text:
            return digits
        said = len(text.replace(":", ""))  # as an end, "1030" includes all of that minute
        return digits[:said].ljust(len(digits), "9")
    digits = re.sub(r"[^0-9]", "", re.sub(r"[+-][0-9]{4}$", "", text))
    return digits.ljust(20, "9" if end else "0")[:20] if digits else ""
