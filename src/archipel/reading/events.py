"""Facts reading announces. `tenant` is the owner of the exam."""

from dataclasses import dataclass
from datetime import datetime

from archipel.kernel.events import Event
from archipel.kernel.identifiers import TenantId
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSigned(Event):
    """A version of the report was signed. It can be undone until `release_at`: tell nobody yet."""

    study: Uid
    digest: str
    state: str  # of `model.ReportState`
    login: str
    release_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportWithdrawn(Event):
    """A signature was undone within its time, before anybody was told."""

    study: Uid
    digest: str
    login: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportReleased(Event):
    """A signed version may be told: the seam for `results`, `exchange` and the archive's copy.

    The document is found by `digest` (`ports.Documents`). `parents` are the versions it was
    written upon; `fence` names the lease, `stale` that the lease was lost by then (the version
    is kept and shown, and is never principal by itself); `request` the tele-reading request.
    """

    study: Uid
    digest: str
    parents: tuple[str, ...]
    state: str  # of `model.ReportState`
    fence: int
    stale: bool
    request: str | None
    login: str
    signer_tenant: TenantId
    signed_at: datetime
    conclusion_length: int
    important: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingChosen(Event):
    """Of several readings another one answers the request, or it is settled which one does."""

    study: Uid
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportReceived(Event):
    """A version signed on another node came; what stands for the exam may have changed."""

    study: Uid
    digest: str
    state: str  # of `model.ReportState`
    contested: bool
