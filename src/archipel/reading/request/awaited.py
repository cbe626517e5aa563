"""An exam that is asked to be read before it is acquired, and how it is recognised when it comes.

By itself it is attached only where number, issuer and patient are those of the request: on another
ground somebody who knows the patient chooses.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from archipel.kernel.errors import Malformed
from archipel.kernel.identifiers import AccessionNumber, PatientIdentifier
from archipel.reading.model import Exam
from archipel.reading.request.model import Standing

EARLIER = timedelta(hours=24)
"""An exam that came longer before the request than this is not the one that was awaited."""
OFFERED = 5
_MODALITY = re.compile(r"[A-Z]{2,16}")
_ACCESSION_LENGTH, _PROCEDURE_LENGTH = 64, 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """What is about to be acquired, of whom. Raises `Malformed`.

    `person` is an `Exam.person_key`, `patient` an identifier that the asking organisation gave;
    `accession` may be empty: then somebody attaches the exam by hand.
    """

    person: str
    patient: PatientIdentifier
    modality: str  # (0008,0060)
    procedure: str
    accession: str = ""

    def __post_init__(self) -> None:
        if not _MODALITY.fullmatch(self.modality):
            raise Malformed("say the modality as DICOM does, such as CT or MR")
        named = self.procedure.strip()
        if not named or len(named) > _PROCEDURE_LENGTH or not named.isprintable():
            raise Malformed(f"say which exam, in 1 to {_PROCEDURE_LENGTH} printable characters")
        if len(self.accession) > _ACCESSION_LENGTH or not self.accession.isprintable():
            raise Malformed(f"an accession number has at most {_ACCESSION_LENGTH} characters")

    def drawn(self, known: Exam) -> Exam:
        """Return an exam of the person as this one will be, as far as it is known."""
        return replace(
            known, modalities=(self.modality,), description=self.procedure.strip(), body_part=""
        )

    @property
    def number(self) -> AccessionNumber | None:
        """The number under which it will come, given by who gave the patient's identifier."""
        text = self.accession.strip()
        return AccessionNumber(text, self.patient.issuer) if text else None


def awaiting(exam: Exam, waiting: Iterable[Standing]) -> Standing | None:
    """Return the request that this exam is the awaited one of; None where no number says so."""
    for held in waiting:
        request = held.request
        same = request.accession is not None and request.accession == exam.accession
        if same and held.awaits and request.subject.identifier == exam.patient:
            return held
    return None


def candidates(held: Standing, exams: Iterable[Exam]) -> Sequence[Exam]:
    """Return the exams of its person that may be the awaited one, the latest first."""
    request = held.request
    found = [
        one
        for one in exams
        if one.id.tenant == request.asking.tenant
        and one.id not in request.priors
        and one.arrived_at >= request.placed_at - EARLIER
    ]
    found.sort(key=lambda one: one.arrived_at, reverse=True)
    return found[:OFFERED]
