"""Agreements for reading, as administrators see and make them."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from archipel.protocols.web.models.base import Body, Urgency, View
from archipel.protocols.web.models.request import LevelName, SiteView


class HoursView(View):
    """When a partner reads, in its time zone. `since` = `until`: the whole day."""

    days: list[int] = Field(description="Monday is 0.")
    since: str = Field(description="HH:MM")
    until: str


class AgreementView(View):
    """Who may be asked, for what, how fast."""

    key: str
    asking: str
    partner: SiteView
    level: LevelName
    modalities: list[str] = Field(description="Empty: all.")
    hours: HoursView
    time_zone: str
    delays_s: dict[Urgency, int]
    phone: str
    relief: list[SiteView]
    ends: datetime | None
    ended: bool


class SiteBody(Body):
    """An organisation and its node. Without `node`: at home here, where its name is known."""

    key: str = Field(min_length=1, max_length=48)
    node: str | None = Field(default=None, max_length=32)
    name: str | None = Field(default=None, max_length=128)


class HoursBody(Body):
    """When the partner reads."""

    days: list[Annotated[int, Field(ge=0, le=6)]] = Field(
        default=[0, 1, 2, 3, 4, 5, 6], min_length=1, max_length=7
    )
    since: str = Field(default="00:00", pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")
    until: str = Field(default="00:00", pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")


class AgreementWrite(Body):
    """Make an agreement, or replace the one of this key."""

    key: str = Field(pattern="^[a-z0-9][a-z0-9-]{0,62}$")
    asking: str = Field(min_length=1, max_length=48)
    partner: SiteBody
    level: LevelName
    modalities: list[Annotated[str, Field(pattern="^[A-Z0-9_]{1,16}$")]] = Field(
        default=[], max_length=32
    )
    hours: HoursBody = HoursBody()
    time_zone: str = Field(default="UTC", max_length=64)
    delays_s: dict[Urgency, Annotated[int, Field(ge=60, le=30 * 86400)]] = Field(default={})
    phone: str = Field(default="", max_length=32)
    relief: list[SiteBody] = Field(default=[], max_length=8)
    ends: datetime | None = None
