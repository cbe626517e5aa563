"""Organisations, people, devices and what each may do."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from archipel.kernel.actors import Actor, Scope
from archipel.kernel.aetitle import AETitle
from archipel.kernel.errors import Malformed, Refused
from archipel.kernel.identifiers import Issuer, TenantId

_HOST = re.compile(r"[A-Za-z0-9_.:%\[\]-]{1,255}")
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_LAST_PORT = 65535
_NAME_LENGTH = 128
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")


class Role(Enum):
    """What a person does in an organisation. The values are those of the command line."""

    RADIOLOGIST = "radiologist"
    TECHNOLOGIST = "technologist"
    REFERRER = "referrer"
    SECRETARY = "secretary"
    IDENTITY_OFFICER = "identity-officer"
    SITE_ADMIN = "site-admin"
    NETWORK_ADMIN = "network-admin"
    GOVERNANCE = "governance"


class Permission(Enum):
    """One thing a screen or a route may offer. `policy.GRANTS` says which role has which."""

    SEE_EXAMS = "see-exams"  # worklist, exam metadata
    READ_IMAGES = "read-images"
    STORE_IMAGES = "store-images"
    SEND_IMAGES = "send-images"  # to another DICOM node
    SEARCH_PATIENTS = "search-patients"
    WRITE_REPORTS = "write-reports"
    SIGN_REPORTS = "sign-reports"
    READ_REPORTS = "read-reports"  # released ones, preliminary and validated
    SHARE_RESULTS = "share-results"  # links for referrers and patients
    ASK_READING = "ask-reading"  # of another organisation: place, follow, acknowledge
    CHOOSE_READING = "choose-reading"  # of two: a doctor's act
    EXPORT_DEIDENTIFIED = "export-deidentified"  # exams that name nobody, out of the network
    PERFORM_STEPS = "perform-steps"  # unified procedure steps: make, claim, tell, end
    RECORD_OPPOSITION = "record-opposition"  # of a patient, to sharing
    RESOLVE_IDENTITY = "resolve-identity"
    SETTLE_ARRIVALS = "settle-arrivals"  # what came twice, or says two things
    CORRECT_EXAMS = "correct-exams"  # reject, restore, move, correct what was taken in
    ADMINISTER_ORGANISATION = "administer-organisation"  # its people, devices, tokens
    ADMINISTER_NODE = "administer-node"  # organisations, and whatever belongs to none
    SEE_NODE = "see-node"  # health, queues, disk
    SEE_AUDIT = "see-audit"


class Service(Enum):
    """A DICOM service that a device may be granted (PS3.4). C-ECHO needs no grant."""

    STORE = "store"
    FIND = "find"
    MOVE = "move"
    GET = "get"
    WORKLIST = "worklist"


class Duty(Enum):
    """What this node does for a device without being asked."""

    COMMIT = "commit"  # has it commit what was sent to it (PS3.4 Annex J)
    ANNOUNCE = "announce"  # tells it which instances are available (PS3.4 Annex R)
    COMPRESS = "compress"  # encodes without loss what it sends, where the peer takes that


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """One hospital or practice. `ae_titles` are the called titles that name it (PS3.8 9.3.2)."""

    key: TenantId
    name: str
    issuer: Issuer  # qualifies its patient identifiers and accession numbers
    finess: str | None  # French register of health establishments
    ae_titles: tuple[AETitle, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A DICOM peer that is known: its title, whose it is, where it listens, what it may do.

    `certificate` is the SHA-256 fingerprint of the one it shows: 64 hexadecimal digits in lower
    case. Where it is set, the title is heard and dialled over TLS only, with that certificate.
    Raises `Malformed` for a port, a host or a fingerprint that cannot be one.
    """

    ae_title: AETitle
    tenant: TenantId
    host: str | None
    port: int | None
    may: frozenset[Service]
    duties: frozenset[Duty] = frozenset()
    certificate: str | None = None

    def __post_init__(self) -> None:
        if self.port is not None and not 1 <= self.port <= _LAST_PORT:
            raise Malformed(f"{self.ae_title}: no such port: {self.port}")
        if self.host is not None and not _HOST.fullmatch(self.host):
            raise Malformed(f"{self.ae_title}: not a host name or address: {self.host[:64]!r}")
        if self.certificate is not None and not _FINGERPRINT.fullmatch(self.certificate):
            raise Malformed(f"{self.ae_title}: not a SHA-256 fingerprint in lower case")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownCaller:
    """A device that knocked and was refused; it waits in a list to be approved or dismissed."""

    calling: AETitle
    called: AETitle
    host: str
    first_seen: datetime
    last_seen: datetime
    knocks: int
    tenant: TenantId | None  # whose title was called; None: nobody's


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What an association may do, decided once when it is asked for."""

    tenant: TenantId
    issuer: Issuer
    scope: Scope
    may: frozenset[Service]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with an account, acting in one organisation at a time.

    A login is 1 to 64 of a-z, 0-9 and ``. _ @ -``, unique on the node. `rpps` is the number of a
    health professional in the French register, 11 digits with a Luhn key. Raises `Malformed`.
    """

    login: str
    name: str
    tenant: TenantId
    role: Role
    rpps: str | None = None

    def __post_init__(self) -> None:
        if not _LOGIN.fullmatch(self.login):
            raise Malformed(f"a login is 1 to 64 of a-z, 0-9 and . _ @ -: {self.login[:64]!r}")
        if not self.name.strip() or len(self.name) > _NAME_LENGTH or not self.name.isprintable():
            raise Malformed("a person's name is 1 to 128 printable characters")
        if self.rpps is not None and not _is_rpps(self.rpps):
            raise Malformed("an RPPS number has 11 digits, the last of them a Luhn key")


