"""The DICOM JSON model (PS3.18 Annex F): written straight from bytes, and read back.

Metadata of an instance is made once, when its series is sealed, from the data set as received;
answers to queries are made from `DataSet` or from decoded text.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from archipel.kernel.errors import Malformed
from archipel.standards.dicom.charset import (
    DEFAULT,
    SPECIFIC_CHARACTER_SET,
    UTF_8,
    CharacterSet,
    character_set,
)
from archipel.standards.dicom.dataset import PIXEL_REPRESENTATION, DataSet, Element, swapped
from archipel.standards.dicom.dictionary import vr_of
from archipel.standards.dicom.elements import (
    ITEM_END,
    LONG_VRS,
    MAX_DEPTH,
    SEQUENCE_END,
    SHORT_VRS,
    UNDEFINED,
    Buffer,
    Encoding,
    NeedMore,
    encoding_of,
    head,
    holds_items,
    inflate_prefix,
    item,
    of_items,
    skip,
    within,
)
from archipel.standards.dicom.json_values import (
    character_set_json,
    inline_binary,
    is_bulk,
    opening,
    raw_value,
    short_json,
    text_json,
    value_json,
)
from archipel.standards.dicom.pixels import DOUBLE_PIXEL_DATA, FLOAT_PIXEL_DATA, PIXEL_DATA
from archipel.standards.dicom.transfer_syntax import of

INLINE_BYTES = 1024  # longer binary values are given by reference
INFLATE_LIMIT_BYTES = 24 * 1024 * 1024  # memory peaks at twice that

Path = tuple[int, ...]
"""Where a value is: its tag, after pairs of sequence tag and item number (1 first)."""

BulkUri = Callable[[Path], str]

_PIXELS = frozenset({PIXEL_DATA, FLOAT_PIXEL_DATA, DOUBLE_PIXEL_DATA})
_PADDING = 0xFFFCFFFC  # data set trailing padding says nothing
_KNOWN = {vr: vr.decode("ascii") for vr in SHORT_VRS | LONG_VRS}
_SHORT_BYTES = 64  # the same few hundred values stand in every instance of a series
_SHORT_VRS = frozenset(vr for vr in _KNOWN.values() if vr[0] != "O" and vr not in {"SQ", "UN"})
_APART = frozenset({SPECIFIC_CHARACTER_SET, PIXEL_REPRESENTATION, _PADDING}) | _PIXELS


def to_json(
    data: Buffer,
    transfer_syntax: str,
    bulk_uri: BulkUri,
    *,
    inline_bytes: int = INLINE_BYTES,
    added: tuple[int, bytes] | None = None,
) -> bytes:
    """Write a data set as received as one JSON object.

    Text is converted to UTF-8 and (0008,0005) says so. Pixel data, and binary values of more
    than `inline_bytes`, become ``BulkDataURI``; so pixel data may be cut short. Group lengths
    and padding are left out. `added` is an attribute object, written already, that stands for
    whatever the data set holds under its tag. Raises `Malformed`.
    """
    syntax = of(transfer_syntax)
    if syntax.deflated:  # where it is cut, it is cut in the pixels
        data, _ = inflate_prefix(data, limit_bytes=INFLATE_LIMIT_BYTES)
    writer = _Writer(data, bulk_uri, inline_bytes, added[0] if added else UNDEFINED)
    position = writer.elements((0, len(data)), encoding_of(syntax, data), DEFAULT, ())
    if position < len(data):
        raise Malformed(f"the data set ends at byte {position} of {len(data)}")
    return writer.joined(added)


@dataclass(slots=True)
class _Writer:
    data: Buffer
    bulk_uri: BulkUri
    inline_bytes: int
    awaited: int  # the tag of what is added
    out: list[bytes] = field(default_factory=list)
    signed: bool = False
    disordered: bool = False  # somewhere the tags do not rise, or the awaited one is there
    behind: int = -1  # in `out`, the first element of the top level behind the awaited one

    def joined(self, added: tuple[int, bytes] | None) -> bytes:
        """Join all, with what is added in its place."""
        out = self.out
        if added is None:
            return b"".join(out)
        if self.disordered:
            elements = orjson.loads(b"".join(out))  # of a tag that stands twice, the last one
            elements |= orjson.loads(b"{%s}" % added[1])
            return orjson.dumps(dict(sorted(elements.items())))
        if self.behind >= 0:
            out[self.behind] += added[1] + b","
        else:
            out[-1] = (b"," if len(out) > 1 else b"{") + added[1] + b"}"
        return b"".join(out)

    def elements(
        self, span: tuple[int, int], encoding: Encoding, charset: CharacterSet, path: Path
    ) -> int:
        """Write the elements that lie in `span`, or up to the end of the item, as an object."""
        data, out = self.data, self.out
        short = min(_SHORT_BYTES, self.inline_bytes) if encoding.little_endian else -1
        position, end = span
        separator, last = b"{", -1
        while position < end:
            if end - position < 8 and not any(data[position:end]):  # noqa: PLR2004 (a head has 8 bytes)
                position = end
                break
            tag, code, length, start = head(data, position, encoding)
            if tag == ITEM_END and path:
                position = start
                break
            if tag <= last or (not path and tag >= self.awaited):
                self._note(tag, last)
            last = tag
            vr = self._vr(tag, code, start, length)
            known = self._short(tag, vr, start, length) if length <= short else b""
            if known and start + length <= end:
                out += (separator, known)
                separator, position = b",", start + length
                continue
            pixels = tag in _PIXELS and (not path or length == UNDEFINED)
            stop = self._stop((start, length, end), encoding, code, pixels=pixels)
            if tag & 0xFFFF == 0 or tag == _PADDING:
                position = stop
                continue
            out += (separator, opening(tag, vr))
            separator = b","
            if vr == "SQ":
                position = self._sequence((start, stop), encoding, code, charset, (*path, tag))
                continue
            position = stop
            if tag == SPECIFIC_CHARACTER_SET:
                charset = character_set(str(data[start:stop], "latin-1"))
                out.append(character_set_json())
            elif pixels or is_bulk(vr, length, inline_bytes=self.inline_bytes):
                out.append(b',"BulkDataURI":' + orjson.dumps(self.bulk_uri((*path, tag))) + b"}")
            else:
                self._value(tag, vr, data[start:stop], encoding, charset)
        out.append(b"{}" if separator == b"{" else b"}")
        return position

    def _short(self, tag: int, vr: str, start: int, length: int) -> bytes:
        """Write a short element that reads the same wherever it stands; empty: it is none."""
        if vr not in _SHORT_VRS or tag in _APART or not tag & 0xFFFF:
            return b""
        return short_json(tag, vr, bytes(self.data[start : start + length]))

    def _stop(
        self, span: tuple[int, int, int], encoding: Encoding, code: bytes, *, pixels: bool
    ) -> int:
        """Say where a value of `span` (start, length, end of what holds it) ends."""
        start, length, end = span
        if pixels:
            return self._after_pixels(start, length, encoding, code)
        stop = end if length == UNDEFINED else start + length
        if stop > end:
            raise NeedMore(stop)
        return stop

    def _note(self, tag: int, last: int) -> None:
        """Note what decides where something is added, or that it cannot be said so."""
        self.disordered = self.disordered or tag <= last or tag == self.awaited
        if self.behind < 0 and tag >= self.awaited:
            self.behind = len(self.out)

    def _vr(self, tag: int, code: bytes, start: int, length: int) -> str:
        if tag >> 16 == 0xFFFE:  # noqa: PLR2004 (the group of items and delimiters)
            raise Malformed("a delimiter stands alone")
        if length == UNDEFINED:
            return "OB" if tag in _PIXELS else "SQ"
        vr = _KNOWN.get(code, "UN")
        if vr == "UN":
            vr = vr_of(tag, signed=self.signed)
            return "UN" if vr == "SQ" and not holds_items(self.data, start, length) else vr
        return vr

    def _value(
        self, tag: int, vr: str, raw: Buffer, encoding: Encoding, charset: CharacterSet
    ) -> None:
        if not encoding.little_endian:
            raw = swapped(vr, bytes(raw))
        if tag == PIXEL_REPRESENTATION:
            self.signed = bytes(raw[:1]) == b"\1"
        self.out.append(value_json(vr, raw, charset))

    def _sequence(
        self,
        span: tuple[int, int],
        encoding: Encoding,
        code: bytes,
        charset: CharacterSet,
        path: Path,
    ) -> int:
        if len(path) > 2 * MAX_DEPTH:
            raise Malformed(f"sequences nest deeper than {MAX_DEPTH} at byte {span[0]}")
        position, end = span
        encoding = of_items(encoding, self.data, position)
        separator, number = b',"Value":[', 0
        while position < end:
            tag, length, position = item(self.data, position, encoding)
            if tag == SEQUENCE_END:
                break
            stop = end if length == UNDEFINED else position + length
            if stop > end:
                raise NeedMore(stop)
            number += 1
            self.out.append(separator)
            separator = b","
            inner = within(encoding, code or b"SQ", self.data, position)
            position = self.elements((position, stop), inner, charset, (*path, number))
        self.out.append(b"]}" if number else b"}")
        return position

    def _after_pixels(self, start: int, length: int, encoding: Encoding, code: bytes) -> int:
        """Position after pixel data; the end of the data where it is cut short."""
        if length != UNDEFINED:
            return start + length
        try:
            return skip(self.data, start, encoding, code)
        except NeedMore:
            return len(self.data)


def dataset_json(dataset: DataSet, bulk_uri: BulkUri | None = None) -> bytes:
    """Write a data set in memory as one JSON object; without `bulk_uri` all of it is inline."""
    out: list[bytes] = []
    _dataset_into(out, dataset, bulk_uri, ())
    return b"".join(out)


def _dataset_into(
    out: list[bytes], dataset: DataSet, bulk_uri: BulkUri | None, path: Path
) -> None:
    separator = b"{"
    charset = dataset.charset
    for tag in dataset:
        element = dataset.elements[tag]
        if tag & 0xFFFF == 0 or tag == _PADDING:
            continue
        out += (separator, opening(tag, element.vr))
        separator = b","
        if isinstance(element.value, list):
            for number, each in enumerate(element.value, 1):
                out.append(b',"Value":[' if number == 1 else b",")
                _dataset_into(out, each, bulk_uri, (*path, tag, number))
            out.append(b"]}" if element.value else b"}")
        elif tag == SPECIFIC_CHARACTER_SET:
            out.append(character_set_json())
        elif bulk_uri is not None and (
            tag in _PIXELS or is_bulk(element.vr, len(element.value), inline_bytes=INLINE_BYTES)
        ):
            out.append(b',"BulkDataURI":' + orjson.dumps(bulk_uri((*path, tag))) + b"}")
        else:
            out.append(value_json(element.vr, element.value, charset))
    out.append(b"{}" if separator == b"{" else b"}")


def texts_json(
    texts: Mapping[int, str], sequences: Mapping[int, list[bytes]] | None = None
) -> bytes:
    """Write decoded texts by tag as one JSON object, as answers to queries are.

    `sequences` adds sequences whose items are objects written already.
    """
    parts = {tag: _text_object(tag, text) for tag, text in texts.items()}
    for tag, items in (sequences or {}).items():
        value = b',"Value":[' + b",".join(items) + b"]}" if items else b"}"
        parts[tag] = opening(tag, "SQ") + value
    return b"{" + b",".join(parts[tag] for tag in sorted(parts)) + b"}"


def _text_object(tag: int, text: str) -> bytes:
    if tag == SPECIFIC_CHARACTER_SET:
        return opening(tag, "CS") + character_set_json()
    made = DataSet(outer=UTF_8)
    vr = vr_of(tag)
    if vr in {"US", "UL", "SS", "SL", "FL", "FD", "AT", "UV", "SV"}:
        made.set_text(tag, text, vr=vr)
        value = made.elements[tag].value
        return opening(tag, vr) + (
            value_json(vr, value, UTF_8) if isinstance(value, bytes) else b"}"
        )
    return opening(tag, vr) + text_json(vr, text)


def from_json(
    content: bytes | str | Mapping[str, Any], bulk: Callable[[str], bytes] | None = None
) -> DataSet:
    """Read one JSON object into a data set in UTF-8.

    `bulk` gives the bytes that a ``BulkDataURI`` names. Raises `Malformed`, also for a reference
    that nobody resolves.
    """
    try:
        parsed = content if isinstance(content, Mapping) else orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"not JSON: {error}") from None
    return _object(parsed, bulk, 0)


def _object(parsed: Any, bulk: Callable[[str], bytes] | None, depth: int) -> DataSet:
    if not isinstance(parsed, Mapping):
        raise Malformed("a data set is a JSON object (PS3.18 F.2.1)")
    if depth > MAX_DEPTH:
        raise Malformed(f"sequences nest deeper than {MAX_DEPTH}")
    made = DataSet(outer=UTF_8)
    for key, attribute in parsed.items():
        try:
            tag = int(key, 16) if len(key) == 8 else -1  # noqa: PLR2004 (GGGGEEEE)
        except ValueError:
            tag = -1
        vr = attribute.get("vr") if isinstance(attribute, Mapping) else None
        if tag < 0 or not isinstance(vr, str) or vr.encode() not in _KNOWN:
            raise Malformed(f"{str(key)[:16]!r} is no attribute object (PS3.18 F.2.2)")
        if tag == SPECIFIC_CHARACTER_SET:
            attribute = {"vr": "CS", "Value": ["ISO_IR 192"]}  # noqa: PLW2901 (JSON is UTF-8)
        made.elements[tag] = _element(vr, attribute, bulk, depth)
    return made


def _element(
    vr: str, attribute: Mapping[str, Any], bulk: Callable[[str], bytes] | None, depth: int
) -> Element:
    values = attribute.get("Value", [])
    if vr == "SQ":
        if not isinstance(values, list):
            raise Malformed("Value is an array (PS3.18 F.2.2)")
        return Element("SQ", [_object(each or {}, bulk, depth + 1) for each in values])
    if "BulkDataURI" in attribute:
        uri = attribute["BulkDataURI"]
        if bulk is None or not isinstance(uri, str):
            raise Malformed("a BulkDataURI refers to bytes that did not come with it")
        return Element(vr, bulk(uri))
    if "InlineBinary" in attribute:
        return Element(vr, inline_binary(attribute["InlineBinary"]))
    if values and vr.startswith("O"):
        raise Malformed(f"{vr} is given as InlineBinary or BulkDataURI (PS3.18 F.2.2)")
    return Element(vr, raw_value(vr, values, UTF_8))
