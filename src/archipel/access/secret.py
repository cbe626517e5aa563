"""Secrets that are handed out: cookies, tokens, invitations. Only their digest is kept."""

import hashlib
import hmac
import secrets


def fresh(kind: str) -> str:
    """Make a secret of 256 random bits; `kind` is a short visible prefix, for leak scanners."""
    return f"{kind}_{secrets.token_urlsafe(32)}"


def fresh_id() -> str:
    """Make a name for something whose secret must not be named."""
    return secrets.token_hex(8)


def digest(secret: str) -> bytes:
    """Return what is kept of a secret: SHA-256 is enough, the secret being random."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def csrf_of(cookie: str) -> str:
    """Derive the token that a page must send with every write; another site cannot know it."""
    return hmac.new(cookie.encode("utf-8", "surrogatepass"), b"csrf", hashlib.sha256).hexdigest()


def same(said: str, expected: str) -> bool:
    """Compare two secrets in a time that tells nothing."""
    return hmac.compare_digest(said.encode("utf-8", "surrogatepass"), expected.encode())
