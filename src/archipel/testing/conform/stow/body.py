"""Bodies of the store transaction (PS3.18 section 8.6.1.2)."""

import json
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

from pydicom.dataset import Dataset

from archipel.testing.conform.server import DICOM, JSON, XML, Answer, Server

BOUNDARY = "archipel-conform-boundary"
RETRIEVE_URL, FAILED, REFERENCED, OTHERS = "00081190", "00081198", "00081199", "0008119A"
REASON, WARNING = "00081197", "00081196"
CLASS, INSTANCE = "00081150", "00081155"


def multipart(parts: Sequence[tuple[str, bytes]], *, closed: bool = True) -> bytes:
    """Write parts of (headers, content)."""
    body = b"".join(
        f"--{BOUNDARY}\r\n{heads}\r\n\r\n".encode() + content + b"\r\n" for heads, content in parts
    )
    return body + f"--{BOUNDARY}--\r\n".encode() if closed else body


def post(
    server: Server, files: Sequence[bytes], *, path: str = "/studies", accept: str = JSON
) -> Answer:
    """Store files."""
    body = multipart([(f"Content-Type: {DICOM}", one) for one in files])
    return post_body(server, body, DICOM, path=path, accept=accept)


def post_body(
    server: Server, body: bytes, kind: str, *, path: str = "/studies", accept: str = JSON
) -> Answer:
    """Store a body whose parts are led by one of media type `kind`."""
    headers = {
        "Content-Type": f'multipart/related; type="{kind}"; boundary={BOUNDARY}',
        "Accept": accept,
    }
    return server.ask("POST", path, headers=headers, content=body)


def post_metadata(
    server: Server,
    datasets: Sequence[dict[str, Any]],
    bulk: Sequence[tuple[str, str, bytes]] = (),
    *,
    xml: bool = False,
) -> Answer:
    """Store metadata and bulk data, each bulk as (location, media type, content)."""
    if xml:
        parts = [(f"Content-Type: {XML}", native(one)) for one in datasets]
    else:
        parts = [(f"Content-Type: {JSON}", json.dumps(list(datasets)).encode())]
    parts += [
        (f"Content-Type: {kind}\r\nContent-Location: {location}", content)
        for location, kind, content in bulk
    ]
    return post_body(server, multipart(parts), XML if xml else JSON)


def metadata(held: Dataset) -> dict[str, Any]:
    """Write a data set in the DICOM JSON model."""
    found: dict[str, Any] = json.loads(held.to_json())
    return found


def native(dataset: dict[str, Any]) -> bytes:
    """Write a data set of the JSON model as XML (PS3.19 annex A.1)."""
    inner = "".join(_attribute(tag, element) for tag, element in sorted(dataset.items()))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM">'
        f"{inner}</NativeDicomModel>"
    ).encode()


def _attribute(tag: str, element: dict[str, Any]) -> str:
    vr = element["vr"]
    inner = ""
    if "BulkDataURI" in element:
        inner = f'<BulkData uri="{escape(element["BulkDataURI"])}"/>'
    elif "InlineBinary" in element:
        inner = f"<InlineBinary>{element['InlineBinary']}</InlineBinary>"
    for number, value in enumerate(element.get("Value", []), start=1):
        if vr == "SQ":
            items = "".join(_attribute(t, e) for t, e in sorted(value.items()))
            inner += f'<Item number="{number}">{items}</Item>'
        elif vr == "PN":
            names = value["Alphabetic"].split("^")
            kinds = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
            said = "".join(
                f"<{kind}>{escape(name)}</{kind}>"
                for kind, name in zip(kinds, names, strict=False)
                if name
            )
            inner += f'<PersonName number="{number}"><Alphabetic>{said}</Alphabetic></PersonName>'
        else:
            inner += f'<Value number="{number}">{escape(str(value))}</Value>'
    return f'<DicomAttribute tag="{tag}" vr="{vr}">{inner}</DicomAttribute>'


def reasons(answer: Answer) -> list[int]:
    """Give the failure reasons an answer tells, of instances and of parts that are none."""
    found = answer.json()
    items = [
        item for tag in (FAILED, OTHERS) for item in found.get(tag, {}).get("Value", []) if item
    ]
    return [int(item[REASON]["Value"][0]) for item in items]
