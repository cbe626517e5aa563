"""Decoded pixels of real files beside those of pydicom and dcmtk, which share no code with us."""

import gzip
import io
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest

from archipel.archive.model import Held, InstanceKey, JournalPlace
from archipel.imaging.description import describe
from archipel.imaging.frames import decode, photometric_of
from archipel.imaging.transcode import to_little_endian
from archipel.kernel.errors import ArchipelError
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.standards.dicom import part10
from archipel.standards.dicom import transfer_syntax as ts
from archipel.standards.dicom.bulk import value_at
from archipel.stores import frames
from archipel.stores.packs.metadata import instance_metadata

ROOT = Path(__file__).parents[3]
CORPUS = Path(os.environ.get("ARCHIPEL_CORPUS", ROOT.parent / "shared" / "data"))
MAX_BYTES = 16 << 20
OF_A_FOLDER = 40  # series of hundreds of like slices prove nothing more
DCMTK = {
    **dict.fromkeys((ts.JPEG_BASELINE, ts.JPEG_EXTENDED), "dcmdjpeg"),
    **dict.fromkeys((ts.JPEG_LOSSLESS, ts.JPEG_LOSSLESS_SV1), "dcmdjpeg"),
    **dict.fromkeys((ts.JPEG_LS_LOSSLESS, ts.JPEG_LS_NEAR_LOSSLESS), "dcmdjpls"),
}
# Its codestream says signed, its data set unsigned; pydicom adds an offset, we keep the bits.
CONTRADICTORY = {"TOSHIBA_J2K_SIZ1_PixRep0.dcm"}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus at {CORPUS}: set ARCHIPEL_CORPUS"),
    pytest.mark.filterwarnings("ignore"),  # pydicom warns of what these files are here for
]


def _files() -> Iterator[tuple[Path, bytes, str]]:
    of_folder: Counter = Counter()
    for path in sorted((CORPUS / "dicom").rglob("*")):
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            continue
        content = path.read_bytes()
        of_folder[path.parent] += 1
        if content[128:132] == b"DICM" and of_folder[path.parent] <= OF_A_FOLDER:
            meta, start = part10.split(content)
            yield path, content[start:], meta.transfer_syntax


def _first_frame(data: bytes, syntax: str) -> tuple[np.ndarray, str] | None:
    held = Held(
        tenant=TenantId("test"),
        key=InstanceKey(Uid("1.2"), Uid("1.3"), Uid("1.4")),
        sop_class=Uid("1.5"),
        transfer_syntax=Uid(syntax),
        size_bytes=len(data),
        digest=b"",
        number=None,
        frames=1,
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
        source="",
        place=JournalPlace(0, 0),
    )
    document = gzip.compress(b"[" + instance_metadata(data, held) + b"]", 1)
    try:
        image = describe(document, 1, lambda path: value_at(data, syntax, path))
        spans = frames.layout(memoryview(data), syntax).get(1)
        content = (
            frames.odd_frame(data, syntax, 1)
            if spans is None
            else b"".join(data[span.start : span.start + span.length] for span in spans)
        )
        decoded = decode(content, syntax, image.pixels)
    except ArchipelError:
        return None
    return decoded, photometric_of(syntax, image.pixels)


def _by_pydicom(path: Path) -> np.ndarray | None:
    try:
        dataset = pydicom.dcmread(path)
        pixels = dataset.pixel_array
    except Exception:  # noqa: BLE001  (whatever pydicom thinks of files broken on purpose)
        return None
    return pixels[0] if int(dataset.get("NumberOfFrames") or 1) > 1 else pixels


def _by_dcmtk(path: Path, tool: str, tmp_path: Path) -> np.ndarray | None:
    out = tmp_path / "native.dcm"
    found = shutil.which(tool, path="/usr/bin")
    done = subprocess.run([found, path, out], capture_output=True, check=False, timeout=60)
    return _by_pydicom(out) if done.returncode == 0 else None


def _differs(ours: np.ndarray, theirs: np.ndarray, photometric: str, syntax: str) -> bool:
    if ours.shape != theirs.shape:
        return True
    if photometric.startswith("YBR"):
        return False  # pydicom gives RGB
    lossy_colour = syntax == ts.JPEG_BASELINE and photometric == "RGB"
    return int(np.abs(ours.astype(np.int64) - theirs.astype(np.int64)).max()) > int(lossy_colour)


def test_pixels_are_those_of_pydicom() -> None:
    compared, different = 0, []
    for path, data, syntax in _files():
        ours, theirs = _first_frame(data, syntax), _by_pydicom(path)
        if ours is None or theirs is None or path.name in CONTRADICTORY:
            continue
        compared += 1
        if _differs(ours[0], theirs, ours[1], syntax):
            different.append(path.name)

    assert different == []
    assert compared > 300


@pytest.mark.skipif(not shutil.which("dcmdjpeg", path="/usr/bin"), reason="dcmtk is not installed")
def test_pixels_are_those_of_dcmtk(tmp_path: Path) -> None:
    compared, different = 0, []
    for path, data, syntax in _files():
        if syntax not in DCMTK:
            continue
        ours, theirs = _first_frame(data, syntax), _by_dcmtk(path, DCMTK[syntax], tmp_path)
        if ours is None or theirs is None:
            continue
        compared += 1
        if _differs(ours[0], theirs, ours[1], syntax):
            different.append(path.name)

    assert different == []
    assert compared > 80


def test_a_rewritten_data_set_holds_the_same_pixels() -> None:
    compared, different = 0, []
    for path, data, syntax in _files():
        theirs = _by_pydicom(path)
        if theirs is None or path.name in CONTRADICTORY:
            continue
        for target in (ts.EXPLICIT_VR_LITTLE_ENDIAN, ts.IMPLICIT_VR_LITTLE_ENDIAN):
            try:
                rewritten = to_little_endian(data, syntax, target)
            except ArchipelError:
                continue
            head = part10.meta(
                sop_class=Uid("1.2"), sop_instance=Uid("1.3"), transfer_syntax=Uid(target)
            )
            ours = _by_pydicom(io.BytesIO(head + rewritten))
            compared += 1
            if ours is None or _differs(ours, theirs, "RGB", syntax):
                different.append((path.name, target))

    assert different == []
    assert compared > 600
