"""Properties of UIDs (PS3.5 section 9.1)."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archipel.kernel.errors import Malformed
from archipel.kernel.uid import MAX_LENGTH, Uid


@given(st.uuids())
def test_every_uuid_makes_a_uid(value: uuid.UUID) -> None:
    assert len(Uid.from_uuid(value).value) <= MAX_LENGTH


@given(st.uuids(), st.text(alphabet="\0 ", max_size=3))
def test_padding_never_changes_a_uid(value: uuid.UUID, padding: str) -> None:
    uid = Uid.from_uuid(value)

    assert Uid.parse(uid.value + padding) == uid


@given(st.text(max_size=70))
def test_any_text_is_a_uid_or_malformed(text: str) -> None:
    try:
        uid = Uid(text)
    except Malformed:
        return

    assert set(uid.value) <= set("0123456789.")


@pytest.mark.parametrize(
    "text", ["", "1", "1.", ".1", "1..2", "1.2a", "1." + "2" * 63, "1.\N{SUPERSCRIPT TWO}"]
)
def test_what_is_not_a_uid_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        Uid(text)


def test_a_leading_zero_is_taken_as_written() -> None:
    assert Uid("999.01.2") != Uid("999.1.2")
