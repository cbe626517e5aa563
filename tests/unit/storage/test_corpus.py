"""Real files of many makers come back bit for bit from the journal and from packs."""

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path

import imagecodecs
import pytest

from archipel.kernel.errors import ArchipelError
from archipel.kernel.uid import Uid
from archipel.standards.dicom import header
from archipel.standards.dicom.part10 import split

EXPLICIT, BIG_ENDIAN = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
CORPUS = Path(os.environ.get("ARCHIPEL_CORPUS") or Path(__file__).parents[4] / "shared" / "data")
FOLDERS = sorted(p for p in CORPUS.glob("dicom/*") if p.is_dir())

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FOLDERS, reason="no corpus: set ARCHIPEL_CORPUS"),
]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_folder_comes_back_bit_for_bit(shelf, folder) -> None:
    sent, held = [], []
    for content, syntax, frames in _data_sets(folder):
        sent.append(content)
        held.append(shelf.receive(content, number=len(sent), syntax=syntax, frames=frames))

    assert sent, "a folder of the corpus without one DICOM file"
    assert [shelf.contents.dataset(one) for one in held] == sent
    sealed = shelf.seal(held).instances
    assert [shelf.contents.dataset(one) for one in sealed] == sent
    documents = json.loads(gzip.decompress(shelf.contents.series_metadata(sealed)))
    assert len(documents) == len(sent)
    for before, after in zip(held, sealed, strict=True):
        for number in range(1, min(before.frames, 3) + 1):
            _same_frame(shelf.contents, before, after, number)


def _same_frame(contents, before, after, number) -> None:
    """Hold a frame of the pack against the journal's: the same bytes, or HTJ2K of them."""
    answers = []
    for one in (before, after):
        try:
            answers.append(contents.frame(one, number))
        except ArchipelError as refused:
            answers.append(type(refused))
    received = str(before.transfer_syntax)
    if isinstance(answers[1], type) or str(answers[1].transfer_syntax) in {received, EXPLICIT}:
        assert answers[0] == answers[1]
    elif received != BIG_ENDIAN:
        assert imagecodecs.htj2k_decode(answers[1].content).tobytes() == answers[0].content


def _data_sets(folder: Path) -> Iterator[tuple[bytes, str, int]]:
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        file = path.read_bytes()
        try:
            meta, start = split(file)
            syntax = Uid.parse(meta.transfer_syntax).value
        except ArchipelError:
            continue  # no DICOM file: nothing of it would reach the journal
        try:
            found = header.scan(file[start:], syntax)
        except ArchipelError:
            found = {}
        frames = found.get(0x00280008, "").strip()
        yield file[start:], syntax, int(frames) if frames.isdigit() else 1
