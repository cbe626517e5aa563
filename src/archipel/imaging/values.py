"""A large value of a data set, found again: what the metadata document leaves out."""

from archipel.imaging.transcode import MAX_INFLATED_BYTES
from archipel.standards.dicom import dataset as grammar
from archipel.standards.dicom import transfer_syntax as ts
from archipel.standards.dicom.elements import IMPLICIT_LITTLE, ITEM, inflate, item


def value_at(dataset: bytes, transfer_syntax: str, path: tuple[int, ...]) -> bytes | None:
    """Return one value, little endian; None where there is none.

    `path` is a tag, or sequence, item (1 first), tag and deeper. Of encapsulated pixel data all
    fragments are given, joined. Raises `Malformed`.
    """
    if ts.of(transfer_syntax).deflated:
        dataset = inflate(dataset, limit_bytes=MAX_INFLATED_BYTES)
        transfer_syntax = ts.EXPLICIT_VR_LITTLE_ENDIAN
    found = grammar.read(dataset, transfer_syntax)
    for sequence, number in zip(path[:-1:2], path[1:-1:2], strict=True):
        element = found.elements.get(sequence)
        if element is None or isinstance(element.value, bytes) or number > len(element.value):
            return None
        found = element.value[number - 1]
    element = found.elements.get(path[-1])
    if element is None or not isinstance(element.value, bytes):
        return None
    return _joined(element.value) if element.encapsulated else element.value


def _joined(fragments: bytes) -> bytes:
    """Join fragments, each under its item head, the offset table (the first item) left out."""
    found, position = [], 0
    while position < len(fragments):
        kind, length, position = item(fragments, position, IMPLICIT_LITTLE)
        if kind != ITEM:
            break
        found.append(fragments[position : position + length])
        position += length
    return b"".join(found[1:])
