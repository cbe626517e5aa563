"""Text burnt into a picture: who it is, and how it was made (PS3.18 section 8.3.5.1.1).

The text is set by typst in a font that it carries, so that a name keeps its accents anywhere.
"""

import gzip
import io
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image as Picture

PATIENT, TECHNIQUE = "patient", "technique"
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # they have no shape
_MOST_LINE = 80  # characters
_PPI, _FULL_SIDE = 96.0, 512  # a picture of this side has letters of 12 pixels
_PAGE = b"""
#set page(width: auto, height: auto, margin: 2pt, fill: rgb(0, 0, 0, 150))
#set text(font: "DejaVu Sans Mono", size: 9pt, fill: white)
#sys.inputs.at("text")
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """What is written: `patient` at the top left, `technique` at the bottom left."""

    patient: tuple[str, ...] = ()
    technique: tuple[str, ...] = ()


def annotation_of(document: bytes, kinds: Collection[str]) -> Annotation:
    """Read what to write from gzip of the metadata of one instance."""
    found: Mapping[str, Any] = json.loads(gzip.decompress(document))[0]
    return Annotation(
        patient=tuple(_patient(found)) if PATIENT in kinds else (),
        technique=tuple(_technique(found)) if TECHNIQUE in kinds else (),
    )


def _patient(found: Mapping[str, Any]) -> Iterator[str]:
    yield _text(found, "00100010").replace("^", " ")
    yield _text(found, "00100020")
    yield " ".join(filter(None, (_day(_text(found, "00100030")), _text(found, "00100040"))))


def _technique(found: Mapping[str, Any]) -> Iterator[str]:
    day, time = _day(_text(found, "00080020")), _text(found, "00080030")
    yield " ".join(filter(None, (day, f"{time[:2]}:{time[2:4]}" if len(time) >= 4 else "")))  # noqa: PLR2004  (HHMM)
    yield " ".join(filter(None, (_text(found, "00080060"), _text(found, "0008103E"))))
    for tag, unit in (("00180060", "kV"), ("00181151", "mA"), ("00180050", "mm")):
        if value := _text(found, tag):
            yield f"{value} {unit}"


def _text(found: Mapping[str, Any], tag: str) -> str:
    values = (found.get(tag) or {}).get("Value") or [""]
    value = values[0].get("Alphabetic", "") if isinstance(values[0], dict) else values[0]
    return _CONTROLS.sub("", "" if value is None else str(value))[:_MOST_LINE]


def _day(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if len(text) == 8 else text  # noqa: PLR2004  (YYYYMMDD)


def written(picture: Picture.Image, annotation: Annotation) -> Picture.Image:
    """Write into a copy of a picture."""
    made = picture.convert("RGB")
    for lines, at_top in ((annotation.patient, True), (annotation.technique, False)):
        text = "\n".join(filter(None, lines))
        if text:
            words = block(text, min(made.size))
            made.paste(words, (0, 0 if at_top else made.height - words.height), words)
    return made


def block(text: str, side: int) -> Picture.Image:
    """Set words as a picture of their own, for one whose shorter side has `side` pixels."""
    ppi = _PPI * max(0.5, side / _FULL_SIDE)
    return _set(text, ppi)


def _set(text: str, ppi: float) -> Picture.Image:
    import typst  # noqa: PLC0415  (the pictures that ask for it are few)

    compiled: Any = typst.compile  # its stub leaves out what it takes
    png = compiled(
        _PAGE, format="png", ppi=ppi, ignore_system_fonts=True, sys_inputs={"text": text}
    )
    return Picture.open(io.BytesIO(png))
