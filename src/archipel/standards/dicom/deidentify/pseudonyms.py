"""What stands in the place of identity: the same for the same, and told by nobody without the key.

All values are made with HMAC-SHA256 under the key of a project, so that nothing has to be kept:
the same input under the same key gives the same output on any day and on any node that has it.
"""

import hashlib
import hmac
from base64 import b32encode
from dataclasses import dataclass
from uuid import UUID

from archipel.kernel.uid import Uid

_SHORTEST_DAYS, _LONGEST_DAYS = 30, 3650  # a shift that hides nothing would be none
_PATIENT_BYTES = 10


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Pseudonyms under one key. The key never shows in `repr` or a message."""

    key: bytes

    def __repr__(self) -> str:
        return "Pseudonyms(...)"

    def of_project(self, *names: str) -> "Pseudonyms":
        """Derive the pseudonyms of one project: they have nothing in common with another's."""
        return Pseudonyms(self._digest("project", "\0".join(names)))

    def uid(self, original: str) -> str:
        """Give the UID in the place of `original`, under the 2.25 root (PS3.5 section B.2)."""
        return Uid.from_uuid(UUID(bytes=self._digest("uid", original)[:16], version=4)).value

    def patient(self, subject: str) -> str:
        """Name the patient `subject`: P and 16 letters and digits."""
        return "P" + b32encode(self._digest("patient", subject)[:_PATIENT_BYTES]).decode()

    def earlier_days(self, subject: str) -> int:
        """Say by how many days all dates of `subject` are put back, 30 to 3650."""
        number = int.from_bytes(self._digest("days", subject)[:8], "big")
        return _SHORTEST_DAYS + number % (_LONGEST_DAYS - _SHORTEST_DAYS + 1)

    def _digest(self, kind: str, text: str) -> bytes:
        return hmac.digest(self.key, f"{kind}\0{text}".encode(), hashlib.sha256)
