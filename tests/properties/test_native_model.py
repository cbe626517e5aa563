"""The Native DICOM Model read back is what was written (PS3.19 annex A.1)."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from archipel.kernel.errors import Malformed
from archipel.protocols.dicomweb.native_model import to_xml
from archipel.protocols.dicomweb.stow.native import from_xml

_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
_WORD = st.text("abcÉ<&'\"- ", min_size=1, max_size=8).filter(lambda text: text.strip() == text)
_TAGS = st.integers(0x00080000, 0x7FDFFFFF).map(lambda tag: f"{tag:08X}")
_NAMES = st.lists(_WORD, min_size=1, max_size=5).map(lambda parts: {"Alphabetic": "^".join(parts)})


def _of(vr: str, values: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    return st.lists(values, min_size=1, max_size=3).map(lambda v: {"vr": vr, "Value": v})


_LEAVES = st.one_of(
    _of("LO", _TEXT),
    _of("PN", _NAMES),
    st.just({"vr": "LO"}),
    st.binary(max_size=9).map(lambda b: {"vr": "OB", "InlineBinary": b.hex()}),
    _TEXT.map(lambda uri: {"vr": "OB", "BulkDataURI": uri}),
)
_DATASETS = st.recursive(
    st.dictionaries(_TAGS, _LEAVES, max_size=4),
    lambda inner: st.dictionaries(_TAGS, st.one_of(_LEAVES, _of("SQ", inner)), max_size=4),
    max_leaves=8,
)


@given(_DATASETS)
def test_what_is_written_reads_back(dataset: dict[str, dict[str, object]]) -> None:
    assert from_xml(to_xml(dataset)) == dataset


@given(st.one_of(st.binary(max_size=200), _TEXT.map(str.encode)))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with contextlib.suppress(Malformed):
        from_xml(b"<NativeDicomModel>" + content + b"</NativeDicomModel>")
