"""Whole files: pixels blackened where they may speak, refused where nobody knows."""

import numpy as np
import pytest

from archipel.imaging.deidentify import DeidentifyInstance, deidentified_file
from archipel.standards.dicom.dataset import DataSet, Element, read, write
from archipel.standards.dicom.deidentify.apply import NotDeidentifiable, Task
from archipel.standards.dicom.deidentify.profile import Blackout, Box, Profile
from archipel.standards.dicom.deidentify.pseudonyms import Pseudonyms
from archipel.standards.dicom.deidentify.table import Option
from archipel.standards.dicom.part10 import split
from archipel.standards.dicom.transfer_syntax import EXPLICIT_VR_LITTLE_ENDIAN as ELE

ROWS, COLUMNS = 6, 8
US, CT = "1.2.840.10008.5.1.4.1.1.6.1", "1.2.840.10008.5.1.4.1.1.2"


def image(modality: str, sop_class: str, *, samples: int = 1, frames: int = 1) -> DataSet:
    made = DataSet()
    texts = {
        0x00080016: sop_class,
        0x00080018: "1.2.3.4",
        0x00080060: modality,
        0x00080070: "TEST-Maker",
        0x00100010: "TEST-KERVOZEC^Tiphanie",
        0x00100020: "TEST-90817",
        0x0020000D: "1.2.3",
        0x00280002: str(samples),
        0x00280004: "RGB" if samples > 1 else "MONOCHROME2",
        0x00280006: "0",
        0x00280008: str(frames),
        0x00280010: str(ROWS),
        0x00280011: str(COLUMNS),
        0x00280100: "8",
        0x00280101: "8",
        0x00280102: "7",
        0x00280103: "0",
    }
    for tag, text in texts.items():
        made.set_text(tag, text)
    made.elements[0x7FE00010] = Element("OB", b"\xaa" * (ROWS * COLUMNS * samples * frames))
    return made


def done(dataset: DataSet, *options: Option, rules: tuple[Blackout, ...] = ()) -> DataSet:
    profile = Profile(frozenset(options), rules)
    file = deidentified_file(
        write(dataset, ELE), ELE, Task(profile=profile, pseudonyms=Pseudonyms(b"k" * 32))
    )
    told, start = split(file)
    made = read(file[start:], told.transfer_syntax)
    assert file[:128] == bytes(128)
    assert told.sop_instance == made.text(0x00080018)
    assert told.source == ""
    assert b"KERVOZEC" not in file
    return made


def frames_of(dataset: DataSet, samples: int = 1) -> np.ndarray:
    value = dataset.elements[0x7FE00010].value
    assert isinstance(value, bytes)
    return np.frombuffer(value, np.uint8).reshape(-1, ROWS, COLUMNS, samples)


def test_an_image_that_gives_no_hint_keeps_its_pixels() -> None:
    made = done(image("CT", CT))

    assert (frames_of(made) == 0xAA).all()
    assert 0x00280301 not in made


@pytest.mark.parametrize("said", ["", "YES"])
def test_an_ultrasound_is_refused_unless_pixels_are_cleaned(said: str) -> None:
    dataset = image("US", US)
    dataset.set_text(0x00280301, said)

    with pytest.raises(NotDeidentifiable):
        done(dataset)


def test_without_a_rule_even_cleaning_refuses() -> None:
    with pytest.raises(NotDeidentifiable, match="no rule"):
        done(image("US", US), Option.CLEAN_PIXELS)


@pytest.mark.parametrize("samples", [1, 3])
def test_a_rule_blackens_its_boxes_in_every_frame(samples: int) -> None:
    rule = Blackout(
        modality="US",
        manufacturer="test-maker",
        rows=ROWS,
        columns=COLUMNS,
        boxes=(Box(0, 0, 8, 2), Box(6, 0, 99, 99)),
    )
    dataset = image("US", US, samples=samples, frames=3)

    made = done(dataset, Option.CLEAN_PIXELS, rules=(rule,))

    expected = np.full((3, ROWS, COLUMNS, samples), 0xAA, np.uint8)
    expected[:, :2] = 0
    expected[:, :, 6:] = 0
    assert (frames_of(made, samples) == expected).all()
    assert made.text(0x00280301) == "NO"
    assert "113101" in [item.text(0x00080100) for item in made.items(0x00120064)]


def test_a_rule_for_another_size_does_not_hold() -> None:
    rule = Blackout(modality="US", rows=ROWS + 1, columns=COLUMNS)

    with pytest.raises(NotDeidentifiable):
        done(image("US", US), Option.CLEAN_PIXELS, rules=(rule,))


def test_around_the_regions_of_an_ultrasound_all_is_blackened() -> None:
    dataset = image("US", US)
    regions = []
    for left, top, right, bottom in ((1, 1, 3, 3), (5, 2, 6, 4)):
        item = DataSet()
        sides = (0x00186018, 0x0018601A, 0x0018601C, 0x0018601E)
        for tag, value in zip(sides, (left, top, right, bottom), strict=True):
            item.set_text(tag, str(value))
        regions.append(item)
    dataset.set_items(0x00186011, regions)

    made = frames_of(done(dataset, Option.CLEAN_PIXELS))[0, :, :, 0]

    expected = np.zeros((ROWS, COLUMNS), np.uint8)
    expected[1:4, 1:4] = 0xAA
    expected[2:5, 5:7] = 0xAA
    assert (made == expected).all()


def test_what_follows_the_last_frame_is_cut() -> None:
    dataset = image("CT", CT)
    held = dataset.elements[0x7FE00010].value
    assert isinstance(held, bytes)
    dataset.elements[0x7FE00010] = Element("OB", held + b"Tiphanie KERVOZEC.")

    assert frames_of(done(dataset)).size == ROWS * COLUMNS


def test_an_overlay_hidden_in_the_pixels_is_cleared() -> None:
    dataset = image("CT", CT)
    dataset.set_text(0x00280101, "4")
    dataset.set_text(0x00280102, "3")
    dataset.set_text(0x60000102, "7", vr="US")

    assert (frames_of(done(dataset)) == 0x0A).all()


def test_the_task_does_the_same() -> None:
    raw = write(image("CT", CT), ELE)
    asked = Task(profile=Profile(), pseudonyms=Pseudonyms(b"k" * 32))

    assert DeidentifyInstance(raw, ELE, asked).do() == deidentified_file(raw, ELE, asked)
