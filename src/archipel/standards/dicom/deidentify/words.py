"""Words that identify nobody, and the cleaning of free text by them (Clean Descriptors Option).

A word stays only if it is known to say nothing of a person: it is a term of the data dictionary
(PS3.6) or stands in the short list beside this module. Everything else goes, and with it every
number that may be a date or an identifier.
This is stricter than a search for names and cannot miss one that nobody thought of.
"""

import re
from functools import cache
from pathlib import Path

from archipel.standards.dicom.deidentify.dummies import TEXT
from archipel.standards.dicom.dictionary import keywords

_WORD = re.compile(r"[^\W\d_]+|\d[\d/.,:-]*", re.UNICODE)
_NUMBER = re.compile(r"\d{1,3}(?:[.,]\d{1,2})?[.,:-]?")  # a thickness or an angle
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SHORTEST_TERM = 3

_TERMS = Path(__file__).with_name("terms.txt")


@cache
def vocabulary() -> frozenset[str]:
    """Give every word that identifies nobody, in lower case."""
    terms = {
        part.lower()
        for keyword in keywords()
        for part in _CAMEL.findall(keyword)
        if len(part) >= _SHORTEST_TERM
    }
    return frozenset(terms) | frozenset(_TERMS.read_text("utf-8").split())


def is_plain(text: str) -> bool:
    """Whether every word of `text` is in the vocabulary and every number short."""
    return all(_stays(word) for word in _WORD.findall(text))


def cleaned(text: str) -> str:
    """Keep of a text what identifies nobody; a neutral word where nothing is left of it.

    Separators are kept as one space: a layout may tell of what stood there.
    """
    kept = [word for word in _WORD.findall(text) if _stays(word)]
    return " ".join(kept) if any(map(str.isalpha, kept)) else (TEXT if text.strip() else "")


def _stays(word: str) -> bool:
    if word[0].isdigit():
        return bool(_NUMBER.fullmatch(word))
    return word.lower() in vocabulary()
