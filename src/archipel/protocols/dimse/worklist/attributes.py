"""A scheduled step and its order as attributes of the worklist (PS3.4 table K.6-1)."""

from dataclasses import dataclass

from archipel.orders.model import Code, Order, Priority, Step
from archipel.orders.ports import Scheduled

STEPS, STATION, START_DATE, START_TIME = 0x00400100, 0x00400001, 0x00400002, 0x00400003
MODALITY, ACCESSION, PATIENT_ID = 0x00080060, 0x00080050, 0x00100020
PROCEDURE_CODES, PROTOCOL_CODES, ACCESSION_ISSUERS = 0x00321064, 0x00400008, 0x00080051
PLACER_ISSUERS, FILLER_ISSUERS = 0x00400026, 0x00400027
_SHORT = 16  # SH, PS3.5 table 6.2-1


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a worklist: texts by tag, of the whole and of the step, and items of codes.

    `anywhere`: the step is bound to no station, whoever asks may do it.
    """

    whole: dict[int, str]
    step: dict[int, str]
    items: dict[int, list[dict[int, str]]]  # of either level: their tags differ
    anywhere: bool


def entry(scheduled: Scheduled, number: int) -> Entry:
    """Put a step into attributes. `number` tells the steps of one order apart."""
    order, step = scheduled.order, scheduled.step
    return Entry(
        whole={tag: text for tag, text in _whole(order).items() if text},
        step={tag: text for tag, text in _step(order, step, number).items() if text},
        items={tag: found for tag, found in _items(order, step).items() if found},
        anywhere=not step.stations,
    )


def _whole(order: Order) -> dict[int, str]:
    said = order.said
    patient, accession = said.patient, said.accession
    placer, filler = order.placer, order.filler
    procedure = said.procedure or Code()
    names = (filler or placer, said.procedure_id)
    return {
        ACCESSION: accession.value if accession else "",
        0x00080090: said.referrer or "",
        0x00100010: patient.traits.name if patient else "",
        PATIENT_ID: patient.identifier.value if patient else "",
        0x00100021: patient.identifier.issuer.namespace if patient else "",
        0x00100030: patient.traits.birth_date if patient else "",
        0x00100040: patient.traits.sex if patient else "",
        0x00102000: said.alerts or "",
        0x001021C0: said.pregnancy or "",
        0x0020000D: order.study.value,
        0x00321032: said.requester or "",
        0x00321060: procedure.meaning or procedure.value,
        0x00380010: said.visit or "",
        0x00380300: said.location or "",
        0x00380500: said.patient_state or "",
        0x00401001: (names[1] or (names[0].value if names[0] else ""))[:_SHORT],
        0x00401002: said.reason or "",
        0x00401003: (said.priority or Priority.ROUTINE).value,
        0x00401004: said.transport or "",
        0x00401400: said.comments or "",
        0x00402016: placer.value if placer else "",
        0x00402017: filler.value if filler else "",
    }


def _step(order: Order, step: Step, number: int) -> dict[int, str]:
    return {
        STATION: "\\".join(step.stations),
        START_DATE: step.start.date,
        START_TIME: step.start.time,
        MODALITY: step.modality,
        0x00400006: step.performer,
        0x00400007: step.description or (order.said.procedure or Code()).meaning,
        0x00400009: (step.id or f"{order.id[:12]}-{number}")[:_SHORT],
        0x00400010: step.station_name[:_SHORT],
        0x00400011: step.location[:_SHORT],
        0x00400020: "SCHEDULED" if order.status.value != "in-progress" else "STARTED",
    }


def _items(order: Order, step: Step) -> dict[int, list[dict[int, str]]]:
    accession = order.said.accession
    return {
        PROCEDURE_CODES: _codes(order.said.procedure),
        PROTOCOL_CODES: _codes(step.protocol),
        ACCESSION_ISSUERS: _issuer(accession.issuer.namespace if accession else ""),
        PLACER_ISSUERS: _issuer(order.placer.issuer.namespace if order.placer else ""),
        FILLER_ISSUERS: _issuer(order.filler.issuer.namespace if order.filler else ""),
    }


def _codes(code: Code | None) -> list[dict[int, str]]:
    if code is None or not code.value or not code.scheme:
        return []
    meaning = code.meaning or code.value
    return [
        {0x00080100: code.value[:_SHORT], 0x00080102: code.scheme[:_SHORT], 0x00080104: meaning}
    ]


def _issuer(namespace: str) -> list[dict[int, str]]:
    return [{0x00400031: namespace}] if namespace else []
