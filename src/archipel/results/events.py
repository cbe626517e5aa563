"""Facts results announces. `tenant` is the owner of the exam."""

from dataclasses import dataclass

from archipel.kernel.events import Event
from archipel.kernel.uid import Uid


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkShared(Event):
    """A link was made, sent again, or restored after a cut."""

    study: Uid
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRevoked(Event):
    """A link was cut."""

    study: Uid
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultReleased(Event):
    """A version of a report may be told."""

    study: Uid
    version: str  # digest


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultAnnounced(Event):
    """The referrer has spoken with the patient: the patient may see the result."""

    study: Uid
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultAcknowledged(Event):
    """A referrer has taken note of a result."""

    study: Uid
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessQuestioned(Event):
    """A patient did not expect an access; `sequence` is its row in the audit."""

    study: Uid
    link: str
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MailDue(Event):
    """A mail waits to be sent."""

    mail: str
