"""How a fact becomes bytes, and what its hash covers.

The content of a fact is canonical JSON (sorted keys, no spaces, UTF-8). Its hash is SHA-256 over
the previous hash and the SHA-256 of the content, both as 32 bytes: so the chain can be checked
where the content is withheld.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from archipel.exchange import hlc
from archipel.exchange.errors import ChainBroken
from archipel.exchange.model import (
    Author,
    Draft,
    Fact,
    Link,
    LogName,
    NodeName,
    Stub,
    check_names,
)
from archipel.kernel.errors import Malformed
from archipel.kernel.identifiers import TenantId

NOTHING = "0" * 64
"""What stands before the first fact of a log."""

CONTENT_BYTES = 64 << 10
VERSION = 1
_HASH_LENGTH = 64
_FIELDS = frozenset(
    {"v", "log", "seq", "hlc", "kind", "subject", "home", "tenant", "patient", "author", "seen"}
) | {"body"}


def write(
    draft: Draft,
    *,
    log: LogName,
    sequence: int,
    clock: str,
    seen: Mapping[str, int],
    previous: str,
) -> Fact:
    """Make the fact that stands at `sequence` of `log`. Raises `Malformed` when it is too big."""
    content = canonical(
        {
            "v": VERSION,
            "log": str(log),
            "seq": sequence,
            "hlc": clock,
            "kind": draft.kind,
            "subject": draft.subject,
            "home": (draft.home or log.node).value,
            "tenant": draft.tenant.value,
            "patient": draft.patient,
            "author": {
                "sub": draft.author.subject,
                "org": draft.author.organisation,
                "assertion": draft.author.assertion,
            },
            "seen": dict(seen),
            "body": dict(draft.body),
        }
    )
    return read(content, previous=previous)


def read(content: bytes, *, previous: str) -> Fact:
    """Read the content of a fact, whoever sent it. Raises `Malformed`."""
    if len(content) > CONTENT_BYTES:
        raise Malformed(f"a fact of {len(content)} bytes: at most {CONTENT_BYTES}")
    try:
        said = json.loads(content)
        if type(said) is not dict or said.keys() != _FIELDS or canonical(said) != content:
            raise Malformed("a fact that is not written as facts are")
        return _fact(said, content, previous)
    except (ValueError, KeyError, TypeError, RecursionError, AttributeError) as unreadable:
        raise Malformed(f"a fact that cannot be read: {type(unreadable).__name__}") from None


def hashed(previous: str, digest: str) -> str:
    """Return the hash of a link with this content digest behind the link `previous`."""
    return hashlib.sha256(bytes.fromhex(previous) + bytes.fromhex(digest)).hexdigest()


def digest(content: bytes) -> str:
    """Return the SHA-256 of a content, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def stub(fact: Fact) -> Stub:
    """Return what may be said of a fact to whom may not know it."""
    return Stub(
        log=fact.log,
        sequence=fact.sequence,
        clock=fact.clock,
        digest=digest(fact.content),
        previous=fact.previous,
        hash=fact.hash,
    )


def check(link: Link) -> None:
    """Raise `ChainBroken` unless the link's hash is that of its content and predecessor."""
    content = link.digest if isinstance(link, Stub) else digest(link.content)
    if hashed(link.previous, content) != link.hash:
        raise ChainBroken(f"{link.log}, fact {link.sequence}: its hash is not that of its content")


def canonical(value: Any) -> bytes:
    """Write JSON in the one way that is hashed."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def is_hash(text: object) -> bool:
    """Tell whether `text` is a SHA-256 in lower-case hexadecimal."""
    return (
        isinstance(text, str)
        and len(text) == _HASH_LENGTH
        and all(character in "0123456789abcdef" for character in text)
    )


def _fact(said: Mapping[str, Any], content: bytes, previous: str) -> Fact:
    texts = ("log", "hlc", "kind", "subject", "home", "tenant", "patient")
    if said["v"] != VERSION or not all(isinstance(said[name], str) for name in texts):
        raise Malformed("a fact of another version")
    sequence, seen, author = said["seq"], said["seen"], said["author"]
    if type(sequence) is not int or sequence < 0 or not is_hash(previous):
        raise Malformed("a fact without a place in its log")
    if not all(type(count) is int and count > 0 for count in seen.values()):
        raise Malformed("a fact that saw less than nothing")
    for name in seen:
        LogName.parse(name)
    hlc.moment_of(said["hlc"])
    tenant = TenantId(said["tenant"])
    check_names(said["kind"], said["subject"], tenant)
    return Fact(
        log=LogName.parse(said["log"]),
        sequence=sequence,
        clock=said["hlc"],
        kind=said["kind"],
        subject=said["subject"],
        home=NodeName(said["home"]),
        tenant=tenant,
        patient=said["patient"],
        author=Author(
            subject=str(author["sub"]),
            organisation=str(author["org"]),
            assertion=str(author["assertion"]),
        ),
        seen=dict(seen),
        body=dict(said["body"]),
        content=content,
        previous=previous,
        hash=hashed(previous, digest(content)),
    )
