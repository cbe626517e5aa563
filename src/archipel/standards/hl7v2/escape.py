r"""Escape sequences (HL7 chapter 2.7): text on the wire, and what it says.

`\F\ \S\ \T\ \R\ \E\` stand for the delimiters, `\Xhh..\` for bytes, `\.br\` for a new line;
highlighting is dropped. A sequence that nobody knows, or that has no end, stays as it came.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from archipel.standards.hl7v2.errors import Condition, Fault, Location

_HIGHLIGHTING = frozenset({"H", "N"})
_LINES = {".br": "\n", ".sp": "\n", ".fi": "", ".nf": ""}


@dataclass(frozen=True, slots=True)
class Separators:
    """The delimiters that MSH-1 and MSH-2 announce: five different printable ASCII signs."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"
    truncation: str = ""  # since version 2.7
    codec: str = "utf-8"  # in which the bytes of \Xhh\ are text

    def __post_init__(self) -> None:
        signs = self.field + self.encoding
        if len(set(signs)) != len(signs) or any(
            not "!" <= one <= "~" or one.isalnum() for one in signs
        ):
            raise Fault(
                "the delimiters are 5 or 6 different signs of ASCII, no letters or digits",
                where=Location("MSH", field=2),
            )

    @classmethod
    def announced(cls, start: str, codec: str) -> Self:
        """Read them from the first nine signs of a message or more. Raises `Fault`."""
        end = start.find(start[3], 4) if len(start) > 4 else -1  # noqa: PLR2004 (MSH|^)
        encoding = start[4:end] if end > 0 else start[4:]
        if len(encoding) not in {4, 5}:
            raise Fault(
                r"MSH-2 announces the delimiters, such as ^~\&",
                where=Location("MSH", field=2),
                condition=Condition.REQUIRED_FIELD_MISSING,
            )
        return cls(
            field=start[3],
            component=encoding[0],
            repetition=encoding[1],
            escape=encoding[2],
            subcomponent=encoding[3],
            truncation=encoding[4:],
            codec=codec,
        )

    @property
    def encoding(self) -> str:
        """MSH-2."""
        signs = self.component + self.repetition + self.escape + self.subcomponent
        return signs + self.truncation

    def said(self, raw: str) -> str:
        """Return what `raw` says, its escape sequences resolved."""
        if self.escape not in raw:
            return raw
        return _sequence(self.escape).sub(self._resolved, raw)

    def written(self, text: str) -> str:
        """Return `text` so that no sign of it is taken for a delimiter."""
        return _special(self.field + self.encoding).sub(self._sequence_of, text)

    def _resolved(self, found: re.Match[str]) -> str:
        word = found[1]
        known = {
            "F": self.field,
            "S": self.component,
            "T": self.subcomponent,
            "R": self.repetition,
            "E": self.escape,
            "P": self.truncation or None,
        }
        if known.get(word) is not None:
            return str(known[word])
        if word in _HIGHLIGHTING:
            return ""
        if word[0] == "X" and len(word) % 2 and re.fullmatch("X[0-9A-Fa-f]+", word):
            return bytes.fromhex(word[1:]).decode(self.codec, "replace")
        if word[:3] in _LINES:
            return _LINES[word[:3]]
        return found[0]

    def _sequence_of(self, found: re.Match[str]) -> str:
        sign, mark = found[0], self.escape
        letters = {
            self.field: "F",
            self.component: "S",
            self.subcomponent: "T",
            self.repetition: "R",
            self.escape: "E",
        }
        if self.truncation:
            letters[self.truncation] = "P"
        return f"{mark}{letters.get(sign) or f'X{ord(sign):02X}'}{mark}"


@lru_cache(64)
def _sequence(mark: str) -> re.Pattern[str]:
    return re.compile(f"{re.escape(mark)}([^{re.escape(mark)}]{{1,4096}}){re.escape(mark)}")


@lru_cache(64)
def _special(signs: str) -> re.Pattern[str]:
    return re.compile(f"[{re.escape(signs)}\x00-\x1f]")


DEFAULT = Separators()
