"""Every readable file of the corpus, compared with pydicom element by element.

Where the two differ on purpose, `DIFFERENT` says why. The sample (one small file of each folder)
runs always, the whole corpus with the slow tests.
"""

import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pydicom
import pytest

from archipel.kernel.errors import Malformed
from archipel.standards.dicom.attributes import INDEXED
from archipel.standards.dicom.dataset import read, write
from archipel.standards.dicom.elements import inflate
from archipel.standards.dicom.header import scan
from archipel.standards.dicom.json_model import to_json
from archipel.standards.dicom.part10 import split
from archipel.standards.dicom.pixels import PixelDescription
from archipel.standards.dicom.skeleton import HoleKind, holes
from archipel.standards.dicom.transfer_syntax import of

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

DIFFERENT = {
    "no_preamble_dicm_in_data": "pydicom takes DICM inside the data for the prefix",
    "emri_small_jpeg_2k_lossless_too_short.dcm": "pydicom gives up a data set that is cut short",
    "3gb-bulk-data-truncated": "two values in Rows and a length of 3 GB that is not there",
    "no-meta-length-test.dcm": "pydicom loses group 2 without its length",
}
REFUSED = {"GH179A.dcm", "GH179B.dcm", "GH626.dcm"}  # values run past the end of the file
UNCONVERTED = {"structured_report.dcm", "GH133.dcm", "CR-ModalitySequenceLUT.dcm"}


def sampled(files: list[Path]) -> list[Path]:
    small = (p for p in files if p.stat().st_size < 500_000)
    return list({p.parent: p for p in small}.values())


@pytest.fixture(
    params=[
        "sample",
        pytest.param("whole", marks=pytest.mark.slow),
    ]
)
def files(request: pytest.FixtureRequest, corpus: list[Path]) -> list[Path]:
    return sampled(corpus) if request.param == "sample" else corpus


def instances(files: list[Path]) -> Iterator[tuple[Path, bytes, str]]:
    """Give path, data set and transfer syntax of each file that is one."""
    found = 0
    for path in files:
        raw = path.read_bytes()
        try:
            meta, offset = split(raw)
        except Malformed:
            continue
        found += 1
        yield path, raw[offset:], meta.transfer_syntax
    assert found > len(files) * 0.9


def theirs(path: Path) -> pydicom.Dataset | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = pydicom.dcmread(path)
            found.decode()
    except Exception:  # noqa: BLE001 (whatever pydicom cannot read is no oracle)
        return None
    return None if path.name in DIFFERENT else found


def their_text(value: Any) -> str:
    if value is None:
        return ""
    values = value if isinstance(value, list | pydicom.multival.MultiValue) else [value]
    kept = [getattr(each, "original_string", None) for each in values]  # of DS and IS
    texts = [k if isinstance(k, str) else str(v) for k, v in zip(kept, values, strict=True)]
    return "\\".join(text.strip(" \0").rstrip("=") for text in texts)


def test_the_header_is_what_pydicom_reads(files: list[Path]) -> None:
    compared = 0
    for path, data, syntax in instances(files):
        source = theirs(path)
        if path.name in REFUSED:
            with pytest.raises(Malformed):
                scan(data, syntax)
            continue
        header = scan(data, syntax)
        if source is None:
            continue
        for tag, attribute in INDEXED.items():
            element = source.get(tag) if attribute.within is None else None
            if attribute.within is None:
                assert (tag in header) == (element is not None), (path, attribute)
            if element is not None:
                compared += 1
                assert header[tag].rstrip("=") == their_text(element.value), (path, attribute)
        steps = [
            their_text(item.get(0x00400009).value)
            for item in source.get("RequestAttributesSequence") or []
            if 0x00400009 in item
        ]
        assert header.get(0x00400009, "") == "\\".join(steps), path
    assert compared > 30 * len(files)


