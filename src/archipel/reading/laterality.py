"""Sides that a text names: right, left, both. The words of three languages, no grammar."""

import re
import unicodedata
from enum import Enum


class Side(Enum):
    """A side of the body (SNOMED CT 24028007 right, 7771000 left)."""

    RIGHT = "right"
    LEFT = "left"


_RIGHT = r"droite?s?|right|derech[oa]s?|rt"
_LEFT = r"gauches?|left|izquierd[oa]s?|lt"
_BOTH = r"bilatera\w*|bilaterale?s?|both|ambos|ambas|deux cotes"
_WORDS = re.compile(rf"\b(?:(?P<right>{_RIGHT})|(?P<left>{_LEFT})|(?P<both>{_BOTH}))\b")


def sides(text: str) -> frozenset[Side]:
    """Name the sides that `text` speaks of."""
    folded = unicodedata.normalize("NFD", text.casefold())
    plain = "".join(sign for sign in folded if not unicodedata.combining(sign))
    found: set[Side] = set()
    for word in _WORDS.finditer(plain):
        if word["right"] or word["both"]:
            found.add(Side.RIGHT)
        if word["left"] or word["both"]:
            found.add(Side.LEFT)
    return frozenset(found)
