"""The DICOM JSON model, written from bytes and read back."""

import io
import tracemalloc

import orjson
import pytest
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
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
    us,
)

from archipel.kernel.errors import Malformed, NotFound
from archipel.standards.dicom.bulk import value_at
from archipel.standards.dicom.dataset import read, write
from archipel.standards.dicom.json_model import dataset_json, from_json, texts_json, to_json

END = b"\xfe\xff\xdd\xe0\0\0\0\0"
CHARSET = element(0x00080005, "CS", "ISO_IR 100")


def uri(path: tuple[int, ...]) -> str:
    return "bulk/" + "/".join(f"{step:X}" for step in path)


def model(data: bytes, syntax: str = EXPLICIT) -> dict[str, dict]:
    return orjson.loads(to_json(data, syntax, uri))


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG])
def test_a_ct_is_written_as_pydicom_does(syntax: str) -> None:
    source = read_dataset(io.BytesIO(ct(syntax)), syntax == IMPLICIT, syntax != BIG)
    theirs = source.to_json_dict(1, lambda _: "bulk/7FE00010")
    theirs["00080005"]["Value"] = ["ISO_IR 192"]
    theirs["00080008"]["Value"] = ["ORIGINAL", "PRIMARY", "AXIAL"]  # they leave inner padding

    assert model(ct(syntax), syntax) == theirs


def test_a_deflated_ct_is_the_same() -> None:
    assert model(deflate(ct()), DEFLATED) == model(ct())


def test_a_name_is_an_object_and_an_empty_value_is_none() -> None:
    data = CHARSET + element(0x00100010, "PN", "A=B=C\\\\=D") + element(0x00100020, "LO", "")

    found = model(data)

    assert found["00100010"]["Value"] == [
        {"Alphabetic": "A", "Ideographic": "B", "Phonetic": "C"},
        None,
        {"Ideographic": "D"},
    ]
    assert found["00100020"] == {"vr": "LO"}


def test_decimal_and_integer_strings_are_numbers_where_they_are() -> None:
    data = element(0x00281050, "DS", "1.50\\+2\\.5\\007\\1e3\\NaN\\x\\") + element(
        0x00200013, "IS", "+12\\1.5"
    )
    raw = to_json(data, EXPLICIT, uri)

    assert b'"Value":[1.50,2.0,0.5,7.0,1e3,"NaN","x",null]' in raw
    assert orjson.loads(raw)["00200013"]["Value"] == [12, "1.5"]


def test_numbers_that_json_lacks_are_texts() -> None:
    data = element(0x00189087, "FD", b"\0\0\0\0\0\0\xf8\x7f" + b"\0\0\0\0\0\0\xf0\xff")

    assert model(data)["00189087"]["Value"] == ["NaN", "-Infinity"]
    assert read(write(from_json(to_json(data, EXPLICIT, uri)), EXPLICIT), EXPLICIT).text(
        0x00189087
    ) == ("nan\\-inf")


def test_large_binary_values_are_given_by_reference_and_small_ones_are_there() -> None:
    data = element(0x00420011, "OB", b"%" * 1026) + element(0x00091001, "UN", b"ab")

    assert model(data) == {
        "00420011": {"vr": "OB", "BulkDataURI": "bulk/420011"},
        "00091001": {"vr": "UN", "InlineBinary": "YWI="},
    }


def test_pixel_data_is_always_by_reference_even_when_cut_short() -> None:
    short = element(0x00280010, "US", us(1)) + element(0x7FE00010, "OW", b"ab", length=2000)
    fragments = item(b"") + item(b"abcd") + END
    encapsulated = element(0x7FE00010, "OB", fragments, length=UNDEFINED)

    assert model(short)["7FE00010"] == {"vr": "OW", "BulkDataURI": "bulk/7FE00010"}
    assert model(encapsulated)["7FE00010"] == {"vr": "OB", "BulkDataURI": "bulk/7FE00010"}
    assert model(encapsulated[:-20])["7FE00010"]["vr"] == "OB"


