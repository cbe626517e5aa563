"""PS3.15 table E.1-1 as data, held against what another program has of it."""

import importlib.metadata
import importlib.util
from collections import Counter
from types import ModuleType

import pytest

from archipel.standards.dicom.deidentify.table import SETTLED, Action, Option, row_of, rows
from archipel.standards.dicom.dictionary import tag_of

LISTS = {
    "D_TAGS": "D",
    "Z_TAGS": "Z",
    "X_TAGS": "X",
    "U_TAGS": "U",
    "Z_D_TAGS": "Z/D",
    "X_Z_TAGS": "X/Z",
    "X_D_TAGS": "X/D",
    "X_Z_D_TAGS": "X/Z/D",
    "X_Z_U_STAR_TAGS": "X/Z/U*",
}


def _second_source() -> ModuleType:
    files = importlib.metadata.files("dicom-anonymizer") or []
    found = next(one for one in files if one.name == "dicomfields_2026c.py")
    spec = importlib.util.spec_from_file_location("second_source", found.locate())
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_entry_says_what_a_second_source_says() -> None:
    second = _second_source()
    theirs: dict[str, str] = {}
    for name, basic in LISTS.items():
        for group, element, *mask in getattr(second, name):
            if mask:  # repeating groups
                form = "50xxxxxx" if group == 0x5000 else f"{group >> 8:02X}xx{element:04X}"
                theirs[form] = basic
            else:
                theirs[f"{group:04X}{element:04X}"] = basic

    ours = {tag: row.basic for tag, row in rows().items() if tag != "private"}

    assert len(ours) == 655
    assert ours == theirs


def test_the_options_have_as_many_rows_as_the_standard_prints() -> None:
    counted = Counter(
        (option, action) for row in rows().values() for option, action in row.options.items()
    )

    assert counted == {
        (Option.RETAIN_FULL_DATES, Action.KEEP): 165,
        (Option.RETAIN_MODIFIED_DATES, Action.CLEAN): 165,
        (Option.CLEAN_DESCRIPTORS, Action.CLEAN): 125,
        (Option.RETAIN_UIDS, Action.KEEP): 59,
        (Option.RETAIN_DEVICE, Action.KEEP): 46,
        (Option.RETAIN_DEVICE, Action.CLEAN): 11,
        (Option.RETAIN_INSTITUTION, Action.KEEP): 10,
        (Option.RETAIN_CHARACTERISTICS, Action.KEEP): 9,
        (Option.RETAIN_CHARACTERISTICS, Action.CLEAN): 4,
        (Option.CLEAN_GRAPHICS, Action.CLEAN): 4,
        (Option.CLEAN_STRUCTURED_CONTENT, Action.CLEAN): 3,
        (Option.RETAIN_SAFE_PRIVATE, Action.CLEAN): 1,
    }


def test_every_entry_has_an_action() -> None:
    assert {row.basic for row in rows().values()} <= SETTLED.keys()


@pytest.mark.parametrize(
    ("keyword", "options", "action"),
    [
        ("PatientName", set(), Action.ZERO),
        ("PatientAddress", set(), Action.REMOVE),
        ("SOPInstanceUID", set(), Action.UID),
        ("SOPInstanceUID", {Option.RETAIN_UIDS}, Action.KEEP),
        ("StudyDate", set(), Action.ZERO),
        ("StudyDate", {Option.RETAIN_MODIFIED_DATES}, Action.CLEAN),
        ("StudyDate", {Option.RETAIN_FULL_DATES}, Action.KEEP),
        ("PatientBirthDate", {Option.RETAIN_FULL_DATES}, Action.ZERO),
        ("SeriesDescription", {Option.CLEAN_DESCRIPTORS}, Action.CLEAN),
        ("ContentSequence", set(), Action.DUMMY),
        ("ContentSequence", {Option.CLEAN_STRUCTURED_CONTENT}, Action.CLEAN),
        ("InstitutionName", {Option.RETAIN_INSTITUTION}, Action.KEEP),
        ("PatientAge", {Option.RETAIN_CHARACTERISTICS}, Action.KEEP),
        ("DeviceSerialNumber", {Option.RETAIN_DEVICE}, Action.KEEP),
        ("StationName", {Option.CLEAN_DESCRIPTORS, Option.RETAIN_DEVICE}, Action.KEEP),
        ("ReferencedImageSequence", set(), Action.UID),
    ],
)
def test_the_table_says_what_is_done(keyword: str, options: set[Option], action: Action) -> None:
    tag = tag_of(keyword)
    assert tag is not None
    row = row_of(tag)

    assert row is not None
    assert row.action(options) is action


@pytest.mark.parametrize("tag", [0x60003000, 0x601E3000, 0x50040010, 0x00091001, 0x60024000])
def test_repeating_groups_and_private_attributes_have_a_row(tag: int) -> None:
    row = row_of(tag)

    assert row is not None
    assert row.action(frozenset()) is Action.REMOVE


def test_what_the_table_does_not_name_has_no_row() -> None:
    assert row_of(0x00280010) is None
    assert row_of(0x60000010) is None
