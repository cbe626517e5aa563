"""Data sets in memory: what identifiers and responses are made of."""

import io
import tracemalloc

import pydicom
import pytest
from pydicom.filereader import read_dataset
from tests.unit.grammar.encoded import (
    BIG,
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
from archipel.standards.dicom.charset import UTF_8
from archipel.standards.dicom.dataset import DataSet, read, write
from archipel.standards.dicom.dictionary import entry_of, keyword_of, tag_of, vr_of


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG])
def test_a_data_set_is_written_as_it_was_read(syntax: str) -> None:
    assert write(read(ct(syntax), syntax), syntax) == ct(syntax)


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG, DEFLATED])
def test_a_data_set_goes_from_one_transfer_syntax_to_another(syntax: str) -> None:
    assert write(read(ct(IMPLICIT), IMPLICIT), syntax) == (
        deflate_like(ct()) if syntax == DEFLATED else ct(syntax)
    )


def deflate_like(data: bytes) -> bytes:
    raw = write(read(data, EXPLICIT), DEFLATED)
    assert read(raw, DEFLATED) == read(data, EXPLICIT)
    return raw


def test_undefined_lengths_become_defined() -> None:
    inner = element(0x00081155, "UI", "2.25.9")
    loose = sequence(0x00081140, [inner, inner], defined=False)

    assert write(read(loose, EXPLICIT), EXPLICIT) == sequence(0x00081140, [inner, inner])


def test_encapsulated_pixel_data_stays_as_it_is() -> None:
    end = b"\xfe\xff\xdd\xe0\0\0\0\0"
    data = element(0x7FE00010, "OB", item(b"") + item(b"abcd") + end, length=UNDEFINED)

    assert write(read(data, EXPLICIT), EXPLICIT) == data


def test_values_are_given_as_text() -> None:
    found = read(ct(), EXPLICIT)

    assert found.text(0x00100010) == "TEST-MÉRIDIEN^Zoé"
    assert found.texts(0x00080008) == ["ORIGINAL", "PRIMARY", "AXIAL"]
    assert found.text(0x00280010) == "512"
    assert found.text(0x7FE00010) == found.text(0x00080090) == ""
    assert found.texts(0x00080090) == []
    assert [each.text(0x00400009) for each in found.items(0x00400275)] == ["SPS1", "SPS2"]
    assert 0x00100010 in found
    assert list(found)[:2] == [0x00080005, 0x00080008]


def test_an_item_speaks_the_character_set_around_it() -> None:
    inner = element(0x00081030, "LO", "Injecté")
    own = element(0x00080005, "CS", "ISO_IR 144") + element(0x00081030, "LO", b"\xbb\xee")
    data = element(0x00080005, "CS", "ISO_IR 100") + sequence(0x00081115, [inner, own])

    first, second = read(data, EXPLICIT).items(0x00081115)

    assert (first.text(0x00081030), second.text(0x00081030)) == ("Injecté", "Лю")


def test_a_response_is_made_of_texts_in_a_set_that_has_them() -> None:
    texts = {0x00100010: "TEST-ŁĄKA^Zoë", 0x00280010: "512", 0x00080060: "CT"}

    made = DataSet.from_texts(texts)
    theirs = read_dataset(io.BytesIO(write(made, IMPLICIT)), True, True)

    assert made.text(0x00080005) == "ISO_IR 192"
    assert {tag: made.text(tag) for tag in texts} == texts
    theirs.decode()
    assert str(theirs.PatientName) == texts[0x00100010]
    assert theirs.Rows == 512


def test_the_asker_s_character_set_is_kept_where_it_can() -> None:
    assert DataSet.from_texts({0x00100010: "Zoé"}, preferred=UTF_8).text(0x00080005) == (
        "ISO_IR 192"
    )


def test_plain_text_needs_no_character_set() -> None:
    assert list(DataSet.from_texts({0x00080060: "CT"})) == [0x00080060]


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        (0x00080018, "2.25.3"),
        (0x00281050, "40\\-600"),
        (0x00280009, "00181063\\00181065"),
        (0x00189087, "1000.5"),
        (0x00081190, "https://pacs.example/studies/2.25.1"),
    ],
)
def test_text_comes_back_from_its_value(tag: int, text: str) -> None:
    made = DataSet()
    made.set_text(tag, text)

    assert read(write(made, EXPLICIT), EXPLICIT).text(tag) == text


def test_a_number_that_is_none_is_malformed() -> None:
    with pytest.raises(Malformed):
        DataSet().set_text(0x00280010, "many")


def test_a_value_too_long_for_its_vr_is_written_as_unknown() -> None:
    made = DataSet()
    made.set_text(0x00281050, "\\".join(["1.5"] * 30_000))

    assert write(made, EXPLICIT)[4:6] == b"UN"


@pytest.mark.parametrize("vr", ["SQ", "UN"])
def test_ten_thousand_sequences_in_one_another_are_refused(vr: str) -> None:
    with pytest.raises(Malformed, match="deeper"):
        read(nested(10_000, vr=vr), EXPLICIT)


def test_defined_lengths_nest_no_deeper() -> None:
    data = b""
    for _ in range(100):
        data = element(0x00081140, "SQ", item(data))
    with pytest.raises(Malformed, match="deeper"):
        read(data, EXPLICIT)


def test_a_deflate_bomb_is_refused_in_bounded_memory() -> None:
    bomb = deflate(element(0x00091001, "OB", b"\0" * 100_000_000))

    tracemalloc.start()
    with pytest.raises(Malformed, match="inflates"):
        read(bomb, DEFLATED)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 5_000_000


def test_more_elements_than_any_real_object_has_are_refused() -> None:
    with pytest.raises(Malformed, match="more elements"):
        read(element(0x00080060, "CS", "") * 1000, EXPLICIT, max_elements=999)


def test_a_delimiter_alone_is_malformed() -> None:
    with pytest.raises(Malformed):
        read(b"\xfe\xff\x0d\xe0\0\0\0\0", EXPLICIT)


def test_the_sign_of_pixels_decides_what_the_dictionary_leaves_open() -> None:
    signed = element(0x00280103, "US", b"\1\0", IMPLICIT)
    data = signed + element(0x00280106, "SS", b"\xff\xff", IMPLICIT)

    assert read(data, IMPLICIT).text(0x00280106) == "-1"


@pytest.mark.parametrize(
    ("tag", "vr", "keyword"),
    [
        (0x00100010, "PN", "PatientName"),
        (0x60020010, "US", "OverlayRows"),
        (0x7FE00010, "OW", "PixelData"),
        (0x00091001, "UN", ""),
        (0x00090010, "LO", ""),
        (0x00100000, "UL", ""),
        (0x0008FFFF, "UN", ""),
    ],
)
def test_the_dictionary_names_attributes(tag: int, vr: str, keyword: str) -> None:
    assert (vr_of(tag), keyword_of(tag)) == (vr, keyword)


def test_the_dictionary_is_pydicom_s() -> None:
    for tag, row in pydicom.datadict.DicomDictionary.items():
        if tag > 0xFFFFF and row[0] != "NONE":
            entry = entry_of(tag)
            assert entry is not None
            assert entry.vrs == tuple(row[0].split(" or "))
            assert tag_of(row[4]) is not None or not row[4]
