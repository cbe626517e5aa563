"""Which attributes are indexed, and at which level (PS3.4 C.6.1 and C.6.2, PS3.18 10.6).

An attribute inside a sequence is named by its own tag and by the sequence it stands in; the index
takes the first nesting level only. `COMPUTED` lists what the archive answers without having
read it in any one instance.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from archipel.kernel.hierarchy import Level


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of the index. `within` is the tag of the sequence that holds it, or None."""

    tag: int
    vr: str
    keyword: str
    level: Level
    within: int | None = None


ISSUER_OF_ACCESSION_NUMBER_SEQUENCE = 0x00080051
REQUEST_ATTRIBUTES_SEQUENCE = 0x00400275

_PATIENT = [
    (0x00100010, "PN", "PatientName"),
    (0x00100020, "LO", "PatientID"),
    (0x00100021, "LO", "IssuerOfPatientID"),
    (0x00100030, "DA", "PatientBirthDate"),
    (0x00100040, "CS", "PatientSex"),
    (0x00101000, "LO", "OtherPatientIDs"),
    (0x00101001, "PN", "OtherPatientNames"),
]
_STUDY = [
    (0x00080020, "DA", "StudyDate"),
    (0x00080030, "TM", "StudyTime"),
    (0x00080050, "SH", "AccessionNumber"),
    (0x00080090, "PN", "ReferringPhysicianName"),
    (0x00080201, "SH", "TimezoneOffsetFromUTC"),
    (0x00081030, "LO", "StudyDescription"),
    (0x00081060, "PN", "NameOfPhysiciansReadingStudy"),
    (0x00101010, "AS", "PatientAge"),
    (0x00101020, "DS", "PatientSize"),
    (0x00101030, "DS", "PatientWeight"),
    (0x0020000D, "UI", "StudyInstanceUID"),
    (0x00200010, "SH", "StudyID"),
    (0x00321032, "PN", "RequestingPhysician"),
    (0x00321033, "LO", "RequestingService"),
    (0x00321060, "LO", "RequestedProcedureDescription"),
    (0x00401003, "SH", "RequestedProcedurePriority"),
]
_STUDY_ISSUER = [
    (0x00400031, "UT", "LocalNamespaceEntityID"),
    (0x00400032, "UT", "UniversalEntityID"),
    (0x00400033, "CS", "UniversalEntityIDType"),
]
_SERIES = [
    (0x00080021, "DA", "SeriesDate"),
    (0x00080031, "TM", "SeriesTime"),
    (0x00080060, "CS", "Modality"),
    (0x00080070, "LO", "Manufacturer"),
    (0x00080080, "LO", "InstitutionName"),
    (0x00081010, "SH", "StationName"),
    (0x0008103E, "LO", "SeriesDescription"),
    (0x00081040, "LO", "InstitutionalDepartmentName"),
    (0x00081050, "PN", "PerformingPhysicianName"),
    (0x00081070, "PN", "OperatorsName"),
    (0x00081090, "LO", "ManufacturerModelName"),
    (0x00180015, "CS", "BodyPartExamined"),
    (0x00181000, "LO", "DeviceSerialNumber"),
    (0x00181030, "LO", "ProtocolName"),
    (0x00185100, "CS", "PatientPosition"),
    (0x0020000E, "UI", "SeriesInstanceUID"),
    (0x00200011, "IS", "SeriesNumber"),
    (0x00200052, "UI", "FrameOfReferenceUID"),
    (0x00200060, "CS", "Laterality"),
    (0x00400244, "DA", "PerformedProcedureStepStartDate"),
    (0x00400245, "TM", "PerformedProcedureStepStartTime"),
    (0x00400253, "SH", "PerformedProcedureStepID"),
    (0x00400254, "LO", "PerformedProcedureStepDescription"),
]
_SERIES_REQUEST = [
    (0x00400009, "SH", "ScheduledProcedureStepID"),
    (0x00401001, "SH", "RequestedProcedureID"),
]
_IMAGE = [
    (0x00080005, "CS", "SpecificCharacterSet"),
    (0x00080008, "CS", "ImageType"),
    (0x00080016, "UI", "SOPClassUID"),
    (0x00080018, "UI", "SOPInstanceUID"),
    (0x00080022, "DA", "AcquisitionDate"),
    (0x00080023, "DA", "ContentDate"),
    (0x0008002A, "DT", "AcquisitionDateTime"),
    (0x00080032, "TM", "AcquisitionTime"),
    (0x00080033, "TM", "ContentTime"),
    (0x00200012, "IS", "AcquisitionNumber"),
    (0x00200013, "IS", "InstanceNumber"),
    (0x00200062, "CS", "ImageLaterality"),
    (0x00280002, "US", "SamplesPerPixel"),
    (0x00280004, "CS", "PhotometricInterpretation"),
    (0x00280008, "IS", "NumberOfFrames"),
    (0x00280010, "US", "Rows"),
    (0x00280011, "US", "Columns"),
    (0x00280100, "US", "BitsAllocated"),
    (0x00280101, "US", "BitsStored"),
    (0x00280103, "US", "PixelRepresentation"),
    (0x00280301, "CS", "BurnedInAnnotation"),
    (0x0040A491, "CS", "CompletionFlag"),
    (0x0040A493, "CS", "VerificationFlag"),
]


