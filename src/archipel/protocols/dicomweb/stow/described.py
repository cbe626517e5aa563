"""Instances sent as metadata and bulk data (PS3.18 section 10.5.4): made into DICOM files.

A request is gathered whole, within `most_bytes`: a data set refers to parts that come after it. A
file made of it then goes the way of every other, so that nothing is stored that a file could not
say. Bulk data is taken as it comes: a JPEG or a film becomes the one fragment of the pixel data.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from archipel.imaging.codestream import size_of
from archipel.imaging.errors import Undecodable
from archipel.kernel.errors import Malformed
from archipel.kernel.uid import Uid
from archipel.protocols.dicomweb.accept import MediaType, parse_media_type
from archipel.protocols.dicomweb.negotiation import CODESTREAM, JSON, OCTETS, PLAIN_JSON
from archipel.protocols.dicomweb.problem import TooLarge
from archipel.protocols.dicomweb.stow.native import from_xml
from archipel.protocols.dicomweb.stow.outcome import UnfitTransferSyntax
from archipel.standards.dicom import part10
from archipel.standards.dicom import transfer_syntax as ts
from archipel.standards.dicom.dataset import DataSet, Element, write
from archipel.standards.dicom.json_model import from_json

_SYNTAX_OF_FILE, _AVAILABLE_SYNTAX, _PIXELS = "00020010", "00083002", "7FE00010"
_CHARACTER_SET, _CLASS, _INSTANCE, _FRAMES = 0x00080005, 0x00080016, 0x00080018, 0x00280008
_SAMPLES, _PHOTOMETRIC, _ROWS, _COLUMNS = 0x00280002, 0x00280004, 0x00280010, 0x00280011
_PLANAR, _ALLOCATED, _STORED, _HIGH = 0x00280006, 0x00280100, 0x00280101, 0x00280102
_SIGNED = 0x00280103
_FRAGMENT = b"\xfe\xff\x00\xe0"  # item tag (PS3.5 section A.4)
_JPEG_FRAMES = {0xC0: ts.JPEG_BASELINE, 0xC1: ts.JPEG_EXTENDED, 0xC3: ts.JPEG_LOSSLESS_SV1}
_OF_KIND = {
    "image/jls": ts.JPEG_LS_LOSSLESS,
    "image/jp2": ts.JPEG_2000_LOSSLESS,
    "image/jxl": ts.JPEG_XL_LOSSLESS,
    "image/jphc": ts.HTJ2K_LOSSLESS,
    "image/dicom-rle": ts.RLE_LOSSLESS,
    "video/mp4": f"{ts.ROOT}.4.102",
    "video/mpeg": f"{ts.ROOT}.4.100",
}


@dataclass(slots=True)
class GatheredPart:
    """One part, whole."""

    kind: MediaType
    location: str
    room: "Described"
    content: bytearray = field(default_factory=bytearray)

    def write(self, data: memoryview) -> None:
        """Take the next bytes. Raises `TooLarge`."""
        self.room.take(len(data))
        self.content += data

    def end(self) -> None:
        """Keep what came."""
        self.room.parts.append(self)

    def abandon(self) -> None:
        """Forget what came."""
        self.content.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An instance made of its metadata: its file, or why there is none."""

    sop_class: str
    sop_instance: str
    file: bytes = b""
    failure: Malformed | None = None


@dataclass(slots=True)
class Described:
    """The parts of one request whose first are metadata of the media type `kind`."""

    kind: str
    most_bytes: int
    parts: list[GatheredPart] = field(default_factory=list)
    _bytes: int = 0

    def open(self, headers: Mapping[str, str]) -> GatheredPart:
        """Begin a part. Raises `Malformed`."""
        kind = parse_media_type(headers.get("content-type") or OCTETS)
        return GatheredPart(kind, headers.get("content-location", ""), self)

    def take(self, size: int) -> None:
        """Count bytes in. Raises `TooLarge`."""
        self._bytes += size
        if self._bytes > self.most_bytes:
            raise TooLarge(
                f"metadata and bulk data take more than {self.most_bytes >> 20} MiB: send a file"
            )

    def made(self) -> Iterator[Made]:
        """Make the files. Raises `Malformed` where the metadata cannot be read at all."""
        texts = [part for part in self.parts if part.kind.name in {self.kind, PLAIN_JSON}]
        bulk = {part.location: part for part in self.parts if part.location}
        if not texts:
            raise Malformed(f"no part is {self.kind}")
        for dataset in [one for part in texts for one in self._datasets(bytes(part.content))]:
            yield _made(dataset, bulk)

    def _datasets(self, content: bytes) -> Sequence[dict[str, Any]]:
        if self.kind != JSON:
            return [from_xml(content)]
        try:
            found = orjson.loads(content)
        except orjson.JSONDecodeError as wrong:
            raise Malformed("a metadata part is no JSON") from wrong
        found = found if isinstance(found, list) else [found]
        if not all(isinstance(one, dict) for one in found):
            raise Malformed("metadata are an array of data sets (PS3.18 F.2)")
        return found


