"""What a data set says of who it is about, so that none of it can be missed elsewhere in it.

The profile names the attributes in which identity belongs. Devices and people write it in others:
a name in a series description, an identifier in a private block. What stands in the places of
identity is therefore looked for everywhere.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from archipel.standards.dicom.charset import LATIN_1
from archipel.standards.dicom.dataset import DataSet
from archipel.standards.dicom.deidentify.table import Action, Option, row_of
from archipel.standards.dicom.deidentify.words import vocabulary
from archipel.standards.dicom.dictionary import tag_of, vr_of

_PERSON = [
    "PatientID",
    "OtherPatientIDs",
    "PatientBirthDate",
    "PatientAddress",
    "PatientTelephoneNumbers",
    "PatientInsurancePlanCodeSequence",
    "MedicalRecordLocator",
    "AccessionNumber",
    "StudyID",
    "AdmissionID",
    "ServiceEpisodeID",
    "IssuerOfPatientID",
    "RequestedProcedureID",
    "ScheduledProcedureStepID",
    "PerformedProcedureStepID",
    "PlacerOrderNumberImagingServiceRequest",
    "FillerOrderNumberImagingServiceRequest",
    "InstitutionName",
    "InstitutionAddress",
    "InstitutionalDepartmentName",
    "StationName",
    "DeviceSerialNumber",
    "DeviceUID",
    "DetectorID",
    "PlateID",
    "CassetteID",
    "GantryID",
    "RequestingService",
    "CurrentPatientLocation",
    "PatientInstitutionResidence",
    "MilitaryRank",
    "ClinicalTrialSubjectID",
    "ClinicalTrialSubjectReadingID",
    "ClinicalTrialSiteName",
    "ReferringPhysicianAddress",
    "ReferringPhysicianTelephoneNumbers",
    "RegionOfResidence",
    "SpecimenIdentifier",
    "ContainerIdentifier",
    "SpecimenUID",
    "OrderCallbackPhoneNumber",
    "ResponsibleOrganization",
]
PLACES = frozenset(tag for keyword in _PERSON if (tag := tag_of(keyword)) is not None)
"""Attributes whose values name a person, a case or a place; with them, every PN."""

_SHORTEST_NAME, _SHORTEST_IDENTIFIER = 3, 4
_SHORTEST_IN_BYTES = 6  # of pixels: shorter ones come by chance
_UID = re.compile(rb"(?!1\.2\.840\.10008\.)(?<![0-9.])(?=[0-9.]{24})[0-9]+(?:\.[0-9]+){4,}")
"""A UID of somebody's object within a text: those of kinds and makers are shorter."""

_SPLIT = re.compile(r"[^\w]+|_", re.UNICODE)
_UNSAID = frozenset(
    {"anonymous", "anonymized", "anonymised", "removed", "unknown", "none", "null"}
)


@dataclass(slots=True)
class Known:
    """Words of names, and identifiers, in lower case; and whether UIDs tell something."""

    uids: bool = True
    names: set[str] = field(default_factory=set)
    identifiers: set[str] = field(default_factory=set)

    def in_text(self, text: str) -> bool:
        """Whether `text` has a word of a name, or an identifier, in it."""
        lower = text.lower()
        if self.uids and _UID.search(text.encode("latin-1", "replace")):
            return True
        if any(one in lower for one in self.identifiers):
            return True
        return bool(self.names) and any(word in self.names for word in _SPLIT.split(lower))

    def in_bytes(self, raw: bytes) -> bool:
        """Whether binary values carry a name or an identifier, in UTF-8, Latin-1 or UTF-16."""
        wanted = [one for one in self.names | self.identifiers if len(one) >= _SHORTEST_IN_BYTES]
        if not wanted:
            return False
        lower = raw.lower()
        return any(form in lower for one in wanted for form in _encoded(one))


def _encoded(text: str) -> Iterator[bytes]:
    yield text.encode("utf-8")
    yield text.encode("utf-16-le")
    if not text.isascii() and LATIN_1.can_encode(text):
        yield text.encode("latin-1").lower()


def known_of(dataset: DataSet, options: frozenset[Option]) -> Known:
    """Gather what `dataset`, its sequences too, says in the places of identity.

    What `options` retain is no secret. Words that identify nobody (`words.vocabulary`) are left
    out: a head named HEAD tells nothing, and a phantom may be called so.
    """
    known = Known(uids=Option.RETAIN_UIDS not in options)
    for tag, vr, text in _texts(dataset):
        if vr != "PN" and tag not in PLACES:
            continue
        row = row_of(tag)
        if row is not None and row.action(options) is Action.KEEP:
            continue
        for value in text.split("\\"):
            _learn(known, value.strip().lower(), is_name=vr == "PN")
    return known


def _learn(known: Known, value: str, *, is_name: bool) -> None:
    terms = vocabulary() | _UNSAID
    words = [word for word in _SPLIT.split(value) if len(word) >= _SHORTEST_NAME]
    telling = [word for word in words if word not in terms and not word.isdigit()]
    if is_name:
        known.names.update(telling)
    if len(value) >= _SHORTEST_IDENTIFIER and (telling or sum(map(str.isdigit, value)) > 3):  # noqa: PLR2004 (shorter numbers are everywhere)
        known.identifiers.add(value)


def _texts(dataset: DataSet) -> Iterator[tuple[int, str, str]]:
    for tag, element in dataset.elements.items():
        if isinstance(element.value, bytes):
            vr = vr_of(tag) if element.vr == "UN" else element.vr
            yield tag, vr, dataset.text(tag)
        else:
            for item in element.value:
                yield from _texts(item)
