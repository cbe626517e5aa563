"""Properties of matching: what a key says of itself, and what a store would find."""

import re
import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from archipel.kernel.errors import Malformed
from archipel.standards.dicom.matching import (
    Like,
    matcher,
    normalise,
    normalise_name,
    normalise_time,
)

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\\*?\0"), max_size=24)
VRS = st.sampled_from(["PN", "LO", "SH", "CS", "UI", "DA", "TM", "DT", "IS", "US"])


@given(NAMES)
def test_a_normalised_name_stays(name: str) -> None:
    assert normalise_name(normalise_name(name)) == normalise_name(name)


@given(NAMES)
def test_a_name_matches_itself_in_any_case(name: str) -> None:
    for key in (name, name.upper()):
        if normalise_name(name) and normalise_name(key) == normalise_name(name):
            assert matcher(key, "PN").matches(name)


@given(st.text(max_size=40), VRS, st.booleans(), st.text(max_size=40))
def test_any_key_is_understood_or_malformed(key: str, vr: str, fuzzy: bool, text: str) -> None:
    try:
        asked = matcher(key, vr, fuzzy=fuzzy)
    except Malformed:
        return

    assert asked.matches(text) in {True, False}


@given(st.text("ab%_\\*?", max_size=8), st.text("ab%_\\", max_size=8))
def test_sql_finds_what_the_pattern_matches(pattern: str, text: str) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA case_sensitive_like = ON")
    like = Like(pattern)

    (found,) = connection.execute("SELECT ? LIKE ? ESCAPE '\\'", (text, like.sql())).fetchone()
    connection.close()

    assert bool(found) == like.holds(text)
    expected = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in pattern)
    assert like.holds(text) == bool(re.fullmatch(expected, text, re.DOTALL))


@given(st.times(), st.times(), st.times())
def test_a_range_of_times_is_a_range(low, high, moment) -> None:
    texts = [f"{t:%H%M%S}.{t.microsecond:06}" for t in (low, high, moment)]

    assert matcher(f"{texts[0]}-{texts[1]}", "TM").matches(texts[2]) == (low <= moment <= high)
    assert (normalise_time(texts[0]) < normalise_time(texts[1])) == (low < high)


@given(st.text(max_size=40), VRS)
def test_a_normalised_value_stays(value: str, vr: str) -> None:
    once = normalise(vr, value)

    assert normalise(vr, once) == once