def test_what_follows_pixel_data_is_written() -> None:
    after = element(0xFFFAFFFA, "SQ", b"")

    assert "FFFAFFFA" in model(element(0x7FE00010, "OW", b"ab") + after)


def test_group_lengths_and_padding_are_left_out() -> None:
    data = element(0x00080000, "UL", b"\0\0\0\0") + element(0xFFFCFFFC, "OB", b"\0\0")

    assert model(data) == {}


def test_an_unknown_vr_of_a_known_attribute_is_known() -> None:
    step = element(0x00400009, "SH", "SPS1", IMPLICIT)
    data = element(0x00080060, "UN", "CT") + element(0x00400275, "UN", item(step))

    assert model(data) == {
        "00080060": {"vr": "CS", "Value": ["CT"]},
        "00400275": {"vr": "SQ", "Value": [{"00400009": {"vr": "SH", "Value": ["SPS1"]}}]},
    }


def test_a_sequence_tag_that_holds_no_items_is_bytes() -> None:
    assert model(element(0x0040A170, "CS", "GOOD", IMPLICIT), IMPLICIT) == {
        "0040A170": {"vr": "UN", "InlineBinary": "R09PRA=="}
    }


@pytest.mark.parametrize("defined", [True, False])
@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG])
def test_a_reference_leads_to_its_value(defined: bool, syntax: str) -> None:
    wave = element(0x54001010, "OW", b"ab" * 600, syntax)
    none = element(0x003A0010, "IS", "1", syntax)
    data = sequence(0x54000100, [none, wave], syntax, defined=defined)
    paths: list[tuple[int, ...]] = []

    to_json(data, syntax, lambda path: paths.append(path) or "x")

    assert paths == [(0x54000100, 2, 0x54001010)]
    assert value_at(data, syntax, paths[0]) == (b"ba" if syntax == BIG else b"ab") * 600


def test_a_reference_to_pixel_data_leads_to_its_fragments() -> None:
    fragments = item(b"") + item(b"abcd") + item(b"ef") + END
    data = element(0x7FE00010, "OB", fragments, length=UNDEFINED)

    assert value_at(data, EXPLICIT, (0x7FE00010,)) == b"abcdef"


@pytest.mark.parametrize(
    "path", [(), (0x00080061,), (0x00081140, 1), (0x00081140, 3, 0x00081155), (0x00400275,)]
)
def test_a_reference_that_leads_nowhere_is_not_found(path: tuple[int, ...]) -> None:
    data = sequence(0x00081140, [element(0x00081155, "UI", "2.25.9")], defined=False)
    with pytest.raises(NotFound):
        value_at(data, EXPLICIT, path)


def test_a_deflate_bomb_is_cut_in_bounded_memory() -> None:
    bomb = deflate(element(0x00091001, "OB", b"\0" * 50_000_000))

    tracemalloc.start()
    with pytest.raises(Malformed):
        to_json(bomb, DEFLATED, uri)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 60_000_000


@pytest.mark.parametrize("vr", ["SQ", "UN"])
def test_ten_thousand_sequences_in_one_another_are_refused(vr: str) -> None:
    with pytest.raises(Malformed, match="deeper"):
        to_json(nested(10_000, vr=vr), EXPLICIT, uri)


def test_defined_lengths_nest_no_deeper() -> None:
    data = b""
    for _ in range(100):
        data = element(0x00081140, "SQ", item(data))
    with pytest.raises(Malformed, match="deeper"):
        to_json(data, EXPLICIT, uri)


def test_a_data_set_in_memory_is_written_the_same() -> None:
    found = read(ct(), EXPLICIT)

    assert orjson.loads(dataset_json(found, uri)) == model(ct())
    assert "InlineBinary" in orjson.loads(dataset_json(found))["7FE00010"]


def test_decoded_texts_are_written_the_same() -> None:
    texts = {tag: text for tag, text in CT_HEADER.items() if tag not in {0x00400009, 0x00401001}}
    step = texts_json({0x00400009: "SPS1"})
    written = orjson.loads(texts_json(texts, {0x00400275: [step]}))

    assert written["00400275"]["Value"] == [{"00400009": {"vr": "SH", "Value": ["SPS1"]}}]
    for tag in texts:
        if tag != 0x00400031:
            assert written[f"{tag:08X}"] == model(ct())[f"{tag:08X}"]


