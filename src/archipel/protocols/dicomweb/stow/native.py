"""The Native DICOM Model, XML, read as the DICOM JSON model (PS3.19 annex A.1, PS3.18 annex F).

A document type is refused, and with it every entity: what a part says stands in the part.
"""

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

from archipel.kernel.errors import Malformed

MAX_DEPTH = 32
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_PARTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
_FIRST_BLOCK = 0x10

Element = dict[str, Any]


def from_xml(content: bytes) -> dict[str, Element]:
    """Read one NativeDicomModel document in UTF-8 as an object of the JSON model.

    Raises `Malformed`.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise Malformed("metadata in XML are in UTF-8") from wrong
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise Malformed("metadata in XML have no document type")
    _, declared, rest = text.partition("?>")
    try:
        root = ET.fromstring(rest if declared and text.lstrip().startswith("<?xml") else text)  # noqa: S314  (no entity can be declared: see above)
    except (ET.ParseError, RecursionError) as wrong:
        raise Malformed("a metadata part is no XML") from wrong
    if _name(root) != "NativeDicomModel":
        raise Malformed("a metadata part is no NativeDicomModel (PS3.19 A.1)")
    return _dataset(root, 0)


def _name(node: ET.Element) -> str:
    return node.tag.rpartition("}")[2]


def _dataset(parent: ET.Element, depth: int) -> dict[str, Element]:
    if depth > MAX_DEPTH:
        raise Malformed(f"sequences nest deeper than {MAX_DEPTH}")
    found: dict[str, Element] = {}
    private: list[tuple[str, ET.Element]] = []
    for node in parent:
        if _name(node) != "DicomAttribute":
            raise Malformed("a data set holds DicomAttribute and nothing else (PS3.19 A.1)")
        tag = node.get("tag", "").upper()
        if node.get("privateCreator") and tag[4:6] == "00":
            private.append((tag, node))
        else:
            found[tag] = _element(node, depth)
    for tag, node in private:
        block = _block(found, tag[:4], node.get("privateCreator", ""))
        found[f"{tag[:4]}{block:02X}{tag[6:]}"] = _element(node, depth)
    return found


def _block(found: dict[str, Element], group: str, creator: str) -> int:
    """Find or reserve the block of a private creator (PS3.5 section 7.8.1)."""
    for block in range(_FIRST_BLOCK, 0x100):
        held = found.setdefault(f"{group}00{block:02X}", {"vr": "LO", "Value": [creator]})
        if held.get("Value") == [creator]:
            return block
    raise Malformed("a group has no block left for a private creator")


def _element(node: ET.Element, depth: int) -> Element:
    vr = node.get("vr", "")
    element: Element = {"vr": vr}
    values: dict[int, Any] = {}
    for child in node:
        match _name(child):
            case "BulkData":
                element["BulkDataURI"] = child.get("uri") or child.get("uuid") or ""
            case "InlineBinary":
                element["InlineBinary"] = "".join((child.text or "").split())
            case "Value":
                values[_number(child)] = child.text
            case "PersonName":
                values[_number(child)] = dict(_groups(child))
            case "Item":
                values[_number(child)] = _dataset(child, depth + 1)
            case other:
                raise Malformed(f"{other[:32]} is nothing that a DicomAttribute holds")
    if values:
        last = max(values)
        if last > len(values):
            raise Malformed("the values of an attribute are numbered from 1 without a gap")
        element["Value"] = [values[n] for n in range(1, last + 1)]
    return element


def _number(node: ET.Element) -> int:
    text = node.get("number", "")
    if not (text.isascii() and text.isdigit() and int(text[:9]) >= 1):
        raise Malformed("each value has a number from 1")
    return int(text)


def _groups(node: ET.Element) -> Iterator[tuple[str, str]]:
    for child in node:
        if _name(child) not in _GROUPS:
            raise Malformed("a PersonName holds its three groups (PS3.19 A.1)")
        parts = {_name(part): part.text or "" for part in child}
        yield _name(child), "^".join(parts.get(name, "") for name in _PARTS).rstrip("^")
