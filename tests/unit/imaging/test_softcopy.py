"""Presentation states on phantoms whose every pixel is known (PS3.4 Annex N)."""

import gzip

import numpy as np
import orjson
import pytest

from archipel.imaging.errors import NotAnImage, Undecodable
from archipel.imaging.model import Image, Presentation
from archipel.imaging.render import grey_of
from archipel.imaging.softcopy.drawing import outline, presented
from archipel.imaging.softcopy.model import Graphic, GraphicType
from archipel.imaging.softcopy.reading import GREYSCALE, Reference, references, softcopy_of
from archipel.kernel.errors import Malformed
from archipel.standards.dicom.pixels import PixelDescription

SOP, SERIES = "1.2.3.1", "1.2.3"
PIXELS = PixelDescription(rows=4, columns=6, bits_stored=12, high_bit=11)
IMAGE = Image(pixels=PIXELS, presentation=Presentation(slope=2.0, intercept=-7.0))
RAMP = np.arange(24, dtype=np.uint8).reshape(4, 6) * 10


def element(vr: str, *values: object) -> dict:
    return {"vr": vr, "Value": list(values)}


def document(**told: dict) -> bytes:
    """Write the metadata of a state about one image; attributes are named `t` and the tag."""
    reference = {"00081150": element("UI", "1.2"), "00081155": element("UI", SOP)}
    series = {"0020000E": element("UI", SERIES), "00081140": element("SQ", reference)}
    made = {
        "00080016": element("UI", GREYSCALE),
        "00081115": element("SQ", series),
        "20500020": element("CS", "IDENTITY"),
    }
    made |= {tag[1:]: one for tag, one in told.items()}
    return gzip.compress(orjson.dumps([made]))


def state(**told: dict):
    return softcopy_of(document(**told), SOP, 1, IMAGE)


def drawn(size: tuple[int, int] | None = None, shown: np.ndarray = RAMP, **told: dict):
    return np.asarray(presented(shown, state(**told), size))


def window(center: float, width: float, *named: dict) -> dict:
    item = {"00281050": element("DS", center), "00281051": element("DS", width)}
    if named:
        item["00081140"] = element("SQ", *named)
    return item


def test_the_images_of_a_state_are_told_in_order() -> None:
    assert references(document()) == [Reference(SERIES, SOP, ())]


@pytest.mark.parametrize(("sop", "frame"), [("1.2.3.2", 1)])
def test_a_state_about_others_is_not_applied(sop, frame) -> None:
    with pytest.raises(Malformed, match="does not refer"):
        softcopy_of(document(), sop, frame, IMAGE)


def test_another_kind_of_state_is_not_applied() -> None:
    blending = element("UI", "1.2.840.10008.5.1.4.1.1.11.4")

    with pytest.raises(NotAnImage):
        state(t00080016=blending)


def test_the_modality_values_are_those_of_the_state_and_not_of_the_image() -> None:
    stored = np.array([[0, 2048, 4095]], np.uint16)

    identity = grey_of(stored, state().presentation)
    rescaled = grey_of(
        stored,
        state(
            t00281052=element("DS", -1024),
            t00281053=element("DS", 1),
            t00283110=element("SQ", window(1024, 2048)),
        ).presentation,
    )

    assert identity.tolist() == [[0, 128, 255]]
    assert rescaled.tolist() == [[0, 128, 255]]


def test_a_window_is_that_of_the_image_it_names() -> None:
    other = {"00081155": element("UI", "1.2.3.9")}
    ours = {"00081155": element("UI", SOP), "00081160": element("IS", 1, 3)}
    items = element("SQ", window(1, 2, other), window(100, 200, ours), window(7, 8))

    found = [softcopy_of(document(t00283110=items), SOP, n, IMAGE).presentation for n in (1, 2, 3)]

    assert [one.window.center for one in found] == [100, 7, 100]


def test_a_voi_lut_of_the_state_is_looked_up() -> None:
    table = {"00283002": element("US", 3, 10, 8), "00283006": element("US", 0, 100, 255)}
    voi = element("SQ", {"00283010": element("SQ", table)})

    grey = grey_of(np.array([[5, 10, 11, 12, 90]], np.uint16), state(t00283110=voi).presentation)

    assert grey.tolist() == [[0, 0, 100, 255, 255]]


