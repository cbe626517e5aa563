"""Matching of query keys (PS3.4 section C.2.2.2, PS3.18 section 8.3.4).

A key becomes a criterion: a plain description that a store can turn into its own language, and
a predicate to the same effect. Criteria speak about values as `normalise` leaves them, so an
index keeps a normalised column for names (`normalise_name`) and times (`normalise_time`).
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from archipel.kernel.errors import Malformed

MAX_KEY_LENGTH = 4096  # characters; a list of UIDs may be long, a pattern never is
_WILDCARD_VRS = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
_EMPTY_KEY = '""'  # empty value matching, PS3.18 8.3.4
_LETTERS = str.maketrans(
    {
        "Œ": "OE",
        "Æ": "AE",
        "Ø": "O",
        "Ł": "L",
        "Đ": "D",
        "Ð": "D",
        "Þ": "TH",
        "ẞ": "SS",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{MODIFIER LETTER APOSTROPHE}": "'",
    }
)
_WORD = re.compile(r"[^\s^=,.'\-]+")
_DATE = re.compile(r"\d{8}")
_TIME = re.compile(r"\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?")
_OFFSET = r"[+-](?:0\d|1[0-4])[0-5]\d"  # from UTC; any other four digits begin a range
_DATETIME = re.compile(rf"\d{{4}}(?:\d{{2}}){{0,5}}(?:\.\d{{1,6}})?(?:{_OFFSET})?")


@dataclass(frozen=True, slots=True)
class Universal:
    """Everything matches, even what is absent."""

    def holds(self, value: str) -> bool:
        """Whether one normalised value matches."""
        del value
        return True


@dataclass(frozen=True, slots=True)
class Empty:
    """Only what is absent or empty matches."""

    def holds(self, value: str) -> bool:
        """Whether one normalised value matches."""
        return not value


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of these values, exactly. A single value is a list of one."""

    values: tuple[str, ...]

    def holds(self, value: str) -> bool:
        """Whether one normalised value matches."""
        return value in self.values


@dataclass(frozen=True, slots=True)
class Like:
    """A pattern: ``*`` is any run of signs, ``?`` is one sign."""

    pattern: str

    def holds(self, value: str) -> bool:
        """Whether one normalised value matches."""
        return _like(self.pattern, value)

    def sql(self, escape: str = "\\") -> str:
        """Write the pattern for SQL's LIKE ... ESCAPE."""
        text = self.pattern
        for sign in (escape, "%", "_"):
            text = text.replace(sign, escape + sign)
        return text.replace("*", "%").replace("?", "_")


@dataclass(frozen=True, slots=True)
class Range:
    """Between two values, both included, compared as text. An empty bound is open."""

    low: str
    high: str

    def holds(self, value: str) -> bool:
        """Whether one normalised value matches."""
        return bool(value) and self.low <= value and (not self.high or value <= self.high)


@dataclass(frozen=True, slots=True)
class Words:
    """Every word begins some word of the name, in any order (fuzzy matching)."""

    words: tuple[str, ...]

    def holds(self, value: str) -> bool:
        """Whether one normalised value matches."""
        found = _WORD.findall(value)
        return all(any(other.startswith(word) for other in found) for word in self.words)


@dataclass(frozen=True, slots=True)
class Either:
    """One of several criteria."""

    criteria: "tuple[AnyOf | Like | Range, ...]"

    def holds(self, value: str) -> bool:
        """Whether one normalised value matches."""
        return any(criterion.holds(value) for criterion in self.criteria)


Criterion = Universal | Empty | AnyOf | Like | Range | Words | Either


@dataclass(frozen=True, slots=True)
class Matcher:
    """One key, ready to be asked."""

    vr: str
    criterion: Criterion

    def matches(self, text: str) -> bool:
        """Whether an attribute, decoded as `header.scan` does, matches: one of its values does."""
        if isinstance(self.criterion, Universal):
            return True
        if not text:
            return isinstance(self.criterion, Empty)
        return any(self.criterion.holds(normalise(self.vr, each)) for each in text.split("\\"))


