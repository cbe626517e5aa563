"""Values given by reference in metadata, found again by their path (PS3.18 section F.2.6)."""

from archipel.kernel.errors import Malformed, NotFound
from archipel.standards.dicom.dataset import swapped
from archipel.standards.dicom.dictionary import vr_of
from archipel.standards.dicom.elements import (
    ITEM_END,
    PIXEL_DATA,
    SEQUENCE_END,
    UNDEFINED,
    Buffer,
    Encoding,
    encoding_of,
    inflate,
    item,
    of_items,
    walk,
    within,
)
from archipel.standards.dicom.skeleton import fragments_at
from archipel.standards.dicom.transfer_syntax import of

INFLATE_LIMIT_BYTES = 256 * 1024 * 1024


def value_at(data: Buffer, transfer_syntax: str, path: tuple[int, ...]) -> bytes:
    """Find the value that `json_model` refers to by `path`, in little endian order.

    Of encapsulated pixel data, the contents of its fragments. Raises `NotFound`, `Malformed`.
    """
    syntax = of(transfer_syntax)
    if syntax.deflated:
        data = inflate(data, limit_bytes=INFLATE_LIMIT_BYTES)
    encoding = encoding_of(syntax, data)
    if len(path) % 2 == 0:
        raise NotFound("a path to a value is a tag after pairs of sequence and item number")
    for sequence, number in zip(path[:-1:2], path[1::2], strict=True):
        data, encoding = _item(data, encoding, sequence, number)
    tag, code, length, start, position = _element(data, encoding, path[-1])
    if length == UNDEFINED:
        if tag != PIXEL_DATA:
            raise NotFound("the path leads to a sequence, not to a value")
        _, fragments = fragments_at(data, start, encoding)
        return b"".join(bytes(data[f.start : f.start + f.length]) for f in fragments)
    raw = bytes(data[start:position])
    return raw if encoding.little_endian else swapped(code.decode("ascii") or vr_of(tag), raw)


def _element(data: Buffer, encoding: Encoding, wanted: int) -> tuple[int, bytes, int, int, int]:
    for found in walk(data, encoding):
        if found[0] == wanted:
            return found
    raise NotFound(f"the instance has no value at {wanted >> 16:04X},{wanted & 0xFFFF:04X}")


def _item(data: Buffer, encoding: Encoding, sequence: int, wanted: int) -> tuple[Buffer, Encoding]:
    """Cut one item, 1 first, out of a sequence."""
    _, code, _, position, end = _element(data, encoding, sequence)
    encoding = of_items(encoding, data, position)
    number = 0
    while position < end:
        tag, length, start = item(data, position, encoding)
        if tag == SEQUENCE_END:
            break
        number += 1
        inner = within(encoding, code, data, start)
        position = start + length if length != UNDEFINED else _after(data, start, inner)
        if number == wanted:
            if position > end:
                raise Malformed("an item reaches beyond its sequence")
            stop = position if length != UNDEFINED else position - 8
            return data[start:stop], inner
    raise NotFound(f"the sequence has no item {wanted}")


def _after(data: Buffer, position: int, encoding: Encoding) -> int:
    """Position after an item of undefined length whose elements start at `position`."""
    for tag, _, _, start, after in walk(data, encoding, position):
        if tag == ITEM_END:
            return start
        position = after
    raise Malformed(f"the item that ends at byte {position} has no delimiter")
