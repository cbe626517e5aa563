"""IPC, or OBR where there is none: scheduled procedure steps (HL7 4.5.6; PS3.4 table K.6-1)."""

import re
from collections.abc import Sequence

from archipel.kernel.aetitle import AETitle
from archipel.kernel.errors import Malformed
from archipel.orders.model import Start, Step
from archipel.orders.wording.fields import concept, name, told
from archipel.standards.hl7v2.errors import Condition, Fault, Location
from archipel.standards.hl7v2.message import Segment

MAX_STEPS = 100  # of one order
_MODALITY = re.compile(r"[A-Z0-9_ ]{1,16}")


def steps(
    requests: Sequence[Segment], procedures: Sequence[Segment], start: Start | None
) -> tuple[Step, ...] | None:
    """Return the steps that a group of segments schedules; None: it says none. Raises `Fault`."""
    if len(requests) + len(procedures) > MAX_STEPS:
        raise Fault(f"more than {MAX_STEPS} steps in one order")
    if procedures:
        performer = name(requests[0], 34) if requests else None
        return tuple(_of_procedure(one, start, performer) for one in procedures)
    found = tuple(_of_request(one, start) for one in requests if _schedules(one, start))
    return found or None


def _schedules(obr: Segment, start: Start | None) -> bool:
    return bool(obr[20] or obr[24] or start)


def _of_procedure(ipc: Segment, start: Start | None, performer: str | None) -> Step:
    protocol = concept(ipc, 6)
    return Step(
        id=told(ipc, 4) or "",
        modality=_modality(ipc, 5),
        start=start or Start(),
        stations=_stations(ipc),
        station_name=told(ipc, 7) or "",
        location=told(ipc, 8) or "",
        description=(protocol.meaning or protocol.value) if protocol else "",
        protocol=protocol,
        performer=performer or "",
    )


def _of_request(obr: Segment, start: Start | None) -> Step:
    protocol = concept(obr, 4, first=4) or concept(obr, 4)
    return Step(
        id=told(obr, 20) or "",
        modality=_modality(obr, 24),
        start=start or Start(),
        description=(protocol.meaning or protocol.value) if protocol else "",
        protocol=protocol,
        performer=name(obr, 34) or "",
    )


def _modality(segment: Segment, field: int) -> str:
    text = (told(segment, field) or "").upper()
    if text and not _MODALITY.fullmatch(text):
        raise Fault(
            "the modality is none of DICOM's (0008,0060)",
            where=Location(segment.name, field=field),
            condition=Condition.TABLE_VALUE,
        )
    return text


def _stations(ipc: Segment) -> tuple[str, ...]:
    try:
        return tuple(
            AETitle.parse(ipc.separators.said(one)).value for one in ipc.repetitions(9) if one
        )
    except Malformed:
        raise Fault("not an AE title", where=Location("IPC", field=9)) from None
