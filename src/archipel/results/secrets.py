"""What opens a link: derived from one key of the node, kept nowhere.

The secret in a referrer's mail and every one-time code follow from the node's key by HMAC-SHA256
(RFC 2104) over the name of what they open: the database holds none of them, nor a digest to try
guesses on. A patient's code is random, and found by its HMAC; the birth date is kept as an HMAC
bound to its link. Without the key file the database tells no code.
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

from archipel.results.model import Link

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # without 0, O, 1, I: read aloud, copied by hand
CODE_LENGTH = 8
DIGITS = 6
_LOOKS_ALIKE = str.maketrans("", "", " -\u2013\u2014._")
_BIRTH = re.compile(r"\d{8}")


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """Derives and recognises. `key` is 256 random bits that never leave the node."""

    key: bytes

    def of_link(self, link: Link) -> str:
        """Return the secret of a referrer's link, as it stands in the fragment of the address."""
        mac = self._mac("link", f"{link.id}.{link.generation}")
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()

    def opens(self, said: str, link: Link | None) -> bool:
        """Tell whether `said` is the secret of `link`. As slow when there is no link."""
        if link is None:
            expected = base64.urlsafe_b64encode(self._mac("link", "nobody")).rstrip(b"=").decode()
            hmac.compare_digest(said.encode("utf-8", "replace"), expected.encode())
            return False
        return hmac.compare_digest(said.encode("utf-8", "replace"), self.of_link(link).encode())

    def one_time(self, challenge: bytes) -> str:
        """Return the one-time code of a challenge: six digits."""
        number = int.from_bytes(self._mac("one-time", challenge.hex())[:8], "big")
        return f"{number % 10**DIGITS:0{DIGITS}d}"

    def one_time_is(self, said: str, challenge: bytes) -> bool:
        """Tell whether `said` is the one-time code of a challenge; spaces do not count."""
        plain = "".join(said.split()).encode("utf-8", "replace")
        return hmac.compare_digest(plain, self.one_time(challenge).encode())

    def of_code(self, code: str) -> bytes:
        """Return what a patient's code is found by."""
        return self._mac("code", normal(code))

    def of_birth(self, link: str, birth_date: str) -> bytes:
        """Return what is kept of the birth date (YYYYMMDD) beside a link."""
        return self._mac("birth", f"{link}.{birth_date}")

    def born(self, birth_date: str, link: Link | None) -> bool:
        """Tell whether the patient of `link` was born then. As slow when there is no link."""
        kept = link.birth if link is not None and link.birth is not None else bytes(32)
        offered = self.of_birth(link.id if link else "0" * 16, birth_date)
        return hmac.compare_digest(offered, kept) and link is not None

    def of_address(self, network: str) -> bytes:
        """Return what tries from one network address are counted under."""
        return self._mac("address", network)

    def _mac(self, use: str, words: str) -> bytes:
        return hmac.digest(self.key, f"{use}\n{words}".encode("utf-8", "replace"), hashlib.sha256)


def fresh_code() -> str:
    """Make a patient's code as printed, in groups of 3, 3 and 2: 40 random bits."""
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    return f"{drawn[:3]}-{drawn[3:6]}-{drawn[6:]}"


def normal(code: str) -> str:
    """Read a code as people type it: any case, with or without dashes, at most 64 characters."""
    return code[:64].translate(_LOOKS_ALIKE).upper()


def birth_date(text: str) -> str | None:
    """Take a DICOM date (0010,0030) where it is whole, None where it is not."""
    plain = text.strip().replace(".", "")
    return plain if _BIRTH.fullmatch(plain) else None
