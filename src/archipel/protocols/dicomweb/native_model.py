"""DICOM JSON turned into the Native DICOM Model, XML (PS3.18 annex F to PS3.19 annex A.1)."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from archipel.standards.dicom.dictionary import keyword_of

_NAMESPACE = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
_NAME_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_NAME_PARTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")


def xml_parts(document: bytes) -> Iterator[bytes]:
    """One XML document for each data set of a DICOM JSON array."""
    for dataset in json.loads(document):
        yield to_xml(dataset)


def to_xml(dataset: Mapping[str, Any]) -> bytes:
    """One data set of the DICOM JSON model as a NativeDicomModel document."""
    inner = "".join(_attributes(dataset))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><NativeDicomModel xmlns="{_NAMESPACE}"'
        f' xml:space="preserve">{inner}</NativeDicomModel>'
    ).encode()


def _attributes(dataset: Mapping[str, Any]) -> Iterator[str]:
    for tag in sorted(dataset):
        element = dataset[tag]
        known = keyword_of(int(tag, 16))
        keyword = f" keyword={quoteattr(known)}" if known else ""
        yield f"<DicomAttribute tag={quoteattr(tag)} vr={quoteattr(element['vr'])}{keyword}>"
        yield from _content(element)
        yield "</DicomAttribute>"


def _content(element: Mapping[str, Any]) -> Iterator[str]:
    if "BulkDataURI" in element:
        yield f"<BulkData uri={quoteattr(element['BulkDataURI'])}/>"
    elif "InlineBinary" in element:
        yield f"<InlineBinary>{escape(element['InlineBinary'])}</InlineBinary>"
    for number, value in enumerate(element.get("Value", ()), start=1):
        if element["vr"] == "SQ":
            yield f'<Item number="{number}">{"".join(_attributes(value or {}))}</Item>'
        elif element["vr"] == "PN":
            yield f'<PersonName number="{number}">{_name(value or {})}</PersonName>'
        elif value is not None:
            yield f'<Value number="{number}">{escape(str(value))}</Value>'


def _name(value: Mapping[str, str]) -> str:
    groups = []
    for group in _NAME_GROUPS:
        if value.get(group):
            parts = zip(_NAME_PARTS, value[group].split("^"), strict=False)
            inner = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in parts if text)
            groups.append(f"<{group}>{inner}</{group}>")
    return "".join(groups)
