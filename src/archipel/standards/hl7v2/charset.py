"""Character sets of messages (MSH-18, HL7 table 0211)."""

from archipel.standards.hl7v2.errors import Condition, Fault, Location

_CODECS = {
    "ASCII": "ascii",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",  # not in the table, and common
    "8859/1": "iso8859-1",
    "8859/2": "iso8859-2",
    "8859/3": "iso8859-3",
    "8859/4": "iso8859-4",
    "8859/5": "iso8859-5",
    "8859/6": "iso8859-6",
    "8859/7": "iso8859-7",
    "8859/8": "iso8859-8",
    "8859/9": "iso8859-9",
    "8859/15": "iso8859-15",
}
DEFAULT = "UNICODE UTF-8"
"""For a message that names none: the table says ASCII, of which this is the widest reading."""


def codec_of(name: str) -> str:
    """Return Python's name of a character set. Raises `Fault`."""
    found = _CODECS.get(name.strip().upper() or DEFAULT)
    if found is None:
        raise Fault(
            f"the character set is not one of {', '.join(_CODECS)}",
            where=Location("MSH", field=18),
            condition=Condition.TABLE_VALUE,
        )
    return found


def decoded(data: bytes, name: str) -> str:
    """Decode a message, strictly: one wrong sign makes all others doubtful. Raises `Fault`."""
    try:
        return data.decode(codec_of(name))
    except UnicodeDecodeError as error:
        raise Fault(
            f"byte {error.start} is none of {name or DEFAULT}: name the character set in MSH-18",
            where=Location("MSH", field=18),
        ) from None


def encoded(text: str, name: str) -> bytes:
    """Encode a message. Raises `Fault` when the character set lacks a sign."""
    try:
        return text.encode(codec_of(name))
    except UnicodeEncodeError as error:
        raise Fault(
            f"sign {error.start} is not in {name or DEFAULT}", where=Location("MSH", field=18)
        ) from None
