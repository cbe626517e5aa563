"""Exams at other nodes, on their way here, and where those that came are from."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from archipel.protocols.web.models.base import Body, View
from archipel.protocols.web.models.session import OrganisationBrief

TransferStateName = Literal[
    "wanted",
    "planned",
    "fetching",
    "stalled",
    "paused",
    "whole",
    "published",
    "quarantined",
    "cancelled",
]
FetchClass = Literal["stat", "oncall", "prior", "routine"]


class TransferView(View):
    """One exam on its way here. A figure is null while it is not known."""

    transfer: str
    exam: str
    from_node: str
    site: OrganisationBrief = Field(description="Who owns the exam.")
    wanted_by: OrganisationBrief
    of_class: Literal["control", "stat", "oncall", "prior", "routine", "backfill"]
    state: TransferStateName
    done_bytes: int
    size_bytes: int | None
    percent: int
    rate_bytes_per_s: float | None = Field(description="Of the link, as last measured.")
    eta_s: float | None
    viewable: bool = Field(description="Every image is here at low resolution.")
    detail: str = Field(description="Why it stands still or ended; empty where all is well.")
    wanted_at: datetime
    changed_at: datetime
    can_cancel: bool
    can_resume: bool


class TransferList(View):
    """The transfers that organisations in scope want, latest change first."""

    transfers: list[TransferView]
    as_of: datetime


class FetchRequest(Body):
    """Have an exam fetched. `person` is the page it was found on: it says why it may be."""

    person: str = Field(min_length=1, max_length=512)
    of_class: FetchClass = "oncall"


class ElsewhereExam(View):
    """An exam at another node, as that node announced it. Its images are not here."""

    exam: str
    study_instance_uid: str
    home_node: str
    site: OrganisationBrief
    study_at: datetime | None = Field(description="(0008,0020) and (0008,0030), site's zone.")
    modalities: list[str]
    description: str
    referring_physician: str
    accession_number: str
    identifier: str = Field(description="The patient's identifier there.")
    issuer: str
    instances: int
    series: int
    size_bytes: int
    announced_at: datetime
    reachable: bool = Field(description="The line to its home is up.")
    transfer: TransferView | None = Field(description="The last fetch of it, where there was one.")


class NodeReach(View):
    """Another node, and whether the page may lack exams of its sites."""

    node: str
    sites: list[OrganisationBrief]
    line: Literal["up", "down", "refused", "unreached"]
    since: datetime | None
    heard_at: datetime | None = Field(description="When its feed last answered.")
    shares: bool = Field(description="It lets this node know of its exams.")
    complete: bool = Field(description="All that it lets us know of is here.")


class Provenance(View):
    """Where an exam of another node came from."""

    node: str
    at: datetime
    manifest: str = Field(description="SHA-256 that every byte was checked against.")
    revision: int
    size_bytes: int
