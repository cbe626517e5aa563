"""SCH with AIS: when the steps of an order are to be done (HL7 chapter 10; SIU^S12 to S26)."""

from archipel.orders.model import Change, Control, Said, Site, Start
from archipel.orders.wording.fields import number, said_at, start, told
from archipel.orders.wording.patient import patient
from archipel.standards.hl7v2.message import Message

_MADE = frozenset({"S12", "S13", "S14"})  # new, moved, modified
_OFF = frozenset({"S15", "S17", "S26"})  # cancelled, deleted, the patient did not come


def appointment(message: Message, event: str, site: Site) -> tuple[Change | None, str]:
    """Read an appointment: a change of the order it names; None and why. Raises `Fault`."""
    if event not in _MADE | _OFF:
        return None, f"SIU event {event[:3]!a} changes nothing of what is kept here"
    schedule = message.require("SCH")
    placer, filler = number(schedule, 26, site), number(schedule, 27, site)
    if placer is None and filler is None:
        return None, "the appointment names no order (SCH-26, SCH-27)"
    service = message.first("AIS")
    begins = start(service, 4) or start(schedule, 11, 4)
    if event in _MADE and begins is None:
        return None, "the appointment has no time (AIS-4, SCH-11)"
    pid = message.first("PID")
    said = Said(
        patient=patient(pid, site, message) if pid else None,
        start=begins if event in _MADE else Start(),
        visit=told(message.first("PV1"), 19),
    )
    return (
        Change(
            control=Control.CHANGE,
            at=said_at(message, site),
            control_id=message.header.text(10),
            placer=placer,
            filler=filler,
            status=None,
            said=said,
        ),
        "",
    )