def _is_rpps(number: str) -> bool:
    if not re.fullmatch(r"[0-9]{11}", number):
        return False
    doubled = "".join(str(int(d) * (1 + i % 2)) for i, d in enumerate(reversed(number)))
    return sum(map(int, doubled)) % 10 == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person's account. Without a password it waits for its one-time token (`invited`)."""

    person: Person
    active: bool
    invited: bool
    last_sign_in_at: datetime | None
    preferences: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Where somebody signs in from: network address, browser, and the cookie it brought."""

    address: str
    agent: str = ""
    cookie: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserSession:
    """One signed-in browser. `id` names it in lists; the secret is kept only as its digest."""

    id: str
    login: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime  # whatever happens
    address: str
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineToken:
    """A bearer token of a machine client acting as `login`, narrowed to `scopes`."""

    id: str
    label: str
    login: str
    tenant: TenantId
    scopes: frozenset[Permission]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What a one-time token opens: an account without password, or (`login` None) a new one."""

    login: str | None
    tenant: TenantId
    role: Role
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody recognised at the web's door, for one request."""

    person: Person
    scope: Scope
    permissions: frozenset[Permission]
    csrf: str | None  # to be sent with every write; None: a bearer token, which no page can forge
    session: str | None  # id of the browser session
    expires_at: datetime

    def may(self, permission: Permission) -> bool:
        """Tell whether this visitor has `permission`."""
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Raise `Refused` unless this visitor has `permission`."""
        if permission not in self.permissions:
            raise Refused(f"{self.person.login} lacks the permission {permission.value}")


class Action(Enum):
    """What was done, as the audit says it (DICOM PS3.15 A.5; FHIR AuditEvent type)."""

    SIGN_IN = "sign-in"
    SIGN_IN_FAILED = "sign-in-failed"
    SIGN_OUT = "sign-out"
    QUERY = "query"
    READ = "read"  # images or metadata leave
    SEND = "send"  # images leave to another DICOM node
    RECEIVE = "receive"  # images come in
    CHANGE = "change"  # configuration, accounts, devices
    REFUSE = "refuse"
    REPORT = "report"  # a report draft is written
    SHARE = "share"  # a link to a result is made, changed or cut; a result is released


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One row of the audit, written before the bytes leave.

    `subject` names what was touched by its UID or key, never by a patient's name; `detail` is
    short and holds no patient data.
    """

    tenant: TenantId | None  # None: the node as a whole (a failed sign-in, a node setting)
    at: datetime
    actor: Actor
    action: Action
    subject: str
    door: str  # dimse, dicomweb, web, cli, worker
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One row as kept: its place in the chain and the hash that seals it."""

    sequence: int
    entry: AuditEntry
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """What is looked for in the audit. Empty: anything. Rows come newest first."""

    actor: str = ""
    action: Action | None = None
    subject: str = ""
    door: str = ""
    since: datetime | None = None
    before: int | None = None  # sequence; for the next page
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainState:
    """What a check of the audit's chain found. `first_broken` is a sequence number."""

    rows: int
    head: bytes
    first_broken: int | None
    why: str = ""

    @property
    def intact(self) -> bool:
        """Tell whether every row is the one that was written."""
        return self.first_broken is None
