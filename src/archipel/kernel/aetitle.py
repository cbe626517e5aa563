"""Application entity titles (PS3.5 section 6.2, value representation AE)."""

from dataclasses import dataclass
from typing import Self

from archipel.kernel.errors import Malformed

MAX_LENGTH = 16  # bytes


@dataclass(frozen=True, slots=True, order=True)
class AETitle:
    """The name a DICOM application answers to. Leading and trailing spaces do not count.

    Raises `Malformed` for an empty or over-long title, a backslash or a control character.
    """

    value: str

    def __post_init__(self) -> None:
        text = self.value
        if not (text.isascii() and text.isprintable()) or "\\" in text or text != text.strip():
            raise Malformed(f"not an AE title (PS3.5 section 6.2): {text[:32]!r}")
        if not 1 <= len(text) <= MAX_LENGTH:
            raise Malformed(f"an AE title holds 1 to {MAX_LENGTH} characters: {text[:32]!r}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a title as sent on the wire, space padded to 16 bytes."""
        return cls(text.strip(" "))

    def on_the_wire(self) -> bytes:
        """Return the 16 bytes that A-ASSOCIATE carries (PS3.8 table 9-11)."""
        return self.value.ljust(MAX_LENGTH).encode("ascii")

    def __str__(self) -> str:
        return self.value
