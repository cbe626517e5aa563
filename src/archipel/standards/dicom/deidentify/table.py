"""Which action each attribute takes (PS3.15 table E.1-1).

The table lies beside this module. Where it offers alternatives by the type that an attribute has
in its IOD, the one that fits every type is taken: D satisfies types 1, 2 and 3, Z satisfies 2
and 3 (PS3.15 section E.1.1).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).with_name("confidentiality.tsv")
_PRIVATE = "private"
_REPEATING = {0x50: ("50xxxxxx",), 0x60: ("60xx{:04X}",)}  # curves whole, overlays by element


class Option(Enum):
    """An option of the basic profile, by the name the table has for it (PS3.15 section E.3)."""

    CLEAN_PIXELS = "pixels"
    CLEAN_GRAPHICS = "graphics"
    CLEAN_STRUCTURED_CONTENT = "structured-content"
    CLEAN_DESCRIPTORS = "descriptors"
    RETAIN_FULL_DATES = "full-dates"
    RETAIN_MODIFIED_DATES = "modified-dates"
    RETAIN_CHARACTERISTICS = "characteristics"
    RETAIN_DEVICE = "device"
    RETAIN_UIDS = "uids"
    RETAIN_SAFE_PRIVATE = "safe-private"
    RETAIN_INSTITUTION = "institution"


class Action(Enum):
    """What is done to an attribute (PS3.15 table E.1-1a)."""

    DUMMY = "D"  # a value of the same form that says nothing
    ZERO = "Z"  # no value
    REMOVE = "X"
    KEEP = "K"  # sequences: their items are de-identified
    CLEAN = "C"  # what may identify is taken out of the value
    UID = "U"  # another UID, the same wherever this one stands


SETTLED: Mapping[str, Action] = {
    **{action.value: action for action in Action},
    "Z/D": Action.DUMMY,
    "X/Z": Action.ZERO,
    "X/D": Action.DUMMY,
    "X/Z/D": Action.DUMMY,
    "X/Z/U*": Action.UID,
}
"""Each entry of the basic profile, and the action that satisfies it in every IOD."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: the basic profile as printed, and what options make of it."""

    basic: str
    options: Mapping[Option, Action]

    def action(self, chosen: Collection[Option]) -> Action:
        """Decide: what is to be kept is kept, else cleaned, else the basic profile holds."""
        wanted = {self.options[option] for option in chosen if option in self.options}
        for action in (Action.KEEP, Action.CLEAN):
            if action in wanted:
                return action
        return SETTLED[self.basic]


@cache
def rows() -> Mapping[str, Row]:
    """Give every row by tag: eight hexadecimal digits (x for any), or `private`."""
    found: dict[str, Row] = {}
    for line in _TABLE.read_text("utf-8").splitlines()[1:]:
        tag, basic, *rest = line.split("\t")
        options = dict(one.split("=") for one in rest[0].split()) if rest else {}
        found[tag] = Row(basic, {Option(name): Action(code) for name, code in options.items()})
    return found


def row_of(tag: int) -> Row | None:
    """Find the row of an attribute; None where the profile says nothing of it."""
    if tag >> 16 & 1:
        return rows()[_PRIVATE]
    for form in _REPEATING.get(tag >> 24, ()):
        return rows().get(form.format(tag & 0xFFFF))
    return rows().get(f"{tag:08X}")
