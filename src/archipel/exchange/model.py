"""Nodes, what one of them states, and how far another may know of it.

A fact is a statement that a node wrote into its own log: append-only, numbered, each holding the
hash of the one before. Its content is public JSON; whoever holds a fact can pass it on, because
the chain and the writer's signature at its head say that it is the one written.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Self

from archipel.kernel.errors import Malformed
from archipel.kernel.identifiers import TenantId

_NODE = re.compile(r"[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?")
_KIND = re.compile(r"[a-z][a-z-]{0,23}\.[a-z][a-z-]{0,31}")
_LAST_INCARNATION = 9_999_999_999  # seconds since 1970, from the second one on
SUBJECT_LENGTH = 256

THE_NETWORK = TenantId("network")
"""The tenant of facts on the nodes themselves (kind ``node.*``): every peer may know them."""


@dataclass(frozen=True, slots=True, order=True)
class NodeName:
    """The short name of a node in its archipelago, such as `mq`. Raises `Malformed`."""

    value: str

    def __post_init__(self) -> None:
        if not _NODE.fullmatch(self.value):
            raise Malformed(
                f"a node's name is 1 to 32 of a-z, 0-9 and hyphen: {self.value[:64]!r}"
            )

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True, order=True)
class LogName:
    """One log: a node and its incarnation, `mq.1`. A restored node opens another."""

    node: NodeName
    incarnation: int

    def __post_init__(self) -> None:
        if not 1 <= self.incarnation <= _LAST_INCARNATION:
            raise Malformed(f"{self.node}: no such incarnation: {self.incarnation}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `mq.3`. Raises `Malformed`."""
        node, dot, number = text.rpartition(".")
        if not dot or not number.isascii() or not number.isdigit() or number[0] == "0":
            raise Malformed(f"not the name of a log, such as mq.1: {text[:64]!r}")
        return cls(NodeName(node), int(number))

    def __str__(self) -> str:
        return f"{self.node}.{self.incarnation}"


class Capability(Enum):
    """What a peer may do with an organisation's things: the scopes of an agreement."""

    FEED = "feed"  # hold the connection, hear of the nodes themselves
    QUERY = "query"  # know which studies there are, and what is linked, recalled, opposed
    READ = "read"  # images
    REQUEST = "request"  # ask for a reading, take one on
    REPORT = "report"  # reports


class Purpose(Enum):
    """Why something is looked at (HL7 v3 PurposeOfUse, as IHE XUA carries it)."""

    TREATMENT = "TREAT"
    EMERGENCY = "ETREAT"
    QUALITY = "HQUALIMP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who stands behind a fact: a person or a service, of which organisation."""

    subject: str  # a login, `rpps:...`, or `system:...`
    organisation: str = ""
    assertion: str = ""  # SHA-256 of the assertion it acted under, where there was one


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a domain wants to state. `facts.append` makes a fact of it.

    `subject` is what the fact is about and what it is folded under: ``study:UID``,
    ``request:HOME:ID``, ``report:HOME:ID``, ``patient:ISSUER|VALUE``, ``identity``,
    ``node:NAME``. `home` is the node whose agreements govern it, None: this one. `patient` is
    the subject key of the patient it concerns, so that an opposition can withhold it. Raises
    `Malformed`.
    """

    kind: str
    subject: str
    tenant: TenantId
    body: Mapping[str, Any]
    author: Author
    home: NodeName | None = None
    patient: str = ""

    def __post_init__(self) -> None:
        check_names(self.kind, self.subject, self.tenant)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One fact of one log, as written. `seen` counts what its writer held of other logs.

    `content` is its canonical JSON, the very bytes that were hashed; `previous` and `hash` are
    SHA-256 in hexadecimal.
    """

    log: LogName
    sequence: int
    clock: str  # see `hlc`
    kind: str
    subject: str
    home: NodeName
    tenant: TenantId
    patient: str
    author: Author
    seen: Mapping[str, int]
    body: Mapping[str, Any]
    content: bytes
    previous: str
    hash: str

    @property
    def order(self) -> tuple[str, str, int]:
        """Where it stands in the one order all nodes agree on."""
        return self.clock, str(self.log), self.sequence

    def knew(self, other: "Fact") -> bool:
        """Tell whether the writer of this fact held `other` when it wrote."""
        if self.log == other.log:
            return other.sequence < self.sequence
        return self.seen.get(str(other.log), 0) > other.sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Stub:
    """What is left of a fact that the reader may not know: enough for the chain to hold."""

    log: LogName
    sequence: int
    clock: str
    digest: str  # SHA-256 of the content
    previous: str
    hash: str

    @property
    def order(self) -> tuple[str, str, int]:
        """Where it stands in the one order all nodes agree on."""
        return self.clock, str(self.log), self.sequence


Link = Fact | Stub
"""One link of a chain."""

Cursor = Mapping[str, int]
"""What a reader holds: log name to the sequence it needs next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A writer's word that its log up to and with `sequence` ends in `hash`.

    `certificate` is the PEM certificate of the key that signed, valid at `at`.
    """

    log: LogName
    sequence: int
    hash: str
    at: datetime
    signature: bytes
    certificate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What a peer answers to a cursor: links in the common order, and a head for each log."""

    links: tuple[Link, ...]
    heads: tuple[Head, ...]
    terms: str = ""  # of what this reader may know; when it changes, stubs are asked for again
    more: bool = False
    urgent: tuple["Proven", ...] = ()
    """Revocations of pages to come: they are heeded before anything else, and come again."""


@dataclass(frozen=True, slots=True)
class Proven:
    """One fact by itself, and a head that its writer signed at just this fact."""

    fact: Fact
    head: Head


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a batch. `waiting` needs facts that are not here yet."""

    applied: int = 0
    filled: int = 0  # stubs that became facts
    known: int = 0
    waiting: int = 0
    refused: tuple[str, ...] = ()  # why, for the operator
    frozen: tuple[str, ...] = ()  # logs that forked
    subjects: frozenset[tuple[TenantId, str]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What `home` lets `peer` know and do of one organisation's things, and why."""

    home: NodeName
    tenant: TenantId
    peer: NodeName
    capabilities: frozenset[Capability]
    purposes: frozenset[Purpose]


class Standing(Enum):
    """How a peer stands with this node."""

    ACTIVE = "active"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Another node of the archipelago."""

    name: NodeName
    address: str  # host:port of its peer door; empty: it only calls us
    standing: Standing
    authority: str  # SHA-256 of the authority it was enrolled by, hexadecimal
    certificate: str  # PEM, the newest known
    since: datetime
    note: str = ""  # why it was revoked

    @property
    def active(self) -> bool:
        """Tell whether it may come in."""
        return self.standing is Standing.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A one-time token as it is kept: `key` is the SHA-256 of its secret, which signs for it."""

    id: str
    key: bytes = field(repr=False)
    node: NodeName | None  # who may use it; None: a node that is not known yet
    expires_at: datetime
    organisations: frozenset[TenantId] | None = None  # it may be home of; None: what nobody has


def check_names(kind: str, subject: str, tenant: TenantId) -> None:
    """Refuse names that no fact may bear. Raises `Malformed`."""
    if not _KIND.fullmatch(kind):
        raise Malformed(f"not a kind of fact, such as study.available: {kind[:64]!r}")
    if not subject or len(subject) > SUBJECT_LENGTH or not subject.isprintable():
        raise Malformed(f"a fact's subject is 1 to {SUBJECT_LENGTH} printable characters")
    if kind.startswith("node.") != (tenant == THE_NETWORK):
        raise Malformed(f"a fact {kind} does not belong to {tenant}: node.* is the network's")
