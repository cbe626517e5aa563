"""Passwords: what is taken, and how one is kept (argon2id, RFC 9106 second profile).

Hashing takes 64 MiB and tens of milliseconds on purpose; no more than a few run at once in a
process, so that a flood of sign-ins cannot eat its memory.
"""

import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from archipel.access.errors import PasswordTooWeak

MIN_LENGTH, MAX_LENGTH = 12, 1024
_AT_ONCE = 2
_DISTINCT = 5

_hasher = PasswordHasher()  # argon2id, m=64 MiB, t=3, p=4
_slots = threading.BoundedSemaphore(_AT_ONCE)


def kept(password: str, *, login: str) -> str:
    """Check a new password against the policy and return what is kept of it.

    Length is what counts (ANSSI and NIST advise against rules of composition). Raises
    `PasswordTooWeak`.
    """
    said = _normal(password)
    if not MIN_LENGTH <= len(said) <= MAX_LENGTH:
        raise PasswordTooWeak(f"a password has at least {MIN_LENGTH} characters")
    if len(set(said)) < _DISTINCT:
        raise PasswordTooWeak("a password does not repeat a few characters")
    if login and login in said.casefold():
        raise PasswordTooWeak("a password does not hold the login")
    with _slots:
        return _hasher.hash(said)


def matches(password: str, kept_hash: str | None) -> bool:
    """Tell whether `password` is the one kept. As slow when nothing is kept."""
    said = _normal(password[: MAX_LENGTH + 1])
    with _slots:
        try:
            _hasher.verify(kept_hash or _NOBODYS, said)
        except (VerificationError, InvalidHashError):
            return False
    return kept_hash is not None


def is_outdated(kept_hash: str) -> bool:
    """Tell whether a hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(kept_hash)


def _normal(password: str) -> str:
    # The same key presses give composed letters on one machine, decomposed ones on another.
    return unicodedata.normalize("NFKC", password)


# A hash that no password fits, of the same cost: a sign-in without account takes as long.
_NOBODYS = (
    "$argon2id$v=19$m=65536,t=3,p=4$bm9ib2R5IGlzIGhlcmU$"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)