def same(mine: Any, their: Any) -> bool:
    if isinstance(mine, dict) or isinstance(their, dict):
        return {k: v.strip() for k, v in (mine or {}).items()} == {
            k: v.strip() for k, v in (their or {}).items() if v.strip()
        }
    if isinstance(mine, str) and isinstance(their, str):
        return mine.strip(" \0") == their.strip(" \0")
    if isinstance(their, float) and isinstance(mine, str):
        return not math.isfinite(their)
    return (mine or None) == (their or None) or float(mine) == float(their)


def compare(path: Path, where: str, mine: dict[str, Any], their: dict[str, Any]) -> int:
    for key in set(mine) | set(their):
        if key.endswith("0000") or key in {"00080005", "FFFCFFFC"}:
            continue
        private = int(key[3], 16) & 1
        at = (path, where + key)
        assert key in mine, at
        if key not in their:  # pydicom leaves out what it cannot convert
            assert path.name in {
                "structured_report.dcm",
                "GH133.dcm",
                "CR-ModalitySequenceLUT.dcm",
            }
            continue
        a, b = mine[key], their[key]
        if a["vr"] != b["vr"]:  # it knows private attributes, and one-byte pixels as OB or OW
            assert (private and a["vr"] == "UN") or key in {"7FE00010", "0040A170"}, at
            continue
        if a["vr"] == "SQ":
            ours, others = a.get("Value", []), b.get("Value", [])
            assert len(ours) == len(others), at
            for n, (one, other) in enumerate(zip(ours, others, strict=True)):
                compare(path, f"{where}{key}/{n}/", one, other)
        elif "BulkDataURI" in a or "BulkDataURI" in b:
            assert key == "7FE00010" or ("BulkDataURI" in b) or "InlineBinary" in b, at
        elif "InlineBinary" in a or "InlineBinary" in b:
            assert a.get("InlineBinary", "") == b.get("InlineBinary", ""), at
        else:
            ours = a.get("Value") or [None]
            others = b.get("Value") or [None]
            assert len(ours) == len(others), at
            assert all(map(same, ours, others)), (*at, ours, others)
    return len(mine)


def test_the_json_is_what_pydicom_writes(files: list[Path]) -> None:
    compared = 0
    for path, data, syntax in instances(files):
        source = theirs(path)
        if path.name in REFUSED:
            with pytest.raises(Malformed):
                to_json(data, syntax, str)
            continue
        mine = orjson.loads(to_json(data, syntax, str))
        if source is None:
            continue
        their = source.to_json_dict(1025, lambda _: "", suppress_invalid_tags=True)
        compared += compare(path, "", mine, their)
    assert compared > 60 * len(files)


def test_holes_filled_again_give_the_data_set(files: list[Path]) -> None:
    kinds = set()
    for path, data, syntax in instances(files):
        at, pieces = 0, []
        for hole in holes(data, syntax):
            pieces += [data[at : hole.start], data[hole.start : hole.start + hole.length]]
            at = hole.start + hole.length
            kinds.add(hole.kind)
            assert hole.kind is not HoleKind.FRAGMENT or hole.frame is not None, path
            if hole.kind is HoleKind.OPAQUE:
                assert of(syntax).deflated or "broken" in str(path) or path.name in DIFFERENT, path
        assert b"".join([*pieces, data[at:]]) == data
    assert len(files) < 500 or kinds == set(HoleKind)


def test_every_frame_is_found(files: list[Path]) -> None:
    for path, data, syntax in instances(files):
        found = holes(data, syntax)
        numbers = {h.frame for h in found if h.frame is not None}
        if not numbers or of(syntax).video:
            continue
        pixels = PixelDescription.read(scan(data, syntax))
        assert numbers == set(range(1, (pixels.frames if pixels else 1) + 1)), path


def test_what_is_read_whole_is_written_and_read_again(files: list[Path]) -> None:
    for path, data, syntax in instances(files):
        if path.name in REFUSED or path.name in DIFFERENT or len(data) > 1_000_000:
            continue
        try:
            found = read(data, syntax)
        except Malformed:
            assert "broken" in str(path), path
            continue
        written = write(found, syntax)
        assert read(written, syntax) == found, path
        if of(syntax).deflated:
            assert inflate(written, limit_bytes=10_000_000)
