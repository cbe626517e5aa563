"""Folding of texts for search: case, accents and spacing do not count (PS3.4 C.2.2.2.1).

Both database engines see only folded text, so they agree on what is equal and on the order.
"""

import re
import unicodedata
from collections.abc import Iterator

_BLANKS = re.compile(r"\s+")
_BETWEEN_WORDS = re.compile(r"[\^=\s,'\u2019.\-]+")


def fold(text: str) -> str:
    """Give `text` in upper case without accents, its blanks single."""
    if text.isascii():
        return _BLANKS.sub(" ", text.upper()).strip()
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    # A second time: the capital of a compatibility letter may itself decompose.
    upper = unicodedata.normalize("NFKD", plain.upper())
    return _BLANKS.sub(" ", "".join(c for c in upper if not unicodedata.combining(c))).strip()


def fold_name(name: str) -> str:
    """Fold a person name (PS3.5 section 6.2): empty trailing components say nothing."""
    return "=".join(_component_group(group) for group in name.split("=")).rstrip("=")


def groups(folded: str) -> Iterator[str]:
    """Give the component groups of a folded name: alphabetic, ideographic, phonetic."""
    return (group for group in folded.split("=") if group)


def words(folded: str) -> Iterator[str]:
    """Give the words of a folded name, each once."""
    return iter(dict.fromkeys(word for word in _BETWEEN_WORDS.split(folded) if word))


def _component_group(group: str) -> str:
    return "^".join(fold(part) for part in group.split("^")).rstrip("^")
