"""Query keys: what each kind of key matches, and how it is described to a store."""

import pytest

from archipel.kernel.errors import Malformed
from archipel.standards.dicom.matching import (
    AnyOf,
    Either,
    Empty,
    Like,
    Range,
    Universal,
    Words,
    combined,
    matcher,
    matches_all,
    normalise_name,
    normalise_time,
)


@pytest.mark.parametrize(
    ("vr", "key", "criterion"),
    [
        ("LO", "", Universal()),
        ("UI", "*", Universal()),
        ("SH", '""', Empty()),
        ("SH", "A1 ", AnyOf(("A1",))),
        ("UI", "2.25.1\\2.25.2", AnyOf(("2.25.1", "2.25.2"))),
        ("IS", "007", AnyOf(("7",))),
        ("LO", "Scan**x?", Like("Scan*x?")),
        ("CS", "CT\\M*", Either((AnyOf(("CT",)), Like("M*")))),
        ("UI", "2.25.?", AnyOf(("2.25.?",))),
        ("DA", "20260102", AnyOf(("20260102",))),
        ("DA", "2026.01.02", AnyOf(("20260102",))),
        ("DA", "20260102-20260131", Range("20260102", "20260131")),
        ("DA", "-20260131", Range("", "20260131")),
        ("DA", "20260102-", Range("20260102", "")),
        ("TM", "10-12", Range("100000", "125959.999999")),
        ("TM", "10:15", Range("101500", "101559.999999")),
        ("DT", "2026-2027", Range("20260101000000", "20271231235959.999999")),
        ("DT", "20260102-0500", Range("20260102000000", "20260102235959.999999")),
        ("PN", "TEST-DUB*", Either((Like("TEST-DUB*"), Like("*=TEST-DUB*")))),
    ],
)
def test_a_key_is_described(vr: str, key: str, criterion: object) -> None:
    assert matcher(key, vr).criterion == criterion


@pytest.mark.parametrize(
    ("vr", "key", "text", "expected"),
    [
        ("LO", "", "", True),
        ("LO", "x", "", False),
        ("SH", '""', "", True),
        ("SH", '""', "x", False),
        ("CS", "MR", "CT\\MR", True),
        ("LO", "Scanner*", "Scanner thoracique", True),
        ("LO", "*tho?ac*", "Scanner thoracique", True),
        ("LO", "scanner*", "Scanner thoracique", False),
        ("LO", "[a]*", "[a]b", True),
        ("LO", "a.c", "abc", False),
        ("PN", "test-méridien^zoe", "TEST-MERIDIEN^Zoé", True),
        ("PN", "test-meridien*", "TEST-MÉRIDIEN^Zoé^^Mme", True),
        ("PN", "test-meridien", "TEST-MÉRIDIEN^Zoé", False),
        ("PN", "山田*", "Yamada^Tarou=山田^太郎", True),
        ("PN", "yamada^tarou", "Yamada^Tarou=山田^太郎", True),
        ("PN", "TEST-COEUR", "Test-Cœur^^^", True),
        ("TM", "1015-", "101500", True),
        ("TM", "-1015", "101559.9", True),
        ("TM", "-1015", "1016", False),
        ("TM", "10", "1059", True),
        ("DA", "20260101-20260131", "2026.01.31", True),
        ("DA", "20260101-20260131", "20260201", False),
        ("DA", "202601*", "20260131", True),
        ("DT", "20260102-20260103", "20260103101500.5+0100", True),
    ],
)
def test_a_key_matches(vr: str, key: str, text: str, expected: bool) -> None:
    assert matcher(key, vr).matches(text) is expected


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("zoe meridien", "TEST-MÉRIDIEN^Zoé", True),
        ("mér", "TEST-MÉRIDIEN^Zoé", True),
        ("zoe dupont", "TEST-MÉRIDIEN^Zoé", False),
        ("eridien", "TEST-MÉRIDIEN^Zoé", False),
        ("d'arc", "TEST-D\N{RIGHT SINGLE QUOTATION MARK}ARC^Jeanne", True),
    ],
)
def test_a_fuzzy_name_is_words_in_any_order(key: str, text: str, expected: bool) -> None:
    asked = matcher(key, "PN", fuzzy=True)

    assert isinstance(asked.criterion, Words)
    assert asked.matches(text) is expected


@pytest.mark.parametrize(
    ("vr", "key"),
    [("DA", "yesterday"), ("DA", "2026-01-02"), ("TM", "1-2"), ("DT", "-"), ("LO", "x" * 5000)],
)
def test_a_key_that_means_nothing_is_malformed(vr: str, key: str) -> None:
    with pytest.raises(Malformed):
        matcher(key, vr)


def test_a_pattern_is_written_for_sql() -> None:
    assert Like("50%_a*b?\\").sql() == "50\\%\\_a%b_\\\\"


def test_date_and_time_make_one_range() -> None:
    asked = combined("20260101-20260103", "2200-0600")

    assert asked.holds("20260101", "2230")
    assert asked.holds("20260102", "12")
    assert asked.holds("20260103", "055959.5")
    assert asked.holds("20260103", "0600")
    assert not asked.holds("20260101", "2159")
    assert not asked.holds("20260103", "0601")
    assert not asked.holds("", "2300")


def test_open_ranges_of_date_and_time_stay_open() -> None:
    assert combined("20260101-", "22-").holds("20991231", "")
    assert not combined("20260101-", "22-").holds("20260101", "21")
    assert combined("-20260101", "-22").holds("19991231", "23")


def test_every_key_must_match() -> None:
    keys = {0x00080060: matcher("CT", "CS"), 0x00100010: matcher("test*", "PN")}

    assert matches_all(keys, {0x00080060: "CT", 0x00100010: "TEST-A"})
    assert not matches_all(keys, {0x00080060: "CT"})


def test_a_hostile_pattern_costs_no_more() -> None:
    assert not matcher("*a" * 400 + "b", "LO").matches("a" * 4000)


def test_names_and_times_are_kept_in_one_form() -> None:
    assert normalise_name("  Müller-Lüdenscheidt^^Œuvre^ ") == "MULLER-LUDENSCHEIDT^^OEUVRE"
    assert normalise_name("ﾔﾏﾀﾞ^ﾀﾛｳ") == normalise_name("ヤマダ^タロウ")
    assert normalise_time("10:15") == "101500"
    assert normalise_time("101530.25") == "101530.25"
