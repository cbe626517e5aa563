"""Real files of many devices: each leaves without a trace of who it is, or does not leave."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from archipel.imaging.deidentify import deidentified_file
from archipel.kernel.errors import ArchipelError
from archipel.standards.dicom.dataset import DataSet, read
from archipel.standards.dicom.deidentify.apply import Task
from archipel.standards.dicom.deidentify.profile import Profile
from archipel.standards.dicom.deidentify.pseudonyms import Pseudonyms
from archipel.standards.dicom.deidentify.table import Option
from archipel.standards.dicom.deidentify.words import vocabulary
from archipel.standards.dicom.part10 import split

CORPUS = Path(os.environ.get("ARCHIPEL_CORPUS", Path(__file__).parents[4] / "shared" / "data"))
pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(), reason=f"no corpus at {CORPUS}: set ARCHIPEL_CORPUS"
)
MANY = frozenset(Option) - {Option.RETAIN_FULL_DATES, Option.RETAIN_UIDS}
PLACES = (0x00100010, 0x00100020, 0x00101000, 0x00080050, 0x00080090, 0x00081070, 0x00081048)
SAMPLED = 60


def files() -> list[Path]:
    return sorted(path for path in (CORPUS / "dicom").rglob("*") if path.is_file())


def secrets(dataset: DataSet) -> Iterator[bytes]:
    """Whole values of who it is, at any depth, that are no mere term or chance of digits."""
    for tag in PLACES:
        for text in dataset.texts(tag):
            words = text.replace("^", " ").lower().split()
            if len(text) >= 6 and not set(words) <= vocabulary():
                yield text.encode("utf-8")
                yield text.encode("latin-1", "ignore")
    for element in dataset.elements.values():
        for item in element.value if isinstance(element.value, list) else ():
            yield from secrets(item)


def held_against(path: Path, options: frozenset[Option]) -> str:
    """De-identify a file; say what became of it."""
    raw = path.read_bytes()
    asked = Task(profile=Profile(options), pseudonyms=Pseudonyms(b"k" * 32))
    try:
        told, start = split(raw)
        made = deidentified_file(raw[start:], told.transfer_syntax, asked)
    except ArchipelError as refusal:
        return f"refused: {refusal}"
    before = read(raw[start:], told.transfer_syntax)
    after = read(made[split(made)[1] :], split(made)[0].transfer_syntax)
    assert after.text(0x00120062) == "YES"
    found = {secret for secret in secrets(before) if len(secret) >= 6 and secret in made}
    assert not found, f"{path.name}: {len(found)} values of identity left"
    uids = {before.text(tag) for tag in (0x00080018, 0x0020000D, 0x0020000E, 0x00200052)}
    assert not [uid for uid in uids if len(uid) > 20 and uid.encode() in made], path.name
    return "done"


@pytest.mark.parametrize("options", [frozenset(), MANY], ids=["basic", "many"])
def test_a_sample_leaves_without_a_trace(options: frozenset[Option]) -> None:
    chosen = files()[:: len(files()) // SAMPLED]

    outcomes = [held_against(path, options) for path in chosen]

    assert outcomes.count("done") > len(outcomes) / 2
    assert all(len(one) > len("refused: ") for one in outcomes if one != "done")


@pytest.mark.long
@pytest.mark.parametrize("options", [frozenset(), MANY], ids=["basic", "many"])
def test_every_file_leaves_without_a_trace_or_not_at_all(options: frozenset[Option]) -> None:
    outcomes = [held_against(path, options) for path in files()]

    assert outcomes.count("done") > len(outcomes) / 2
    assert all(len(one) > len("refused: ") for one in outcomes if one != "done")
