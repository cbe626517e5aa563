"""Administration: organisations, devices, callers, people, tokens, audit."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from archipel.protocols.web.models.base import Body, View
from archipel.protocols.web.models.session import OrganisationBrief

RoleName = Literal[
    "radiologist",
    "technologist",
    "referrer",
    "secretary",
    "identity-officer",
    "site-admin",
    "network-admin",
    "governance",
]
ServiceName = Literal["store", "find", "move", "get", "worklist"]
Key = Field(min_length=1, max_length=48, pattern=r"^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$")
Title = Field(min_length=1, max_length=16)


class OrganisationView(View):
    """One hospital or practice of this node."""

    key: str
    name: str
    issuer: str
    finess: str | None
    ae_titles: list[str]


class OrganisationCreate(Body):
    """A new organisation."""

    key: str = Key
    name: str = Field(min_length=1, max_length=128)
    issuer: str | None = Field(default=None, max_length=64, description="Default: the key.")
    finess: str | None = Field(default=None, max_length=16)
    ae_titles: list[str] = Field(default_factory=list, max_length=32)


class OrganisationChange(Body):
    """What may change: absent fields stay."""

    name: str | None = Field(default=None, min_length=1, max_length=128)
    finess: str | None = Field(default=None, max_length=16)
    ae_titles: list[str] | None = Field(default=None, max_length=32)


class DeviceView(View):
    """A known DICOM peer. `device` is its opaque id."""

    device: str
    ae_title: str
    organisation: OrganisationBrief
    host: str | None
    port: int | None
    may: list[ServiceName]


class DeviceCreate(Body):
    """A new DICOM peer."""

    ae_title: str = Title
    organisation: str = Key
    host: str | None = Field(default=None, max_length=255)
    port: int | None = Field(default=None, ge=1, le=65535)
    may: list[ServiceName] = Field(default=["store"], max_length=8)


class DeviceChange(Body):
    """What may change: absent fields stay."""

    host: str | None = Field(default=None, max_length=255)
    port: int | None = Field(default=None, ge=1, le=65535)
    may: list[ServiceName] | None = Field(default=None, max_length=8)


class EchoResult(View):
    """What C-ECHO (PS3.4 Annex A) to the device gave."""

    ok: bool
    duration_ms: int
    detail: str


class UnknownCallerView(View):
    """Somebody knocked at the DICOM door and was refused."""

    caller: str
    calling: str
    called: str
    organisation: OrganisationBrief | None
    host: str
    first_seen: datetime
    last_seen: datetime
    knocks: int


class CallerApproval(Body):
    """Let a caller in: it becomes a device of `organisation`."""

    organisation: str = Key
    may: list[ServiceName] = Field(default=["store"], max_length=8)
    port: int | None = Field(default=None, ge=1, le=65535)


class AccountView(View):
    """An account."""

    login: str
    name: str
    organisation: OrganisationBrief
    role: RoleName
    active: bool
    invited: bool = Field(description="True until the person has set a password.")
    last_sign_in_at: datetime | None


class AccountCreate(Body):
    """A new account; the person sets the password with the one-time token."""

    login: str = Field(min_length=1, max_length=64)
    name: str = Field(min_length=1, max_length=128)
    organisation: str = Key
    role: RoleName


class AccountChange(Body):
    """What may change: absent fields stay."""

    name: str | None = Field(default=None, min_length=1, max_length=128)
    role: RoleName | None = None
    active: bool | None = None


class Invitation(View):
    """A one-time token, shown once."""

    account: AccountView
    token: str
    expires_at: datetime


class TokenView(View):
    """A bearer token of a machine client, without its secret."""

    token: str = Field(description="Opaque id.")
    label: str
    login: str
    organisation: OrganisationBrief
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked: bool


class TokenCreate(Body):
    """A new bearer token, acting as `login`."""

    login: str = Field(min_length=1, max_length=64)
    label: str = Field(min_length=1, max_length=64)
    days: int = Field(default=90, ge=1, le=730)


class TokenCreated(View):
    """The secret is shown once."""

    token: TokenView
    secret: str


class AuditFilters(Body):
    """What to look for in the audit. Empty: anything."""

    actor: str = Field(default="", max_length=64)
    action: str = Field(default="", max_length=32)
    subject: str = Field(default="", max_length=128)
    door: str = Field(default="", max_length=16)
    since: datetime | None = None
    before: str | None = Field(default=None, max_length=20)
    limit: int = Field(default=50, ge=1, le=200)


class AuditRow(View):
    """One row of the audit."""

    sequence: int
    at: datetime
    organisation: str | None
    actor: str
    actor_kind: str
    action: str
    subject: str
    door: str
    detail: str
    hash: str


class AuditPage(View):
    """Rows, newest first. `next` goes back as `before`."""

    rows: list[AuditRow]
    next: str | None


class ChainState(View):
    """Whether the hash chain holds."""

    intact: bool
    rows: int
    head: str
    first_broken: int | None
    checked_at: datetime
