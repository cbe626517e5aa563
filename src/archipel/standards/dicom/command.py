"""Command sets of the DIMSE services (PS3.7 section 6.3 and Annex E), bytes to values and back.

Always implicit VR little endian. Values are int (US, UL), str (UI, AE, LO), or a tuple of int
(AT and US of several values); an element of group 0000 that is not in the dictionary is kept as
bytes. Nothing here knows what a service means.
"""

import struct
from collections.abc import Mapping
from enum import IntEnum

from archipel.kernel.errors import Malformed

MAX_BYTES = 65536  # the largest legitimate command set is under 1 KiB
NO_DATASET = 0x0101
_HEAD = struct.Struct("<HHI")
_U16 = struct.Struct("<H")
_U32 = struct.Struct("<I")
_MAX_COMMENT = 64  # (0000,0902) is LO

Value = int | str | bytes | tuple[int, ...]


class CommandField(IntEnum):
    """(0000,0100) of the services spoken here (PS3.7 table E.1-1)."""

    C_STORE_RQ = 0x0001
    C_GET_RQ = 0x0010
    C_FIND_RQ = 0x0020
    C_MOVE_RQ = 0x0021
    C_ECHO_RQ = 0x0030
    C_CANCEL_RQ = 0x0FFF
    N_EVENT_REPORT_RQ = 0x0100
    N_ACTION_RQ = 0x0130
    N_CREATE_RQ = 0x0140


RESPONSE = 0x8000  # the bit that makes a request's field its response's


class Element(IntEnum):
    """Elements of group 0000 (PS3.7 Annex E)."""

    GROUP_LENGTH = 0x0000
    AFFECTED_SOP_CLASS = 0x0002
    REQUESTED_SOP_CLASS = 0x0003
    COMMAND_FIELD = 0x0100
    MESSAGE_ID = 0x0110
    MESSAGE_ID_RESPONDED_TO = 0x0120
    MOVE_DESTINATION = 0x0600
    PRIORITY = 0x0700
    DATASET_TYPE = 0x0800
    STATUS = 0x0900
    OFFENDING_ELEMENT = 0x0901
    ERROR_COMMENT = 0x0902
    ERROR_ID = 0x0903
    AFFECTED_SOP_INSTANCE = 0x1000
    REQUESTED_SOP_INSTANCE = 0x1001
    EVENT_TYPE = 0x1002
    ATTRIBUTE_LIST = 0x1005
    ACTION_TYPE = 0x1008
    REMAINING = 0x1020
    COMPLETED = 0x1021
    FAILED = 0x1022
    WARNING = 0x1023
    MOVE_ORIGINATOR_TITLE = 0x1030
    MOVE_ORIGINATOR_MESSAGE = 0x1031


_UI = frozenset({0x0002, 0x0003, 0x1000, 0x1001})
_TEXT = frozenset({0x0600, 0x0902, 0x1030})
_US = frozenset(
    {0x0100, 0x0110, 0x0120, 0x0700, 0x0800, 0x0900, 0x0903, 0x1002, 0x1008}
    | {0x1020, 0x1021, 0x1022, 0x1023, 0x1031}
)
_AT = frozenset({0x0901, 0x1005})
_NAMED = (
    (Element.AFFECTED_SOP_CLASS, Element.REQUESTED_SOP_CLASS),
    (Element.AFFECTED_SOP_INSTANCE, Element.REQUESTED_SOP_INSTANCE),
)


class Command:
    """One command set: element number -> value. Group length is computed, never kept."""

    __slots__ = ("values",)

    def __init__(self, values: Mapping[int, Value]) -> None:
        self.values = dict(values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Command) and self.values == other.values

    def __hash__(self) -> int:
        return hash(frozenset(self.values.items()))

    def __repr__(self) -> str:
        """Return field, message and status only: a command may name a patient's instance."""
        shown = (Element.COMMAND_FIELD, Element.MESSAGE_ID, Element.STATUS)
        return f"Command({ ({e.name: self.values[e] for e in shown if e in self.values}) })"

    def number(self, element: int) -> int:
        """Return a numeric value. Raises `Malformed` when it is absent."""
        value = self.values.get(element)
        if not isinstance(value, int):
            raise Malformed(f"a command without (0000,{element:04X})")
        return value

    def count(self, element: int) -> int:
        """Return a number of sub-operations; 0 where the peer says nothing."""
        value = self.values.get(element, 0)
        return value if isinstance(value, int) else 0

    def text(self, element: int) -> str:
        """Return a text value, empty when it is absent."""
        value = self.values.get(element, "")
        return value if isinstance(value, str) else ""

    @property
    def field(self) -> int:
        """(0000,0100)."""
        return self.number(Element.COMMAND_FIELD)

    @property
    def message_id(self) -> int:
        """(0000,0110)."""
        return self.number(Element.MESSAGE_ID)

    @property
    def status(self) -> int:
        """(0000,0900)."""
        return self.number(Element.STATUS)

    @property
    def has_dataset(self) -> bool:
        """Whether a data set follows (PS3.7 E.1, (0000,0800))."""
        return self.number(Element.DATASET_TYPE) != NO_DATASET

    def encode(self) -> bytes:
        """Return the command set as sent, elements ascending, group length first."""
        parts = []
        for element in sorted(self.values):
            raw = _encode_value(element, self.values[element])
            parts.append(_HEAD.pack(0, element, len(raw)) + raw)
        body = b"".join(parts)
        return _HEAD.pack(0, 0, 4) + _U32.pack(len(body)) + body

    def response(self, status: int, *, dataset: bool = False, comment: str = "") -> "Command":
        """Return the response to this request (PS3.7 section 9.3)."""
        values: dict[int, Value] = {
            Element.COMMAND_FIELD: self.field | RESPONSE,
            Element.MESSAGE_ID_RESPONDED_TO: self.message_id,
            Element.DATASET_TYPE: 0 if dataset else NO_DATASET,
            Element.STATUS: status,
        }
        for element, requested in _NAMED:  # what an N-service requests is affected by it
            if element in self.values or requested in self.values:
                values[element] = self.values.get(element) or self.values[requested]
        for element in (Element.EVENT_TYPE, Element.ACTION_TYPE):
            if element in self.values:
                values[element] = self.values[element]
        if comment:
            plain = comment.encode("ascii", "replace").decode("ascii")
            values[Element.ERROR_COMMENT] = plain.replace("\\", "/")[:_MAX_COMMENT].strip()
        return Command(values)