def matcher(key: str, vr: str, *, fuzzy: bool = False) -> Matcher:
    """Read a key as it was written by the asker, several values joined by backslash.

    `fuzzy` asks for fuzzy matching of names. Raises `Malformed` for a date or time that is none.
    """
    if len(key) > MAX_KEY_LENGTH:
        raise Malformed(f"a key of {len(key)} characters is too long to be meant")
    key = key.strip(" \0")
    if not key.strip("*"):
        return Matcher(vr, Universal())
    if key == _EMPTY_KEY:
        return Matcher(vr, Empty())
    if vr in {"DA", "TM", "DT"}:
        return Matcher(vr, _moments(key, vr))
    if vr == "PN" and fuzzy:
        return Matcher(vr, Words(tuple(_WORD.findall(normalise_name(re.sub(r"[*?]", " ", key))))))
    values = [normalise(vr, value) for value in key.split("\\") if value.strip()]
    if vr == "PN":
        values = [pattern for value in values for pattern in _in_any_group(value)]
    return Matcher(vr, _either(values, wildcards=vr in _WILDCARD_VRS))


def _either(values: list[str], *, wildcards: bool) -> Criterion:
    plain = [v for v in values if not (wildcards and re.search(r"[*?]", v))]
    patterns = [Like(re.sub(r"\*+", "*", v)) for v in values if v not in plain]
    criteria: list[AnyOf | Like | Range] = [*([AnyOf(tuple(plain))] if plain else []), *patterns]
    return criteria[0] if len(criteria) == 1 else Either(tuple(criteria))


def _in_any_group(key: str) -> list[str]:
    """Let a name key without ``=`` match any component group: alphabetic or other writing."""
    if "=" in key:
        return [key]
    ends = [key] if key.endswith("*") else [key, key + "=*"]
    return ends if key.startswith("*") else [*ends, *("*=" + end for end in ends)]


def _moments(key: str, vr: str) -> Criterion:
    criteria: list[AnyOf | Like | Range] = []
    for part in key.split("\\"):
        if re.search(r"[*?]", part):  # not in the standard, asked for all the same
            criteria.append(Like(part.strip()))
        else:
            criteria.append(_moment(part.strip(), vr))
    return criteria[0] if len(criteria) == 1 else Either(tuple(criteria))


def _moment(text: str, vr: str) -> AnyOf | Range:
    form = {"DA": _DATE, "TM": _TIME, "DT": _DATETIME}[vr]
    compact = normalise_date(text) if vr == "DA" else text.replace(":", "")
    if form.fullmatch(compact):
        low, high = _bounds(compact, vr)
        return AnyOf((low,)) if vr == "DA" else Range(low, high)
    for cut in (match.start() for match in re.finditer("-", compact)):
        first, last = compact[:cut].strip(), compact[cut + 1 :].strip()
        if (first or last) and all(not end or form.fullmatch(end) for end in (first, last)):
            return Range(
                _bounds(first, vr)[0] if first else "", _bounds(last, vr)[1] if last else ""
            )
    raise Malformed(f"not a value or range of {vr}: {text[:64]!r} (PS3.4 C.2.2.2.5)")


def _bounds(text: str, vr: str) -> tuple[str, str]:
    """First and last moment that a value, perhaps of low precision, stands for."""
    if vr == "DA":
        return text, text
    if vr == "DT":
        text = re.sub(_OFFSET + "$", "", text)  # compared as the clock on the wall showed it
    whole, _, fraction = text.partition(".")
    least, most = ("00000101000000", "99991231235959") if vr == "DT" else ("000000", "235959")
    low = whole + least[len(whole) :]
    high = whole + most[len(whole) :] + "." + (fraction.ljust(6, "9") if fraction else "999999")
    return low + ("." + fraction if fraction else ""), high


