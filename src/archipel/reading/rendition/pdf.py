"""The report as PDF/A-2a (ISO 19005-2) set by typst: the same document gives the same bytes.

The template is `report.typ` beside this module. Fonts are those that typst carries, embedded; no
font of the machine is used, nothing is read from disk or network, and time is the signature's.
"""

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

import typst

from archipel.reading.document import Addendum, Document, Signer
from archipel.reading.model import SectionCode
from archipel.reading.rendition.people import age, day, written_name
from archipel.reading.rendition.words import Words, words_of

PREVIEW_PPI = 110.0
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # they have no shape
Picture = bytes | None  # PNG of a key image; None: not held here


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What is set: a document, its digest (empty: not signed), and its key images in order."""

    document: Document
    digest: str
    pictures: Sequence[Picture]


def pdf(sheet: Sheet) -> bytes:
    """Set the sheet as PDF/A-2a.

    A sign that no font has stands as a box, as the preview showed it, and the file is then PDF
    1.7: the archive profile forbids such signs (ISO 19005-2 section 6.2.11.8).
    """
    try:
        made: bytes = _set(sheet, format="pdf", pdf_standards=["a-2a"])
    except typst.TypstError as refused:
        if "could not be displayed" not in str(refused):
            raise
        made = _set(sheet, format="pdf")
    return made


def pages(sheet: Sheet) -> list[bytes]:
    """Set the sheet as pictures (PNG), one a page, exactly as the PDF shows it."""
    made: bytes | list[bytes] = _set(sheet, format="png", ppi=PREVIEW_PPI)
    return [made] if isinstance(made, bytes) else made


def _set(sheet: Sheet, **wishes: Any) -> Any:
    compiled: Any = typst.compile  # its stub leaves out the virtual files that it takes
    return compiled(
        _sources(sheet),
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(_clean(_data(sheet)), ensure_ascii=False)},
        timestamp=sheet.document.signed_at.astimezone(UTC).replace(microsecond=0),
        **wishes,
    )


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _CONTROLS.sub("", value)
    if isinstance(value, dict):
        return {key: _clean(one) for key, one in value.items()}
    return [_clean(one) for one in value] if isinstance(value, list) else value


@cache
def _template() -> bytes:
    return files("archipel.reading.rendition").joinpath("report.typ").read_bytes()


def _sources(sheet: Sheet) -> dict[str, bytes]:
    """Give the virtual files of one setting. A picture goes inside SVG: sources are text."""
    sources = {"main": _template()}
    for number, picture in enumerate(sheet.pictures, 1):
        if picture is not None:
            sources[_file(number)] = _svg(picture)
    return sources


def _file(number: int) -> str:
    return f"key-image-{number}.svg"


def _svg(png: bytes) -> bytes:
    # Width and height stand at a fixed place of the first chunk (PNG section 11.2.2).
    width, height = int.from_bytes(png[16:20]), int.from_bytes(png[20:24])
    data = base64.b64encode(png).decode()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}"><image width="{width}" height="{height}" '
        f'href="data:image/png;base64,{data}"/></svg>'
    ).encode()


def _data(sheet: Sheet) -> dict[str, Any]:
    document = sheet.document
    words, examination = words_of(document.language), document.examination
    studied = examination.studied
    date = studied.strftime(words.date) if studied else ""
    title = examination.description or words.report
    accession = examination.accession.value if examination.accession else ""
    return {
        "language": document.language,
        "preview": not sheet.digest,
        "digest": sheet.digest,
        "title": title,
        "author": document.signer.name,
        "notice": words.notice,
        "words": {
            "for": words.prescriber,
            "page": words.page,
            "version": words.version if sheet.digest else "",
            "unsigned": words.unsigned,
            "plain": words.plain,
            "images": words.images,
            "missing": words.missing,
        },
        "patient": _patient(document, words),
        "exam": {
            "short": title,
            "date": date,
            "line": " · ".join(
                filter(
                    None,
                    (
                        words.report,
                        ", ".join(examination.modalities),
                        f"{words.exam_of} {date}" if date else "",
                        f"{words.accession} {accession}" if accession else "",
                    ),
                )
            ),
        },
        "organisation": {
            "name": examination.custodian_name,
            "details": _finess(examination.custodian_finess),
        },
        "referrer": written_name(examination.referring_physician),
        "state": {"banner": _banner(document, words)},
        "sections": [
            {
                "code": section.code.value,
                "title": words.sections[section.code],
                "text": section.words.strip(),
            }
            for section in document.sections
            if section.code is not SectionCode.ADDENDUM
        ],
        "addenda": [_addendum(one, words) for one in document.addenda],
        "plain_words": document.plain_words,
        "signature": _signature(document.signer, document.signed_at, sheet.digest, words),
        "images": _images(sheet, words),
    }


def _patient(document: Document, words: Words) -> dict[str, str]:
    subject = document.subject
    born = day(subject.birth_date)
    details = [words.sexes.get(subject.sex, "")]
    if born is not None:
        at = document.examination.studied or document.signed_at
        details.append(f"{words.born} {born.strftime(words.date)} ({age(born, at)})")
    details.append(f"{words.identifier} {subject.identifier.value}")
    return {"name": written_name(subject.name), "details": " · ".join(filter(None, details))}


def _banner(document: Document, words: Words) -> str:
    said = [words.banners.get(document.state, ""), document.reason]
    if document.stale:
        said.append(words.unsure)
    return " ".join(filter(None, said))


def _addendum(addendum: Addendum, words: Words) -> dict[str, str]:
    signer = addendum.signer
    return {
        "title": f"{words.addendum} · {_moment(addendum.signed_at, words)}",
        "text": addendum.words.strip(),
        "signature": f"{signer.name}, {signer.organisation_name}",
    }


def _signature(signer: Signer, at: datetime, digest: str, words: Words) -> dict[str, str]:
    details = [f"{words.rpps} {signer.rpps}" if signer.rpps else "", signer.organisation_name]
    lead = f"{words.signed} {_moment(at, words)}" if digest else words.unsigned
    return {"lead": lead, "name": signer.name, "details": " · ".join(filter(None, details))}


def _moment(at: datetime, words: Words) -> str:
    utc = at.astimezone(UTC)
    return f"{utc.strftime(words.date)} {words.at} {utc:%H:%M} UTC"


def _finess(number: str | None) -> str:
    return f"FINESS {number}" if number else ""


def _images(sheet: Sheet, words: Words) -> list[dict[str, str]]:
    shown = zip(sheet.document.key_images, sheet.pictures, strict=True)
    return [
        {
            "file": "" if picture is None else _file(number),
            "caption": f"{number}. {image.caption}".strip(". ") if image.caption else f"{number}.",
            "alt": f"{words.image} {number} : {image.caption}".strip(" :"),
        }
        for number, (image, picture) in enumerate(shown, 1)
    ]
