"""Properties of the header scan (PS3.5 section 7)."""

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.grammar.encoded import BIG, DEFLATED, EXPLICIT, IMPLICIT, ct, element

from archipel.kernel.errors import Malformed
from archipel.standards.dicom.header import NeedMore, scan

SYNTAXES = st.sampled_from([IMPLICIT, EXPLICIT, BIG, DEFLATED])


@given(st.binary(max_size=300), SYNTAXES, st.booleans())
def test_any_bytes_are_read_or_malformed(data: bytes, syntax: str, complete: bool) -> None:
    try:
        header = scan(data, syntax, complete=complete)
    except Malformed:
        return

    assert all(isinstance(text, str) for text in header.values())


@given(st.data(), st.sampled_from([IMPLICIT, EXPLICIT, BIG]))
def test_any_damage_is_read_or_malformed(draw: st.DataObject, syntax: str) -> None:
    data = bytearray(ct(syntax))
    for _ in range(draw.draw(st.integers(1, 6))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    try:
        scan(bytes(data), syntax)
    except Malformed:
        return


@given(st.text(st.characters(codec="latin-1", exclude_characters="\\\x1b"), max_size=64))
def test_text_comes_back_without_its_padding(text: str) -> None:
    data = (
        element(0x00080005, "CS", "ISO_IR 100")
        + element(0x00081030, "LO", text)
        + element(0x0020000D, "UI", "2.25.1")
    )

    assert scan(data, EXPLICIT)[0x00081030] == text.strip(" \0")


@given(st.integers(0, 600))
def test_more_of_a_data_set_never_tells_less(size: int) -> None:
    whole = ct()
    try:
        header = scan(whole[:size], EXPLICIT, complete=False)
    except NeedMore:
        return

    assert header == scan(whole, EXPLICIT)
