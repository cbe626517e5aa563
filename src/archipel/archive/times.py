"""The moment a study is listed under: its date and time as digits that sort."""

from archipel.standards.dicom.matching import normalise_date, normalise_time

_DATE_DIGITS, _TIME_DIGITS = 8, 12


def moment(date: str, time: str) -> str:
    """Give date and time as 20 digits to the microsecond, empty where there is no date.

    A time that is absent or none counts as midnight.
    """
    day = normalise_date(date)
    if not (len(day) == _DATE_DIGITS and _are_digits(day)):
        return ""
    whole, _, fraction = normalise_time(time).partition(".")
    clock = whole + fraction.ljust(_TIME_DIGITS - len(whole), "0")
    good = len(clock) == _TIME_DIGITS and _are_digits(clock)
    return day + (clock if good else "0" * _TIME_DIGITS)


def _are_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
