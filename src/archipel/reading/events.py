"""Facts reading announces. `tenant` is the owner of the exam."""

from dataclasses import dataclass

from archipel.kernel.events import Event
from archipel.kernel.uid import Uid


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimChanged(Event):
    """An exam was claimed, taken over or released. A lease that runs out announces nothing."""

    study: Uid
    login: str
    held: bool
    fence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftSaved(Event):
    """A version of the report was saved."""

    study: Uid
    version: int
    login: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UrgencySet(Event):
    """The urgency of an exam was set."""

    study: Uid
    urgency: str
    login: str
