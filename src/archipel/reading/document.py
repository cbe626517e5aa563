"""A signed version of a report: one whole document, named by the digest of its bytes.

A version is never changed and never dropped. What comes later names what it was written upon
(`parents`), so that the versions of all nodes form one graph whatever their order of arrival.
Everything a rendering shows is in here, as it was when somebody signed it; pixels stay in the
archive.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from archipel.kernel.identifiers import AccessionNumber, PatientIdentifier, TenantId
from archipel.kernel.uid import Uid
from archipel.reading.model import (
    Block,
    ExamId,
    KeyImage,
    Reader,
    ReportState,
    Section,
    SectionCode,
    Text,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Who answers for the text. `rpps` is the French register of professionals, 11 digits."""

    login: str
    name: str
    organisation: TenantId
    organisation_name: str
    rpps: str | None = None
    finess: str | None = None  # of the organisation

    @property
    def reader(self) -> Reader:
        """The signer as one who claims and writes."""
        return Reader(login=self.login, name=self.name, tenant=self.organisation)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whose report it is, as the exam's images say. Texts as sent (PS3.5 section 6.2)."""

    name: str  # (0010,0010)
    sex: str  # (0010,0040)
    birth_date: str  # (0010,0030) YYYYMMDD
    identifier: PatientIdentifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What was read. `custodian_name` is the organisation that owns the exam."""

    exam: ExamId
    custodian_name: str
    custodian_finess: str | None
    accession: AccessionNumber | None
    description: str
    modalities: tuple[str, ...]
    body_part: str
    referring_physician: str  # (0008,0090)
    studied: datetime | None  # local time of the site, without a zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Addendum:
    """Words added to a validated report, with who answers for them."""

    blocks: tuple[Block, ...]
    signer: Signer
    signed_at: datetime

    @property
    def words(self) -> str:
        """The addendum as plain text."""
        return "".join(b.text if isinstance(b, Text) else b.words for b in self.blocks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One signed version, whole."""

    examination: Examination
    subject: Subject
    state: ReportState
    sections: tuple[Section, ...]
    signer: Signer
    signed_at: datetime  # aware, UTC
    fence: int  # of the lease it was signed under
    stale: bool  # that lease was no longer the signer's: never principal by itself
    parents: tuple[str, ...] = ()  # digests of the versions it was written upon
    addenda: tuple[Addendum, ...] = ()  # oldest first
    key_images: tuple[KeyImage, ...] = ()
    plain_words: str = ""
    important: bool = False
    reason: str = ""  # of a correction
    accepted: tuple[str, ...] = ()  # names of the warnings that the signer saw and accepted
    language: str = "fr"
    node: str = ""  # short name of the node it was signed on
    request: str | None = None  # of tele-reading

    @property
    def exam(self) -> ExamId:
        """The exam that was read."""
        return self.examination.exam

    def words(self, code: SectionCode) -> str:
        """Return one section as plain text; empty where nobody wrote it."""
        return next((one.words for one in self.sections if one.code is code), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """The head of a signed version: enough to say which stands."""

    digest: str  # SHA-256 of the canonical bytes, 64 hexadecimal digits
    state: ReportState
    parents: tuple[str, ...]
    signer: Reader
    signed_at: datetime
    stale: bool = False
    release_at: datetime | None = None  # end of the time to undo; None: signed elsewhere
    released_at: datetime | None = None  # None: it can still be undone, nobody else was told
    withdrawn_at: datetime | None = None  # undone in time: never was told, counts for nothing

    @property
    def live(self) -> bool:
        """Tell whether it counts."""
        return self.withdrawn_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which of several readings a request for reading takes as its answer.

    `digest` is a version of it; `settled` that nobody has to look at the others any more.
    """

    digest: str
    settled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Which versions stand for an exam. `versions` holds all, newest first, withdrawn too."""

    principal: Version | None
    heads: tuple[Version, ...]  # nothing was written upon them
    versions: tuple[Version, ...] = ()
    choice: Choice | None = None

    @property
    def contested(self) -> bool:
        """Tell whether several signed versions stand side by side and somebody must choose."""
        return len(self.heads) > 1 and not (self.choice is not None and self.choice.settled)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDocument:
    """A document with its head and its bytes."""

    document: Document
    version: Version
    content: bytes  # canonical


def uid_of(digest: str, use: str) -> Uid:
    """Derive a UID from a version for one `use` of it: the same on every node (PS3.5 B.2)."""
    return Uid.from_uuid(UUID(bytes=hashlib.sha256(f"{digest} {use}".encode()).digest()[:16]))
