"""The one-time token that lets a node in: ``arch1.<id>.<secret>.<pin of the authority>``.

The secret never travels: it signs the request (HMAC-SHA-256). The pin lets the joiner tell the
authority from somebody in the middle before anything is sent.
"""

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

from archipel.exchange.errors import AuthorityMismatch, TokenRefused
from archipel.exchange.model import Invitation, NodeName
from archipel.exchange.trust import certificates
from archipel.kernel.errors import Malformed
from archipel.kernel.identifiers import TenantId

LIFE = timedelta(hours=1)
_FORM = re.compile(r"arch1\.([A-Za-z0-9_-]{8})\.([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Token:
    """A token as the administrator carries it."""

    id: str
    secret: str = field(repr=False)
    pin: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a token. Raises `Malformed`."""
        found = _FORM.fullmatch(text.strip())
        if found is None:
            raise Malformed("not a token of four parts that begins with arch1.: copy it whole")
        return cls(*found.groups())

    def __str__(self) -> str:
        return f"arch1.{self.id}.{self.secret}.{self.pin}"

    def check_authority(self, certificate: str) -> None:
        """Raise `AuthorityMismatch` unless this is the authority the token was made by."""
        if not hmac.compare_digest(_pin(certificate), self.pin):
            raise AuthorityMismatch(
                "the authority shown is not the one of the token: nothing was sent; "
                "check the address, or whether somebody stands in the middle"
            )

    def mac(self, *said: str) -> str:
        """Sign what is sent with the secret."""
        return _mac(_key(self.secret), said)


def invite(
    node: NodeName | None,
    *,
    authority: str,
    now: datetime,
    life: timedelta = LIFE,
    organisations: frozenset[TenantId] | None = None,
) -> tuple[Token, Invitation]:
    """Make a token for `node` (None: for any new one), and what is to be kept of it.

    `organisations` are those that the node may be the home of; None: those it states when it
    joins, unless they are another node's.
    """
    token = Token(_text(secrets.token_bytes(6)), _text(secrets.token_bytes(16)), _pin(authority))
    kept = Invitation(
        id=token.id,
        key=_key(token.secret),
        node=node,
        expires_at=now + life,
        organisations=organisations,
    )
    return token, kept


def check(invitation: Invitation | None, mac: str, *said: str, now: datetime) -> Invitation:
    """Return the invitation that signed what was said. Raises `TokenRefused`."""
    if invitation is None:
        raise TokenRefused("the token is unknown or was used: ask for another")
    if now > invitation.expires_at:
        raise TokenRefused("the token is too old: ask for another")
    if not hmac.compare_digest(_mac(invitation.key, said), mac):
        raise TokenRefused("the request is not signed by the token's secret")
    return invitation


def _key(secret: str) -> bytes:
    return hashlib.sha256(urlsafe_b64decode(secret + "==")).digest()


def _mac(key: bytes, said: tuple[str, ...]) -> str:
    return _text(hmac.digest(key, "\0".join(said).encode(), "sha256"))


def _pin(certificate: str) -> str:
    return _text(bytes.fromhex(certificates.fingerprint(certificate)))


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
