"""What is looked up in a table of greys is what is computed for each pixel (imaging.render)."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from archipel.imaging.model import Lut, Presentation, VoiFunction, Window
from archipel.imaging.render import grey_of

STORED = st.sampled_from(["u1", "i1", "u2", "i2"]).flatmap(
    lambda dtype: arrays.arrays(np.dtype(dtype), st.tuples(*[st.integers(1, 9)] * 2))
)
NUMBERS = st.floats(-5000, 5000, width=32)
WINDOWS = st.builds(
    Window, center=NUMBERS, width=st.floats(1, 9000), function=st.sampled_from(VoiFunction)
)
ENTRIES = st.lists(st.integers(0, 255), min_size=1, max_size=300).map(tuple)
LUTS = st.builds(Lut, first=st.integers(-300, 300), bits=st.just(8), entries=ENTRIES)
PADDING = st.tuples(st.integers(-300, 300), st.integers(-300, 300)).map(sorted).map(tuple)
PRESENTATIONS = st.builds(
    Presentation,
    slope=st.floats(-4, 4, width=32),
    intercept=NUMBERS,
    modality_lut=st.none() | LUTS,
    window=st.none() | WINDOWS,
    voi_lut=st.none() | LUTS,
    inverse=st.booleans(),
    padding=st.none() | PADDING,
)


@given(stored=STORED, presentation=PRESENTATIONS, window=st.none() | WINDOWS)
def test_a_pixel_is_as_grey_as_its_value_alone_would_be(
    stored: np.ndarray, presentation: Presentation, window: Window | None
) -> None:
    wide = stored.astype(np.int32)  # too many values for a table

    grey = grey_of(stored, presentation, window)

    assert grey.dtype == np.uint8
    np.testing.assert_array_equal(grey, grey_of(wide, presentation, window))


@given(stored=STORED)
def test_both_ends_of_a_type_have_a_grey(stored: np.ndarray) -> None:
    ends = np.iinfo(stored.dtype)
    whole = np.append(stored, np.array([ends.min, ends.max], stored.dtype)).reshape(1, -1)
    everything = Window(
        center=(ends.min + ends.max) / 2,
        width=ends.max - ends.min,
        function=VoiFunction.LINEAR_EXACT,
    )

    grey = grey_of(whole, Presentation(), everything)

    assert list(grey[0, -2:]) == [0, 255]
