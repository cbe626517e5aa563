"""Header scan: the indexed attributes of an instance, read in one pass and nothing else.

It runs once for every instance received, so it decodes only what `attributes` names and stops
before the pixels. Layout rules: PS3.5 section 7; text: `charset`.
"""

import struct

from archipel.kernel.errors import Malformed
from archipel.standards.dicom.attributes import ALSO_WITHIN, INDEXED
from archipel.standards.dicom.charset import (
    DEFAULT,
    SPECIFIC_CHARACTER_SET,
    TEXT_VRS,
    CharacterSet,
    character_set,
)
from archipel.standards.dicom.elements import (
    LONG_VRS,
    SHORT_VRS,
    UNDEFINED,
    Buffer,
    Encoding,
    NeedMore,
    encoding_of,
    head,
    holds_items,
    inflate_prefix,
    is_vr,
    item,
    of_items,
    skip,
    within,
)
from archipel.standards.dicom.transfer_syntax import of

__all__ = ["NeedMore", "scan"]

MAX_VALUE_BYTES = 16_384  # of one indexed value; the longest lawful one is far below
INFLATE_FIRST_BYTES = 65_536  # enough for nearly every header
INFLATE_LIMIT_BYTES = 16 * 1024 * 1024  # a header larger than this is a deflate bomb

_PLAIN = {a.tag: a.vr for a in INDEXED.values() if a.within is None}
_NESTED: dict[int, dict[int, str]] = {}
for _attribute in INDEXED.values():
    if _attribute.within is not None:
        _NESTED.setdefault(_attribute.within, {})[_attribute.tag] = _attribute.vr
for _tag, _sequence in ALSO_WITHIN.items():
    _NESTED.setdefault(_sequence, {})[_tag] = INDEXED[_tag].vr
_WANTED: dict[int, str] = _PLAIN | dict.fromkeys(_NESTED, "SQ")
_NOT_TEXT = frozenset(tag for tag, vr in _WANTED.items() if vr in {"SQ", "US"})
_LAST = max(_WANTED)
_NO_LIMIT = 0xFFFFFFFF
_STUDY_INSTANCE_UID = 0x0020000D

_Late = list[tuple[int, str, bytes]]  # values that wait for the character set: tag, VR, bytes


def scan(data: Buffer, transfer_syntax: str, *, complete: bool = True) -> dict[int, str]:
    """Read the indexed attributes (`attributes.INDEXED`) of a data set.

    Text is decoded by its specific character set, padding is stripped, values are joined by
    backslash, numbers are written in decimal; of a sequence all items are joined. An attribute
    that is absent is absent, one that is empty is an empty text.

    With `complete` False, `data` is only the first part of the data set, and `NeedMore` tells
    that the part ends before the last indexed attribute could have come. Raises `Malformed`
    (of which `NeedMore` is a kind) for anything that cannot be read.
    """
    syntax = of(transfer_syntax)
    if not syntax.deflated:
        return _scan_laid_out(data, encoding_of(syntax, data), complete=complete)
    limit = INFLATE_FIRST_BYTES
    while True:
        text, whole = inflate_prefix(data, limit_bytes=limit)
        try:
            return _scan_laid_out(text, encoding_of(syntax, text), complete=complete and whole)
        except NeedMore as more:
            if len(text) < limit or whole:  # all input is used up
                at_least = len(data) + (0 if whole else 1)
                raise NeedMore(at_least) from None
            limit = max(limit * 8, more.at_least_bytes + 8)
            if limit > INFLATE_LIMIT_BYTES:
                raise Malformed(
                    f"the deflated header inflates to more than {INFLATE_LIMIT_BYTES} bytes"
                ) from None


def _scan_laid_out(data: Buffer, encoding: Encoding, *, complete: bool) -> dict[int, str]:
    found = _top_level(data, encoding, _LAST, complete=complete)
    if _STUDY_INSTANCE_UID not in found:
        # Out of order data sets are unlawful (PS3.5 section 7.1) but exist: look to the end.
        found = _top_level(data, encoding, _NO_LIMIT, complete=complete)
    return found


