"""What one organisation asks for or sends: its own, the other's, nobody's, and nonsense."""

import pytest
from hypothesis import strategies as st
from tests.properties.tenancy.worlds import HELD, OTHER, slice_of
from tests.unit.dicomweb.conftest import Slice

from archipel.kernel.identifiers import TenantId
from archipel.standards.dicom import header
from archipel.standards.dicom.attributes import COMPUTED, INDEXED
from archipel.standards.dicom.transfer_syntax import EXPLICIT_VR_LITTLE_ENDIAN

EXAMPLES = (2, pytest.param(15, marks=pytest.mark.slow))  # requests of each kind
KEYS = sorted(set(INDEXED) | set(COMPUTED))
EVERYTHING = [one for held in HELD.values() for one in held]
UIDS = {
    level: sorted({getattr(one, level) for one in EVERYTHING} | {"1.2.77"})
    for level in ("study", "series", "instance")
}
_TEXTS: dict[int, list[str]] = {}
for _one in EVERYTHING:
    for _tag, _text in header.scan(_one.dataset, EXPLICIT_VR_LITTLE_ENDIAN).items():
        if _text not in _TEXTS.setdefault(_tag, []):
            _TEXTS[_tag].append(_text)


def values(tag: int, *, separator: str) -> st.SearchStrategy[str]:
    """Draw what a key may hold: either's value, a part of it, a list, a range, anything."""
    known = st.sampled_from([*_TEXTS.get(tag, []), "", "*", "CT", "1", "nobody"])
    return st.one_of(
        known,
        known.map(lambda text: text[: len(text) // 2] + "*"),
        known.map(lambda text: "?" + text[1:]),
        st.lists(known, min_size=2, max_size=4).map(separator.join),
        known.map(lambda text: f"{text}-"),
        st.text(alphabet="ABT*?^-\\\\,éÉ.19 ", max_size=8),
    )


@st.composite
def to_store(draw: st.DrawFn, tenant: TenantId) -> list[Slice]:
    """Draw what to store: new, one's own again, the other's as it is or under its UIDs."""
    theirs = HELD[OTHER[tenant]]
    new = st.builds(
        lambda study, series, number: slice_of(tenant, study, series, number),
        st.sampled_from(UIDS["study"]),
        st.sampled_from(UIDS["series"]),
        st.integers(1, 4),
    )
    forged = st.sampled_from(theirs).map(
        lambda one: slice_of(tenant, one.study, one.series, int(one.instance.split(".")[-1]))
    )
    one = st.sampled_from(HELD[tenant]) | st.sampled_from(theirs) | forged | new
    return draw(st.lists(one, min_size=1, max_size=3))
