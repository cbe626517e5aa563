"""PID and MRG: who the patient is (HL7 3.4.2, 3.4.9; PAM France 2.11)."""

from itertools import pairwise

from archipel.identity.model import Traits
from archipel.kernel.identifiers import PatientIdentifier
from archipel.orders.model import NamedPatient, Site
from archipel.standards.hl7v2.errors import Condition, Fault, Location
from archipel.standards.hl7v2.message import Message, Segment
from archipel.standards.hl7v2.values import Cx, Moment, cxs, person_name

_VALUE_LENGTH = 64  # LO, PS3.5 table 6.2-1
_IDENTIFIERS_KEPT = 20
_SEXES = {"M": "M", "F": "F", "O": "O", "A": "O"}  # HL7 table 0001 to (0010,0040)


def patient(pid: Segment, site: Site, message: Message) -> NamedPatient:
    """Read a PID. The identifier of the site's own issuer goes first. Raises `Fault`."""
    return NamedPatient(
        identifiers=_identifiers(pid, 3, site),
        traits=Traits(
            person_name(pid, 5, french=is_french(message))[:324],
            _birth_date(pid.text(7)),
            _SEXES.get(pid.text(8).upper(), ""),
        ),
    )


def merged(message: Message, site: Site) -> tuple[tuple[NamedPatient, NamedPatient], ...]:
    """Read the pairs of PID and MRG: who stays, and who was the same. Raises `Fault`."""
    relevant = [one for one in message.segments if one.name in {"PID", "MRG"}]
    pairs = [
        (pid, mrg) for pid, mrg in pairwise(relevant) if (pid.name, mrg.name) == ("PID", "MRG")
    ]
    if not pairs or len(relevant) != 2 * len(pairs):
        raise Fault(
            "each PID is followed by the MRG of the same patient",
            where=Location("MRG"),
            condition=Condition.SEGMENT_SEQUENCE,
        )
    return tuple((patient(pid, site, message), _former(mrg, site)) for pid, mrg in pairs)


def is_french(message: Message) -> bool:
    """Tell whether a message follows the French profile (MSH-17)."""
    return message.header.text(17).upper() == "FRA"


def _former(mrg: Segment, site: Site) -> NamedPatient:
    return NamedPatient(
        identifiers=_identifiers(mrg, 1, site), traits=Traits(person_name(mrg, 7)[:324], "", "")
    )


def _identifiers(segment: Segment, field: int, site: Site) -> tuple[PatientIdentifier, ...]:
    found = cxs(segment, field)[:_IDENTIFIERS_KEPT]
    if not found:
        raise Fault(
            "no identifier of the patient",
            where=Location(segment.name, field=field),
            condition=Condition.REQUIRED_FIELD_MISSING,
        )
    if any(len(one.value) > _VALUE_LENGTH for one in found):
        raise Fault(
            f"an identifier is longer than {_VALUE_LENGTH} signs",
            where=Location(segment.name, field=field),
        )
    named = [_identifier(one, site) for one in found]
    own = [one for one in named if one.issuer == site.patient_issuer]
    return tuple(dict.fromkeys([*own, *named]))


def _identifier(cx: Cx, site: Site) -> PatientIdentifier:
    return PatientIdentifier(cx.value, site.issuer(cx.authority.name, default=site.patient_issuer))


def _birth_date(text: str) -> str:
    found = Moment.of(text)
    return found.date if found is not None and len(found.date) == 8 else ""  # noqa: PLR2004 (DA)
