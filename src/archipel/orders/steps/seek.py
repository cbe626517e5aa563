"""Keys on workitems: which steps a search or a filter means (PS3.4 CC.2.8, PS3.18 8.3.4)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from archipel.kernel.errors import Malformed
from archipel.orders.steps import attributes as tags
from archipel.standards.dicom.dataset import DataSet
from archipel.standards.dicom.dictionary import vr_of
from archipel.standards.dicom.matching import Matcher, matcher

MAX_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Key:
    """One key: the sequences it lies in, its attribute, and what is asked of it."""

    path: tuple[int, ...]
    wanted: Matcher

    def holds(self, content: DataSet) -> bool:
        """Tell whether a step matches: one of the items on the way does."""
        return any(self.wanted.matches(text) for text in _texts(content, self.path))


def key(path: Sequence[int], text: str, *, fuzzy: bool = False) -> Key:
    """Read a key as it was asked. Raises `Malformed`, also for the Transaction UID."""
    if not 1 <= len(path) <= MAX_DEPTH:
        raise Malformed(f"a key lies in at most {MAX_DEPTH - 1} sequences")
    if path[-1] == tags.TRANSACTION:
        raise Malformed("the Transaction UID (0008,1195) is no key: nobody is told it")
    return Key(tuple(path), matcher(text, vr_of(path[-1]), fuzzy=fuzzy))


def read(pairs: Sequence[tuple[str, str]]) -> list[Key]:
    """Read keys whose paths are written as tags, `GGGGEEEE.GGGGEEEE`. Raises `Malformed`."""
    return [key([int(step, 16) for step in path.split(".")], text) for path, text in pairs]


def matches(keys: Sequence[Key], content: DataSet) -> bool:
    """Tell whether a step matches every key."""
    return all(one.holds(content) for one in keys)


def _texts(content: DataSet, path: tuple[int, ...]) -> Iterator[str]:
    first, *rest = path
    if not rest:
        yield content.text(first)
        return
    for item in content.items(first):
        yield from _texts(item, tuple(rest))
