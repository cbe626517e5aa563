"""Properties of the JSON model: it comes back, and nothing but `Malformed` is raised."""

import struct

import orjson
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.grammar.encoded import BIG, DEFLATED, EXPLICIT, IMPLICIT, ct, element

from archipel.kernel.errors import Malformed, NotFound
from archipel.standards.dicom.bulk import value_at
from archipel.standards.dicom.json_model import dataset_json, from_json, to_json

SYNTAXES = st.sampled_from([IMPLICIT, EXPLICIT, BIG, DEFLATED])


def uri(path: tuple[int, ...]) -> str:
    return "/".join(map(str, path))


@given(st.binary(max_size=300), SYNTAXES)
def test_any_bytes_are_json_or_malformed(raw: bytes, syntax: str) -> None:
    try:
        content = to_json(raw, syntax, uri)
    except Malformed:
        return

    assert isinstance(orjson.loads(content), dict)


@given(st.data(), st.sampled_from([IMPLICIT, EXPLICIT, BIG]))
def test_any_damage_is_json_or_malformed(draw: st.DataObject, syntax: str) -> None:
    raw = bytearray(ct(syntax))
    for _ in range(draw.draw(st.integers(1, 6))):
        raw[draw.draw(st.integers(0, len(raw) - 1))] = draw.draw(st.integers(0, 255))
    try:
        content = to_json(bytes(raw), syntax, uri)
    except Malformed:
        return

    assert isinstance(orjson.loads(content), dict)


@given(st.binary(max_size=200), SYNTAXES, st.lists(st.integers(0, 2**32 - 1), max_size=5))
def test_any_path_leads_somewhere_or_nowhere(raw: bytes, syntax: str, path: list[int]) -> None:
    try:
        value_at(raw, syntax, tuple(path))
    except (Malformed, NotFound):
        return


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\\\x1b\0"), max_size=12)),
    st.lists(st.integers(0, 65535)),
    st.lists(st.floats()),
    st.binary(max_size=40),
)
def test_values_come_back(texts, numbers, floats, raw: bytes) -> None:
    data = b"".join(
        (
            element(0x00080005, "CS", "ISO_IR 192"),
            element(0x00081030, "LO", "\\".join(t.strip() for t in texts).encode()),
            element(0x00280106, "US", b"".join(n.to_bytes(2, "little") for n in numbers)),
            element(0x00189087, "FD", b"".join(map(pack, floats))),
            element(0x00420011, "OB", raw),
        )
    )
    written = to_json(data, EXPLICIT, uri)

    assert orjson.loads(dataset_json(from_json(written))) == orjson.loads(written)


def pack(number: float) -> bytes:
    return struct.pack("<d", number)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["00081140", "00100010", "vr", "Value", "InlineBinary", "SQ"])
            | st.text(max_size=8),
            inner | st.sampled_from(["SQ", "PN", "US", "DS", "OB"]),
            max_size=4,
        )
    ),
)


@given(st.dictionaries(st.sampled_from(["00081140", "00100010", "00281050"]), JSON))
def test_any_json_is_a_data_set_or_malformed(content: dict) -> None:
    try:
        from_json(content)
    except Malformed:
        return
