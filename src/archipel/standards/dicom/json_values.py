"""Values in the DICOM JSON model: one element's bytes to JSON and back (PS3.18 section F.2)."""

import base64
import math
import re
import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import orjson

from archipel.kernel.errors import Malformed
from archipel.standards.dicom.charset import DEFAULT, TEXT_VRS, CharacterSet
from archipel.standards.dicom.vr import BINARY_VRS, NUMBERS, SINGLE_TEXT_VRS, WORD_BYTES, padding

MAX_INLINE_NUMBERS_BYTES = 1024 * 1024  # longer lists of numbers are bulk data too

_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_UTF_8 = b',"Value":["ISO_IR 192"]}'
_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


@lru_cache(maxsize=16_384)
def opening(tag: int, vr: str) -> bytes:
    """Write the beginning of an attribute object, up to its VR."""
    return b'"%08X":{"vr":"%s"' % (tag, vr.encode("ascii"))


def is_bulk(vr: str, length: int, *, inline_bytes: int) -> bool:
    """Whether a value is given by reference."""
    if vr in BINARY_VRS:
        return length > inline_bytes
    return vr in NUMBERS and length > MAX_INLINE_NUMBERS_BYTES


def value_json(vr: str, raw: bytes | memoryview, charset: CharacterSet) -> bytes:
    """Write the rest of an attribute object: its value in little endian order, closing brace."""
    if not len(raw):
        return b"}"
    if vr in BINARY_VRS:
        return b',"InlineBinary":"' + base64.b64encode(raw) + b'"}'
    if vr in NUMBERS or vr == "AT":
        return b',"Value":' + orjson.dumps(_numbers(vr, raw)) + b"}"
    text = str(raw, "latin-1")
    if vr in TEXT_VRS and (not text.isascii() or "\x1b" in text):
        text = charset.decode(bytes(raw), name=vr == "PN")
    return text_json(vr, text)


@lru_cache(maxsize=8_192)
def short_json(tag: int, vr: str, raw: bytes) -> bytes:
    """Write a whole attribute object of a short value, little endian; empty: text beyond ASCII."""
    if vr in TEXT_VRS and (not raw.isascii() or b"\x1b" in raw):
        return b""
    return opening(tag, vr) + value_json(vr, raw, DEFAULT)


def text_json(vr: str, text: str) -> bytes:
    """Write the rest of an attribute object from decoded text, values joined by backslash."""
    if vr in SINGLE_TEXT_VRS:
        text = text.rstrip(" \0")
        return b',"Value":' + orjson.dumps([text]) + b"}" if text else b"}"
    text = text.strip(" \0")
    if not text:
        return b"}"
    values = [part.strip(" \0") for part in text.split("\\")] if "\\" in text else [text]
    if vr in {"DS", "IS"}:
        return b',"Value":[' + b",".join(_decimal(vr, value) for value in values) + b"]}"
    if vr == "PN":
        return b',"Value":' + orjson.dumps([_name(value) for value in values]) + b"}"
    return b',"Value":' + orjson.dumps([value or None for value in values]) + b"}"


def character_set_json() -> bytes:
    """Write the rest of (0008,0005): JSON is UTF-8 whatever the source was (PS3.18 F.2.1.1.1)."""
    return _UTF_8


def _decimal(vr: str, text: str) -> bytes:
    """Write a decimal or integer string: as a number, digits untouched, where it is one."""
    if not text:
        return b"null"
    if vr == "IS":
        if _INTEGER.fullmatch(text):
            return b"%d" % int(text)
    elif _JSON_NUMBER.fullmatch(text):
        return text.encode("ascii")
    elif _DECIMAL.fullmatch(text) and math.isfinite(number := float(text)):
        return orjson.dumps(number)
    return orjson.dumps(text)


def _name(text: str) -> dict[str, str] | None:
    parts = text.split("=", 2)
    return {g: part for g, part in zip(_GROUPS, parts, strict=False) if part} or None


def _numbers(vr: str, raw: bytes | memoryview) -> Sequence[Any]:
    if vr == "AT":
        words = struct.unpack_from(f"<{len(raw) // 4 * 2}H", raw)
        return [f"{g:04X}{e:04X}" for g, e in zip(words[::2], words[1::2], strict=True)]
    numbers = struct.unpack_from(f"<{len(raw) // WORD_BYTES[vr]}{NUMBERS[vr]}", raw)
    if vr in {"FL", "FD"} and not all(map(math.isfinite, numbers)):
        return [n if math.isfinite(n) else _not_finite(n) for n in numbers]
    return numbers


def _not_finite(number: float) -> str:
    return next(
        text
        for text, value in _NOT_FINITE.items()
        if value == number or (math.isnan(value) and math.isnan(number))
    )


def raw_value(vr: str, values: Any, charset: CharacterSet) -> bytes:
    """Read the ``Value`` array of an attribute into bytes, little endian. Raises `Malformed`."""
    if not isinstance(values, list):
        raise Malformed("Value is an array (PS3.18 F.2.2)")
    try:
        if vr == "AT":
            tags = [int(value, 16) for value in values]
            return b"".join(struct.pack("<HH", tag >> 16, tag & 0xFFFF) for tag in tags)
        if vr in NUMBERS:
            kind = float if vr in {"FL", "FD"} else int
            return struct.pack(f"<{len(values)}{NUMBERS[vr]}", *map(kind, values))
    except (ValueError, TypeError, OverflowError, struct.error):
        raise Malformed(f"not values that {vr} can hold") from None
    text = "\\".join(_text(vr, value) for value in values)
    raw = (
        charset.encode(text, name=vr == "PN")
        if vr in TEXT_VRS
        else text.encode("ascii", "replace")
    )
    return raw + padding(vr) if len(raw) % 2 else raw


def _text(vr: str, value: Any) -> str:
    if value is None:
        return ""
    if vr == "PN" and isinstance(value, dict):
        groups = [value.get(group) or "" for group in _GROUPS]
        if not all(isinstance(group, str) for group in groups):
            raise Malformed("the groups of a name are texts (PS3.18 F.2.2)")
        return "=".join(groups).rstrip("=")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Malformed(f"not a value of {vr}: {type(value).__name__}")
    return value if isinstance(value, str) else _shortest(value)


def _shortest(number: float) -> str:
    """Write a number in the 16 signs that DS has (PS3.5 section 6.2)."""
    if isinstance(number, int):
        return str(number)
    text = repr(number).removesuffix(".0")
    precision = 16
    while len(text) > 16:  # noqa: PLR2004 (the length of a DS)
        precision -= 1
        text = f"{number:.{precision}g}"
    return text


def inline_binary(text: Any) -> bytes:
    """Read an ``InlineBinary``. Raises `Malformed`."""
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, TypeError):
        raise Malformed("InlineBinary is not base64 (PS3.18 F.2.7)") from None
