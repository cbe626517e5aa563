"""DICOM unique identifiers (PS3.5 section 9, value representation UI)."""

import re
import secrets
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from archipel.kernel.errors import Malformed

MAX_LENGTH = 64  # characters, PS3.5 section 9.1

# PS3.5 forbids leading zeros in a component; scanners in the field write them (a date part such
# as "01"), and an image refused is an image lost: they are taken, compared as written.
_UID = re.compile(r"[0-9]+(?:\.[0-9]+)+")


@dataclass(frozen=True, slots=True, order=True)
class Uid:
    """One UID, valid by construction. Raises `Malformed`."""

    value: str

    def __post_init__(self) -> None:
        if len(self.value) > MAX_LENGTH or not _UID.fullmatch(self.value):
            shown = self.value[: MAX_LENGTH + 16]
            raise Malformed(f"not a DICOM UID (PS3.5 section 9.1): {shown!r}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a UID as a data set carries it, padded by NUL or (wrongly, but often) space."""
        return cls(text.rstrip("\0 "))

    @classmethod
    def from_uuid(cls, uuid: UUID) -> Self:
        """Derive a UID under the 2.25 root (PS3.5 section B.2)."""
        return cls(f"2.25.{uuid.int}")

    @classmethod
    def fresh(cls) -> Self:
        """Make a UID that nobody has."""
        return cls(f"2.25.{secrets.randbits(128)}")

    def __str__(self) -> str:
        return self.value