def test_json_is_read_back() -> None:
    found = from_json(to_json(ct(), EXPLICIT, uri), {"bulk/7FE00010": b"\7" * 128}.__getitem__)

    assert found.text(0x00080005) == "ISO_IR 192"
    assert found.text(0x00100010) == CT_HEADER[0x00100010]
    assert orjson.loads(dataset_json(found, uri)) == model(ct())


def test_pydicom_reads_what_is_written() -> None:
    theirs = Dataset.from_json(to_json(ct(), EXPLICIT, uri), lambda *_: b"\7" * 128)

    assert str(theirs.PatientName) == CT_HEADER[0x00100010]
    assert theirs.Rows == 512


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"x":1}',
        b'{"00100010":{"Value":[]}}',
        b'{"00100010":{"vr":"ZZ"}}',
        b'{"00100010":{"vr":"PN","Value":"x"}}',
        b'{"00100010":{"vr":"PN","Value":[{"Alphabetic":1}]}}',
        b'{"00100010":{"vr":"LO","Value":[[1]]}}',
        b'{"00280010":{"vr":"US","Value":[70000]}}',
        b'{"00280010":{"vr":"US","Value":["x"]}}',
        b'{"00081140":{"vr":"SQ","Value":[1]}}',
        b'{"7FE00010":{"vr":"OW","BulkDataURI":"u"}}',
        b'{"7FE00010":{"vr":"OW","InlineBinary":"*"}}',
        b'{"7FE00010":{"vr":"OW","Value":[1]}}',
        b'{"00081140":{"vr":"SQ","Value":[' * 100 + b"{}" + b"]}}" * 100,
    ],
)
def test_json_that_is_no_data_set_is_malformed(content: bytes) -> None:
    with pytest.raises(Malformed):
        from_json(content)


AVAILABLE = b'"00083002":{"vr":"UI","Value":["1.2"]}'


@pytest.mark.parametrize(
    "data",
    [
        b"",
        element(0x00080005, "CS", "ISO_IR 192"),
        element(0x00080060, "CS", "CT") + element(0x00100010, "PN", "TEST-A"),
        element(0x00100010, "PN", "TEST-A"),
        element(0x00083002, "UI", "1.3") + element(0x00100010, "PN", "TEST-A"),
        element(0x00100010, "PN", "TEST-A") + element(0x00080060, "CS", "CT"),
        element(0x00100010, "PN", "TEST-A") + element(0x00100010, "PN", "TEST-B"),
        element(0x00080060, "CS", "CT") + element(0x00083002, "UI", "1.3"),
        ct(),
    ],
)
def test_what_is_added_stands_in_its_place_once(data: bytes) -> None:
    alone = orjson.loads(to_json(data, EXPLICIT, uri))

    written = to_json(data, EXPLICIT, uri, added=(0x00083002, AVAILABLE))

    found = orjson.loads(written)
    assert found == alone | {"00083002": {"vr": "UI", "Value": ["1.2"]}}
    assert list(found) == sorted(found)
    assert written.count(b'"00083002"') == 1


def test_short_values_are_the_same_in_another_character_set() -> None:
    """What is remembered of a short value is told apart by all that decides how it is read."""
    russian = element(0x00080005, "CS", "ISO_IR 144") + element(0x00100010, "PN", b"\xbb\xee ")
    latin = element(0x00080005, "CS", "ISO_IR 100") + element(0x00100010, "PN", b"\xbb\xee ")
    signed = element(0x00280103, "US", b"\1\0") + element(0x00280106, "SS", b"\xff\xff")
    unsigned = element(0x00280103, "US", b"\0\0") + element(0x00280106, "US", b"\xff\xff")

    for _ in range(2):
        assert model(russian)["00100010"] != model(latin)["00100010"]
        assert model(signed)["00280106"]["Value"] == [-1]
        assert model(unsigned)["00280106"]["Value"] == [65535]
