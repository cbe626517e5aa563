"""Signing in, and who one is."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from archipel.protocols.web.models.base import Body, View

Language = Literal["fr", "en", "es"]
Theme = Literal["reading", "light"]
Density = Literal["comfortable", "compact"]


class SignIn(Body):
    """A local account's login and password."""

    login: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=1024)


class FirstUse(Body):
    """A one-time token turned into an account's password.

    The node's administrator token (printed by `archipel init`) also names the account; the
    token of an invitation already belongs to one, so name and login are not asked.
    """

    token: str = Field(min_length=1, max_length=256)
    password: str = Field(min_length=12, max_length=1024)
    name: str | None = Field(default=None, max_length=128)
    login: str | None = Field(default=None, max_length=64)


class Preferences(Body):
    """What a person chose for every seat: kept on the server."""

    language: Language = "fr"
    theme: Theme = "reading"
    density: Density = "comfortable"
    keys: dict[str, str] = Field(
        default_factory=dict, max_length=200, description="Command to key, where changed."
    )


class PersonView(View):
    """Somebody with an account."""

    login: str
    name: str


class OrganisationBrief(View):
    """An organisation as the top bar and the site column name it."""

    key: str
    name: str


class NodeBrief(View):
    """The node one talks to."""

    name: str
    community: str
    version: str
    demo: bool = Field(description="True where every person and patient is invented.")
    time_zone: str = Field(description="In which hours are written; empty: that of the seat.")


class Welcome(View):
    """What the sign-in page may know before anybody is known."""

    node: NodeBrief
    first_use: bool = Field(description="True while no administrator has an account.")
    languages: list[Language]
    server_time: datetime


class Session(View):
    """Who is signed in, for whom, and what the screens may offer."""

    person: PersonView
    organisation: OrganisationBrief
    role: str
    permissions: list[str]
    organisations: list[OrganisationBrief] = Field(description="Those this person may see.")
    preferences: Preferences
    csrf_token: str = Field(description="Send as X-CSRF-Token with every write.")
    server_time: datetime
    expires_at: datetime | None
    node: NodeBrief
