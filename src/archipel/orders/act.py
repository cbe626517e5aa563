"""Doing what a message asks for, inside the transaction that keeps it.

A site speaks for the patients of its own issuer only: what it says of others' identifiers is not
acted upon, or refused where acting would change whose exams are whose.
"""

from dataclasses import dataclass
from datetime import datetime

from archipel.identity.model import Link, SourceKey
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.orders.model import MessageState, NamedPatient, Site
from archipel.orders.place import place
from archipel.orders.ports import OrderBook, Patients
from archipel.orders.understand import (
    OrdersChanged,
    PatientNoted,
    PatientsMerged,
    Understood,
)
from archipel.standards.hl7v2.errors import Condition, Fault, Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of a message: its state, why, and what it touched, without patient data."""

    state: MessageState
    reason: str = ""
    touched: tuple[str, ...] = ()


def actor_of(site: Site) -> Actor:
    """Return as whom a site acts."""
    return Actor(ActorKind.SERVICE, f"hl7:{site.name}")


def act(
    asked: Understood,
    *,
    site: Site,
    control_id: str,
    book: OrderBook,
    patients: Patients,
    now: datetime,
) -> Done:
    """Do it. Raises `Fault` where a site speaks for patients that are not its own."""
    if isinstance(asked, OrdersChanged):
        touched = [
            order
            for change in asked.changes
            for order in place(change, tenant=site.tenant, book=book, now=now)
        ]
        return Done(state=MessageState.ACTED_UPON, touched=tuple(dict.fromkeys(touched)))
    if isinstance(asked, PatientNoted):
        return _note(asked.patient, site, patients, now)
    if isinstance(asked, PatientsMerged):
        for stays, former in asked.pairs:
            _merge(stays, former, site=site, control_id=control_id, patients=patients, now=now)
        return Done(state=MessageState.ACTED_UPON, touched=("identity",))
    return Done(state=MessageState.NOT_ACTED_UPON, reason=asked.reason)


def _note(named: NamedPatient, site: Site, patients: Patients, now: datetime) -> Done:
    """Note traits of a patient who is known here: a whole hospital's admissions are not kept."""
    if named.identifier.issuer != site.patient_issuer:
        reason = "no identifier of the site's own issuer (PID-3)"
        return Done(state=MessageState.NOT_ACTED_UPON, reason=reason)
    key = SourceKey(named.identifier)
    if not patients.known(key, tenant=site.tenant):
        reason = "nothing of this patient is kept here"
        return Done(state=MessageState.NOT_ACTED_UPON, reason=reason)
    patients.note(key, named.traits, tenant=site.tenant, now=now)
    return Done(state=MessageState.ACTED_UPON, touched=("identity",))


def _merge(
    stays: NamedPatient,
    former: NamedPatient,
    *,
    site: Site,
    control_id: str,
    patients: Patients,
    now: datetime,
) -> None:
    keys = []
    for named, where in ((stays, Location("PID", field=3)), (former, Location("MRG", field=1))):
        if named.identifier.issuer != site.patient_issuer:
            raise Fault(
                "a site merges identifiers of its own issuer only",
                where=where,
                condition=Condition.UNKNOWN_KEY,
            )
        key = SourceKey(named.identifier)
        patients.note(key, named.traits, tenant=site.tenant, now=now)
        keys.append(key)
    if keys[0] == keys[1]:
        return
    patients.join(
        Link(
            one=keys[0],
            other=keys[1],
            by=f"hl7:{site.name}",
            basis=f"merged by message {control_id}",
            at=now,
        ),
        scope=Scope(actor_of(site), frozenset({site.tenant})),
    )
