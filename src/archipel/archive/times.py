"""Dates and times as digits that sort (PS3.5 section 6.2, value representations DA and TM)."""

_DATE_DIGITS, _TIME_DIGITS = 8, 12


def date_digits(text: str) -> str:
    """Give a date as 8 digits, empty where it is none. Takes the old form with full stops."""
    digits = text.strip().replace(".", "")
    return digits if len(digits) == _DATE_DIGITS and _is_number(digits) else ""


def time_digits(text: str) -> str:
    """Give a time as 12 digits to the microsecond, empty where it is none.

    Takes the old form with colons; what is left out at the end counts as zero.
    """
    whole, _, fraction = text.strip().replace(":", "").partition(".")
    digits = whole.ljust(6, "0") + fraction.ljust(6, "0")
    good = len(whole) in (2, 4, 6) and len(digits) == _TIME_DIGITS and _is_number(digits)
    return digits if good else ""


def moment(date: str, time: str) -> str:
    """Give date and time as 20 digits that sort, empty where there is no date."""
    day = date_digits(date)
    return day + (time_digits(time) or "0" * _TIME_DIGITS) if day else ""


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
