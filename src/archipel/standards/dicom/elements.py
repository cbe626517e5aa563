"""How data elements lie in bytes (PS3.5 section 7): heads, lengths, items, sequences to skip.

Every walk is bounded: nesting by `MAX_DEPTH`, positions by the end of the buffer. What does not
fit raises `Malformed`; what ends too early raises `NeedMore`, its subclass.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from archipel.kernel.errors import Malformed
from archipel.standards.dicom.transfer_syntax import TransferSyntax

Buffer = bytes | memoryview

MAX_DEPTH = 64  # sequences within sequences; real objects stay under ten
UNDEFINED = 0xFFFFFFFF
_PIECE_BYTES = 65_536  # of a deflated stream, looked at together
PIXEL_DATA = 0x7FE00010
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD

_ITEM_STARTS = frozenset(
    struct.pack(order + "HH", tag >> 16, tag & 0xFFFF)
    for order in "<>"
    for tag in (ITEM, SEQUENCE_END)
)

SHORT_VRS = frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split()
)  # 16-bit length
LONG_VRS = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())  # 32-bit length


class NeedMore(Malformed):
    """The buffer ends inside what was asked for.

    A receiver that holds only the first part comes back with at least `at_least_bytes` (counted
    from the start of the data set); for one that holds it all, the data set is cut short.
    """

    def __init__(self, at_least_bytes: int) -> None:
        super().__init__(
            f"the data set is cut short: {at_least_bytes} bytes or more are needed; "
            "send the instance again"
        )
        self.at_least_bytes = at_least_bytes


@dataclass(frozen=True, slots=True)
class Encoding:
    """One way to lay elements out, with the readers for it (group, element, ...)."""

    explicit: bool
    little_endian: bool
    head: Callable[[Buffer, int], tuple[int, int, bytes, int]]  # group, element, VR, 16 bits
    item: Callable[[Buffer, int], tuple[int, int, int]]  # group, element, 32 bits
    u16: Callable[[Buffer, int], tuple[int]]
    u32: Callable[[Buffer, int], tuple[int]]


def _encoding(order: str, *, explicit: bool) -> Encoding:
    def reader(form: str) -> Callable[..., tuple[int, ...]]:
        return struct.Struct(order + form).unpack_from

    return Encoding(
        explicit,
        order == "<",
        reader("HH2sH"),  # type: ignore[arg-type] # the format says bytes for 2s
        reader("HHI"),  # type: ignore[arg-type] # three fields
        reader("H"),  # type: ignore[arg-type] # one field
        reader("I"),  # type: ignore[arg-type] # one field
    )


IMPLICIT_LITTLE = _encoding("<", explicit=False)
EXPLICIT_LITTLE = _encoding("<", explicit=True)
EXPLICIT_BIG = _encoding(">", explicit=True)
IMPLICIT_BIG = _encoding(">", explicit=False)  # only inside unknown VRs of big endian objects


def is_vr(code: bytes) -> bool:
    """Whether two bytes can be a value representation at all: two capital letters."""
    return code.isalpha() and code.isupper()


def encoding_of(syntax: TransferSyntax, data: Buffer) -> Encoding:
    """How `data` (inflated already) is laid out.

    The first element decides when it contradicts the transfer syntax: devices do write implicit
    VR under an explicit label and the reverse, and every reader in the field copes.
    """
    explicit = syntax.explicit
    if len(data) >= 8:  # noqa: PLR2004 (one head)
        vr = bytes(data[4:6])
        explicit = vr in SHORT_VRS or vr in LONG_VRS if not explicit else is_vr(vr)
    if not syntax.little_endian:
        return EXPLICIT_BIG if explicit else IMPLICIT_BIG
    return EXPLICIT_LITTLE if explicit else IMPLICIT_LITTLE


def implicit(encoding: Encoding) -> Encoding:
    """Give the implicit form in the same byte order."""
    return IMPLICIT_LITTLE if encoding.little_endian else IMPLICIT_BIG


def within(encoding: Encoding, vr: bytes, data: Buffer, position: int) -> Encoding:
    """Say how the elements of an item at `position` lie, the item being in a value of `vr`.

    Sequences of unknown VR hold implicit elements (PS3.5 6.2.2 note 5); some writers copy
    explicit ones into them, which the first element gives away.
    """
    if vr != b"UN" or not encoding.explicit:
        return encoding
    shown = bytes(data[position + 4 : position + 6])
    return encoding if shown in SHORT_VRS or shown in LONG_VRS else implicit(encoding)


def of_items(encoding: Encoding, data: Buffer, position: int) -> Encoding:
    """Say how items lie that start at `position`, in a sequence of a data set so encoded.

    Values of unknown VR are little endian whatever the transfer syntax (PS3.5 6.2.2 note 6).
    """
    if encoding.little_endian or bytes(data[position : position + 2]) != b"\xfe\xff":
        return encoding
    return IMPLICIT_LITTLE


def head(data: Buffer, position: int, encoding: Encoding) -> tuple[int, bytes, int, int]:
    """Read one element head: tag, VR (empty when implicit), length, start of the value.

    Raises `NeedMore`, `Malformed`.
    """
    try:
        group, element, vr, length = encoding.head(data, position)
        tag = group << 16 | element
        if not encoding.explicit or group == 0xFFFE:  # noqa: PLR2004 (items have no VR, PS3.5 7.5)
            return tag, b"", encoding.u32(data, position + 4)[0], position + 8
        if vr in SHORT_VRS:
            return tag, vr, length, position + 8
        if is_vr(vr):  # a VR of the future has a 32-bit length too (PS3.5 7.1.2)
            return tag, vr, encoding.u32(data, position + 8)[0], position + 12
        # Some writers drop to implicit VR for single elements.
        return tag, b"", encoding.u32(data, position + 4)[0], position + 8
    except struct.error:
        raise NeedMore(position + 12) from None


def skip(data: Buffer, position: int, encoding: Encoding, vr: bytes) -> int:
    """Pass over a value of undefined length whose items start at `position`.

    Returns the position after its sequence delimiter. Raises `NeedMore`, `Malformed`.
    """
    end = len(data)
    open_sequences = [(of_items(encoding, data, position), vr)]
    inside: list[Encoding] = []  # encoding of each open item
    while open_sequences:
        if len(inside) < len(open_sequences):
            tag, length, position = item(data, position, open_sequences[-1][0])
            if tag == SEQUENCE_END:
                open_sequences.pop()
            elif length == UNDEFINED:
                inside.append(within(*open_sequences[-1], data, position))
            else:
                position += length
        else:
            tag, vr, length, position = head(data, position, inside[-1])
            if tag == ITEM_END:
                inside.pop()
            elif length == UNDEFINED:
                if len(open_sequences) >= MAX_DEPTH:
                    raise Malformed(f"sequences nest deeper than {MAX_DEPTH} at byte {position}")
                open_sequences.append((of_items(inside[-1], data, position), vr))
            else:
                position += length
        if position > end:
            raise NeedMore(position)
    return position


def item(data: Buffer, position: int, encoding: Encoding) -> tuple[int, int, int]:
    """Read an item head or a sequence delimiter: tag, length, position after it."""
    try:
        group, element, length = encoding.item(data, position)
    except struct.error:
        raise NeedMore(position + 8) from None
    tag = group << 16 | element
    if tag not in {ITEM, SEQUENCE_END}:
        raise Malformed(f"expected an item at byte {position}, found {group:04X},{element:04X}")
    return tag, length, position + 8


def holds_items(data: Buffer, start: int, length: int) -> bool:
    """Whether a value begins with an item, as that of a sequence must.

    A few tags were something else before they became sequences, (0040,A170) for one: in implicit
    VR only the content tells.
    """
    return length in {0, UNDEFINED} or bytes(data[start : start + 4]) in _ITEM_STARTS


def inflate(data: Buffer, *, limit_bytes: int) -> bytes:
    """Inflate a deflated data set (PS3.5 section A.5), no further than `limit_bytes`.

    Raises `Malformed` for a stream that is damaged, cut short or larger than that. The size is
    found before anything is kept, so that refusing a bomb costs time but no memory.
    """
    complete = _inflated_bytes(data, limit_bytes) <= limit_bytes
    text = b""
    if complete:
        text, complete = inflate_prefix(data, limit_bytes=limit_bytes)
    if not complete:
        raise Malformed(
            f"the deflated data set is cut short or inflates to more than {limit_bytes} bytes"
        )
    return text


def _inflated_bytes(data: Buffer, limit_bytes: int) -> int:
    """Measure what a stream inflates to, no further than just beyond `limit_bytes`."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    size = 0
    try:
        for start in range(0, len(data), _PIECE_BYTES):
            rest: Buffer = data[start : start + _PIECE_BYTES]
            while len(rest) and not stream.eof and size <= limit_bytes:
                size += len(stream.decompress(rest, 16 * _PIECE_BYTES))
                rest = stream.unconsumed_tail
            if stream.eof or size > limit_bytes:
                break
    except zlib.error as error:
        raise Malformed(f"the data set does not inflate: {error}") from None
    return size


def inflate_prefix(data: Buffer, *, limit_bytes: int) -> tuple[bytes, bool]:
    """Inflate at most `limit_bytes`; also whether that was all. Raises `Malformed`."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        text = stream.decompress(data, limit_bytes)
        beyond = b"" if stream.eof else stream.decompress(stream.unconsumed_tail, 1)
    except zlib.error as error:
        raise Malformed(f"the data set does not inflate: {error}") from None
    return text, stream.eof and not beyond


def walk(
    data: Buffer, encoding: Encoding, position: int = 0
) -> Iterator[tuple[int, bytes, int, int, int]]:
    """Go through the elements of one data set (not into its sequences) up to its end.

    Gives tag, VR (empty when implicit), length (or `UNDEFINED`), start of the value, position
    after the element. Raises `NeedMore`, `Malformed`.
    """
    end = len(data)
    while position < end:
        if end - position < 8 and not any(data[position:]):  # noqa: PLR2004 (a head has 8 bytes)
            return  # padding after the last element
        tag, vr, length, start = head(data, position, encoding)
        position = skip(data, start, encoding, vr) if length == UNDEFINED else start + length
        if position > end:
            raise NeedMore(position)
        yield tag, vr, length, start, position
