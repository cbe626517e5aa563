"""Patients found, and the timeline of one."""

from datetime import datetime

from pydantic import Field

from archipel.protocols.web.models.base import Body, View
from archipel.protocols.web.models.exam import ExamRow, PatientBanner
from archipel.protocols.web.models.session import OrganisationBrief
from archipel.protocols.web.models.transfer import ElsewhereExam, NodeReach


class PersonHit(View):
    """One person found."""

    person: str
    banner: PatientBanner
    exams: int
    last_study_at: datetime | None
    sites: list[OrganisationBrief]


class PersonHits(View):
    """People found, best first. `more`: the list was cut, ask more precisely."""

    persons: list[PersonHit]
    more: bool


class KnownIdentifier(View):
    """An identifier and the organisation that issued it."""

    value: str
    issuer: str
    organisation: OrganisationBrief | None


class OppositionView(View):
    """What a patient said of sharing, by an identifier of the visitor's own organisation."""

    value: str
    issuer: str
    opposed: bool
    at: datetime | None = Field(description="When it was last written down; null: never.")
    by: str
    reason: str
    may_change: bool


class OppositionWrite(Body):
    """That a patient opposes sharing with other organisations, or no longer does."""

    value: str = Field(min_length=1, max_length=64)
    issuer: str = Field(min_length=1, max_length=128)
    opposed: bool
    reason: str = Field(min_length=1, max_length=200)


class PersonPage(View):
    """One person: banner, identifiers, exams of every organisation in scope, newest first."""

    person: str
    banner: PatientBanner
    identifiers: list[KnownIdentifier]
    oppositions: list[OppositionView]
    exams: list[ExamRow]
    elsewhere: list[ElsewhereExam] = Field(
        description="Exams that other nodes announced and whose images are not here."
    )
    nodes: list[NodeReach] = Field(description="Every other node: where the page may lack exams.")
