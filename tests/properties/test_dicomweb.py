"""What the DICOMweb door reads from strangers: never anything but `Malformed`."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archipel.kernel.errors import Malformed
from archipel.protocols.dicomweb.accept import MediaType, parse_media_types
from archipel.protocols.dicomweb.bodies import Multipart
from archipel.protocols.dicomweb.bulkdata import bulk_data_path
from archipel.protocols.dicomweb.frames import frame_numbers
from archipel.protocols.dicomweb.searching.search import read_search
from archipel.protocols.dicomweb.stow.parts import PartSplitter

_LATIN = st.characters(max_codepoint=255)  # what a header can carry
_WORD = st.text("abcdefghijklmnopqrstuvwxyz0123456789-.+", min_size=1, max_size=12)
_QUOTED = st.text(
    st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='"\\'), max_size=12
)


class Parts:
    """Keeps what each part brought."""

    def __init__(self) -> None:
        self.whole: list[bytes] = []
        self.abandoned = 0

    def open(self, _content_type: str) -> "_Part":
        return _Part(self)


class _Part:
    def __init__(self, parts: Parts) -> None:
        self._parts, self._content = parts, bytearray()

    def write(self, data: memoryview) -> None:
        self._content += data

    def end(self) -> None:
        self._parts.whole.append(bytes(self._content))

    def abandon(self) -> None:
        self._parts.abandoned += 1


@given(st.text(_LATIN, max_size=200))
def test_any_accept_header_is_read_or_malformed(text: str) -> None:
    with contextlib.suppress(Malformed):
        for media in parse_media_types(text):
            assert 0 < media.quality <= 1
            assert "/" in media.name


@given(_WORD, _WORD, st.dictionaries(_WORD.filter(lambda w: w != "q"), _QUOTED, max_size=4))
def test_a_written_media_type_is_read_back(family: str, kind: str, parameters) -> None:
    text = f"{family}/{kind}" + "".join(f'; {k}="{v}"' for k, v in parameters.items())

    assert parse_media_types(text) == (MediaType(name=f"{family}/{kind}", parameters=parameters),)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=5), st.data())
def test_parts_come_back_whatever_the_cuts(contents: list[bytes], data) -> None:
    body = Multipart('"0123456789abcdef"', "application/dicom")
    written = [piece for one in contents for piece in (body.head("application/dicom"), one)]
    whole = b"".join([*written, body.tail])
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    parts = Parts()
    splitter = PartSplitter(parts.open, 10)
    splitter.start(body.boundary)

    for first, last in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        splitter.write(whole[first:last])
    splitter.close()

    assert parts.whole == contents


@given(st.lists(st.binary(max_size=100), min_size=1, max_size=3), st.data())
def test_a_body_cut_short_is_malformed_and_its_last_part_abandoned(contents, data) -> None:
    body = Multipart('"0123456789abcdef"', "application/dicom")
    written = [piece for one in contents for piece in (body.head("application/dicom"), one)]
    whole = b"".join([*written, body.tail])
    end = len(whole) - len(body.tail)
    parts = Parts()
    splitter = PartSplitter(parts.open, 10)
    splitter.start(body.boundary)

    splitter.write(whole[: data.draw(st.integers(0, end))])
    with pytest.raises(Malformed):
        splitter.close()
    splitter.abandon()

    assert parts.whole == contents[: len(parts.whole)]
    assert len(parts.whole) < len(contents)


@given(st.binary(max_size=400), st.integers(0, 400))
def test_any_bytes_are_parts_or_malformed(content: bytes, cut: int) -> None:
    splitter = PartSplitter(Parts().open, 3)
    splitter.start("x")

    with contextlib.suppress(Malformed):
        splitter.write(b"--x\r\n" + content[:cut])
        splitter.write(content[cut:])
        splitter.close()


@given(st.lists(st.tuples(st.text(_LATIN, max_size=20), st.text(_LATIN, max_size=20)), max_size=6))
def test_any_query_string_is_read_or_malformed(pairs: list[tuple[str, str]]) -> None:
    with contextlib.suppress(Malformed):
        found = read_search(pairs, most=100)
        assert found.query.limit is not None
        assert 0 <= found.query.limit <= 100


@given(st.text(_LATIN, max_size=40))
def test_any_path_ending_is_read_or_malformed(text: str) -> None:
    with contextlib.suppress(Malformed):
        assert all(number > 0 for number in frame_numbers(text))
    with contextlib.suppress(Malformed):
        assert len(bulk_data_path(text)) % 2 == 1
