"""What the portal's pages send and read."""

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from archipel.protocols.web.models.base import Body, View
from archipel.protocols.web.models.report import SectionCode
from archipel.protocols.web.models.signing import SignedState

AudienceName = Literal["referrer", "patient"]
ContentName = Literal["report", "key-images", "images"]
Language = Literal["fr", "en", "es"]


class PortalWelcome(View):
    """What the first page shows; open to anybody."""

    community: str
    demo: bool
    time_zone: str = Field(description="In which hours are written; empty: that of the seat.")
    languages: list[Language]
    server_time: datetime


class LinkKnock(Body):
    """A referrer's link, as it stands in the fragment of the address that was mailed."""

    link: str = Field(max_length=64)
    secret: str = Field(max_length=128)


class CodeKnock(Body):
    """A patient's code as printed, and their date of birth."""

    code: str = Field(max_length=64)
    birth_date: date


class KnockAnswered(View):
    """A one-time code is on its way to the address that the link was made for."""

    challenge: str = Field(description="To be sent back with the one-time code.")
    sent_to: str = Field(description="Masked.")
    expires_at: datetime


class Confirmation(Body):
    """The one-time code."""

    challenge: str = Field(max_length=128)
    one_time_code: str = Field(max_length=32)


class PortalSessionView(View):
    """Who came in, and what every write must carry."""

    audience: AudienceName
    name: str
    language: Language
    link: str
    csrf_token: str
    expires_at: datetime
    server_time: datetime
    community: str
    demo: bool


class ResultBrief(View):
    """One line of a guest's list."""

    link: str
    content: ContentName
    expires_at: datetime
    patient_family_name: str
    patient_given_name: str
    patient_sex: Literal["F", "M", "O", ""]
    patient_birth_date: date | None
    organisation: str
    modalities: list[str]
    description: str
    study_at: datetime | None
    state: Literal["told", "waiting"] = Field(
        description="waiting: no report may be shown to this audience yet."
    )
    told_at: datetime | None = Field(
        description="When the report was, or at the latest will be, told."
    )
    provisional: bool
    opened: bool
    acknowledged_at: datetime | None
    announced: bool = Field(description="The referrer has spoken with the patient.")


class SectionText(View):
    """A section of the report as text."""

    code: SectionCode
    text: str


class AddendumText(View):
    """Words added later."""

    text: str
    signer: str
    signed_at: datetime


class PortalReport(View):
    """The report that stands; sections are whole for both audiences."""

    state: SignedState
    signer: str
    signed_at: datetime
    plain_words: str
    important: bool
    sections: list[SectionText]
    addenda: list[AddendumText]
    key_images: list[str] = Field(description="Their captions, in order; none are opened: empty.")


class ResultView(ResultBrief):
    """One result, opened."""

    report: PortalReport | None


class StackView(View):
    """One series to leaf through; its pictures are numbered from 1."""

    series_instance_uid: str
    modality: str
    description: str
    pictures: int


class LookView(View):
    """One visit to the patient's exam."""

    sequence: int
    at: datetime
    who: str
    what: str
    organisation: str
    mine: bool


class Question(Body):
    """An access that the patient did not expect."""

    words: str = Field(default="", max_length=1000)


class PatientLinkView(View):
    """A standing link to the patient's exam."""

    link: str
    audience: AudienceName
    name: str
    content: ContentName
    created_at: datetime
    expires_at: datetime
    uses: int
    opened_at: datetime | None
    mine: bool
