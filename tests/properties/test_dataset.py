"""Properties of data sets and files: parse(write(x)) == x, and only `Malformed` is raised."""

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.grammar.encoded import BIG, DEFLATED, EXPLICIT, IMPLICIT, ct

from archipel.kernel.errors import Malformed
from archipel.kernel.uid import Uid
from archipel.standards.dicom.charset import character_set
from archipel.standards.dicom.dataset import DataSet, Element, read, write
from archipel.standards.dicom.part10 import meta, split

SYNTAXES = st.sampled_from([IMPLICIT, EXPLICIT, BIG, DEFLATED])
ATTRIBUTES = {  # tags whose implicit VR is the explicit one
    0x00080018: "UI",
    0x00081030: "LO",
    0x00100010: "PN",
    0x00189087: "FD",
    0x00280010: "US",
    0x00420011: "OB",
    0x00091001: "UN",
}
WORDS = {"US": 2, "FD": 8}


def values(vr: str) -> st.SearchStrategy[bytes]:
    size = WORDS.get(vr, 2)
    return st.binary(max_size=64).map(lambda raw: raw[: len(raw) // size * size])


@st.composite
def datasets(draw: st.DrawFn, depth: int = 2) -> DataSet:
    elements: dict[int, Element] = {}
    for tag in draw(st.lists(st.sampled_from(sorted(ATTRIBUTES)), unique=True, max_size=5)):
        elements[tag] = Element(ATTRIBUTES[tag], draw(values(ATTRIBUTES[tag])))
    if depth and draw(st.booleans()):
        elements[0x00081140] = Element("SQ", draw(st.lists(datasets(depth - 1), max_size=3)))
    return DataSet(elements)


@given(datasets(), st.sampled_from([EXPLICIT, BIG, DEFLATED]))
def test_what_is_written_is_read_again(dataset: DataSet, syntax: str) -> None:
    assert read(write(dataset, syntax), syntax) == dataset


@given(datasets(), st.sampled_from([IMPLICIT, EXPLICIT, BIG]))
def test_what_is_read_is_written_again(dataset: DataSet, syntax: str) -> None:
    raw = write(dataset, syntax)

    assert write(read(raw, syntax), syntax) == raw


@given(st.binary(max_size=300), SYNTAXES)
def test_any_bytes_are_a_data_set_or_malformed(raw: bytes, syntax: str) -> None:
    try:
        dataset = read(raw, syntax)
    except Malformed:
        return
    for tag in dataset:
        dataset.text(tag)


@given(st.data(), st.sampled_from([IMPLICIT, EXPLICIT, BIG]))
def test_any_damage_is_read_or_malformed(draw: st.DataObject, syntax: str) -> None:
    raw = bytearray(ct(syntax))
    for _ in range(draw.draw(st.integers(1, 6))):
        raw[draw.draw(st.integers(0, len(raw) - 1))] = draw.draw(st.integers(0, 255))
    try:
        dataset = read(bytes(raw), syntax)
    except Malformed:
        return
    for tag in dataset:
        dataset.text(tag)


@given(st.binary(max_size=400), st.booleans())
def test_any_bytes_are_a_file_or_malformed(raw: bytes, prefix: bool) -> None:
    data = bytes(128) + b"DICM" + raw if prefix else raw
    try:
        fields, offset = split(data)
    except Malformed:
        return

    assert 0 <= offset <= len(data)
    assert fields.transfer_syntax


@given(st.uuids(), st.text("ABC 0-9_", max_size=16))
def test_a_file_gives_back_what_its_meta_was_made_of(uuid, source: str) -> None:
    uid = Uid.from_uuid(uuid)
    raw = meta(sop_class=uid, sop_instance=uid, transfer_syntax=Uid(EXPLICIT), source=source)

    fields, offset = split(raw + ct())

    assert offset == len(raw)
    assert fields.source == source.strip()
    assert fields.sop_instance == uid.value


SETS = st.sampled_from(
    [
        *("", "ISO_IR 100", "ISO_IR 144", "ISO_IR 192", "GB18030", "GBK", "ISO 9", "ISO_IR 13"),
        *("\\ISO 2022 IR 87", "ISO 2022 IR 13\\ISO 2022 IR 87\\ISO 2022 IR 159"),
        *("\\ISO 2022 IR 149", "\\ISO 2022 IR 58", "ISO 2022 IR 100\\ISO 2022 IR 144"),
    ]
)


@given(SETS, st.binary(max_size=60), st.booleans())
def test_any_bytes_have_a_text(terms: str, raw: bytes, name: bool) -> None:
    text, right = character_set(terms).decode_checked(raw, name=name)

    assert isinstance(text, str)
    assert right or not raw.isascii() or b"\x1b" in raw


@given(
    SETS,
    st.text("aZ é^=\\ЖСł山田太郎やﾔﾏ洪吉洞홍길동张小东王東", max_size=24),
    st.booleans(),
)
def test_text_that_can_be_written_is_read_again(terms: str, text: str, name: bool) -> None:
    charset = character_set(terms)
    raw, right = charset.encode_checked(text, name=name)

    assert not right or charset.decode_checked(raw, name=name) == (text, True)
