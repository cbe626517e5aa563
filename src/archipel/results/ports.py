"""What results needs of the world."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from archipel.kernel.actors import Scope
from archipel.kernel.events import Event
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.reading.model import ExamId
from archipel.results.model import (
    Challenge,
    Concern,
    Correspondent,
    Link,
    Mail,
    MailAddress,
    Message,
    PortalSession,
    Release,
    ReleaseRule,
    Stack,
)


class Links(Protocol):
    """Links, each kept for as long as the exam: who could look is part of its history."""

    def add(self, link: Link, *, fact: Event) -> None:
        """Keep a new link and announce `fact`, in one transaction."""

    def change(self, link: Link, *, fact: Event | None) -> None:
        """Replace what may change of a link, and announce `fact`, in one transaction.

        Uses and openings are counted by `used` and `opened` alone. Raises `NotFound`.
        """

    def link(self, link: str) -> Link | None:
        """One link by its id, whatever its state: before anybody is known."""

    def by_code(self, code: bytes) -> Link | None:
        """The latest link of a patient's code by its digest, whatever its state."""

    def of_exam(self, exam: ExamId) -> Sequence[Link]:
        """Every link to one exam, newest first. The caller has seen the exam within a scope."""

    def of_recipient(self, mail: MailAddress, *, now: datetime) -> Sequence[Link]:
        """Standing links for referrers at this address, newest first, at most 200."""

    def used(self, link: str, *, now: datetime) -> bool:
        """Count one entry; False, and nothing counted, where the link admits nobody (more)."""

    def opened(self, link: str, *, now: datetime) -> None:
        """Remember that the result was opened through this link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How many wrong tries are free within a window, and in all before it is over for good."""

    free: int
    window: timedelta
    in_all: int | None = None


class Tries(Protocol):
    """Wrong tries at the door, counted under a digest."""

    def begin(self, subject: bytes, *, limit: Limit, now: datetime) -> tuple[int, datetime | None]:
        """Count a try as wrong until it is forgiven: how many are left, None.

        Or, counting nothing: 0 and when the next may come. Check and count are one step.
        """

    def forgive(self, subject: bytes) -> None:
        """Take the last counted try back: it was right."""


class Entries(Protocol):
    """Challenges and sessions, each found by the digest of its secret only."""

    def challenge(self, challenge: Challenge) -> None:
        """Keep a challenge; former ones of the same link end."""

    def tried(self, key: bytes, *, most: int, now: datetime) -> Challenge | None:
        """Count a try and return the challenge; None: unknown, used, too old, tried out."""

    def pass_(self, key: bytes) -> bool:
        """Use the challenge up; False where another did so first."""

    def open(self, digest: bytes, session: PortalSession) -> None:
        """Keep a new session."""

    def session(self, digest: bytes) -> tuple[PortalSession, Link] | None:
        """The session of a cookie and its link as they are at this moment."""

    def seen(self, digest: bytes, *, now: datetime) -> None:
        """Push the idle end of a session back."""

    def end(self, digest: bytes) -> PortalSession | None:
        """End the session of a cookie, and return it if there was one."""

    def sweep(self, *, now: datetime) -> int:
        """Forget what has expired; returns how many rows."""


class Releases(Protocol):
    """What may be told, and the rule of each organisation."""

    def rule(self, *, tenant: TenantId) -> ReleaseRule:
        """The rule of an organisation; the default where it said nothing."""

    def set_rule(self, rule: ReleaseRule, *, tenant: TenantId) -> None:
        """Keep a rule."""

    def release(self, exam: ExamId) -> Release | None:
        """What is released of one exam. The caller has seen the exam within a scope."""

    def keep(self, release: Release, *, fact: Event) -> None:
        """Keep a release in place of the former one, and announce `fact`.

        A later version keeps what was announced before.
        """

    def question(self, concern: Concern, *, fact: Event) -> None:
        """Keep an access that a patient did not expect, and announce it."""

    def questioned(self, exam: ExamId) -> Sequence[Concern]:
        """Accesses to an exam that its patient did not expect, newest first."""


class Mails(Protocol):
    """Mails that are due."""

    def queue(self, mail: Mail) -> None:
        """Keep a mail and announce that it is due; nothing where one of its `once` was kept."""

    def begin(self, mail: str, *, now: datetime) -> Mail | timedelta | None:
        """Take a mail to send it, alone over all processes; None: it was sent already.

        Or, while another try runs, how long until that one must be taken for dead.
        """

    def sent(self, mail: str, *, now: datetime) -> None:
        """It was taken by the mail server."""

    def failed(self, mail: str) -> None:
        """It was not: give it back."""

    def of_link(self, link: Link) -> Sequence[Mail]:
        """Mails of one link, newest first."""


class Correspondents(Protocol):
    """Referrers whose address each organisation knows, found by `name_key`."""

    def keep(self, known: Correspondent) -> None:
        """Keep one in place of the former of the same key."""

    def remove(self, key: str, *, tenant: TenantId) -> None:
        """Forget one. Raises `NotFound`."""

    def named(self, name: str, *, tenant: TenantId) -> Correspondent | None:
        """The one whose key is that of a DICOM name."""

    def of(self, *, tenant: TenantId) -> Sequence[Correspondent]:
        """Every one of an organisation, by name."""


class Gallery(Protocol):
    """Every image of an exam, drawn for a screen."""

    def stacks(self, exam: ExamId, *, scope: Scope) -> Sequence[Stack]:
        """Series that hold images, by number."""

    def picture(self, exam: ExamId, series: Uid, number: int, *, scope: Scope) -> bytes | None:
        """JPEG of one frame, of bounded size; None where there is none or it is no image."""


class Post(Protocol):
    """The mail server."""

    def send(self, message: Message) -> None:
        """Hand one mail over. Raises `Unavailable` (try again), `Refused` (never will)."""
