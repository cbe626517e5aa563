"""ORC with what follows it: TQ1, OBR, NTE, IPC, ZDS (HL7 chapter 4; IHE RAD TF-2 4.4)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from archipel.kernel.errors import Malformed
from archipel.kernel.identifiers import AccessionNumber
from archipel.kernel.uid import Uid
from archipel.orders.model import (
    Change,
    Control,
    OrderNumber,
    OrderStatus,
    Priority,
    Said,
    Site,
    Start,
)
from archipel.orders.wording.fields import (
    concept,
    name,
    number,
    said_at,
    start,
    told,
)
from archipel.orders.wording.patient import patient
from archipel.orders.wording.step import steps
from archipel.standards.hl7v2.errors import Condition, Fault, Location
from archipel.standards.hl7v2.message import Message, Segment
from archipel.standards.hl7v2.values import ei

CONTROLS = MappingProxyType(
    {
        **dict.fromkeys(("NW", "SN", "RO"), Control.NEW),
        **dict.fromkeys(("XO", "XX", "RU"), Control.CHANGE),
        **dict.fromkeys(("SC", "SR"), Control.STATUS),
        **dict.fromkeys(("CA", "OC"), Control.CANCEL),
        **dict.fromkeys(("DC", "OD"), Control.DISCONTINUE),
    }
)
"""ORC-1 (HL7 table 0119): what is acted upon."""

_STATUSES = MappingProxyType(
    {
        "SC": OrderStatus.SCHEDULED,
        "IP": OrderStatus.IN_PROGRESS,
        "A": OrderStatus.COMPLETED,
        "CM": OrderStatus.COMPLETED,
        "CA": OrderStatus.CANCELLED,
        "DC": OrderStatus.DISCONTINUED,
    }
)  # ORC-5, HL7 table 0038
_PRIORITIES = MappingProxyType(
    {
        "S": Priority.STAT,
        "A": Priority.HIGH,
        "P": Priority.HIGH,
        "C": Priority.HIGH,
        "T": Priority.MEDIUM,
        "R": Priority.ROUTINE,
    }
)
_PREGNANT = "B6"  # HL7 table 0009


@dataclass(slots=True)
class Group:
    """One ORC and the segments that follow it, until the next."""

    orc: Segment
    requests: list[Segment] = field(default_factory=list)  # OBR
    timing: Segment | None = None  # TQ1
    procedures: list[Segment] = field(default_factory=list)  # IPC
    uid: Segment | None = None  # ZDS
    notes: list[Segment] = field(default_factory=list)  # NTE

    @property
    def obr(self) -> Segment | None:
        """Return the first request."""
        return self.requests[0] if self.requests else None


def orders(message: Message, site: Site) -> tuple[tuple[Change, ...], str]:
    """Read what a message says of orders; if nothing of ours, say why. Raises `Fault`."""
    named = patient(message.require("PID"), site, message)
    at = said_at(message, site)
    visit = message.first("PV1")
    pid = message.require("PID")
    found: dict[tuple[OrderNumber | None, OrderNumber | None, Control], Change] = {}
    unknown: list[str] = []
    for group in _groups(message):
        word = group.orc.text(1).upper()
        control = CONTROLS.get(word)
        if control is None:
            unknown.append(word[:2])
            continue
        placer, filler = _numbers(group, site)
        change = Change(
            control=control,
            at=at,
            control_id=message.header.text(10),
            placer=placer,
            filler=filler,
            status=_STATUSES.get(group.orc.text(5).upper()),
            said=replace(_said(group, visit, pid, site), patient=named),
        )
        key = (placer, filler, control)
        found[key] = _joined(found[key], change) if key in found else change
    return tuple(found.values()), f"ORC-1 is {', '.join(ascii(one) for one in unknown)}"


def _groups(message: Message) -> Sequence[Group]:
    groups: list[Group] = []
    for segment in message.segments:
        if segment.name == "ORC":
            groups.append(Group(segment))
        elif groups:
            _add(groups[-1], segment)
    if not groups:
        raise Fault(
            "an order has an ORC",
            where=Location("ORC"),
            condition=Condition.SEGMENT_SEQUENCE,
        )
    uid = next((one.uid for one in groups if one.uid is not None), None)
    for group in groups:  # ZDS stands once, at the end of an ORM
        group.uid = group.uid or uid
    return groups


def _add(group: Group, segment: Segment) -> None:
    if segment.name == "OBR":
        group.requests.append(segment)
    elif segment.name == "TQ1":
        group.timing = group.timing or segment
    elif segment.name == "IPC":
        group.procedures.append(segment)
    elif segment.name == "ZDS":
        group.uid = segment
    elif segment.name == "NTE":
        group.notes.append(segment)


def _numbers(group: Group, site: Site) -> tuple[OrderNumber | None, OrderNumber | None]:
    placer, filler = number(group.orc, 2, site), number(group.orc, 3, site)
    if group.obr is not None:
        placer = placer or number(group.obr, 2, site)
        filler = filler or number(group.obr, 3, site)
    if placer is None and filler is None:
        raise Fault(
            "an order has the number of its placer or its filler",
            where=Location("ORC", field=2),
            condition=Condition.REQUIRED_FIELD_MISSING,
        )
    return placer, filler


def _said(group: Group, visit: Segment | None, pid: Segment, site: Site) -> Said:
    orc, obr = group.orc, group.obr
    procedure = concept(obr, 44) or concept(obr, 4)
    return Said(
        accession=_accession(group, site),
        study=_study(group),
        procedure=procedure,
        procedure_id=_first(told(one, 2) for one in group.procedures) or told(obr, 19),
        steps=steps(group.requests, group.procedures, _start(group)),
        priority=_priority(group),
        reason=told(obr, 31, 2) or told(obr, 31) or told(obr, 13),
        requester=name(orc, 12) or name(obr, 16),
        referrer=name(visit, 8),
        visit=told(visit, 19) or told(pid, 18),
        location=told(visit, 3),
        alerts=told(obr, 13),
        patient_state=told(obr, 12),
        pregnancy=_pregnancy(visit),
        transport=told(obr, 30, 2) or told(obr, 30),
        comments="\n".join(filter(None, (told(one, 3) for one in group.notes))) or None,
    )


def _start(group: Group) -> Start | None:
    return (
        start(group.timing, 7)
        or start(group.orc, 7, 4)
        or start(group.obr, 27, 4)
        or start(group.obr, 36)
    )


def _accession(group: Group, site: Site) -> AccessionNumber | None:
    for one in group.procedures:
        found = ei(one, 1)
        if found.value:
            issuer = site.issuer(found.authority.name, default=site.accession_issuer)
            return AccessionNumber(found.value, issuer)
    text = told(group.obr, 18)
    if not text:
        return None
    said = told(group.obr, 18, 2) or ""
    return AccessionNumber(text, site.issuer(said, default=site.accession_issuer))


def _study(group: Group) -> str | None:
    said = [(one, 3) for one in group.procedures] + ([(group.uid, 1)] if group.uid else [])
    for segment, number_ in said:
        text = told(segment, number_)
        if text:
            try:
                return Uid.parse(text).value
            except Malformed:
                raise Fault(
                    "the Study Instance UID is none",
                    where=Location(segment.name, field=number_),
                ) from None
    return None


def _priority(group: Group) -> Priority | None:
    said = (
        told(group.timing, 9),
        told(group.orc, 7, 6),
        told(group.obr, 27, 6),
        told(group.obr, 5),
    )
    word = _first(said)
    return _PRIORITIES.get(word[:1].upper()) if word else None


def _pregnancy(visit: Segment | None) -> str | None:
    if visit is None or not visit[15]:
        return None
    repetitions = visit.repetitions(15)
    return "3" if _PREGNANT in repetitions else None  # (0010,21C0): definitely


def _joined(one: Change, other: Change) -> Change:
    both = (*(one.said.steps or ()), *(other.said.steps or ()))
    return replace(one, said=replace(one.said, steps=both or one.said.steps))


def _first(texts: Iterable[str | None]) -> str | None:
    return next((one for one in texts if one), None)
