"""From stored values to grey and colour (PS3.3 C.7.6.3.1, C.11.1, C.11.2)."""

import gzip
import io
import json

import numpy as np
import pytest
from PIL import Image as Picture

from archipel.imaging.description import describe
from archipel.imaging.errors import NotAnImage, Undecodable
from archipel.imaging.model import Lut, Presentation, VoiFunction, Window
from archipel.imaging.render import Format, Viewport, Wishes, grey_of, render
from archipel.kernel.errors import Malformed

EXPLICIT = "1.2.840.10008.1.2.1"
RAMP = np.arange(0, 1000, dtype=np.int16).reshape(20, 50)


def _document(**changes: object) -> bytes:
    elements = {
        "00280002": {"vr": "US", "Value": [1]},
        "00280004": {"vr": "CS", "Value": ["MONOCHROME2"]},
        "00280010": {"vr": "US", "Value": [20]},
        "00280011": {"vr": "US", "Value": [50]},
        "00280100": {"vr": "US", "Value": [16]},
        "00280101": {"vr": "US", "Value": [16]},
        "00280102": {"vr": "US", "Value": [15]},
        "00280103": {"vr": "US", "Value": [1]},
    }
    for tag, element in changes.items():
        elements[tag.removeprefix("t")] = element
    return gzip.compress(json.dumps([elements]).encode())


def _values(*values: object, vr: str = "DS") -> dict:
    return {"vr": vr, "Value": list(values)}


def test_a_linear_window_is_that_of_the_standard() -> None:
    grey = grey_of(RAMP, Presentation(window=Window(center=500, width=200)))

    inside = (RAMP - 499.5) / 199 + 0.5
    assert np.abs(grey - np.clip(inside * 255, 0, 255)).max() <= 0.51
    assert grey[0, 0] == 0
    assert grey[-1, -1] == 255


def test_the_exact_and_the_sigmoid_functions_differ() -> None:
    exact = Window(center=500, width=200, function=VoiFunction.LINEAR_EXACT)
    sigmoid = Window(center=500, width=200, function=VoiFunction.SIGMOID)

    assert grey_of(RAMP, Presentation(window=exact))[10, 0] == 128
    assert grey_of(RAMP, Presentation(window=sigmoid))[10, 0] == 128
    assert grey_of(RAMP, Presentation(window=sigmoid))[8, 0] == 30  # 255 / (1 + e^2)


def test_rescale_comes_before_the_window() -> None:
    window = Window(center=0, width=2000)
    shifted = Presentation(slope=2, intercept=-1000, window=window)

    assert np.array_equal(
        grey_of(RAMP, shifted), grey_of(RAMP * 2 - 1000, Presentation(window=window))
    )


def test_without_a_window_all_values_are_shown_and_padding_is_black() -> None:
    padded = RAMP.copy()
    padded[0, :] = -2000

    grey = grey_of(padded, Presentation(padding=(-2000, -2000)))

    assert set(grey[0]) == {0}
    assert grey[1, 0] == 0
    assert grey.max() == 255


def test_inversion_turns_white_into_black() -> None:
    window = Window(center=500, width=500)
    plain = grey_of(RAMP, Presentation(window=window))

    inverse = grey_of(RAMP, Presentation(window=window, inverse=True))

    assert np.abs(255 - plain.astype(int) - inverse).max() <= 1


def test_lookup_tables_hold_their_ends() -> None:
    lut = Lut(first=100, bits=8, entries=(0, 128, 255))

    grey = grey_of(np.array([[0, 100, 101, 102, 900]]), Presentation(voi_lut=lut))

    assert grey.tolist() == [[0, 0, 128, 255, 255]]


def test_what_the_data_set_says_is_read() -> None:
    image = describe(
        _document(
            t00280004=_values("MONOCHROME1", vr="CS"),
            t00281050=_values(40, 300),
            t00281051=_values(400, 1500),
            t00281052=_values("-1024"),
            t00281053=_values("2"),
            t00280120=_values(63536, vr="US"),
        )
    )

    shown = image.presentation
    assert (shown.window, shown.inverse) == (Window(center=40, width=400), True)
    assert (shown.slope, shown.intercept) == (2.0, -1024.0)
    assert shown.padding == (-2000, -2000)


def test_each_frame_of_an_enhanced_image_has_its_own_window() -> None:
    def group(center: int) -> dict:
        window = {"00281050": _values(center), "00281051": _values(100)}
        return {"00289132": {"vr": "SQ", "Value": [window]}}

    document = _document(
        t52009229={
            "vr": "SQ",
            "Value": [
                {"00289145": {"vr": "SQ", "Value": [{"00281053": _values(3)}]}},
            ],
        },
        t52009230={"vr": "SQ", "Value": [group(10), group(20)]},
    )

    first, second = describe(document, 1).presentation, describe(document, 2).presentation
    assert (first.window, second.window) == (
        Window(center=10, width=100),
        Window(center=20, width=100),
    )
    assert first.slope == 3.0


def test_a_palette_paints() -> None:
    descriptor = _values(4, 0, 8, vr="US")
    data = {"vr": "OW", "InlineBinary": "AAD/AAAA/wA="}  # 0, 255, 0, 255 in words
    document = _document(
        t00280004=_values("PALETTE COLOR", vr="CS"),
        t00280010=_values(1, vr="US"),
        t00280011=_values(2, vr="US"),
        t00280100=_values(8, vr="US"),
        t00280101=_values(8, vr="US"),
        t00280102=_values(7, vr="US"),
        t00280103=_values(0, vr="US"),
        t00281101=descriptor,
        t00281102=descriptor,
        t00281103=descriptor,
        t00281201=data,
        t00281202={"vr": "OW", "BulkDataURI": "elsewhere"},
        t00281203=data,
    )
    asked: list[tuple[int, ...]] = []

    def bulk_data(path: tuple[int, ...]) -> bytes:
        asked.append(path)
        return bytes(8)

    image = describe(document, 1, bulk_data)
    picture = render(b"\x01\x02", EXPLICIT, image, Wishes(format=Format.PNG))

    assert asked == [(0x00281202,)]
    assert np.asarray(Picture.open(io.BytesIO(picture))).tolist() == [[[255, 0, 255], [0, 0, 0]]]


def test_a_viewport_keeps_proportions() -> None:
    image = describe(_document())
    wishes = Wishes(format=Format.PNG, viewport=Viewport(width=100, height=100))

    picture = render(RAMP.tobytes(), EXPLICIT, image, wishes)

    assert Picture.open(io.BytesIO(picture)).size == (100, 40)


def test_a_region_beyond_the_image_is_refused() -> None:
    wishes = Wishes(viewport=Viewport(width=10, height=10, region=(45, 0, 10, 10)))

    with pytest.raises(Malformed):
        render(RAMP.tobytes(), EXPLICIT, describe(_document()), wishes)


@pytest.mark.parametrize(
    "changes",
    [
        {"t00280010": {"vr": "US"}},
        {"t7FE00008": {"vr": "OF", "BulkDataURI": "x"}},
    ],
)
def test_what_holds_no_image_is_none(changes: dict) -> None:
    with pytest.raises(NotAnImage):
        describe(_document(**changes))


def test_a_description_of_letters_is_undecodable() -> None:
    with pytest.raises((Undecodable, NotAnImage)):
        describe(_document(t00280010={"vr": "US", "Value": ["many"]}))


def test_pixels_cut_short_are_undecodable() -> None:
    with pytest.raises(Undecodable):
        render(RAMP.tobytes()[:-2], EXPLICIT, describe(_document()), Wishes())
