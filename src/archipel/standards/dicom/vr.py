"""Value representations: what the bytes of a value mean (PS3.5 section 6.2)."""

from archipel.standards.dicom.charset import TEXT_VRS

__all__ = ["BINARY_VRS", "NUMBERS", "SINGLE_TEXT_VRS", "TEXT_VRS", "WORD_BYTES", "padding"]

NUMBERS = {  # VR: format of one number for `struct`
    "US": "H",
    "SS": "h",
    "UL": "I",
    "SL": "i",
    "UV": "Q",
    "SV": "q",
    "FL": "f",
    "FD": "d",
}
BINARY_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
SINGLE_TEXT_VRS = frozenset({"ST", "LT", "UT", "UR"})  # a backslash in them is a backslash
WORD_BYTES = {  # size of the words whose bytes stand in the order of the transfer syntax
    "US": 2,
    "SS": 2,
    "UL": 4,
    "SL": 4,
    "UV": 8,
    "SV": 8,
    "FL": 4,
    "FD": 8,
    "AT": 2,
    "OW": 2,
    "OF": 4,
    "OL": 4,
    "OD": 8,
    "OV": 8,
}
MAX_SHORT_BYTES = 65_535  # of a value whose length has 16 bits (PS3.5 section 7.1.2)


def padding(vr: str) -> bytes:
    """Give the byte that makes a value's length even (PS3.5 section 6.2)."""
    return b"\0" if vr == "UI" or vr in BINARY_VRS else b" "
