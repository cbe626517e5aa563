"""The seven protocol data units of the upper layer (PS3.8 section 9.3), bytes to values and back.

No I/O and no policy. UIDs and titles are text here, as the peer wrote them, padding removed:
whether they are acceptable is decided by the association, not by the grammar. Whoever reads from
a network checks `limits` against the length of the header before it reads the body.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

from archipel.kernel.errors import Malformed
from archipel.standards.dicom.user_information import (
    UserInformation,
    item,
    items,
    text,
)
from archipel.standards.dicom.user_information import decode as decode_user_information
from archipel.standards.dicom.user_information import encode as encode_user_information

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"  # PS3.7 A.2.1
HEADER = struct.Struct(">BBI")  # type, reserved, length of what follows
PDV_HEADER = struct.Struct(">IBB")  # length of what follows, context id, message control header
COMMAND, LAST = 1, 2  # bits of the message control header (PS3.8 Annex E.2)
_U16 = struct.Struct(">H")
_AE_BYTES = 16
_ASSOCIATE_HEAD = 68  # version, reserved, two titles, 32 reserved bytes (PS3.8 table 9-11)
_RESULT = 4  # bytes of A-ASSOCIATE-RJ, A-RELEASE and A-ABORT
_APPLICATION, _PROPOSED, _ANSWERED, _ABSTRACT, _TRANSFER, _USER = (
    0x10,
    0x20,
    0x21,
    0x30,
    0x40,
    0x50,
)


class PduType(IntEnum):
    """PDU-type, the first byte of every PDU."""

    ASSOCIATE_RQ = 1
    ASSOCIATE_AC = 2
    ASSOCIATE_RJ = 3
    DATA = 4
    RELEASE_RQ = 5
    RELEASE_RP = 6
    ABORT = 7


class ContextResult(IntEnum):
    """Answer to one proposed presentation context (PS3.8 table 9-18)."""

    ACCEPTANCE = 0
    USER_REJECTION = 1
    NO_REASON = 2
    ABSTRACT_SYNTAX_NOT_SUPPORTED = 3
    TRANSFER_SYNTAXES_NOT_SUPPORTED = 4


class RejectResult(IntEnum):
    """Whether trying again may help (PS3.8 table 9-21)."""

    PERMANENT = 1
    TRANSIENT = 2


class RejectReason(IntEnum):
    """Source and reason of a rejection, as source << 8 | reason (PS3.8 table 9-21)."""

    NO_REASON = 0x0101
    APPLICATION_CONTEXT = 0x0102
    CALLING_AE_TITLE = 0x0103
    CALLED_AE_TITLE = 0x0107
    ACSE_NO_REASON = 0x0201
    PROTOCOL_VERSION = 0x0202
    TEMPORARY_CONGESTION = 0x0301
    LOCAL_LIMIT = 0x0302


class AbortReason(IntEnum):
    """Source and reason of an abort, as source << 8 | reason (PS3.8 table 9-26)."""

    SERVICE_USER = 0x0000
    UNSPECIFIED = 0x0200
    UNRECOGNIZED_PDU = 0x0201
    UNEXPECTED_PDU = 0x0202
    UNRECOGNIZED_PARAMETER = 0x0204
    UNEXPECTED_PARAMETER = 0x0205
    INVALID_PARAMETER = 0x0206


@dataclass(frozen=True, slots=True)
class ProposedContext:
    """One presentation context as proposed (PS3.8 table 9-13)."""

    context_id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnsweredContext:
    """One presentation context as answered; the syntax means something on acceptance only."""

    context_id: int
    result: int
    transfer_syntax: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociateRq:
    """A-ASSOCIATE-RQ (PS3.8 section 9.3.2)."""

    called: str
    calling: str
    contexts: tuple[ProposedContext, ...]
    user: UserInformation
    application_context: str = APPLICATION_CONTEXT
    protocol_version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociateAc:
    """A-ASSOCIATE-AC (PS3.8 section 9.3.3). The titles repeat those of the request."""

    called: str
    calling: str
    contexts: tuple[AnsweredContext, ...]
    user: UserInformation
    application_context: str = APPLICATION_CONTEXT
    protocol_version: int = 1


@dataclass(frozen=True, slots=True)
class AssociateRj:
    """A-ASSOCIATE-RJ (PS3.8 section 9.3.4). `reason` is source << 8 | reason."""

    result: int
    reason: int


@dataclass(frozen=True, slots=True)
class Pdv:
    """One presentation data value: a fragment of a command or of a data set."""

    context_id: int
    control: int
    fragment: bytes


@dataclass(frozen=True, slots=True)
class DataTransfer:
    """P-DATA-TF (PS3.8 section 9.3.5)."""

    values: tuple[Pdv, ...]


@dataclass(frozen=True, slots=True)
class ReleaseRq:
    """A-RELEASE-RQ (PS3.8 section 9.3.6)."""


@dataclass(frozen=True, slots=True)
class ReleaseRp:
    """A-RELEASE-RP (PS3.8 section 9.3.7)."""


@dataclass(frozen=True, slots=True)
class Abort:
    """A-ABORT (PS3.8 section 9.3.8). `reason` is source << 8 | reason."""

    reason: int


Pdu = AssociateRq | AssociateAc | AssociateRj | DataTransfer | ReleaseRq | ReleaseRp | Abort


def limits(*, associate_bytes: int, data_bytes: int) -> dict[int, int]:
    """Return the longest body to read for each PDU type; another type is not a PDU."""
    fixed = {PduType.ASSOCIATE_RJ, PduType.RELEASE_RQ, PduType.RELEASE_RP, PduType.ABORT}
    longest: dict[int, int] = dict.fromkeys(fixed, _RESULT)
    longest[PduType.ASSOCIATE_RQ] = longest[PduType.ASSOCIATE_AC] = associate_bytes
    longest[PduType.DATA] = data_bytes
    return longest


def decode(kind: int, body: bytes) -> Pdu:  # noqa: PLR0911  (a return for each PDU)
    """Read the PDU whose header said `kind`; `body` is all of it after the header.

    Raises `Malformed`, and nothing else, whatever the bytes.
    """
    match kind:
        case PduType.ASSOCIATE_RQ:
            return associate_rq(body)
        case PduType.ASSOCIATE_AC:
            return _associate_ac(body)
        case PduType.DATA:
            return DataTransfer(tuple(_values(body)))
    if len(body) != _RESULT:
        raise Malformed(f"a PDU of type {kind:02X}H holds {len(body)} bytes, not {_RESULT}")
    match kind:
        case PduType.ASSOCIATE_RJ:
            return AssociateRj(body[1], body[2] << 8 | body[3])
        case PduType.RELEASE_RQ:
            return ReleaseRq()
        case PduType.RELEASE_RP:
            return ReleaseRp()
        case PduType.ABORT:
            return Abort(body[2] << 8 | body[3])
    raise Malformed(f"no PDU has the type {kind:02X}H")


def encode(pdu: Pdu) -> bytes:  # noqa: PLR0911  (a return for each PDU)
    """Return the PDU with its header."""
    match pdu:
        case AssociateRq():
            proposed = (_encode_proposed(context) for context in pdu.contexts)
            return _framed(PduType.ASSOCIATE_RQ, _encode_associate(pdu, b"".join(proposed)))
        case AssociateAc():
            answered = (_encode_answered(context) for context in pdu.contexts)
            return _framed(PduType.ASSOCIATE_AC, _encode_associate(pdu, b"".join(answered)))
        case AssociateRj(result, reason):
            return _framed(PduType.ASSOCIATE_RJ, bytes([0, result, reason >> 8, reason & 0xFF]))
        case DataTransfer(values):
            return _framed(PduType.DATA, b"".join(map(_encode_value, values)))
        case ReleaseRq():
            return _framed(PduType.RELEASE_RQ, bytes(_RESULT))
        case ReleaseRp():
            return _framed(PduType.RELEASE_RP, bytes(_RESULT))
        case Abort(reason):
            return _framed(PduType.ABORT, bytes([0, 0, reason >> 8, reason & 0xFF]))


def _framed(kind: PduType, body: bytes) -> bytes:
    return HEADER.pack(kind, 0, len(body)) + body


def _encode_value(value: Pdv) -> bytes:
    return PDV_HEADER.pack(len(value.fragment) + 2, value.context_id, value.control) + (
        value.fragment
    )


def _values(body: bytes) -> list[Pdv]:
    found = []
    at = 0
    while at < len(body):
        if at + PDV_HEADER.size > len(body):
            raise Malformed(f"{len(body) - at} stray bytes where a data value should begin")
        length, context_id, control = PDV_HEADER.unpack_from(body, at)
        end = at + 4 + length
        if length < 2 or end > len(body):  # noqa: PLR2004  (context id and control are counted)
            raise Malformed(f"a data value says {length} bytes, {len(body) - at - 4} are left")
        found.append(Pdv(context_id, control, body[at + PDV_HEADER.size : end]))
        at = end
    return found


def _title(raw: bytes) -> str:
    return text(raw).strip(" ")


def _associate(body: bytes) -> tuple[int, str, str, list[tuple[int, bytes]]]:
    """Return version, called and calling title and the variable items."""
    if len(body) < _ASSOCIATE_HEAD:
        raise Malformed(f"A-ASSOCIATE ends after {len(body)} bytes of its {_ASSOCIATE_HEAD} fixed")
    called, calling = body[4 : 4 + _AE_BYTES], body[20 : 20 + _AE_BYTES]
    version: int = _U16.unpack_from(body)[0]
    return version, _title(called), _title(calling), items(body[_ASSOCIATE_HEAD:])


def associate_rq(body: bytes) -> AssociateRq:
    """Read the body of an A-ASSOCIATE-RQ. Raises `Malformed`."""
    version, called, calling, found = _associate(body)
    application, user = _named(found)
    return AssociateRq(
        called=called,
        calling=calling,
        contexts=tuple(_proposed(content) for kind, content in found if kind == _PROPOSED),
        user=user,
        application_context=application,
        protocol_version=version,
    )


def _associate_ac(body: bytes) -> AssociateAc:
    version, called, calling, found = _associate(body)
    application, user = _named(found)
    return AssociateAc(
        called=called,
        calling=calling,
        contexts=tuple(_answered(content) for kind, content in found if kind == _ANSWERED),
        user=user,
        application_context=application,
        protocol_version=version,
    )


def _named(found: list[tuple[int, bytes]]) -> tuple[str, UserInformation]:
    """Return the application context and the user information among the items."""
    by_kind = dict(found)
    application = text(by_kind.get(_APPLICATION, b""))
    return application, decode_user_information(by_kind.get(_USER, b""))


def _context(content: bytes) -> tuple[int, int, list[tuple[int, bytes]]]:
    """Return context id, result and sub-items of a presentation context item."""
    if len(content) < 4:  # noqa: PLR2004  (id, reserved, result, reserved)
        raise Malformed(f"a presentation context ends after {len(content)} bytes")
    return content[0], content[2], items(content[4:])


def _proposed(content: bytes) -> ProposedContext:
    context_id, _, found = _context(content)
    abstract = [text(value) for kind, value in found if kind == _ABSTRACT]
    if len(abstract) != 1:
        raise Malformed(
            f"presentation context {context_id} names {len(abstract)} abstract syntaxes"
        )
    transfer = tuple(text(value) for kind, value in found if kind == _TRANSFER)
    return ProposedContext(context_id, abstract[0], transfer)


def _answered(content: bytes) -> AnsweredContext:
    context_id, result, found = _context(content)
    transfer = [text(value) for kind, value in found if kind == _TRANSFER]
    return AnsweredContext(context_id, result, transfer[0] if transfer else "")


def _encode_proposed(context: ProposedContext) -> bytes:
    syntaxes = item(_ABSTRACT, context.abstract_syntax.encode("ascii")) + b"".join(
        item(_TRANSFER, syntax.encode("ascii")) for syntax in context.transfer_syntaxes
    )
    return item(_PROPOSED, bytes([context.context_id, 0, 0, 0]) + syntaxes)


def _encode_answered(context: AnsweredContext) -> bytes:
    syntax = item(_TRANSFER, context.transfer_syntax.encode("ascii"))
    return item(_ANSWERED, bytes([context.context_id, 0, context.result, 0]) + syntax)


def _encode_associate(pdu: AssociateRq | AssociateAc, contexts: bytes) -> bytes:
    titles = (
        pdu.called.encode("ascii").ljust(_AE_BYTES),
        pdu.calling.encode("ascii").ljust(_AE_BYTES),
    )
    return (
        struct.pack(">HH16s16s32x", pdu.protocol_version, 0, *titles)
        + item(_APPLICATION, pdu.application_context.encode("ascii"))
        + contexts
        + encode_user_information(pdu.user)
    )
