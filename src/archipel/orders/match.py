"""From an exam that arrived to the order that asked for it (IHE SWF, study and accession)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from archipel.kernel.identifiers import PatientIdentifier
from archipel.kernel.uid import Uid
from archipel.orders.model import Order


class Ground(Enum):
    """By what an exam was found to be of an order."""

    STUDY = "study"  # the order announced this Study Instance UID
    ACCESSION = "accession"  # number and issuer


@dataclass(frozen=True, slots=True)
class Match:
    """The order of an exam. `same_patient`: the exam names one of the order's identifiers."""

    order: Order
    ground: Ground
    same_patient: bool


def matched(orders: Iterable[Order], *, study: Uid, patient: PatientIdentifier) -> Match | None:
    """Choose among the orders of an exam's accession number and issuer; None when there is none.

    The order that announced the very study goes first, then one for the same patient. That the
    patient differs is said, not hidden: a wrong worklist entry was chosen, or a number was reused.
    """
    found = [
        Match(
            order,
            Ground.STUDY if order.study == study else Ground.ACCESSION,
            _names(order, patient),
        )
        for order in orders
    ]
    if not found:
        return None
    return max(found, key=lambda one: (one.ground is Ground.STUDY, one.same_patient))


def _names(order: Order, patient: PatientIdentifier) -> bool:
    return order.said.patient is not None and patient in order.said.patient.identifiers
