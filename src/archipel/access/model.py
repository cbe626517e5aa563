"""Organisations, people, devices and what each may do."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from archipel.kernel.actors import Actor, Scope
from archipel.kernel.aetitle import AETitle
from archipel.kernel.identifiers import Issuer, TenantId


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


class Service(Enum):
    """A DICOM service that a device may be granted (PS3.4). C-ECHO needs no grant."""

    STORE = "store"
    FIND = "find"
    MOVE = "move"
    GET = "get"


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
    """A DICOM peer that is known: its title, whose it is, where it listens, what it may do."""

    ae_title: AETitle
    tenant: TenantId
    host: str | None
    port: int | None
    may: frozenset[Service]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownCaller:
    """A device that knocked and was refused; it waits in a list to be approved or dismissed."""

    calling: AETitle
    called: AETitle
    host: str
    first_seen: datetime
    last_seen: datetime
    knocks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What an association may do, decided once when it is asked for."""

    tenant: TenantId
    issuer: Issuer
    scope: Scope
    may: frozenset[Service]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with an account, acting in one organisation at a time."""

    login: str
    name: str
    tenant: TenantId
    role: Role


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
