"""DICOM files: preamble, prefix, file meta information, data set (PS3.10 section 7)."""

import struct
from dataclasses import dataclass

from archipel.kernel.errors import Malformed
from archipel.kernel.uid import Uid
from archipel.standards.dicom.elements import (
    EXPLICIT_LITTLE,
    UNDEFINED,
    Buffer,
    NeedMore,
    head,
    is_vr,
)
from archipel.standards.dicom.header import scan
from archipel.standards.dicom.transfer_syntax import (
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)

IMPLEMENTATION_CLASS_UID = "2.25.137620731270193894213021906302958140245"
IMPLEMENTATION_VERSION_NAME = "ARCHIPEL_0.1"

MAX_META_BYTES = 65_536  # of group 2; the longest seen is under 2 KiB
_PREAMBLE_BYTES = 128
_PREFIX = b"DICM"
_META_GROUP = 0x0002
_FIRST_GROUPS = frozenset({b"\x08\x00", b"\x00\x08", b"\x04\x00", b"\x10\x00"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMeta:
    """What group 2 says. A field that is absent is empty, as is one that nobody may trust."""

    sop_class: str
    sop_instance: str
    transfer_syntax: str
    source: str = ""  # (0002,0016), application entity title
    implementation: str = ""  # (0002,0012)


def meta(*, sop_class: Uid, sop_instance: Uid, transfer_syntax: Uid, source: str = "") -> bytes:
    """Write preamble, prefix and group 2 of a file whose data set follows as it is."""
    group = b"".join(
        (
            struct.pack("<HH2sHI", 2, 0x0001, b"OB", 0, 2) + b"\0\1",
            _element(0x0002, b"UI", sop_class.value),
            _element(0x0003, b"UI", sop_instance.value),
            _element(0x0010, b"UI", transfer_syntax.value),
            _element(0x0012, b"UI", IMPLEMENTATION_CLASS_UID),
            _element(0x0013, b"SH", IMPLEMENTATION_VERSION_NAME),
            _element(0x0016, b"AE", source) if source else b"",
        )
    )
    length = struct.pack("<HH2sHI", 2, 0, b"UL", 4, len(group))
    return bytes(_PREAMBLE_BYTES) + _PREFIX + length + group


def _element(number: int, vr: bytes, text: str) -> bytes:
    raw = text.encode("ascii", "replace")
    if len(raw) % 2:
        raw += b"\0" if vr == b"UI" else b" "
    return struct.pack("<HH2sH", _META_GROUP, number, vr, len(raw)) + raw


def split(data: Buffer) -> tuple[FileMeta, int]:
    """Read the beginning of a file: its meta information and where its data set starts.

    A file without preamble or without group 2 is taken if a data set plainly starts there; its
    transfer syntax is then seen from the first element and its UIDs are read from the data set.
    `data` may be the first part of the file: `NeedMore` tells when it is too short. Raises
    `Malformed` for what is no DICOM file.
    """
    position = _PREAMBLE_BYTES + len(_PREFIX)
    bare = bytes(data[:2]) in _FIRST_GROUPS and bytes(data[position : position + 2]) != b"\2\0"
    if bytes(data[_PREAMBLE_BYTES:position]) != _PREFIX or bare:
        position = len(_PREFIX) if bytes(data[: len(_PREFIX)]) == _PREFIX else 0
    fields: dict[int, str] = {}
    start = position
    while bytes(data[position : position + 2]) == b"\x02\x00":
        tag, vr, length, value = head(data, position, EXPLICIT_LITTLE)
        if length == UNDEFINED or value + length - start > MAX_META_BYTES:
            raise Malformed(
                f"the file meta information is longer than {MAX_META_BYTES} bytes: "
                "the file is damaged"
            )
        if value + length > len(data):
            raise NeedMore(value + length)
        position = value + length
        if vr != b"OB":
            fields[tag & 0xFFFF] = str(data[value:position], "latin-1").strip(" \0")
    if not fields.get(0x0010):
        return _without_meta(data, position, fields), position
    return _file_meta(fields, fields[0x0010]), position


def _file_meta(fields: dict[int, str], transfer_syntax: str) -> FileMeta:
    return FileMeta(
        sop_class=fields.get(0x0002, ""),
        sop_instance=fields.get(0x0003, ""),
        transfer_syntax=transfer_syntax,
        source=fields.get(0x0016, ""),
        implementation=fields.get(0x0012, ""),
    )


def _without_meta(data: Buffer, position: int, fields: dict[int, str]) -> FileMeta:
    first = bytes(data[position : position + 8])
    if len(first) < 8:  # noqa: PLR2004 (an element head)
        raise NeedMore(position + 8)
    if first[:2] not in _FIRST_GROUPS:
        raise Malformed("no DICOM file: it has no DICM prefix and does not start with a data set")
    if first[:1] == b"\0":
        syntax = EXPLICIT_VR_BIG_ENDIAN
    elif is_vr(first[4:6]):
        syntax = EXPLICIT_VR_LITTLE_ENDIAN
    else:
        syntax = IMPLICIT_VR_LITTLE_ENDIAN
    header = scan(data[position:], syntax)
    fields = {0x0002: header.get(0x00080016, ""), 0x0003: header.get(0x00080018, ""), **fields}
    return _file_meta(fields, syntax)
