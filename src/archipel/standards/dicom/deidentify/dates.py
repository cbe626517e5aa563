"""Dates put back by a number of days, in every form of DA, DT and TM (PS3.5 section 6.2)."""

import re
from datetime import date, timedelta

_DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")  # with points: ACR-NEMA
_MOMENT = re.compile(r"(\d{4})(\d{2})?(\d{2})?((?:\d{2}){0,3}(?:\.\d{1,6})?)([+-]\d{4})?")
_TIME = re.compile(r"\d{2}(?::?\d{2}){0,2}(?:\.\d{1,6})?")
_MIDDLE = 15  # of a month of which no day is told


def shifted(text: str, vr: str, *, earlier_days: int) -> str:
    """Put one value of DA or DT back; a TM stays. Empty for what is none.

    A date without day stays without; its month is that of its middle put back.
    """
    if vr == "TM":
        return text if _TIME.fullmatch(text) else ""
    if vr == "DA":
        found = _DATE.fullmatch(text)
        moved = _earlier(found[1], found[2], found[3], earlier_days) if found else None
        return f"{moved:%Y%m%d}" if moved and moved.year >= 1000 else ""  # noqa: PLR2004 (strftime writes fewer digits below)
    found = _MOMENT.fullmatch(text)
    if found is None:
        return ""
    moved = _earlier(found[1], found[2] or "06", found[3] or f"{_MIDDLE}", earlier_days)
    if moved is None or moved.year < 1000:  # noqa: PLR2004 (as above)
        return ""
    kept = f"{moved:%Y%m%d}"[: 4 + 2 * bool(found[2]) + 2 * bool(found[3])]
    return kept + (found[4] or "" if found[3] else "") + (found[5] or "")


def is_temporal(text: str, vr: str) -> bool:
    """Whether `text` is a date, a moment or a time at all, as its VR says."""
    return bool(shifted(text, vr, earlier_days=0))


def _earlier(year: str, month: str, day: str, days: int) -> date | None:
    try:
        return date(int(year), int(month), int(day)) - timedelta(days=days)
    except (ValueError, OverflowError):
        return None