def _at(
    level: Level, rows: Iterable[tuple[int, str, str]], within: int | None = None
) -> list[Attribute]:
    return [Attribute(tag, vr, keyword, level, within) for tag, vr, keyword in rows]


INDEXED: dict[int, Attribute] = {
    attribute.tag: attribute
    for attribute in (
        *_at(Level.PATIENT, _PATIENT),
        *_at(Level.STUDY, _STUDY),
        *_at(Level.STUDY, _STUDY_ISSUER, ISSUER_OF_ACCESSION_NUMBER_SEQUENCE),
        *_at(Level.SERIES, _SERIES),
        *_at(Level.SERIES, _SERIES_REQUEST, REQUEST_ATTRIBUTES_SEQUENCE),
        *_at(Level.IMAGE, _IMAGE),
    )
}
"""What is read from every instance, by tag."""

ALSO_WITHIN: dict[int, int] = {0x00401003: REQUEST_ATTRIBUTES_SEQUENCE}
"""Attributes of the top level that devices also write into a sequence: by tag, the sequence. What
stands there is added as further values, behind the top level's own."""

COMPUTED: dict[int, Attribute] = {
    attribute.tag: attribute
    for attribute in (
        *_at(
            Level.PATIENT,
            [
                (0x00201200, "IS", "NumberOfPatientRelatedStudies"),
                (0x00201202, "IS", "NumberOfPatientRelatedSeries"),
                (0x00201204, "IS", "NumberOfPatientRelatedInstances"),
            ],
        ),
        *_at(
            Level.STUDY,
            [
                (0x00080061, "CS", "ModalitiesInStudy"),
                (0x00080062, "UI", "SOPClassesInStudy"),
                (0x00201206, "IS", "NumberOfStudyRelatedSeries"),
                (0x00201208, "IS", "NumberOfStudyRelatedInstances"),
            ],
        ),
        *_at(Level.SERIES, [(0x00201209, "IS", "NumberOfSeriesRelatedInstances")]),
        *_at(
            Level.IMAGE,
            [
                (0x00080052, "CS", "QueryRetrieveLevel"),
                (0x00080054, "AE", "RetrieveAETitle"),
                (0x00080056, "CS", "InstanceAvailability"),
                (0x00081190, "UR", "RetrieveURL"),
            ],
        ),
    )
}
"""What the archive itself says. Those given at image level may stand at any level."""

UNIQUE_KEY: dict[Level, int] = {
    Level.PATIENT: 0x00100020,
    Level.STUDY: 0x0020000D,
    Level.SERIES: 0x0020000E,
    Level.IMAGE: 0x00080018,
}

REQUIRED_ANSWER: dict[Level, tuple[int, ...]] = {
    Level.PATIENT: (0x00100010, 0x00100020, 0x00100021, 0x00100030, 0x00100040),
    Level.STUDY: (
        *(0x00080020, 0x00080030, 0x00080050, 0x00080056, 0x00080061, 0x00080090),
        *(0x00080201, 0x00081190, 0x00100010, 0x00100020, 0x00100021, 0x00100030),
        *(0x00100040, 0x0020000D, 0x00200010, 0x00201206, 0x00201208),
    ),
    Level.SERIES: (
        *(0x00080060, 0x00080201, 0x0008103E, 0x00081190, 0x0020000E, 0x00200011),
        *(0x00201209, 0x00400244, 0x00400245, REQUEST_ATTRIBUTES_SEQUENCE),
    ),
    Level.IMAGE: (
        *(0x00080016, 0x00080018, 0x00080056, 0x00080201, 0x00081190, 0x00200013),
        *(0x00280008, 0x00280010, 0x00280011, 0x00280100),
    ),
}
"""Attributes of the level in every DICOMweb answer, where known (PS3.18 tables 10.6.3-3 to -5)."""
