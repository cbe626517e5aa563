"""Properties of the skeleton: holes are in order, inside the data set, and never raise."""

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.grammar.encoded import BIG, EXPLICIT, IMPLICIT, element
from tests.unit.grammar.test_skeleton import encapsulated, image

from archipel.standards.dicom.skeleton import holes

SYNTAXES = st.sampled_from([IMPLICIT, EXPLICIT, BIG, "1.2.840.10008.1.2.4.90"])


def check(data: bytes, syntax: str, bulk_bytes: int) -> None:
    position = 0
    for hole in holes(data, syntax, bulk_bytes=bulk_bytes):
        assert hole.start >= position
        assert hole.length >= 0
        position = hole.start + hole.length
    assert position <= len(data)


@given(st.binary(max_size=300), SYNTAXES, st.integers(1, 64))
def test_holes_of_any_bytes_lie_in_order(data: bytes, syntax: str, bulk_bytes: int) -> None:
    check(data, syntax, bulk_bytes)


@given(st.data(), st.integers(1, 64))
def test_holes_of_a_damaged_image_lie_in_order(draw: st.DataObject, bulk_bytes: int) -> None:
    native = element(0x7FE00010, "OW", bytes(96))
    fragments = encapsulated([b"ab", b"cdef", b"gh"], b"\0" * 8)
    data = bytearray(image(draw.draw(st.sampled_from([native, fragments])), frames=2))
    for _ in range(draw.draw(st.integers(0, 6))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    check(bytes(data), EXPLICIT, bulk_bytes)
