"""Sides are found in the words of three languages, whatever the accents."""

import pytest

from archipel.reading.laterality import Side, sides

RIGHT, LEFT = frozenset({Side.RIGHT}), frozenset({Side.LEFT})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Nodule du lobe supérieur droit", RIGHT),
        ("genou GAUCHE", LEFT),
        ("left upper lobe", LEFT),
        ("rodilla derecha", RIGHT),
        ("épanchement bilatéral", RIGHT | LEFT),
        ("à droite et à gauche", RIGHT | LEFT),
        ("adroit, maladroitement, brightness", frozenset()),
        ("", frozenset()),
    ],
)
def test_a_text_names_its_sides(text, found):
    assert sides(text) == found