@dataclass(frozen=True, slots=True)
class DateTimeRange:
    """A range over date and time together (PS3.4 C.2.2.2.5.4).

    Bounds are a date followed by a time, to be compared with ``normalise(DA) + normalise(TM)``.
    """

    low: str
    high: str

    def holds(self, date: str, time: str) -> bool:
        """Whether a date and a time, decoded, lie in the range. Without a date nothing does."""
        moment = normalise_date(date) + (normalise_time(time) or "000000")
        return bool(date) and self.low <= moment and (not self.high or moment <= self.high)


def combined(date_key: str, time_key: str) -> DateTimeRange:
    """Read a date range and a time range as one range. Raises `Malformed`."""
    ends = []
    for key, vr in ((date_key, "DA"), (time_key, "TM")):
        criterion = _moment(key.strip(), vr)
        low, high = (
            (criterion.low, criterion.high)
            if isinstance(criterion, Range)
            else (criterion.values[0], criterion.values[0])
        )
        ends.append((low, high))
    (first_day, last_day), (first_time, last_time) = ends
    return DateTimeRange(
        first_day + (first_time or "000000") if first_day else "",
        last_day + (last_time or "235959.999999") if last_day else "",
    )


def matches_all(matchers: Mapping[int, Matcher], header: Mapping[int, str]) -> bool:
    """Whether every key matches; `header` is decoded text by tag."""
    return all(each.matches(header.get(tag, "")) for tag, each in matchers.items())


def normalise(vr: str, value: str) -> str:
    """Bring one value into the form that criteria speak of."""
    if vr == "PN":
        return normalise_name(value)
    if vr == "TM":
        return normalise_time(value)
    if vr == "DA":
        return normalise_date(value)
    if vr == "DT":
        low = re.sub(_OFFSET + "$", "", value.strip())
        return _bounds(low, "DT")[0] if _DATETIME.fullmatch(low) else low
    if vr == "IS":
        text = value.strip()
        return str(int(text)) if re.fullmatch(r"[+-]?\d{1,12}", text) else text
    return value.strip()


def normalise_date(text: str) -> str:
    """Write a date as YYYYMMDD; ACR-NEMA's dots go."""
    return text.strip().replace(".", "")


def normalise_time(text: str) -> str:
    """Write a time with six digits or more, so that text order is the order of time."""
    text = text.strip().replace(":", "")
    whole, dot, fraction = text.partition(".")
    return whole.ljust(6, "0") + dot + fraction if _TIME.fullmatch(text) else text


@lru_cache(maxsize=8192)
def _fold(sign: str) -> str:
    plain = unicodedata.normalize("NFKD", sign.upper().translate(_LETTERS))
    return "".join(c for c in plain if not unicodedata.combining(c)).upper()


def normalise_name(text: str) -> str:
    """Write a name without case, accents, ligatures and needless delimiters.

    Component groups stay apart by ``=`` and components by ``^``.
    """
    if not text.isascii():
        text = "".join(map(_fold, unicodedata.normalize("NFKC", text)))
    groups = (
        "^".join(" ".join(part.split()) for part in group.split("^")).rstrip("^")
        for group in text.upper().split("=")
    )
    return "=".join(groups).rstrip("=")


def words_of(name: str) -> list[str]:
    """Give the words of a name as fuzzy matching sees them."""
    return _WORD.findall(normalise_name(name))


def _like(pattern: str, text: str) -> bool:
    """Match without backtracking into earlier stars: a hostile pattern costs no more."""
    at = seen = 0
    star, resume = -1, 0
    while seen < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, resume, at = at, seen, at + 1
        elif at < len(pattern) and pattern[at] in {"?", text[seen]}:
            at, seen = at + 1, seen + 1
        elif star >= 0:
            resume += 1
            at, seen = star + 1, resume
        else:
            return False
    return not pattern[at:].strip("*")


def matchers(
    keys: Mapping[int, str], vrs: Mapping[int, str], *, fuzzy: bool = False
) -> dict[int, Matcher]:
    """Read all keys of a query; tags without a known VR are left out. Raises `Malformed`."""
    return {tag: matcher(key, vrs[tag], fuzzy=fuzzy) for tag, key in keys.items() if tag in vrs}
