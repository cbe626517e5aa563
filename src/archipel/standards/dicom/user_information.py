"""User information sub-items of A-ASSOCIATE (PS3.8 Annex D, PS3.7 Annex D.3)."""

import struct
from dataclasses import dataclass

from archipel.kernel.errors import Malformed

_MAX_LENGTH, _IMPLEMENTATION_UID, _ASYNC_WINDOW, _ROLE = 0x51, 0x52, 0x53, 0x54
_IMPLEMENTATION_VERSION, _EXTENDED, _COMMON_EXTENDED = 0x55, 0x56, 0x57
_IDENTITY_RQ, _IDENTITY_AC = 0x58, 0x59
_U16 = struct.Struct(">H")
_U32 = struct.Struct(">I")
_ITEM = struct.Struct(">BBH")
_MAX_PRINTED = 64


@dataclass(frozen=True, slots=True)
class Role:
    """SCP/SCU role selection for one SOP class (PS3.7 D.3.3.4)."""

    sop_class: str
    scu: bool
    scp: bool


@dataclass(frozen=True, slots=True)
class ExtendedNegotiation:
    """Service class application information for one SOP class (PS3.7 D.3.3.5)."""

    sop_class: str
    information: bytes


@dataclass(frozen=True, slots=True)
class CommonExtendedNegotiation:
    """Service class and related general SOP classes of one SOP class (PS3.7 D.3.3.6)."""

    sop_class: str
    service_class: str
    related: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class UserIdentity:
    """Who asks (PS3.7 D.3.3.7): kind 1 user, 2 user and passcode, 3 Kerberos, 4 SAML, 5 JWT.

    Never printed: it holds secrets.
    """

    kind: int
    response_requested: bool
    primary: bytes
    secondary: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserInformation:
    """What both sides tell each other beside the presentation contexts.

    `max_pdu_bytes` is the longest P-DATA-TF variable field its sender can take; 0 is no limit.
    `unknown` keeps sub-items this edition does not know, as (type, content).
    """

    max_pdu_bytes: int = 0
    implementation_uid: str = ""
    implementation_version: str = ""
    asynchronous_operations: tuple[int, int] | None = None  # invoked, performed
    roles: tuple[Role, ...] = ()
    extended: tuple[ExtendedNegotiation, ...] = ()
    common_extended: tuple[CommonExtendedNegotiation, ...] = ()
    identity: UserIdentity | None = None
    identity_response: bytes | None = None
    unknown: tuple[tuple[int, bytes], ...] = ()


def item(kind: int, content: bytes) -> bytes:
    """Return one item: type, reserved byte, 16-bit length, content."""
    if len(content) > 0xFFFF:  # noqa: PLR2004  (a 16-bit length)
        raise Malformed(f"an item of type {kind:02X}H cannot hold {len(content)} bytes")
    return _ITEM.pack(kind, 0, len(content)) + content


def items(body: bytes) -> list[tuple[int, bytes]]:
    """Split `body` into (type, content). Raises `Malformed` where a length overruns."""
    found = []
    at = 0
    while at < len(body):
        if at + _ITEM.size > len(body):
            raise Malformed(f"{len(body) - at} stray bytes where an item should begin")
        kind, _, length = _ITEM.unpack_from(body, at)
        at += _ITEM.size
        if at + length > len(body):
            raise Malformed(f"item {kind:02X}H says {length} bytes, {len(body) - at} are left")
        found.append((kind, body[at : at + length]))
        at += length
    return found


def text(raw: bytes) -> str:
    """Read a UID or version name; padding does not count. Raises `Malformed` if not ASCII."""
    try:
        return raw.rstrip(b"\0 ").decode("ascii")
    except UnicodeDecodeError as error:
        raise Malformed(f"not ASCII: {raw[:_MAX_PRINTED]!r}") from error


def _prefixed(body: bytes, at: int) -> tuple[bytes, int]:
    """Return the value that a 16-bit length at `at` announces, and where it ends."""
    if at + 2 > len(body):
        raise Malformed("a sub-item ends before the length of its next field")
    length = _U16.unpack_from(body, at)[0]
    end = at + 2 + length
    if end > len(body):
        raise Malformed(f"a field says {length} bytes, {len(body) - at - 2} are left")
    return body[at + 2 : end], end


def _with_length(value: bytes) -> bytes:
    return _U16.pack(len(value)) + value


def _role(body: bytes) -> Role:
    uid, at = _prefixed(body, 0)
    if len(body) - at != 2:  # noqa: PLR2004  (two role bytes)
        raise Malformed("role selection does not end with its two role bytes")
    return Role(text(uid), scu=body[at] == 1, scp=body[at + 1] == 1)


