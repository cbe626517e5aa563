"""Single fields of orders: what is left out, what is taken away, what is too long."""

from datetime import datetime
from zoneinfo import ZoneInfo

from archipel.orders.model import Code, OrderNumber, Site, Start
from archipel.standards.hl7v2.errors import Condition, Fault, Location
from archipel.standards.hl7v2.message import NULL, Message, Segment
from archipel.standards.hl7v2.values import Coded, coded, ei, moment, professional

TEXT_LENGTH = 10_240  # LT, PS3.5 table 6.2-1
NUMBER_LENGTH = 250


def told(segment: Segment | None, field: int, component: int = 1) -> str | None:
    """Return what a field says; None when it says nothing."""
    if segment is None or not segment[field]:
        return None
    return segment.text(field, component)[:TEXT_LENGTH].strip() or _taken_away(segment, field)


def name(segment: Segment | None, field: int) -> str | None:
    """Return a professional's name; None when the field says nothing."""
    if segment is None or not segment[field]:
        return None
    return professional(segment, field)[:TEXT_LENGTH] or _taken_away(segment, field)


def number(segment: Segment, field: int, site: Site) -> OrderNumber | None:
    """Return an order number; None when there is none. Raises `Fault`."""
    found = ei(segment, field)
    if not found.value or found.value == NULL:
        return None
    if len(found.value) > NUMBER_LENGTH:
        raise Fault(
            f"longer than {NUMBER_LENGTH} signs", where=Location(segment.name, field=field)
        )
    issuer = site.issuer(found.authority.name, default=site.accession_issuer)
    return OrderNumber(found.value, issuer)


def code(found: Coded) -> Code | None:
    """Return a coded concept; None when there is none."""
    if not found.code and not found.text:
        return None
    return Code(found.code[:TEXT_LENGTH], found.text[:TEXT_LENGTH], found.system[:TEXT_LENGTH])


def concept(segment: Segment | None, field: int, *, first: int = 1) -> Code | None:
    """Return the concept of a field; None when it says nothing."""
    return code(coded(segment, field, first=first)) if segment is not None else None


def start(segment: Segment | None, field: int, component: int = 1) -> Start | None:
    """Return when something begins, local to the site; None when nothing or nonsense is said."""
    found = moment(segment, field, component) if segment is not None else None
    if found is None or len(found.date) != 8:  # noqa: PLR2004 (YYYYMMDD)
        return None
    return Start(found.date, found.time)


def said_at(message: Message, site: Site) -> datetime:
    """Return the moment of MSH-7. Raises `Fault`: without it nobody knows what was said last."""
    found = moment(message.header, 7)
    if found is None:
        raise Fault(
            "the moment of the message is missing or none",
            where=Location("MSH", field=7),
            condition=Condition.REQUIRED_FIELD_MISSING,
        )
    return found.aware(ZoneInfo(site.time_zone))


def _taken_away(segment: Segment, field: int) -> str | None:
    return "" if segment[field] == NULL else None