def _made(dataset: dict[str, Any], bulk: Mapping[str, GatheredPart]) -> Made:
    sop_class, sop_instance = _first(dataset, "00080016"), _first(dataset, "00080018")
    try:
        file = _file(dataset, bulk)
    except Malformed as failure:
        return Made(sop_class=sop_class, sop_instance=sop_instance, failure=failure)
    except Undecodable as failure:
        wrong = Malformed(str(failure))
        return Made(sop_class=sop_class, sop_instance=sop_instance, failure=wrong)
    return Made(sop_class=sop_class, sop_instance=sop_instance, file=file)


def _first(dataset: Mapping[str, Any], tag: str) -> str:
    element = dataset.get(tag)
    values = element.get("Value") if isinstance(element, dict) else None
    return str(values[0]) if isinstance(values, list) and values else ""


def _file(dataset: dict[str, Any], bulk: Mapping[str, GatheredPart]) -> bytes:
    described = {
        tag: element
        for tag, element in dataset.items()
        if tag != _AVAILABLE_SYNTAX and not tag.startswith("0002")
    }
    said = _first(dataset, _SYNTAX_OF_FILE) or _first(dataset, _AVAILABLE_SYNTAX)
    pixels = described.get(_PIXELS)
    part = bulk.get(pixels.get("BulkDataURI", "")) if isinstance(pixels, dict) else None
    syntax = _syntax(part, said) if part else ts.EXPLICIT_VR_LITTLE_ENDIAN
    made = from_json(described, lambda uri: _value(bulk, uri))
    if _CHARACTER_SET not in made:
        made.set_text(_CHARACTER_SET, "ISO_IR 192")
    if part is not None and ts.of(syntax).encapsulated:
        _encapsulate(made, bytes(part.content), syntax)
    head = part10.meta(
        sop_class=Uid.parse(made.text(_CLASS)),
        sop_instance=Uid.parse(made.text(_INSTANCE)),
        transfer_syntax=Uid.parse(syntax),
    )
    return head + write(made, syntax)


def _value(bulk: Mapping[str, GatheredPart], uri: str) -> bytes:
    part = bulk.get(uri)
    if part is None:
        raise Malformed("a BulkDataURI refers to bytes that did not come with it")
    return bytes(part.content) + bytes(len(part.content) % 2)


def _syntax(part: GatheredPart, said: str) -> str:
    """Tell how the bytes of the pixel data are encoded (PS3.18 section 8.7.3.5)."""
    kind = part.kind.name
    named = part.kind.transfer_syntax or said
    if not named and kind == "image/jpeg":
        named = _JPEG_FRAMES.get(size_of(bytes(part.content)).frame_type, "")
    named = named or _OF_KIND.get(kind, ts.EXPLICIT_VR_LITTLE_ENDIAN)
    syntax = ts.of(named)
    fits = CODESTREAM.get(named) == kind or (syntax.video and kind.startswith("video/"))
    if not syntax.known or not (fits or kind == OCTETS):
        raise UnfitTransferSyntax(
            f"bulk data of {kind} is not in the transfer syntax {named[:64]}"
        )
    if syntax.deflated or not syntax.little_endian:
        return ts.EXPLICIT_VR_LITTLE_ENDIAN
    return named


def _encapsulate(made: DataSet, content: bytes, syntax: str) -> None:
    """Lay a codestream into pixel data as its one fragment (PS3.5 section A.4)."""
    if not ts.of(syntax).video:
        if made.text(_FRAMES) not in {"", "0", "1"}:
            raise Malformed("the frames of a compressed image come in a DICOM file")
        if syntax in CODESTREAM and syntax != ts.RLE_LOSSLESS:
            _describe(made, content)
    content += bytes(len(content) % 2)
    fragment = _FRAGMENT + len(content).to_bytes(4, "little") + content
    offsets = _FRAGMENT + bytes(4)
    made.elements[0x7FE00010] = Element("OB", offsets + fragment, encapsulated=True)


def _describe(made: DataSet, content: bytes) -> None:
    """Add what the codestream says of the image and the metadata leave out (PS3.18 10.5.2)."""
    size = size_of(content)
    photometric = "MONOCHROME2" if size.samples == 1 else "YBR_FULL_422"
    told = {
        _SAMPLES: str(size.samples),
        _PHOTOMETRIC: photometric,
        _ROWS: str(size.rows),
        _COLUMNS: str(size.columns),
        _ALLOCATED: "8" if size.precision <= 8 else "16",  # noqa: PLR2004  (bits in a byte)
        _STORED: str(size.precision),
        _HIGH: str(size.precision - 1),
        _SIGNED: "0",
    }
    if size.samples > 1:
        told[_PLANAR] = "0"
    for tag, text in told.items():
        if not made.text(tag):
            made.set_text(tag, text)
