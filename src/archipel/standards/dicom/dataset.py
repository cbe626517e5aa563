"""A data set in memory: elements by tag, values as bytes (PS3.5 section 7).

Made for identifiers, responses and small objects; a whole image is never read this way.
Values are held in little endian order whatever the transfer syntax, text in the data set's
specific character set.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

from archipel.kernel.errors import Malformed
from archipel.standards.dicom.charset import (
    DEFAULT,
    SPECIFIC_CHARACTER_SET,
    TEXT_VRS,
    CharacterSet,
    character_set,
    suiting,
)
from archipel.standards.dicom.dictionary import vr_of
from archipel.standards.dicom.elements import (
    ITEM_END,
    LONG_VRS,
    MAX_DEPTH,
    PIXEL_DATA,
    SEQUENCE_END,
    UNDEFINED,
    Buffer,
    Encoding,
    NeedMore,
    encoding_of,
    head,
    holds_items,
    inflate,
    is_vr,
    item,
    of_items,
    skip,
    within,
)
from archipel.standards.dicom.transfer_syntax import TransferSyntax, of
from archipel.standards.dicom.vr import (
    BINARY_VRS,
    MAX_SHORT_BYTES,
    NUMBERS,
    SINGLE_TEXT_VRS,
    WORD_BYTES,
    padding,
)

MAX_ELEMENTS = 200_000  # items included; memory is bounded by it
PIXEL_REPRESENTATION = 0x00280103
_DELIMITERS = 0xFFFE  # the group of items and delimiters
INFLATE_LIMIT_BYTES = 32 * 1024 * 1024


@dataclass(slots=True)
class Element:
    """One element: bytes in little endian order, or items.

    `encapsulated` bytes are fragments, each with its item head (PS3.5 section A.4).
    """

    vr: str
    value: "bytes | list[DataSet]"
    encapsulated: bool = False


@dataclass(slots=True)
class DataSet:
    """Elements by tag. Text goes in and out decoded."""

    elements: dict[int, Element] = field(default_factory=dict)
    outer: CharacterSet = DEFAULT  # of the data set around an item that names none

    @classmethod
    def from_texts(
        cls, texts: Mapping[int, str], *, preferred: CharacterSet | None = None
    ) -> Self:
        """Make a data set of decoded texts by tag, as `header.scan` gives them.

        The character set is `preferred` if it has every sign, else the plainest that has.
        """
        made = cls()
        charset = suiting((t for t in texts.values() if not t.isascii()), preferred)
        if str(charset):
            made.set_text(SPECIFIC_CHARACTER_SET, str(charset))
        for tag in sorted(texts):
            if tag != SPECIFIC_CHARACTER_SET:
                made.set_text(tag, texts[tag])
        return made

    @property
    def charset(self) -> CharacterSet:
        """The specific character set in force here."""
        element = self.elements.get(SPECIFIC_CHARACTER_SET)
        if element is None or not isinstance(element.value, bytes):
            return self.outer
        return character_set(element.value.decode("latin-1"))

    def text(self, tag: int) -> str:
        """Decode a value as `header.scan` does: padding stripped, values joined by backslash.

        Empty where the element is absent, empty, a sequence or binary.
        """
        element = self.elements.get(tag)
        if element is None or not isinstance(element.value, bytes):
            return ""
        vr = vr_of(tag) if element.vr == "UN" else element.vr  # PS3.5 section 6.2.2 note 2
        return _text(vr, element.value, self.charset)

    def texts(self, tag: int) -> list[str]:
        """Decode the values of an element, one by one; none where it is absent or empty."""
        text = self.text(tag)
        if not text:
            return []
        return [text] if self.elements[tag].vr in SINGLE_TEXT_VRS else text.split("\\")

    def set_text(self, tag: int, text: str, *, vr: str = "") -> None:
        """Write a value from its text, in the character set in force.

        The VR is the dictionary's unless given. Raises `Malformed` for a number that is none.
        """
        vr = vr or vr_of(tag)
        self.elements[tag] = Element(vr, _raw(vr, text, self.charset))

    def items(self, tag: int) -> "list[DataSet]":
        """Give the items of a sequence; none where it is absent."""
        element = self.elements.get(tag)
        return element.value if element is not None and isinstance(element.value, list) else []

    def set_items(self, tag: int, items: "list[DataSet]") -> None:
        """Write a sequence."""
        charset = self.charset
        for each in items:
            each.outer = charset
        self.elements[tag] = Element("SQ", items)

    def __contains__(self, tag: int) -> bool:
        return tag in self.elements

    def __iter__(self) -> Iterator[int]:
        return iter(sorted(self.elements))

    def __len__(self) -> int:
        return len(self.elements)


def _text(vr: str, raw: bytes, charset: CharacterSet) -> str:
    if vr in NUMBERS or vr == "AT":
        return "\\".join(_numbers(vr, raw))
    if vr in BINARY_VRS or vr == "SQ":
        return ""
    text = charset.decode(raw, name=vr == "PN") if vr in TEXT_VRS else raw.decode("latin-1")
    if vr in SINGLE_TEXT_VRS:
        return text.rstrip(" \0")
    return "\\".join(part.strip(" \0") for part in text.split("\\"))


def _numbers(vr: str, raw: bytes) -> Iterator[str]:
    if vr == "AT":
        words = struct.unpack_from(f"<{len(raw) // 4 * 2}H", raw)
        return (f"{g:04X}{e:04X}" for g, e in zip(words[::2], words[1::2], strict=True))
    count = len(raw) // WORD_BYTES[vr]
    return (repr(number) for number in struct.unpack_from(f"<{count}{NUMBERS[vr]}", raw))


def _raw(vr: str, text: str, charset: CharacterSet) -> bytes:
    if vr in NUMBERS or vr == "AT":
        parts = [part.strip() for part in text.split("\\") if part.strip()]
        try:
            if vr == "AT":
                tags = [int(part, 16) for part in parts]
                return b"".join(struct.pack("<HH", tag >> 16, tag & 0xFFFF) for tag in tags)
            kind = float if vr in {"FL", "FD"} else int
            return struct.pack(f"<{len(parts)}{NUMBERS[vr]}", *map(kind, parts))
        except (ValueError, OverflowError, struct.error):
            raise Malformed(f"not a number that {vr} can hold: {text[:32]!r}") from None
    if vr == "SQ" or vr in BINARY_VRS:
        raise Malformed(f"a value of {vr} is not written as text")
    if vr in TEXT_VRS:
        raw = charset.encode(text, name=vr == "PN")
    else:
        raw = text.encode("ascii", "replace")
    return raw + padding(vr) if len(raw) % 2 else raw


def read(data: Buffer, transfer_syntax: str, *, max_elements: int = MAX_ELEMENTS) -> DataSet:
    """Read a data set whole. Raises `Malformed` for anything that is not one.

    A sequence of undefined length and unknown VR becomes a sequence. Where a tag comes twice the
    last one counts.
    """
    syntax = of(transfer_syntax)
    if syntax.deflated:
        data = inflate(data, limit_bytes=INFLATE_LIMIT_BYTES)
    reader = _Reader(data, max_elements)
    found = DataSet()
    position = reader.elements_into(found, 0, len(data), encoding_of(syntax, data), 0)
    if position != len(data):
        raise Malformed(f"the data set ends at byte {position} of {len(data)}")
    return found


@dataclass(slots=True)
class _Reader:
    data: Buffer
    left: int  # elements and items that may still come
    signed: bool = False  # what the dictionary leaves open (PS3.5 section A.1) is signed

    def elements_into(
        self, found: DataSet, position: int, end: int, encoding: Encoding, depth: int
    ) -> int:
        """Read elements up to `end` or the end of the item; returns the position after it."""
        data = self.data
        while position < end:
            if end - position < 8 and not any(data[position:end]):  # noqa: PLR2004 (a head has 8 bytes)
                return end
            tag, code, length, start = head(data, position, encoding)
            if tag == ITEM_END and depth:
                return start
            self._count()
            vr = code.decode("ascii") or self._implied_vr(tag, start, length)
            stop = end if length == UNDEFINED else start + length
            if stop > end:
                raise NeedMore(stop)
            if tag >> 16 == _DELIMITERS:
                raise Malformed(f"a delimiter stands alone at byte {position}")
            if tag == PIXEL_DATA and length == UNDEFINED:
                position = skip(data, start, encoding, code)
                value = bytes(data[start : position - 8])
                found.elements[tag] = Element(vr, value, encapsulated=True)
            elif vr == "SQ" or length == UNDEFINED:
                items, position = self._items(found, (start, stop), encoding, code, depth + 1)
                found.elements[tag] = Element("SQ", items)
            else:
                position = stop
                raw = bytes(data[start:stop])
                if not encoding.little_endian:
                    raw = swapped(vr, raw)
                if tag == PIXEL_REPRESENTATION:
                    self.signed = raw[:1] == b"\1"
                found.elements[tag] = Element(vr, raw)
        return position

    def _items(
        self,
        parent: DataSet,
        span: tuple[int, int],
        encoding: Encoding,
        vr: bytes,
        depth: int,
    ) -> tuple[list[DataSet], int]:
        if depth > MAX_DEPTH:
            raise Malformed(f"sequences nest deeper than {MAX_DEPTH} at byte {span[0]}")
        items: list[DataSet] = []
        position, end = span
        encoding = of_items(encoding, self.data, position)
        outer = parent.charset
        while position < end:
            tag, length, position = item(self.data, position, encoding)
            if tag == SEQUENCE_END:
                return items, position
            self._count()
            stop = end if length == UNDEFINED else position + length
            if stop > end:
                raise NeedMore(stop)
            made = DataSet(outer=outer)
            inner = within(encoding, vr, self.data, position)
            position = self.elements_into(made, position, stop, inner, depth)
            items.append(made)
        return items, position

    def _implied_vr(self, tag: int, start: int, length: int) -> str:
        vr = vr_of(tag, signed=self.signed)
        return "UN" if vr == "SQ" and not holds_items(self.data, start, length) else vr

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Malformed("the data set has more elements than any real one")


def swapped(vr: str, raw: bytes) -> bytes:
    """Turn the byte order of each word; a rest that is no word stays."""
    size = WORD_BYTES.get(vr, 1)
    if size == 1:
        return raw
    whole = len(raw) - len(raw) % size
    turned = bytearray(raw)
    for n in range(size):
        turned[n:whole:size] = raw[size - 1 - n : whole : size]
    return bytes(turned)


def write(dataset: DataSet, transfer_syntax: str) -> bytes:
    """Write a data set, elements in ascending order, sequences of defined length.

    Raises `Malformed` for values that the form cannot hold.
    """
    syntax = of(transfer_syntax)
    out = bytearray()
    _write_into(out, dataset, syntax)
    if not syntax.deflated:
        return bytes(out)
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    raw = stream.compress(out) + stream.flush()
    return raw + b"\0" if len(raw) % 2 else raw


def _write_into(out: bytearray, dataset: DataSet, syntax: TransferSyntax) -> None:
    order = "<" if syntax.little_endian else ">"
    for tag in dataset:
        element = dataset.elements[tag]
        if isinstance(element.value, bytes):
            value = element.value if syntax.little_endian else swapped(element.vr, element.value)
        else:
            content = bytearray()
            for each in element.value:
                start = len(content)
                content += struct.pack(order + "HHI", 0xFFFE, 0xE000, 0)
                _write_into(content, each, syntax)
                size = len(content) - start - 8
                struct.pack_into(order + "I", content, start + 4, size)
            value = bytes(content)
        length = UNDEFINED if element.encapsulated else len(value)
        out += struct.pack(order + "HH", tag >> 16, tag & 0xFFFF)
        vr = element.vr
        if not syntax.explicit:
            out += struct.pack(order + "I", length)
        elif vr.encode() in LONG_VRS or length > MAX_SHORT_BYTES:
            long_vr = vr if vr.encode() in LONG_VRS else "UN"  # PS3.5 section 6.2.2 note 7
            out += long_vr.encode() + struct.pack(order + "HI", 0, length)
        elif is_vr(vr.encode()):
            out += vr.encode() + struct.pack(order + "H", length)
        else:
            raise Malformed(f"{vr!r} is no value representation")
        out += value
        if element.encapsulated:
            out += struct.pack(order + "HHI", 0xFFFE, 0xE0DD, 0)