def request(field: CommandField, message_id: int, sop_class: str, *, dataset: bool) -> Command:
    """Return the elements that every C-service request has; priority is medium."""
    values: dict[int, Value] = {
        Element.AFFECTED_SOP_CLASS: sop_class,
        Element.COMMAND_FIELD: field,
        Element.MESSAGE_ID: message_id,
        Element.DATASET_TYPE: 0 if dataset else NO_DATASET,
    }
    if field != CommandField.C_ECHO_RQ:
        values[Element.PRIORITY] = 0
    return Command(values)


def event_report(message_id: int, sop_class: str, sop_instance: str, event_type: int) -> Command:
    """Return an N-EVENT-REPORT-RQ with a data set (PS3.7 section 10.3.1)."""
    return Command(
        {
            Element.AFFECTED_SOP_CLASS: sop_class,
            Element.COMMAND_FIELD: CommandField.N_EVENT_REPORT_RQ,
            Element.MESSAGE_ID: message_id,
            Element.DATASET_TYPE: 0,
            Element.AFFECTED_SOP_INSTANCE: sop_instance,
            Element.EVENT_TYPE: event_type,
        }
    )


def action(message_id: int, sop_class: str, sop_instance: str, action_type: int) -> Command:
    """Return an N-ACTION-RQ with a data set (PS3.7 section 10.3.4)."""
    return Command(
        {
            Element.REQUESTED_SOP_CLASS: sop_class,
            Element.COMMAND_FIELD: CommandField.N_ACTION_RQ,
            Element.MESSAGE_ID: message_id,
            Element.DATASET_TYPE: 0,
            Element.REQUESTED_SOP_INSTANCE: sop_instance,
            Element.ACTION_TYPE: action_type,
        }
    )


def creation(message_id: int, sop_class: str, sop_instance: str) -> Command:
    """Return an N-CREATE-RQ with a data set (PS3.7 section 10.3.5)."""
    return Command(
        {
            Element.AFFECTED_SOP_CLASS: sop_class,
            Element.COMMAND_FIELD: CommandField.N_CREATE_RQ,
            Element.MESSAGE_ID: message_id,
            Element.DATASET_TYPE: 0,
            Element.AFFECTED_SOP_INSTANCE: sop_instance,
        }
    )


def cancel(message_id: int) -> Command:
    """Return C-CANCEL-RQ for the request of that message id (PS3.7 section 9.3.2.3)."""
    return Command(
        {
            Element.COMMAND_FIELD: CommandField.C_CANCEL_RQ,
            Element.MESSAGE_ID_RESPONDED_TO: message_id,
            Element.DATASET_TYPE: NO_DATASET,
        }
    )


def decode(raw: bytes) -> Command:
    """Read a whole command set. Raises `Malformed`, and nothing else, whatever the bytes.

    A wrong group length is forgiven: real devices write it, and every element has its own.
    """
    if len(raw) > MAX_BYTES:
        raise Malformed(f"a command set of {len(raw)} bytes: at most {MAX_BYTES} are read")
    values: dict[int, Value] = {}
    at = 0
    while at < len(raw):
        if at + _HEAD.size > len(raw):
            raise Malformed(f"{len(raw) - at} stray bytes at the end of a command set")
        group, element, length = _HEAD.unpack_from(raw, at)
        at += _HEAD.size
        if group != 0:
            raise Malformed(f"group {group:04X} in a command set: only 0000 belongs there")
        if at + length > len(raw):
            raise Malformed(f"(0000,{element:04X}) says {length} bytes, {len(raw) - at} are left")
        if element != Element.GROUP_LENGTH:
            values[element] = _decode_value(element, raw[at : at + length])
        at += length
    return Command(values)


def _encode_value(element: int, value: Value) -> bytes:
    match value:
        case bytes():
            return value
        case int():
            return _U16.pack(value)
        case tuple():
            return b"".join(_U16.pack(tag >> 16) + _U16.pack(tag & 0xFFFF) for tag in value)
    raw = value.encode("latin-1")
    return raw if len(raw) % 2 == 0 else raw + (b"\0" if element in _UI else b" ")


def _decode_value(element: int, raw: bytes) -> Value:
    if element in _UI:
        return raw.rstrip(b"\0 ").decode("latin-1")
    if element in _TEXT:
        return raw.strip(b"\0 ").decode("latin-1")
    if element in _US:
        if len(raw) != _U16.size:
            raise Malformed(f"(0000,{element:04X}) holds {len(raw)} bytes, not one 16-bit number")
        number: int = _U16.unpack(raw)[0]
        return number
    if element in _AT and len(raw) % 4 == 0:
        pairs = struct.iter_unpack("<HH", raw)
        return tuple(group << 16 | element for group, element in pairs)
    return raw
