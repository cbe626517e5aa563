"""Signing a report, and signed versions as the front end reads them."""

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from archipel.protocols.web.models.base import Body, View
from archipel.protocols.web.models.exam import ClaimView
from archipel.protocols.web.models.report import KeyImage, SectionView
from archipel.protocols.web.models.session import OrganisationBrief

SignedState = Literal["preliminary", "final", "addendum", "corrected"]
RuleName = Literal[
    "claim",
    "preview",
    "conclusion",
    "fields",
    "measurements",
    "reason",
    "identity",
    "laterality",
    "comparison",
    "important",
]


class CheckView(View):
    """One check before signing."""

    rule: RuleName
    outcome: Literal["met", "warns", "blocks"] = Field(
        description="A warning may be accepted by name; what blocks must be met."
    )
    about: list[str] = Field(description="Words or figures for the sentence on screen.")


class PreviewView(View):
    """The preview of the draft as it stands: pages to be fetched one by one."""

    version: int
    pages: int


class SignRequest(Body):
    """Sign the draft of `version` under the lease of `fence`."""

    version: int = Field(ge=1)
    fence: int = Field(ge=0)
    preliminary: bool = False
    accepted: list[RuleName] = Field(default=[], max_length=16)
    language: Literal["fr", "en", "es"] = "fr"


class AmendRequest(Body):
    """Begin an addendum or a correction."""

    purpose: Literal["addendum", "correction"]


class SignerView(View):
    """Who answers for a text."""

    login: str
    name: str
    rpps: str | None
    organisation: OrganisationBrief


class VersionView(View):
    """One signed version."""

    digest: str
    state: SignedState
    parents: list[str]
    login: str
    name: str
    signed_at: datetime
    stale: bool = Field(description="Signed under a lost lease: never principal by itself.")
    undo_until: datetime | None = Field(description="Until then its signer may undo it.")
    released: bool
    withdrawn: bool


class SignedView(View):
    """What signing made."""

    version: VersionView
    server_time: datetime


class UndoneView(View):
    """A signature was undone; the lease that began again, where one did."""

    claim: ClaimView | None


class StandingView(View):
    """Every signed version of an exam, newest first, and which stands."""

    principal: str | None
    heads: list[str]
    contested: bool
    versions: list[VersionView]


class AddendumView(View):
    """Words added to a validated report."""

    text: str
    signer: SignerView
    signed_at: datetime


class DocumentView(View):
    """One signed version, whole, to be read on screen."""

    version: VersionView
    title: str
    patient_family_name: str
    patient_given_name: str
    patient_sex: str
    patient_birth_date: date | None
    patient_identifier: str
    custodian: OrganisationBrief
    description: str
    modalities: list[str]
    accession_number: str
    referring_physician: str
    study_at: datetime | None
    sections: list[SectionView]
    addenda: list[AddendumView]
    key_images: list[KeyImage]
    plain_words: str
    important: bool
    reason: str
    signer: SignerView
    accepted: list[RuleName]
    formats: list[str] = Field(description="What it can be had as, below its own address.")
