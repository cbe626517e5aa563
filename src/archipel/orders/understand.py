"""What a message asks for: orders to change, patients to note or to join, or nothing of ours.

ORM^O01 (2.3.1), OMG^O19, OMI^O23 and SIU^S12-S26 tell of orders (IHE RAD-2 to RAD-4, RAD-13);
ADT^A01 A04 A05 A08 A28 A31 of patients, A40 and A47 of two identifiers of one (RAD-1, RAD-12).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from archipel.orders.model import Change, NamedPatient, Site
from archipel.orders.wording.appointment import appointment
from archipel.orders.wording.order import orders
from archipel.orders.wording.patient import merged, patient
from archipel.standards.hl7v2.errors import Condition, Fault, Location
from archipel.standards.hl7v2.message import Message, Segment


@dataclass(frozen=True, slots=True)
class OrdersChanged:
    """Something was said of orders."""

    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class PatientNoted:
    """A registration names a patient."""

    patient: NamedPatient


@dataclass(frozen=True, slots=True)
class PatientsMerged:
    """Pairs of the patient that stays and the one that was the same."""

    pairs: tuple[tuple[NamedPatient, NamedPatient], ...]


@dataclass(frozen=True, slots=True)
class NothingOfOurs:
    """The message is understood, and nothing here depends on it."""

    reason: str


Understood = OrdersChanged | PatientNoted | PatientsMerged | NothingOfOurs


def understand(message: Message, site: Site) -> Understood:
    """Say what a message asks for. Raises `Fault`: where it is wrong, and the code of why."""
    check(message.header, site)
    kind, event = message.header.text(9, 1), message.header.text(9, 2)
    read = _READERS.get(kind)
    if read is None:
        raise Fault(
            f"messages {kind[:3]!a} are not taken here",
            where=Location("MSH", field=9),
            condition=Condition.UNSUPPORTED_MESSAGE,
        )
    return read(message, event, site)


def check(msh: Segment, site: Site) -> None:
    """Refuse a header that cannot be answered for. Raises `Fault`."""
    for number, what in ((9, "the message type"), (10, "the control id")):
        if not msh.text(number):
            raise Fault(
                f"{what} is missing",
                where=Location("MSH", field=number),
                condition=Condition.REQUIRED_FIELD_MISSING,
            )
    if not msh.text(12).startswith("2."):
        raise Fault(
            "the version is not 2.x",
            where=Location("MSH", field=12),
            condition=Condition.UNSUPPORTED_VERSION,
        )
    if msh.text(11) not in site.processing.split():
        raise Fault(
            f"of this site only processing id {site.processing} is taken",
            where=Location("MSH", field=11),
            condition=Condition.UNSUPPORTED_PROCESSING,
        )


def _registration(message: Message, event: str, site: Site) -> Understood:
    if event in {"A01", "A04", "A05", "A08", "A28", "A31"}:
        return PatientNoted(patient(message.require("PID"), site, message))
    if event in {"A40", "A47"}:
        return PatientsMerged(merged(message, site))
    return NothingOfOurs(f"ADT event {event[:3]!a} changes nothing of what is kept here")


def _order(message: Message, event: str, site: Site) -> Understood:
    del event
    changes, reason = orders(message, site)
    return OrdersChanged(changes) if changes else NothingOfOurs(reason)


def _appointment(message: Message, event: str, site: Site) -> Understood:
    change, reason = appointment(message, event, site)
    return OrdersChanged((change,)) if change else NothingOfOurs(reason)


_READERS: Mapping[str, Callable[[Message, str, Site], Understood]] = MappingProxyType(
    {
        "ADT": _registration,
        "ORM": _order,
        "OMG": _order,
        "OMI": _order,
        "SIU": _appointment,
    }
)
