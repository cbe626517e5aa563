"""The data types that orders and registrations use (HL7 chapter 2A), read from a repetition."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Self

from archipel.standards.hl7v2.escape import Separators
from archipel.standards.hl7v2.message import NULL, Segment, part

_MOMENT = re.compile(
    r"(\d{4})(\d\d)?(\d\d)?(?:(\d\d)(?:(\d\d)(?:(\d\d)(\.\d{1,6})?)?)?)?([+-]\d{4})?"
)


@dataclass(frozen=True, slots=True)
class Hd:
    """Hierarchic designator: who assigns. A namespace of the site, a universal id and its type."""

    namespace: str = ""
    universal_id: str = ""
    universal_id_type: str = ""

    @property
    def name(self) -> str:
        """Return the namespace, or the universal id where there is none."""
        return self.namespace or self.universal_id


NOBODY = Hd()


@dataclass(frozen=True, slots=True)
class Cx:
    """Identifier with its assigning authority and type (PI, INS, AN, VN...)."""

    value: str = ""
    authority: Hd = NOBODY
    type: str = ""

    @classmethod
    def of(cls, repetition: str, signs: Separators) -> Self:
        """Read one repetition."""
        authority = _hd(repetition, 4, signs)
        return cls(part(repetition, 1, 1, signs).strip(), authority, part(repetition, 5, 1, signs))


@dataclass(frozen=True, slots=True)
class Ei:
    """Entity identifier: an order number, an accession number, with who gave it."""

    value: str = ""
    authority: Hd = NOBODY

    @classmethod
    def of(cls, repetition: str, signs: Separators) -> Self:
        """Read one repetition. EI has its authority in components 2 to 4, not in one."""
        return cls(
            part(repetition, 1, 1, signs).strip(),
            Hd(*(part(repetition, number, 1, signs).strip() for number in (2, 3, 4))),
        )


@dataclass(frozen=True, slots=True)
class Coded:
    """CE or CWE: code, text, coding system."""

    code: str = ""
    text: str = ""
    system: str = ""

    @classmethod
    def of(cls, repetition: str, signs: Separators, *, first: int = 1) -> Self:
        """Read one repetition; `first` is 4 for the alternate code."""
        return cls(*(part(repetition, first + n, 1, signs).strip() for n in range(3)))


@dataclass(frozen=True, slots=True)
class Moment:
    """A date, perhaps a time, as written: local to whoever wrote it unless `offset` is there."""

    date: str = ""  # YYYYMMDD, or its beginning
    time: str = ""  # HHMMSS[.ffffff], or its beginning
    offset: str = ""  # +ZZZZ

    @classmethod
    def of(cls, text: str) -> Self | None:
        """Read a TS or DTM; None when it is none."""
        found = _MOMENT.fullmatch(text.strip())
        if found is None:
            return None
        year, month, day, hour, minute, second, fraction, offset = (
            each or "" for each in found.groups()
        )
        moment = cls(year + month + day, hour + minute + second + fraction, offset)
        try:
            moment.aware(UTC)
        except ValueError:
            return None
        return moment

    def aware(self, local: tzinfo) -> datetime:
        """Return the instant, what is left out being its beginning. Raises `ValueError`."""
        zone = local
        if self.offset:
            minutes = int(self.offset[1:3]) * 60 + int(self.offset[3:5])
            zone = timezone(timedelta(minutes=minutes if self.offset[0] == "+" else -minutes))
        date, time = self.date.ljust(4, "0"), self.time
        whole = date + "0101"[len(date) - 4 :] if len(date) < 8 else date  # noqa: PLR2004 (DA)
        clock, _, fraction = time.partition(".")
        digits = whole + clock.ljust(6, "0") + fraction.ljust(6, "0")
        return datetime.strptime(digits, "%Y%m%d%H%M%S%f").replace(tzinfo=zone).astimezone(UTC)


def cxs(segment: Segment, field: int) -> tuple[Cx, ...]:
    """Return the identifiers of a field, those without value left out."""
    found = (Cx.of(one, segment.separators) for one in segment.repetitions(field))
    return tuple(one for one in found if one.value and one.value != NULL)


def ei(segment: Segment, field: int) -> Ei:
    """Return the entity identifier of a field."""
    return Ei.of(next(iter(segment.repetitions(field)), ""), segment.separators)


def coded(segment: Segment, field: int, *, first: int = 1) -> Coded:
    """Return the coded value of a field."""
    return Coded.of(next(iter(segment.repetitions(field)), ""), segment.separators, first=first)


def person_name(segment: Segment, field: int, *, french: bool = False) -> str:
    """Return a name (XPN) as DICOM writes it: family^given^middle^prefix^suffix (PS3.5 6.2.1).

    The legal or birth name (types L, N) goes first. `french`: the third component is the list of
    all given names (PAM France), not a middle name.
    """
    names = segment.repetitions(field)
    signs = segment.separators
    legal = [one for one in names if part(one, 7, 1, signs) in {"L", "N"}]
    chosen = next(iter([*legal, *names]), "")
    family, given, middle, suffix, prefix = (part(chosen, n, 1, signs) for n in range(1, 6))
    return _dicom_name(family, given, "" if french else middle, prefix, suffix)


def professional(segment: Segment, field: int) -> str:
    """Return the name of a professional (XCN) as DICOM writes it; empty when there is none."""
    first = next(iter(segment.repetitions(field)), "")
    signs = segment.separators
    family, given, middle, suffix, prefix = (part(first, n, 1, signs) for n in range(2, 7))
    return _dicom_name(family, given, middle, prefix, suffix)


def moment(segment: Segment, field: int, component: int = 1) -> Moment | None:
    """Return the moment of a field; None when there is none, or it is none."""
    return Moment.of(segment.text(field, component))


def _hd(repetition: str, component: int, signs: Separators) -> Hd:
    return Hd(*(part(repetition, component, sub, signs).strip() for sub in (1, 2, 3)))


def _dicom_name(*parts: str) -> str:
    cleaned = (one.replace("^", " ").replace("=", " ").replace("\\", " ") for one in parts)
    return "^".join(one.strip() for one in cleaned).rstrip("^")
