"""Acknowledgements (HL7 chapter 2.9): original mode AA, AE, AR; enhanced mode CA, CE, CR first.

A message names in MSH-15 and MSH-16 which of them it wants; if both are empty it speaks the
original mode. ERR is written as version 2.5 has it, or as 2.3 for a message of an older version.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from archipel.standards.hl7v2.errors import Condition, Fault, Location
from archipel.standards.hl7v2.escape import Separators
from archipel.standards.hl7v2.message import Field, Message, Segment, header, segment, write

_CONTROL_ID_LENGTH = 199
_TEXT_LENGTH = 250


class Code(Enum):
    """Acknowledgement codes (HL7 table 0008)."""

    APPLICATION_ACCEPT = "AA"
    APPLICATION_ERROR = "AE"  # syntax or content: not to be sent again unchanged
    APPLICATION_REJECT = "AR"  # by circumstance: may be sent again
    COMMIT_ACCEPT = "CA"
    COMMIT_ERROR = "CE"
    COMMIT_REJECT = "CR"

    @property
    def commit(self) -> "Code":
        """Return the commit code of the same sense."""
        return Code("C" + self.value[1])


class Wish(Enum):
    """When an acknowledgement is wanted (HL7 table 0155)."""

    ALWAYS = "AL"
    NEVER = "NE"
    ON_ERROR = "ER"
    ON_SUCCESS = "SU"

    def wants(self, code: Code) -> bool:
        """Tell whether this outcome is to be told."""
        good = code.value[1] == "A"
        return self is Wish.ALWAYS or (self is Wish.ON_SUCCESS if good else self is Wish.ON_ERROR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was decided of a message, in the codes of the original mode."""

    code: Code
    faults: tuple[Fault, ...] = ()


def wishes(msh: Segment) -> tuple[Wish, Wish] | None:
    """Return what MSH-15 and MSH-16 ask for; None in original mode. An unknown word: always."""
    accept, application = msh.text(15).upper(), msh.text(16).upper()
    if not accept and not application:
        return None
    known = {one.value: one for one in Wish}
    return (
        known.get(accept, Wish.ALWAYS) if accept else Wish.NEVER,
        known.get(application, Wish.ALWAYS) if application else Wish.NEVER,
    )


def answers(msh: Segment, verdict: Verdict, *, control_id: str, now: datetime) -> Sequence[bytes]:
    """Write what the sender of this MSH is to be answered, in order; perhaps nothing.

    `control_id` names the answer; a second one has "-2" behind it.
    """
    wanted = wishes(msh)
    if wanted is None:
        return [acknowledge(msh, verdict, control_id=control_id, now=now)]
    accept, application = wanted
    written = []
    if accept.wants(verdict.code):
        told = verdict if verdict.code is not Code.APPLICATION_ACCEPT else Verdict(code=_ACCEPT)
        committed = Verdict(code=told.code.commit, faults=told.faults)
        written.append(acknowledge(msh, committed, control_id=control_id, now=now))
    if application.wants(verdict.code):
        name = f"{control_id}-2" if written else control_id
        written.append(acknowledge(msh, verdict, control_id=name, now=now))
    return written


def acknowledge(msh: Segment, verdict: Verdict, *, control_id: str, now: datetime) -> bytes:
    """Write one ACK: addresses of the message turned round, its control id in MSA-2."""
    signs = msh.separators
    event, version = msh.text(9, 2), msh.text(12)
    modern = _is_modern(version)
    kind: Field = ((("ACK",), *(((event,),) if event else ()), *((("ACK",),) if modern else ())),)
    fields: dict[int, str | Field] = {
        7: now.strftime("%Y%m%d%H%M%S+0000"),
        9: kind,
        10: control_id,
        11: msh.text(11) or "P",
        12: version or "2.5",
        18: "UNICODE UTF-8" if modern else "",
    }
    turned = {3: msh[5], 4: msh[6], 5: msh[3], 6: msh[4]}
    made = header(fields, signs)
    raw = list(made.raw)
    for number, value in turned.items():
        raw[number - 1] = value
    if msh[17] and modern:
        raw[16] = msh[17]
    text = verdict.faults[0].text if verdict.faults else ""
    msa: dict[int, str | Field] = {
        1: verdict.code.value,
        2: msh.text(10)[:_CONTROL_ID_LENGTH],
    }
    if text and not modern:
        msa[3] = _ascii(text)
    segments = [Segment("MSH", tuple(raw), signs), segment("MSA", msa, signs)]
    if modern:
        segments += [_err(one, signs) for one in verdict.faults]
    elif verdict.faults:
        places = tuple(_old_place(one) for one in verdict.faults)
        segments.append(segment("ERR", {1: places}, signs))
    return write(Message(tuple(segments)), character_set="UNICODE UTF-8")


def unreadable(fault: Fault, *, control_id: str, now: datetime) -> bytes:
    """Write an ACK to bytes of which not even the header can be read (AR, MSA-2 empty)."""
    signs = Separators()
    verdict = Verdict(code=Code.APPLICATION_REJECT, faults=(fault,))
    blank = Segment("MSH", (signs.field, signs.encoding), signs)
    return acknowledge(blank, verdict, control_id=control_id, now=now)


_ACCEPT = Code.APPLICATION_ACCEPT


def _err(fault: Fault, signs: Separators) -> Segment:
    fields: dict[int, str | Field] = {
        3: _condition(fault.condition),
        4: "E",
        8: _ascii(fault.text),
    }
    if fault.where.segment:
        fields[2] = (_place(fault.where),)
    return segment("ERR", fields, signs)


def _condition(condition: Condition) -> Field:
    code, meaning = condition.value
    return (((code,), (meaning,), ("HL70357",)),)


def _place(where: Location) -> tuple[tuple[str, ...], ...]:
    place = ((where.segment,), (str(where.occurrence),))
    return (*place, (str(where.field),)) if where.field else place


def _old_place(fault: Fault) -> tuple[tuple[str, ...], ...]:
    where = fault.where
    code, meaning = fault.condition.value
    number = str(where.field) if where.field else ""
    return ((where.segment,), (str(where.occurrence),), (number,), (code, meaning, "HL70357"))


def _is_modern(version: str) -> bool:
    return not version.startswith(("2.1", "2.2", "2.3", "2.4"))


def _ascii(text: str) -> str:
    """Keep an answer readable in whatever character set it is read with."""
    return text[:_TEXT_LENGTH].encode("ascii", "replace").decode("ascii")
