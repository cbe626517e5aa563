"""Links to a result, who comes through them, and what is released when.

A link is an object of the node, never a self-contained token: it can be cut, extended and counted
at any moment. It opens one exam to one recipient. Who comes through it is a guest, not a user of
the workstation.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.errors import Malformed
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.reading.model import ExamId

LONGEST = timedelta(days=90)
"""No link lives longer than this from the day it is made or extended."""
LANGUAGES = ("fr", "en", "es")
NAME_LENGTH = 128
_MAIL = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}")
_MAIL_LENGTH = 254
_ID = re.compile(r"[0-9a-f]{16}")


class Audience(Enum):
    """For whom a link is; it decides how one comes in and what one may do."""

    REFERRER = "referrer"
    PATIENT = "patient"


class Content(Enum):
    """How much of an exam a link opens; each holds what stands before it."""

    REPORT = "report"
    KEY_IMAGES = "key-images"
    IMAGES = "images"  # every image, drawn

    def holds(self, other: "Content") -> bool:
        """Tell whether a link of this content opens `other`."""
        order = list(Content)
        return order.index(other) <= order.index(self)


@dataclass(frozen=True, slots=True, order=True)
class MailAddress:
    """An address of RFC 5321, plain ASCII, without comments or quotes. Raises `Malformed`."""

    value: str

    def __post_init__(self) -> None:
        if len(self.value) > _MAIL_LENGTH or not _MAIL.fullmatch(self.value):
            raise Malformed("this is no mail address such as nom@exemple.fr")

    @property
    def masked(self) -> str:
        """Say enough to recognise one's own address, too little to learn another's."""
        local, _, domain = self.value.partition("@")
        return f"{local[0]}•••@{domain[0]}•••.{domain.rpartition('.')[2]}"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Who is told, where, and in which language. Raises `Malformed`."""

    name: str
    mail: MailAddress
    language: str = "fr"

    def __post_init__(self) -> None:
        if not self.name.strip() or len(self.name) > NAME_LENGTH or not self.name.isprintable():
            raise Malformed("a recipient's name is 1 to 128 printable characters")
        if self.language not in LANGUAGES:
            raise Malformed(f"a recipient's language is one of {', '.join(LANGUAGES)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One way to one exam for one recipient.

    `generation` grows when the link is sent again with a new secret: the former one is void.
    `code` and `birth` are digests (see `secrets`), of a patient's link only.
    """

    id: str
    exam: ExamId
    audience: Audience
    recipient: Recipient
    created_by: str  # login, or the id of the link whose guest made it
    created_at: datetime
    expires_at: datetime
    content: Content = Content.KEY_IMAGES
    generation: int = 1
    code: bytes | None = None
    birth: bytes | None = None
    uses: int = 0
    uses_allowed: int | None = None  # None: as often as wanted
    revoked_at: datetime | None = None
    revoked_by: str = ""
    opened_at: datetime | None = None  # last
    acknowledged_at: datetime | None = None

    def stands(self, now: datetime) -> bool:
        """Tell whether the link opens anything: neither cut nor expired."""
        return self.revoked_at is None and now < self.expires_at

    def admits(self, now: datetime) -> bool:
        """Tell whether somebody may still come in through it."""
        return self.stands(now) and (self.uses_allowed is None or self.uses < self.uses_allowed)

    @property
    def actor(self) -> Actor:
        """How the audit names whoever comes through this link."""
        return Actor(ActorKind.GUEST, f"{self.audience.value}/{self.id}")

    @property
    def scope(self) -> Scope:
        """What a query for this guest is bounded by, beside the exam itself."""
        return Scope(self.actor, frozenset({self.exam.tenant}))


def link_id(text: str) -> str:
    """Read the id of a link. Raises `Malformed`."""
    if not _ID.fullmatch(text):
        raise Malformed("no such link")
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """A one-time code that was sent; the code itself is kept nowhere, it follows from `key`."""

    key: bytes  # digest of the secret that the browser holds meanwhile
    link: str
    generation: int
    created_at: datetime
    expires_at: datetime
    tries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalSession:
    """One browser that came in. It opens what its link opens, as long as the link stands."""

    id: str
    link: str
    generation: int
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    address: str
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """Somebody recognised at the portal, for one request."""

    session: str
    link: Link
    csrf: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRule:
    """What an organisation tells a patient, and when.

    `patient_after` counts from the signature; None: only once the referrer has spoken with the
    patient. A referrer is told as soon as the time to undo a signature has passed.
    """

    patient_after: timedelta | None = timedelta(days=7)

    def __post_init__(self) -> None:
        if self.patient_after is not None and not timedelta() <= self.patient_after <= LONGEST:
            raise Malformed("a patient is told within 0 to 90 days, or after the referrer only")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What was released of one exam. `version` is the digest of the signed report.

    A preliminary report is told to the referrer, never to the patient.
    """

    exam: ExamId
    version: str
    final: bool
    released_at: datetime  # to the referrer
    patient_at: datetime | None  # at the latest; None: after the referrer only
    announced_at: datetime | None = None  # the referrer has spoken with the patient
    announced_by: str = ""

    def told_at(self, audience: Audience) -> datetime | None:
        """From when on an audience may see the result; None: not before somebody decides."""
        if audience is Audience.REFERRER:
            return self.released_at
        if not self.final:
            return None
        known = [at for at in (self.patient_at, self.announced_at) if at is not None]
        return max(min(known), self.released_at) if known else None

    def told(self, audience: Audience, now: datetime) -> bool:
        """Tell whether an audience may see the result."""
        at = self.told_at(audience)
        return at is not None and at <= now


class MailKind(Enum):
    """What a mail says. None holds patient data."""

    RESULT = "result"  # to a referrer: the link
    READY = "ready"  # to a patient: a result can be seen
    CODE = "code"  # a one-time code


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail that is due. `once` makes it unique: the same is never queued twice."""

    id: str
    once: str
    link: Link
    kind: MailKind
    challenge: bytes | None = None
    created_at: datetime
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A mail as it leaves. `id` is the same however often it is tried (RFC 5322 3.6.4)."""

    id: str
    to: MailAddress
    subject: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One access to an exam, as its patient is shown it: requests that follow closely are one."""

    sequence: int  # of its latest row in the audit
    at: datetime  # of the same
    who: str
    what: str  # role of a user, audience of a guest, kind of an actor
    organisation: str
    mine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Correspondent:
    """A referrer whose mail address an organisation knows. Raises `Malformed`.

    `name` is written as in a DICOM object (0008,0090), such as ``TEST-POMMIER^Guy``.
    """

    tenant: TenantId
    name: str
    mail: MailAddress
    language: str = "fr"

    def __post_init__(self) -> None:
        if not self.key or not self.name.isprintable() or len(self.name) > NAME_LENGTH:
            raise Malformed("a referrer is named as in (0008,0090), such as TEST-POMMIER^Guy")
        if self.language not in LANGUAGES:
            raise Malformed(f"a recipient's language is one of {', '.join(LANGUAGES)}")

    @property
    def key(self) -> str:
        """What the name is found by."""
        return name_key(self.name)

    @property
    def recipient(self) -> Recipient:
        """The same as the recipient of a link."""
        family, _, given = self.name.partition("^")
        shown = " ".join(f"{given.replace('^', ' ')} {family}".split())
        return Recipient(name=shown, mail=self.mail, language=self.language)


def name_key(name: str) -> str:
    """Reduce a DICOM name to family and given name in capitals without accents; may be empty.

    Two who share both cannot be told apart by name: the register holds one of them at most.
    """
    plain = unicodedata.normalize("NFKD", name.partition("=")[0]).encode("ascii", "ignore")
    parts = plain.decode().upper().split("^")[:2]
    words = [" ".join(re.findall(r"[A-Z0-9]+", part)) for part in parts]
    return "^".join(words) if words[0] else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """One series as a guest leafs through it: its frames in order, numbered from 1."""

    series: Uid
    modality: str
    description: str
    pictures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """An access the patient did not expect."""

    exam: ExamId
    link: str
    sequence: int  # of the audit row
    words: str
    at: datetime
