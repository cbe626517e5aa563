"""Which form of a stored object answers what the client accepts (PS3.18 sections 8.7.3, 8.7.4).

As stored whenever that is acceptable, for those bytes are the truth and cost nothing; decoded
to a native little endian transfer syntax otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request

from archipel.protocols.dicomweb.accept import ANY, MediaType, parse_media_types
from archipel.protocols.dicomweb.problem import NotAcceptable
from archipel.standards.dicom import transfer_syntax as ts

DICOM = "application/dicom"
JSON = "application/dicom+json"
XML = "application/dicom+xml"
PLAIN_JSON = "application/json"
OCTETS = "application/octet-stream"
RELATED = "multipart/related"
JPEG, PNG, GIF = "image/jpeg", "image/png", "image/gif"
PDF = "application/pdf"
AS_STORED = "*"
NATIVE = (ts.EXPLICIT_VR_LITTLE_ENDIAN, ts.IMPLICIT_VR_LITTLE_ENDIAN)
NATIVE_AS_STORED = {*NATIVE, ts.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN}

CODESTREAM: dict[str, str] = {  # PS3.18 table 8.7.3-5
    ts.JPEG_BASELINE: "image/jpeg",
    ts.JPEG_EXTENDED: "image/jpeg",
    ts.JPEG_LOSSLESS: "image/jpeg",
    ts.JPEG_LOSSLESS_SV1: "image/jpeg",
    ts.JPEG_LS_LOSSLESS: "image/jls",
    ts.JPEG_LS_NEAR_LOSSLESS: "image/jls",
    ts.JPEG_2000_LOSSLESS: "image/jp2",
    ts.JPEG_2000: "image/jp2",
    ts.JPEG_XL_LOSSLESS: "image/jxl",
    ts.HTJ2K_LOSSLESS: "image/jphc",
    ts.HTJ2K_LOSSLESS_RPCL: "image/jphc",
    ts.HTJ2K: "image/jphc",
    ts.RLE_LOSSLESS: "image/dicom-rle",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceForm:
    """How instances leave: in parts or alone, in which transfer syntaxes, the best liked first."""

    multipart: bool
    transfer_syntaxes: tuple[str, ...]

    def choose(self, stored: str) -> str | None:
        """Choose the transfer syntax to send what is stored in `stored`; None if nothing fits."""
        if AS_STORED in self.transfer_syntaxes or stored in self.transfer_syntaxes:
            return stored
        return next((t for t in self.transfer_syntaxes if t in NATIVE), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameForm:
    """How a frame leaves: in parts or alone, under which media type, decoded or as stored."""

    multipart: bool
    media_type: str
    transfer_syntax: str
    decoded: bool

    @property
    def content_type(self) -> str:
        """The media type with the transfer syntax, as the part's head carries it."""
        return f"{self.media_type}; transfer-syntax={self.transfer_syntax}"


def accepted(request: Request) -> tuple[MediaType, ...]:
    """Read what the client accepts: the `accept` parameter before the header (PS3.18 8.3.3.1)."""
    text = request.query_params.get("accept") or request.headers.get("accept") or ANY
    return parse_media_types(text) or parse_media_types(ANY)


def instance_form(ranges: Sequence[MediaType], *, alone: bool) -> InstanceForm:
    """Choose for instances; `alone` says that one is asked for. Raises `NotAcceptable`."""
    found: dict[bool, list[str]] = {}
    for media in ranges:
        multipart = media.includes(RELATED)
        part = media.part if media.name == RELATED else media
        if not part.includes(DICOM) and not multipart:
            continue
        if (multipart and media.name == RELATED and not part.includes(DICOM)) or (
            not multipart and not alone
        ):
            continue
        found.setdefault(multipart, []).append(
            part.transfer_syntax or ts.EXPLICIT_VR_LITTLE_ENDIAN
        )
    if not found:
        raise NotAcceptable(f"instances leave as {RELATED} of {DICOM}, one alone as {DICOM}")
    multipart = next(iter(found))
    return InstanceForm(multipart=multipart, transfer_syntaxes=tuple(found[multipart]))


def frame_form(ranges: Sequence[MediaType], stored: str, *, alone: bool) -> FrameForm:
    """Choose for frames stored in the transfer syntax `stored`. Raises `NotAcceptable`."""
    for media in ranges:
        multipart = media.includes(RELATED)
        if not multipart and not alone:
            continue
        part = media.part if media.name == RELATED else media
        form = _part_form(part, stored, multipart=multipart)
        if form is not None:
            return form
    raise NotAcceptable(f"this frame is stored in {stored} and leaves as that or as {OCTETS}")


def _part_form(part: MediaType, stored: str, *, multipart: bool) -> FrameForm | None:
    own = CODESTREAM.get(stored, OCTETS)
    asked = part.transfer_syntax
    takes_octets, takes_own = part.includes(OCTETS), part.includes(own)
    if asked is None and takes_octets:
        asked = ts.EXPLICIT_VR_LITTLE_ENDIAN
    if (takes_own or takes_octets) and asked in {AS_STORED, stored}:
        kind = own if takes_own else OCTETS
        return FrameForm(
            multipart=multipart, media_type=kind, transfer_syntax=stored, decoded=False
        )
    if asked is None and takes_own:
        return FrameForm(
            multipart=multipart, media_type=own, transfer_syntax=stored, decoded=False
        )
    if asked in NATIVE and takes_octets:
        return FrameForm(
            multipart=multipart,
            media_type=OCTETS,
            transfer_syntax=ts.EXPLICIT_VR_LITTLE_ENDIAN,
            decoded=stored not in NATIVE_AS_STORED,
        )
    return None