def _extended(body: bytes) -> ExtendedNegotiation:
    uid, at = _prefixed(body, 0)
    return ExtendedNegotiation(text(uid), body[at:])


def _common_extended(body: bytes) -> CommonExtendedNegotiation:
    sop_class, at = _prefixed(body, 0)
    service_class, at = _prefixed(body, at)
    listed, _ = _prefixed(body, at)
    related = []
    at = 0
    while at < len(listed):
        uid, at = _prefixed(listed, at)
        related.append(text(uid))
    return CommonExtendedNegotiation(text(sop_class), text(service_class), tuple(related))


def _identity(body: bytes) -> UserIdentity:
    if len(body) < 2:  # noqa: PLR2004  (type and flag)
        raise Malformed("user identity ends before its type and flag")
    primary, at = _prefixed(body, 2)
    secondary, _ = _prefixed(body, at)
    return UserIdentity(body[0], body[1] == 1, primary, secondary)


def _number(body: bytes, layout: struct.Struct, name: str) -> int:
    if len(body) != layout.size:
        raise Malformed(f"{name} holds {len(body)} bytes instead of {layout.size}")
    value: int = layout.unpack(body)[0]
    return value


def _window(body: bytes) -> tuple[int, int]:
    both = _number(body, _U32, "asynchronous operations window")
    return both >> 16, both & 0xFFFF


def decode(body: bytes) -> UserInformation:
    """Read the content of the user information item (type 50H). Raises `Malformed`."""
    single: dict[int, bytes] = {}
    roles: list[Role] = []
    extended: list[ExtendedNegotiation] = []
    common: list[CommonExtendedNegotiation] = []
    unknown: list[tuple[int, bytes]] = []
    for kind, content in items(body):
        if kind == _ROLE:
            roles.append(_role(content))
        elif kind == _EXTENDED:
            extended.append(_extended(content))
        elif kind == _COMMON_EXTENDED:
            common.append(_common_extended(content))
        elif _MAX_LENGTH <= kind <= _IDENTITY_AC:
            single[kind] = content
        else:
            unknown.append((kind, content))
    window, identity = single.get(_ASYNC_WINDOW), single.get(_IDENTITY_RQ)
    answer = single.get(_IDENTITY_AC)
    return UserInformation(
        max_pdu_bytes=_number(single.get(_MAX_LENGTH, bytes(4)), _U32, "maximum length"),
        implementation_uid=text(single.get(_IMPLEMENTATION_UID, b"")),
        implementation_version=text(single.get(_IMPLEMENTATION_VERSION, b"")),
        asynchronous_operations=None if window is None else _window(window),
        roles=tuple(roles),
        extended=tuple(extended),
        common_extended=tuple(common),
        identity=None if identity is None else _identity(identity),
        identity_response=None if answer is None else _prefixed(answer, 0)[0],
        unknown=tuple(unknown),
    )


def _encode_common(common: CommonExtendedNegotiation) -> bytes:
    related = b"".join(_with_length(uid.encode("ascii")) for uid in common.related)
    return (
        _with_length(common.sop_class.encode("ascii"))
        + _with_length(common.service_class.encode("ascii"))
        + _with_length(related)
    )


def encode(information: UserInformation) -> bytes:
    """Return the user information item (type 50H), sub-items in ascending type."""
    parts = [item(_MAX_LENGTH, _U32.pack(information.max_pdu_bytes))]
    if information.implementation_uid:
        parts.append(item(_IMPLEMENTATION_UID, information.implementation_uid.encode("ascii")))
    if information.asynchronous_operations is not None:
        invoked, performed = information.asynchronous_operations
        parts.append(item(_ASYNC_WINDOW, _U32.pack(invoked << 16 | performed)))
    for role in information.roles:
        flags = bytes([role.scu, role.scp])
        parts.append(item(_ROLE, _with_length(role.sop_class.encode("ascii")) + flags))
    if information.implementation_version:
        version = information.implementation_version.encode("ascii")
        parts.append(item(_IMPLEMENTATION_VERSION, version))
    for extended in information.extended:
        uid = _with_length(extended.sop_class.encode("ascii"))
        parts.append(item(_EXTENDED, uid + extended.information))
    parts += [item(_COMMON_EXTENDED, _encode_common(c)) for c in information.common_extended]
    if information.identity is not None:
        who = information.identity
        secrets = _with_length(who.primary) + _with_length(who.secondary)
        parts.append(item(_IDENTITY_RQ, bytes([who.kind, who.response_requested]) + secrets))
    if information.identity_response is not None:
        parts.append(item(_IDENTITY_AC, _with_length(information.identity_response)))
    parts += [item(kind, content) for kind, content in information.unknown]
    return item(0x50, b"".join(parts))
