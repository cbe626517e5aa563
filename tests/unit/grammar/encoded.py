"""Data sets written by hand, byte by byte, so that readers are not tested by their own writers."""

import struct
import zlib

LONG = {"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"}
IMPLICIT, EXPLICIT, BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
UNDEFINED = 0xFFFFFFFF


def element(
    tag: int, vr: str, value: bytes | str, syntax: str = EXPLICIT, *, length: int | None = None
) -> bytes:
    raw = value.encode("latin-1") if isinstance(value, str) else value
    if len(raw) % 2:
        raw += b"\0" if vr in {"UI", "OB", "UN"} else b" "
    order = ">" if syntax == BIG else "<"
    size = len(raw) if length is None else length
    head = struct.pack(order + "HH", tag >> 16, tag & 0xFFFF)
    if syntax == IMPLICIT:
        return head + struct.pack("<I", size) + raw
    if vr in LONG:
        return head + vr.encode() + struct.pack(order + "HI", 0, size) + raw
    return head + vr.encode() + struct.pack(order + "H", size) + raw


def item(content: bytes, syntax: str = EXPLICIT, *, defined: bool = True) -> bytes:
    order = ">" if syntax == BIG else "<"
    size = len(content) if defined else UNDEFINED
    end = b"" if defined else struct.pack(order + "HHI", 0xFFFE, 0xE00D, 0)
    return struct.pack(order + "HHI", 0xFFFE, 0xE000, size) + content + end


def sequence(
    tag: int, items: list[bytes], syntax: str = EXPLICIT, *, defined: bool = True, vr: str = "SQ"
) -> bytes:
    """Write a sequence; its items are written in the same way, defined or not."""
    order = ">" if syntax == BIG else "<"
    content = b"".join(item(each, syntax, defined=defined) for each in items)
    if defined:
        return element(tag, vr, content, syntax)
    end = struct.pack(order + "HHI", 0xFFFE, 0xE0DD, 0)
    return element(tag, vr, content + end, syntax, length=UNDEFINED)


def nested(depth: int, *, vr: str = "SQ") -> bytes:
    """Sequences of undefined length within one another, without their ends."""
    return (element(0x00081140, vr, b"", length=UNDEFINED) + item(b"", defined=False)[:8]) * depth


def deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    return stream.compress(data) + stream.flush()


def us(number: int, syntax: str = EXPLICIT) -> bytes:
    return struct.pack(">H" if syntax == BIG else "<H", number)


def ct(syntax: str = EXPLICIT) -> bytes:
    """Write a small CT as a scanner would write it, accents and a request included."""
    request = element(0x00400009, "SH", "SPS1", syntax) + element(0x00401001, "SH", "RP1", syntax)
    other = element(0x00400009, "SH", "SPS2", syntax)
    issuer = element(0x00400031, "UT", "TEST-RIS", syntax)
    return b"".join(
        (
            element(0x00080005, "CS", "ISO_IR 100", syntax),
            element(0x00080008, "CS", "ORIGINAL\\PRIMARY \\AXIAL", syntax),
            element(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.2", syntax),
            element(0x00080018, "UI", "2.25.3", syntax),
            element(0x00080020, "DA", "20260102", syntax),
            element(0x00080050, "SH", "A1", syntax),
            sequence(0x00080051, [issuer], syntax),
            element(0x00080060, "CS", "CT", syntax),
            element(0x00081030, "LO", "Scanner thoracique injecté", syntax),
            sequence(0x00081140, [element(0x00081155, "UI", "2.25.9", syntax)] * 2, syntax),
            element(0x00100010, "PN", "TEST-MÉRIDIEN^Zoé", syntax),
            element(0x00100020, "LO", "TEST-7", syntax),
            element(0x0020000D, "UI", "2.25.1", syntax),
            element(0x0020000E, "UI", "2.25.2", syntax),
            element(0x00200013, "IS", "12", syntax),
            element(0x00280010, "US", us(512, syntax), syntax),
            element(0x00280011, "US", us(256, syntax), syntax),
            sequence(0x00400275, [request, other], syntax),
            element(0x7FE00010, "OW", b"\7" * 128, syntax),
        )
    )


CT_HEADER = {
    0x00080005: "ISO_IR 100",
    0x00080008: "ORIGINAL\\PRIMARY\\AXIAL",
    0x00080016: "1.2.840.10008.5.1.4.1.1.2",
    0x00080018: "2.25.3",
    0x00080020: "20260102",
    0x00080050: "A1",
    0x00080060: "CT",
    0x00081030: "Scanner thoracique injecté",
    0x00100010: "TEST-MÉRIDIEN^Zoé",
    0x00100020: "TEST-7",
    0x0020000D: "2.25.1",
    0x0020000E: "2.25.2",
    0x00200013: "12",
    0x00280010: "512",
    0x00280011: "256",
    0x00400009: "SPS1\\SPS2",
    0x00400031: "TEST-RIS",
    0x00401001: "RP1",
}
