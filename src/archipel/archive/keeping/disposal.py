"""What a disposal is, and what it needs of the world: register, book, bin, and who acts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Protocol

from archipel.access.model import Action, AuditEntry, Permission
from archipel.access.ports import Audit
from archipel.archive.keeping.retention import Exam, Rule
from archipel.archive.model import StudyKey
from archipel.kernel.actors import Actor
from archipel.kernel.errors import Refused
from archipel.kernel.identifiers import PatientIdentifier, TenantId
from archipel.kernel.uid import Uid


class Stage(Enum):
    """How far a disposal is."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"
    DONE = "done"


class Outcome(Enum):
    """What became of one exam."""

    BINNED = "binned"  # rejected by a note 113039, to be erased when the bin's time is over
    GONE = "gone"
    KEPT = "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One exam of a disposal. `outcome` is None while it waits."""

    study: Uid
    rule: str
    until: date
    size_bytes: int
    instances: int
    outcome: Outcome | None = None
    detail: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposal:
    """One proposal to destroy, and what came of it."""

    number: int
    tenant: TenantId
    stage: Stage
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    why: str
    ended_at: datetime | None
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A legal hold on one exam, or on all exams of a patient. It lies until it is lifted."""

    number: int
    tenant: TenantId
    study: Uid | None
    patient: PatientIdentifier | None
    reason: str
    by: str
    at: datetime
    lifted_by: str | None = None
    lifted_at: datetime | None = None


class Register(Protocol):
    """Rules, holds, deaths, and the exams they bear on."""

    def rules(self, *, tenant: TenantId) -> Sequence[Rule]:
        """Give the rules of an organisation."""

    def set_rules(
        self, rules: Sequence[Rule], *, tenant: TenantId, by: str, now: datetime
    ) -> None:
        """Put these in the place of those before."""

    def exams(
        self,
        *,
        tenant: TenantId,
        before: date,
        now: datetime,
        studies: Collection[Uid] | None = None,
    ) -> Sequence[Exam]:
        """Give exams of an organisation's own that were made before a day, oldest first."""

    def hold(self, wanted: Hold) -> Hold:
        """Lay a hold."""

    def holds(self, *, tenant: TenantId) -> Sequence[Hold]:
        """Give every hold, lifted ones too, newest first."""

    def lift(self, number: int, *, tenant: TenantId, by: str, now: datetime) -> None:
        """Lift a hold. Raises `NotFound`."""

    def died(
        self, patient: PatientIdentifier, on: date, *, tenant: TenantId, by: str, now: datetime
    ) -> None:
        """Note when a patient died."""


class Disposals(Protocol):
    """The book of disposals, and the hand that erases."""

    def propose(
        self, items: Sequence[Item], *, tenant: TenantId, by: str, why: str, now: datetime
    ) -> Disposal:
        """Enter a proposal."""

    def disposal(self, number: int, *, tenant: TenantId) -> Disposal | None:
        """Give one."""

    def listed(self, *, tenant: TenantId, limit: int = 50) -> Sequence[Disposal]:
        """Give the latest of an organisation, without their items."""

    def approved(self) -> Sequence[Disposal]:
        """Give what is approved and not done, oldest first."""

    def decide(
        self, number: int, stage: Stage, *, tenant: TenantId, by: str, now: datetime
    ) -> None:
        """Approve or refuse. Raises `Conflict` when it was decided meanwhile."""

    def erase(self, disposal: Disposal, exam: Exam, *, now: datetime) -> Collection[str]:
        """Forget an exam in one transaction, fully durable, with its audit and certificate.

        Gives the packs that nothing points to any more. Raises `Conflict` when it changed since
        it was judged.
        """

    def note(
        self, disposal: Disposal, study: Uid, outcome: Outcome, why: str, *, now: datetime
    ) -> None:
        """Note that an exam is in the bin, or stays after all."""

    def end(self, disposal: Disposal, *, now: datetime) -> None:
        """Note that every item was decided upon."""


class Bin(Protocol):
    """Where an exam waits, hidden from all, before it is erased (IHE IOCM, 113039)."""

    def lay(self, key: StudyKey, *, why: str, by: str, now: datetime) -> None:
        """Reject all of an exam; of one that lies there already nothing changes."""

    def lies(self, key: StudyKey) -> bool:
        """Tell whether all of it is rejected still: nobody took it back, nobody sent it again."""

    def take_back(self, key: StudyKey, *, why: str, by: str, now: datetime) -> None:
        """Have it seen again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """What carries a disposal out. `delay` is how long an exam lies in the bin."""

    register: Register
    disposals: Disposals
    bin: Bin
    delay: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the verbs of people need: who acts, in which organisation, with which permissions."""

    register: Register
    disposals: Disposals
    audit: Audit
    tenant: TenantId
    actor: Actor
    permissions: frozenset[Permission]
    door: str

    def check(self) -> None:
        """Raise `Refused` unless whoever acts administers the organisation."""
        if Permission.ADMINISTER_ORGANISATION not in self.permissions:
            raise Refused("retention is the affair of whoever administers the organisation")

    def told(self, subject: str, detail: str, *, now: datetime) -> None:
        """Write a row of the audit."""
        entry = AuditEntry(
            tenant=self.tenant,
            at=now,
            actor=self.actor,
            action=Action.CHANGE,
            subject=subject,
            door=self.door,
            detail=detail[:200],
        )
        self.audit.record([entry])
