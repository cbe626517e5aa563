"""The identity desk: sources that are doubted, sources that are linked, people who are alike."""

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from archipel.protocols.web.models.base import Body, View
from archipel.protocols.web.models.exam import ExamRow
from archipel.protocols.web.models.session import OrganisationBrief

Trait = Literal["name", "birth-date", "sex"]


class SourceName(Body):
    """What names a source patient: an identifier of an issuer, or one study that has none."""

    value: str = Field(max_length=64)
    issuer: str = Field(max_length=200)
    alone: str = Field(default="", max_length=128)


class TraitsSeen(View):
    """Under which traits a source was seen, where, from when to when."""

    organisation: OrganisationBrief
    family_name: str
    given_name: str
    name_as_sent: str
    birth_date: date | None
    sex: Literal["F", "M", "O", ""]
    first_seen: datetime
    last_seen: datetime


class SourceView(View):
    """One source patient, as far as the visitor sees it."""

    source: SourceName
    person: str
    standing: str
    doubted: bool
    differs: list[Trait] = Field(description="What does not fit among the traits shown.")
    seen: list[TraitsSeen]


class SourceLink(View):
    """Two sources said to be one person."""

    one: SourceName
    other: SourceName
    by: str = Field(description="Who said so, by name where an account is left.")
    basis: str
    at: datetime


class AlikePerson(View):
    """Another person who may be the same."""

    person: str
    agrees: list[Trait]
    sources: list[SourceView]


class PersonIdentity(View):
    """What makes one person: sources, links between them, and who is alike."""

    person: str
    sources: list[SourceView]
    links: list[SourceLink]
    alike: list[AlikePerson]


class IdentityDesk(View):
    """What waits for the identity desk, each list up to its bound."""

    doubted: list[SourceView]
    unidentified: list[ExamRow]
    more: bool = Field(description="There is more of something than the lists show.")


class SourceDecision(Body):
    """`vouch`: all that was seen is one patient. `undo`: it is in doubt again."""

    source: SourceName
    decision: Literal["vouch", "undo"]


class LinkWish(Body):
    """Two sources are one person, for a reason."""

    one: SourceName
    other: SourceName
    basis: str = Field(min_length=3, max_length=500)


class LinkEnd(Body):
    """Two sources are no longer said to be one person."""

    one: SourceName
    other: SourceName