def _top_level(  # noqa: C901, PLR0912 (the hot loop: a call per element would double its time)
    data: Buffer, encoding: Encoding, last: int, *, complete: bool
) -> dict[int, str]:
    found: dict[int, str] = {}
    late: _Late = []
    read_head, u32, explicit = encoding.head, encoding.u32, encoding.explicit
    end = len(data)
    position = 0
    try:
        while position < end:
            group, element, vr, length = read_head(data, position)
            tag = group << 16 | element
            if tag > last:
                break
            if explicit and vr in SHORT_VRS:
                position += 8
            elif explicit and (vr in LONG_VRS or is_vr(vr)):
                length = u32(data, position + 8)[0]
                position += 12
            else:
                length = u32(data, position + 4)[0]
                position += 8
            if length == UNDEFINED:
                start = position
                position = skip(data, start, encoding, vr)
                if tag in _NESTED:
                    _read_items(data, (start, position), encoding, tag, late)
                continue
            start = position
            position += length
            if tag in _WANTED:
                if position > end:
                    break
                if length <= MAX_VALUE_BYTES and tag not in _NOT_TEXT:
                    text = str(data[start:position], "latin-1")
                    if text.isascii() and "\x1b" not in text:
                        text = text.strip(" \0")
                        found[tag] = _clean(text) if "\\" in text else text
                        continue
                number = _take(data, (start, position), encoding, tag, late)
                if number is not None:
                    found[tag] = number
    except struct.error:
        if complete and not any(data[position:]):
            position = end  # padding after the last element
        else:
            raise NeedMore(position + 12) from None
    if position > end or (position == end and not complete):
        raise NeedMore(max(position, end + 1))
    return _decoded(found, late)


def _take(
    data: Buffer, span: tuple[int, int], encoding: Encoding, tag: int, late: _Late
) -> str | None:
    """Read a wanted value that is not plain ASCII text; give a number, put off the rest."""
    start, stop = span
    vr = _WANTED[tag]
    if vr == "SQ":
        if holds_items(data, start, stop - start):
            _read_items(data, span, encoding, tag, late)
        return None
    if stop - start > MAX_VALUE_BYTES:
        raise Malformed(
            f"the value of {tag >> 16:04X},{tag & 0xFFFF:04X} is longer than "
            f"{MAX_VALUE_BYTES} bytes"
        )
    if vr == "US" and stop - start in {2, 4}:  # text of a wrong VR in its place stays text
        return "\\".join(str(encoding.u16(data, at)[0]) for at in range(start, stop, 2))
    late.append((tag, vr, bytes(data[start:stop])))
    return None


def _clean(text: str) -> str:
    text = text.strip(" \0")
    if "\\" in text:
        return "\\".join(part.strip(" \0") for part in text.split("\\"))
    return text


def _decoded(found: dict[int, str], late: _Late) -> dict[int, str]:
    """Add what waited for the character set."""
    charset: CharacterSet = DEFAULT
    if late:
        charset = character_set(found.get(SPECIFIC_CHARACTER_SET, ""))
    for tag, vr, raw in late:
        text = charset.decode(raw, name=vr == "PN") if vr in TEXT_VRS else raw.decode("latin-1")
        earlier = found.get(tag)
        found[tag] = _clean(text) if earlier is None else f"{earlier}\\{_clean(text)}"
    return found


def _read_items(
    data: Buffer, span: tuple[int, int], encoding: Encoding, sequence: int, late: _Late
) -> None:
    """Read what is wanted of the items that lie in `span`."""
    wanted = _NESTED[sequence]
    position, stop = span
    encoding = of_items(encoding, data, position)
    content = data[:stop]  # nothing of the sequence may reach beyond it
    try:
        while position < stop:
            _, length, position = item(content, position, encoding)
            end = stop if length == UNDEFINED else position + length
            _fits(end, stop)
            inner = within(encoding, b"UN", content, position)  # it may be one
            while position < end:
                tag, vr, length, position = head(content, position, inner)
                if tag >> 16 == 0xFFFE:  # noqa: PLR2004 (the end of the item or of the sequence)
                    break
                if length == UNDEFINED:
                    position = skip(content, position, inner, vr)
                    continue
                _fits(position + length, end)
                if tag in wanted and length <= MAX_VALUE_BYTES:
                    late.append((tag, wanted[tag], bytes(content[position : position + length])))
                position += length
    except NeedMore:
        raise Malformed(
            f"an item of {sequence >> 16:04X},{sequence & 0xFFFF:04X} reaches beyond its sequence"
        ) from None


def _fits(position: int, end: int) -> None:
    if position > end:
        raise NeedMore(position)
