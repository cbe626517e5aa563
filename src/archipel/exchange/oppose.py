"""A patient's opposition to sharing (code de la santé publique, L.1110-4): told and taken back.

The organisation that knows the patient states it on its own node; it holds there at once and on
every other node as soon as the fact is heard, before any other. It closes the patient's studies to
other nodes and hides the copies they hold; who treats the patient at home goes on seeing them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from archipel.access.model import Action, AuditEntry
from archipel.access.ports import Audit
from archipel.exchange.timeline import key_of
from archipel.kernel.actors import Scope
from archipel.kernel.errors import Conflict, Malformed, NotFound
from archipel.kernel.identifiers import PatientIdentifier, TenantId

REASON_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Opposition:
    """The last word said of a patient. `opposed` False: an opposition that was taken back."""

    opposed: bool
    at: datetime
    by: str  # login of who wrote it down
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """What is written down."""

    patient: PatientIdentifier
    tenant: TenantId
    opposed: bool
    reason: str
    login: str
    at: datetime


class Oppositions(Protocol):
    """What patients said of sharing."""

    def say(self, said: Saying, *, tenant: TenantId) -> None:
        """State it, and hide or show again what it bears on here, in one transaction."""

    def said(
        self, patients: Collection[PatientIdentifier], *, tenant: TenantId
    ) -> Mapping[PatientIdentifier, Opposition]:
        """Give the last word `tenant` wrote down of each of these patients of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What writing an opposition down needs at hand, for one actor."""

    oppositions: Oppositions
    audit: Audit
    scope: Scope
    door: str


def say(
    patient: PatientIdentifier,
    *,
    tenant: TenantId,
    opposed: bool,
    reason: str,
    desk: Desk,
    now: datetime,
) -> Opposition:
    """Write down that a patient opposes sharing, or no longer does; audited.

    Raises `NotFound` out of scope, `Malformed` without a reason, `Conflict` where it is so.
    """
    if not desk.scope.sees(tenant):
        raise NotFound(f"no organisation {tenant} in scope")
    if not reason.strip() or len(reason) > REASON_MAX or not reason.strip().isprintable():
        raise Malformed(f"say why, in 1 to {REASON_MAX} printable characters")
    before = desk.oppositions.said([patient], tenant=tenant).get(patient)
    if opposed is (before is not None and before.opposed):
        raise Conflict("this opposition " + ("is written down already" if opposed else "is none"))
    entry = AuditEntry(
        tenant=tenant,
        at=now,
        actor=desk.scope.actor,
        action=Action.CHANGE,
        subject=f"patient:{key_of(patient)}",
        door=desk.door,
        detail="opposition to sharing " + ("recorded" if opposed else "lifted"),
    )
    desk.audit.record([entry])
    login = desk.scope.actor.name
    said = Saying(
        patient=patient,
        tenant=tenant,
        opposed=opposed,
        reason=reason.strip(),
        login=login,
        at=now,
    )
    desk.oppositions.say(said, tenant=tenant)
    return Opposition(opposed=opposed, at=now, by=login, reason=said.reason)
