"""Report drafts: sections of text and measurement chips (LOINC section codes)."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from archipel.protocols.web.models.base import Body, Problem, View

SectionCode = Literal[
    "indication", "technique", "comparison", "findings", "conclusion", "addendum"
]
Purpose = Literal["report", "addendum", "correction"]
MOST_KEY_IMAGES = 64


class TextBlock(Body):
    """Words."""

    kind: Literal["text"] = "text"
    text: str = Field(max_length=50_000)


class MeasurementBlock(Body):
    """A measurement put into the sentence as a chip, linked to its image."""

    kind: Literal["measurement"] = "measurement"
    id: str = Field(max_length=64, description="Tracking UID (0062,0021) or a viewer's id.")
    label: str = Field(max_length=200)
    value: float
    unit: str = Field(max_length=16, description="UCUM.")
    study_instance_uid: str = Field(max_length=64)
    series_instance_uid: str = Field(max_length=64)
    sop_instance_uid: str = Field(max_length=64)
    frame: int = Field(default=1, ge=1)
    deleted: bool = False


Block = Annotated[TextBlock | MeasurementBlock, Field(discriminator="kind")]


class Section(Body):
    """One section of the report."""

    code: SectionCode
    blocks: list[Block] = Field(max_length=2_000)


class SectionView(Section):
    """One section, with its LOINC code."""

    loinc: str
    loinc_title: str


class Window(Body):
    """Window Center and Width (PS3.3 C.11.2.1.2), in the units of the image."""

    center: float
    width: float = Field(gt=0)


class KeyImage(Body):
    """An image that the reader marked; frames count from 1."""

    study_instance_uid: str = Field(max_length=64)
    series_instance_uid: str = Field(max_length=64)
    sop_instance_uid: str = Field(max_length=64)
    frame: int = Field(default=1, ge=1)
    window: Window | None = Field(default=None, description="As the reader saw it.")
    caption: str = Field(default="", max_length=300)


class ReportView(View):
    """The report as it stands. Version 0 with empty sections where nothing is written yet."""

    exam: str
    state: Literal["none", "draft", "closed"] = Field(
        description="closed: it was signed, what follows is an addendum or a correction."
    )
    version: int
    template: str | None
    sections: list[SectionView]
    key_images: list[KeyImage]
    plain_words: str = Field(default="", description="For the patient.")
    important: bool = False
    purpose: Purpose = "report"
    reason: str = Field(default="", description="Of a correction.")
    author_login: str | None
    author_name: str | None
    saved_at: datetime | None


class ReportWrite(Body):
    """A draft to save over the version named by If-Match."""

    sections: list[Section] = Field(max_length=16)
    template: str | None = Field(default=None, max_length=64)
    key_images: list[KeyImage] = Field(default_factory=list, max_length=MOST_KEY_IMAGES)
    plain_words: str = Field(default="", max_length=4_000, description="For the patient.")
    important: bool = Field(default=False, description="The referrer must be told at once.")
    reason: str = Field(default="", max_length=500, description="Of a correction.")


class ReportVersion(View):
    """One saved version."""

    version: int
    author_login: str
    author_name: str
    saved_at: datetime


class ReportConflict(Problem):
    """Somebody saved in between: nothing is lost, both texts are here."""

    theirs: ReportView
    yours: list[SectionView]


class ReportTemplate(View):
    """A starting text for one kind of exam."""

    key: str
    title: str
    language: str
    modalities: list[str]
    sections: list[SectionView]
