"""What the header scan finds, and what it refuses."""

import tracemalloc

import pytest
from tests.unit.grammar.encoded import (
    BIG,
    CT_HEADER,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    UNDEFINED,
    ct,
    deflate,
    element,
    item,
    nested,
    sequence,
)

from archipel.kernel.errors import Malformed
from archipel.standards.dicom.header import MAX_VALUE_BYTES, NeedMore, scan

UIDS = element(0x00080018, "UI", "2.25.3") + element(0x0020000D, "UI", "2.25.1")


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG])
def test_every_byte_order_and_vr_form_gives_the_same_header(syntax: str) -> None:
    assert scan(ct(syntax), syntax) == CT_HEADER
    assert scan(memoryview(ct(syntax)), syntax) == CT_HEADER


def test_a_deflated_data_set_gives_the_same_header() -> None:
    assert scan(deflate(ct()), DEFLATED) == CT_HEADER


def test_a_wrong_label_is_seen_through() -> None:
    assert scan(ct(IMPLICIT), EXPLICIT) == CT_HEADER
    assert scan(ct(EXPLICIT), IMPLICIT) == CT_HEADER


def test_an_unknown_transfer_syntax_is_read_as_explicit_little_endian() -> None:
    assert scan(ct(), "1.2.840.10008.1.2.4.999") == CT_HEADER


def test_nothing_behind_the_last_indexed_attribute_is_looked_at() -> None:
    assert scan(ct() + b"\xff" * 50, EXPLICIT) == CT_HEADER
    assert scan(ct()[:-128], EXPLICIT) == CT_HEADER


def test_a_first_part_says_how_much_more_it_needs() -> None:
    whole = ct()
    sizes = [100]
    while (needed := _needed(whole[: sizes[-1]], EXPLICIT)) is not None:
        sizes.append(needed)

    assert scan(whole[: sizes[-1]], EXPLICIT, complete=False) == CT_HEADER
    assert sizes == sorted(set(sizes))
    assert 4 < len(sizes) < 40
    assert sizes[-1] < len(whole)


def _needed(part: bytes, syntax: str) -> int | None:
    try:
        assert scan(part, syntax, complete=False) == CT_HEADER
    except NeedMore as more:
        return more.at_least_bytes
    return None


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG])
def test_each_first_part_needs_more_or_tells_all(syntax: str) -> None:
    whole = ct(syntax)
    for size in range(len(whole)):
        needed = _needed(whole[:size], syntax)

        assert needed is None or size < needed <= len(whole)


def test_a_first_part_of_a_deflated_data_set_needs_more() -> None:
    whole = deflate(ct())
    with pytest.raises(NeedMore):
        scan(whole[:40], DEFLATED, complete=False)


def test_a_data_set_that_is_cut_short_is_malformed() -> None:
    with pytest.raises(Malformed):
        scan(ct()[:300], EXPLICIT)


def test_sequences_of_undefined_length_are_passed_over() -> None:
    inner = sequence(0x00081140, [UIDS, UIDS], defined=False)
    data = sequence(0x00081115, [inner, inner], defined=False) + UIDS

    assert scan(data, EXPLICIT) == {0x00080018: "2.25.3", 0x0020000D: "2.25.1"}


def test_a_request_of_undefined_length_is_read() -> None:
    step = element(0x00400009, "SH", "SPS1")
    data = UIDS + sequence(0x00400275, [step, step], defined=False)

    assert scan(data, EXPLICIT)[0x00400009] == "SPS1\\SPS1"


def test_an_unknown_sequence_holds_implicit_elements() -> None:
    inside = element(0x00091002, "UN", b"\1\2", IMPLICIT)
    data = sequence(0x00091001, [inside], defined=False, vr="UN") + UIDS

    assert scan(data, EXPLICIT)[0x0020000D] == "2.25.1"


def test_padding_after_the_last_element_is_not_an_element() -> None:
    assert scan(UIDS + b"\0" * 5, EXPLICIT)[0x0020000D] == "2.25.1"


def test_attributes_out_of_order_are_found() -> None:
    late = element(0x7FE00010, "OW", b"\0" * 32) + UIDS

    assert scan(late, EXPLICIT)[0x0020000D] == "2.25.1"


@pytest.mark.parametrize("vr", ["SQ", "UN"])
def test_ten_thousand_sequences_in_one_another_are_refused(vr: str) -> None:
    with pytest.raises(Malformed, match="deeper"):
        scan(UIDS + nested(10_000, vr=vr), EXPLICIT)


def test_a_deflate_bomb_is_refused_in_little_memory() -> None:
    bomb = deflate(element(0x00091001, "OB", b"\0" * 100_000_000) + UIDS)

    tracemalloc.start()
    with pytest.raises(Malformed, match="inflates to more"):
        scan(bomb, DEFLATED)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 40_000_000


def test_an_indexed_value_of_unreasonable_length_is_refused() -> None:
    data = UIDS + element(0x00321060, "LO", "x" * (MAX_VALUE_BYTES + 2))
    with pytest.raises(Malformed, match="longer"):
        scan(data, EXPLICIT)


def test_an_item_that_reaches_beyond_its_sequence_is_refused() -> None:
    inside = item(element(0x00400009, "SH", "SPS1"))
    data = UIDS + element(0x00400275, "SQ", inside, length=len(inside) - 4)
    with pytest.raises(Malformed):
        scan(data, EXPLICIT)


def test_a_length_that_lies_is_refused() -> None:
    with pytest.raises(Malformed):
        scan(UIDS + element(0x00291010, "OB", b"ab", length=UNDEFINED - 1), EXPLICIT)


def test_text_is_read_in_the_declared_character_set() -> None:
    name = b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"
    data = element(0x00080005, "CS", "\\ISO 2022 IR 87") + element(0x00100010, "PN", name) + UIDS

    assert scan(data, EXPLICIT)[0x00100010] == "Yamada^Tarou=山田^太郎"