def test_a_presentation_lut_and_an_inversion_come_last() -> None:
    voi = element("SQ", window(128, 256))
    table = element(
        "SQ", {"00283002": element("US", 3, 0, 8), "00283006": element("US", 10, 20, 30)}
    )
    stored = np.array([[0, 128, 255]], np.uint16)

    turned = grey_of(stored, state(t00283110=voi, t20500020=element("CS", "INVERSE")).presentation)
    looked = grey_of(stored, state(t00283110=voi, t20500010=table).presentation)

    assert turned.tolist() == [[255, 127, 0]]
    assert looked.tolist() == [[10, 20, 30]]


@pytest.mark.parametrize("flip", ["N", "Y"])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_an_image_is_turned_clockwise_then_mirrored(rotation, flip) -> None:
    expected = np.rot90(RAMP, k=-rotation // 90)
    if flip == "Y":
        expected = expected[:, ::-1]

    shown = drawn(t00700042=element("US", rotation), t00700041=element("CS", flip))

    assert shown.tolist() == expected.tolist()


def area(left: int, top: int, right: int, bottom: int, **more: dict) -> dict:
    item = {"00700052": element("SL", left, top), "00700053": element("SL", right, bottom)}
    return element("SQ", item | {tag[1:]: one for tag, one in more.items()})


def test_the_displayed_area_is_cut_out_and_beyond_the_image_is_black() -> None:
    inside = drawn(t0070005A=area(2, 2, 4, 3))
    beyond = drawn(t0070005A=area(0, 0, 2, 1))

    assert inside.tolist() == RAMP[1:3, 1:4].tolist()
    assert beyond.tolist() == [[0, 0, 0], [0, 0, 10]]


def test_the_corners_of_a_turned_area_may_come_in_any_order() -> None:
    turned = drawn(t0070005A=area(4, 3, 2, 2), t00700042=element("US", 180))

    assert turned.tolist() == np.rot90(RAMP[1:3, 1:4], 2).tolist()


def test_pixels_are_square_and_magnified_as_the_state_says() -> None:
    tall = drawn(t0070005A=area(1, 1, 6, 4, t00700102=element("IS", 2, 1)))
    turned = drawn(
        t0070005A=area(1, 1, 6, 4, t00700102=element("IS", 2, 1)), t00700042=element("US", 90)
    )
    twice = drawn(
        t0070005A=area(
            1, 1, 6, 4, t00700100=element("CS", "MAGNIFY"), t00700103=element("FL", 2.0)
        )
    )

    assert (tall.shape, turned.shape, twice.shape) == ((8, 6), (6, 8), (8, 12))
    assert drawn((60, 60)).shape == (40, 60)


def test_a_picture_without_end_is_refused() -> None:
    with pytest.raises(Undecodable):
        state(t0070005A=area(-(2**31), 1, 2**31 - 1, 4))
    with pytest.raises(Undecodable):
        drawn(
            t0070005A=area(
                1, 1, 6, 4, t00700100=element("CS", "MAGNIFY"), t00700103=element("FL", 1e9)
            )
        )


def test_shutters_show_what_lies_within_all_of_them() -> None:
    shown = drawn(
        shown=np.full((9, 9), 200, np.uint8),
        t00181600=element("CS", "RECTANGULAR", "CIRCULAR"),
        t00181602=element("IS", 2),
        t00181604=element("IS", 8),
        t00181606=element("IS", 5),
        t00181608=element("IS", 9),
        t00181610=element("IS", 5, 5),
        t00181612=element("IS", 3),
        t00181622=element("US", 0x4000),
    )

    row, column = np.mgrid[1:10, 1:10]
    seen = ((row - 5) ** 2 + (column - 5) ** 2 <= 9) & (row >= 5) & (column >= 2) & (column <= 8)
    assert shown.tolist() == np.where(seen, 200, 0x40).tolist()


def test_a_polygon_shuts_all_but_what_it_goes_around() -> None:
    shown = drawn(
        shown=np.full((8, 8), 200, np.uint8),
        t00181600=element("CS", "POLYGONAL"),
        t00181620=element("IS", 3, 2, 3, 6, 7, 6, 7, 2),
    )

    expected = np.zeros((8, 8), np.uint8)
    expected[2:7, 1:6] = 200
    assert shown.tolist() == expected.tolist()


def test_a_bitmap_shutter_hides_the_whole_picture_rather_than_nothing() -> None:
    with pytest.raises(NotAnImage, match="bitmap"):
        state(t00181600=element("CS", "BITMAP"))


def annotation(kind: str, *points: float, units: str = "PIXEL", **more: dict) -> dict:
    graphic = {
        "00700005": element("CS", units),
        "00700020": element("US", 2),
        "00700021": element("US", len(points) // 2),
        "00700022": element("FL", *points),
        "00700023": element("CS", kind),
        "00700024": element("CS", "N"),
    }
    layer = {
        "00700002": element("CS", "LAYER"),
        "00700009": element("SQ", graphic | {tag[1:]: one for tag, one in more.items()}),
    }
    return element("SQ", layer)


def black(side: int = 64) -> np.ndarray:
    return np.zeros((side, side), np.uint8)


@pytest.mark.parametrize(
    ("turn", "flip", "rows", "columns"),
    [
        (0, "N", {20}, range(10, 41)),
        (90, "N", range(10, 41), {43, 44}),
        (180, "N", {43, 44}, range(23, 55)),
        (0, "Y", {20}, range(23, 55)),
    ],
)
def test_a_line_of_the_image_turns_with_it(turn, flip, rows, columns) -> None:
    shown = drawn(
        shown=black(),
        t00700001=annotation("POLYLINE", 10, 20, 40, 20),
        t00700042=element("US", turn),
        t00700041=element("CS", flip),
    )

    where = np.argwhere(shown)
    assert set(where[:, 0]) <= set(rows)
    assert set(where[:, 1]) <= set(columns)
    assert len(where) >= 30


def test_a_graphic_of_the_display_stays_where_it_is() -> None:
    line = annotation("POLYLINE", 0.25, 0.5, 0.75, 0.5, units="DISPLAY")

    plain, turned = (
        drawn((128, 128), shown=black(), t00700001=line, t00700042=element("US", turn))
        for turn in (0, 90)
    )

    assert plain.tolist() == turned.tolist()
    assert set(np.argwhere(plain)[:, 0]) == {64}
    assert np.argwhere(plain)[:, 1].min() == 32


def test_a_layer_has_its_grey_and_a_filled_figure_its_inside() -> None:
    layers = element("SQ", {"00700002": element("CS", "LAYER"), "00700066": element("US", 0x8000)})
    shown = drawn(
        shown=black(),
        t00700060=layers,
        t00700001=annotation(
            "POLYLINE", 10, 10, 30, 10, 30, 30, 10, 30, 10, 10, t00700024=element("CS", "Y")
        ),
    )

    assert set(np.unique(shown)) == {0, 0x80}
    assert (shown[10:31, 10:31] == 0x80).all()
    assert (shown[40:] == 0).all()


def test_circles_and_ellipses_are_where_their_points_say() -> None:
    circle = Graphic(
        kind=GraphicType.CIRCLE, points=((30.0, 20.0), (33.0, 24.0)), on_display=False
    )
    ellipse = Graphic(
        kind=GraphicType.ELLIPSE,
        points=((10.0, 20.0), (50.0, 20.0), (30.0, 10.0), (30.0, 30.0)),
        on_display=False,
    )

    assert all(abs((x - 30) ** 2 + (y - 20) ** 2 - 25) < 1e-6 for x, y in outline(circle))
    assert all(
        abs(((x - 30) / 20) ** 2 + ((y - 20) / 10) ** 2 - 1) < 1e-6 for x, y in outline(ellipse)
    )


def test_a_curve_goes_through_its_points() -> None:
    points = ((0.0, 0.0), (10.0, 5.0), (20.0, 0.0))
    curve = Graphic(kind=GraphicType.INTERPOLATED, points=points, on_display=False)

    assert set(points) <= set(outline(curve))


def test_words_are_written_with_their_accents_where_they_belong() -> None:
    words = {
        "00700003": element("CS", "PIXEL"),
        "00700006": element("ST", "TEST lésion"),
        "00700010": element("FL", 100, 150),
        "00700011": element("FL", 200, 180),
    }
    layer = element("SQ", {"00700002": element("CS", "L"), "00700008": element("SQ", words)})

    shown = drawn(shown=np.full((256, 256), 90, np.uint8), t00700001=layer)

    changed = np.argwhere(shown > 150)
    assert len(changed) > 10
    assert changed[:, 0].min() >= 150
    assert changed[:, 1].min() >= 100
    assert (shown[:150] == 90).all()
