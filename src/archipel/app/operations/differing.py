"""Where two data sets differ, element by element (PS3.5 section 7.1)."""

from collections.abc import Iterator

from archipel.protocols.web.models.settling import AttributeDifference
from archipel.standards.dicom.dataset import DataSet, Element, read
from archipel.standards.dicom.dictionary import keyword_of

PIXELS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
MOST = 200  # elements told of; more differ than anybody reads
LONGEST = 120  # signs of a value shown

Received = tuple[bytes, str]  # the data set as received, and its transfer syntax


def differing(one: Received, other: Received) -> tuple[list[AttributeDifference], bool]:
    """Tell the elements that differ, at most `MOST`, and whether pixels do.

    Raises `Malformed` when one of them is no data set.
    """
    first, second = read(*one), read(*other)
    tags = sorted(set(first) | set(second))
    changed = [tag for tag in tags if first.elements.get(tag) != second.elements.get(tag)]
    told = [tag for tag in changed if tag not in PIXELS][:MOST]
    return [_told(tag, first, second) for tag in told], any(tag in PIXELS for tag in changed)


def _told(tag: int, first: DataSet, second: DataSet) -> AttributeDifference:
    return AttributeDifference(
        tag=f"{tag:08X}",
        keyword=keyword_of(tag),
        held=_shown(first, tag),
        offered=_shown(second, tag),
    )


def _shown(dataset: DataSet, tag: int) -> str | None:
    """Write a value for people; None where the element is absent."""
    element = dataset.elements.get(tag)
    if element is None:
        return None
    if isinstance(element.value, list):
        inner = "; ".join(_items(element))
        return _short(inner)
    return _short(dataset.text(tag) or (f"[{len(element.value)}]" if element.value else ""))


def _items(element: Element) -> Iterator[str]:
    for item in element.value if isinstance(element.value, list) else ():
        said = ((keyword_of(tag) or f"{tag:08X}", item.text(tag)) for tag in item)
        yield ", ".join(f"{name}={text}" for name, text in said if text)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
