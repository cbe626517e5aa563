"""Objects that carry a report beside its images: Encapsulated PDF and Key Object Selection.

Encapsulated PDF: PS3.3 section A.45.1 with the modules of C.24. Key Object Selection: A.35.4 with
C.17.6 and template TID 2010 (PS3.16). Both are written from plain values; the same values give
the same bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from archipel.kernel.uid import Uid
from archipel.standards.dicom.charset import character_set
from archipel.standards.dicom.dataset import DataSet, Element
from archipel.standards.dicom.dictionary import tag_of
from archipel.standards.dicom.part10 import IMPLEMENTATION_VERSION_NAME

ENCAPSULATED_PDF = Uid("1.2.840.10008.5.1.4.1.1.104.1")
KEY_OBJECT_SELECTION = Uid("1.2.840.10008.5.1.4.1.1.88.59")
UTF_8 = "ISO_IR 192"
MANUFACTURER = "Archipel"
Code = tuple[str, str, str]  # value, scheme, meaning

IMAGING_REPORT: Code = ("18748-4", "LN", "Diagnostic imaging study")
OF_INTEREST: Code = ("113000", "DCM", "Of Interest")
FILING: Code = ("109103", "DCM", "Modifying Equipment")
DESCRIPTION: Code = ("113012", "DCM", "Key Object Description")
OBSERVER: Code = ("121008", "DCM", "Person Observer Name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Where an object stands: its patient, study and series. Texts as the images have them.

    `study` holds further attributes of patient and study by keyword (PS3.6).
    """

    study: Mapping[str, str]
    study_uid: Uid
    series_uid: Uid
    sop_instance: Uid
    series_number: int
    series_description: str
    institution: str
    at: datetime  # aware
    written_from: str = "Written from a signed report; not a medical device"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One frame that a key object names."""

    study: Uid
    series: Uid
    sop_class: Uid
    sop_instance: Uid
    frame: int | None = None  # None: the whole instance
    caption: str = ""


def encapsulated_pdf(placed: Placed, pdf: bytes, *, title: str, verified: bool) -> DataSet:
    """Make the data set of a PDF (PS3.3 section C.24.2)."""
    made = _begun(placed, ENCAPSULATED_PDF, "DOC")
    _texts(
        made,
        {
            "ConversionType": "WSD",
            "InstanceNumber": "1",
            "AcquisitionDateTime": "",
            "BurnedInAnnotation": "YES",  # the text names the patient
            "DocumentTitle": title,
            "VerificationFlag": "VERIFIED" if verified else "UNVERIFIED",
            "MIMETypeOfEncapsulatedDocument": "application/pdf",
        },
    )
    made.set_items(_tag("ConceptNameCodeSequence"), [_code(IMAGING_REPORT)])
    made.set_text(_tag("EncapsulatedDocumentLength"), str(len(pdf)))
    padded = pdf + b"\0" if len(pdf) % 2 else pdf
    made.elements[_tag("EncapsulatedDocument")] = Element("OB", padded)
    return made


def key_object(
    placed: Placed,
    references: Sequence[Reference],
    *,
    text: str,
    title: Code = OF_INTEREST,
    observer: str = "",
) -> DataSet:
    """Make the data set of a Key Object Selection that names `references` (TID 2010)."""
    made = _begun(placed, KEY_OBJECT_SELECTION, "KO")
    _texts(made, {"InstanceNumber": "1", "ValueType": "CONTAINER"})
    made.set_text(_tag("ContinuityOfContent"), "SEPARATE")
    made.set_items(_tag("ReferencedPerformedProcedureStepSequence"), [])
    made.set_items(_tag("ConceptNameCodeSequence"), [_code(title)])
    template = _item()
    _texts(template, {"MappingResource": "DCMR", "TemplateIdentifier": "2010"})
    made.set_items(_tag("ContentTemplateSequence"), [template])
    made.set_items(_tag("CurrentRequestedProcedureEvidenceSequence"), _evidence(references))
    content = [_observed(observer)] if observer else []
    content += [_described(text)] if text else []
    made.set_items(_tag("ContentSequence"), [*content, *map(_image, references)])
    return made


def _begun(placed: Placed, sop_class: Uid, modality: str) -> DataSet:
    """Begin with what both kinds have: patient, study, series, equipment, SOP common."""
    made = DataSet()
    made.set_text(_tag("SpecificCharacterSet"), UTF_8)
    # Local time of the site is not known to the node: UTC, which the contribution below says.
    at = placed.at.astimezone(UTC)
    _texts(made, placed.study)
    _texts(
        made,
        {
            "SOPClassUID": sop_class.value,
            "SOPInstanceUID": placed.sop_instance.value,
            "StudyInstanceUID": placed.study_uid.value,
            "SeriesInstanceUID": placed.series_uid.value,
            "Modality": modality,
            "SeriesNumber": str(placed.series_number),
            "SeriesDescription": placed.series_description[:64],
            "Manufacturer": MANUFACTURER,
            "ManufacturerModelName": "Archipel",
            "SoftwareVersions": IMPLEMENTATION_VERSION_NAME,
            "InstitutionName": placed.institution[:64],
            "ContentDate": f"{at:%Y%m%d}",
            "ContentTime": f"{at:%H%M%S.%f}",
        },
    )
    contribution = _item()
    _texts(
        contribution,
        {
            "Manufacturer": MANUFACTURER,
            "ContributionDateTime": f"{at:%Y%m%d%H%M%S.%f}+0000",
            "ContributionDescription": placed.written_from,
        },
    )
    contribution.set_items(_tag("PurposeOfReferenceCodeSequence"), [_code(FILING)])
    made.set_items(_tag("ContributingEquipmentSequence"), [contribution])
    return made


def _evidence(references: Sequence[Reference]) -> list[DataSet]:
    """List what is named by study and series, each instance once (PS3.3 table C.17-2)."""
    ordered = sorted(references, key=lambda one: (one.study, one.series, one.sop_instance))
    studies = []
    for study, within in groupby(ordered, key=lambda one: one.study):
        of_study = _item()
        of_study.set_text(_tag("StudyInstanceUID"), study.value)
        series = []
        for uid, images in groupby(within, key=lambda one: one.series):
            of_series = _item()
            of_series.set_text(_tag("SeriesInstanceUID"), uid.value)
            once = {one.sop_instance: one for one in images}
            of_series.set_items(
                _tag("ReferencedSOPSequence"), [_referenced(one) for one in once.values()]
            )
            series.append(of_series)
        of_study.set_items(_tag("ReferencedSeriesSequence"), series)
        studies.append(of_study)
    return studies


def _referenced(reference: Reference, *, frame: int | None = None) -> DataSet:
    made = _item()
    made.set_text(_tag("ReferencedSOPClassUID"), reference.sop_class.value)
    made.set_text(_tag("ReferencedSOPInstanceUID"), reference.sop_instance.value)
    if frame is not None:
        made.set_text(_tag("ReferencedFrameNumber"), str(frame))
    return made


def _image(reference: Reference) -> DataSet:
    made = _item()
    _texts(made, {"RelationshipType": "CONTAINS", "ValueType": "IMAGE"})
    named = _referenced(reference, frame=reference.frame)
    made.set_items(_tag("ReferencedSOPSequence"), [named])
    return made


def _described(text: str) -> DataSet:
    made = _item()
    _texts(made, {"RelationshipType": "CONTAINS", "ValueType": "TEXT", "TextValue": text})
    made.set_items(_tag("ConceptNameCodeSequence"), [_code(DESCRIPTION)])
    return made


def _observed(name: str) -> DataSet:
    made = _item()
    said = {"RelationshipType": "HAS OBS CONTEXT", "ValueType": "PNAME", "PersonName": name}
    _texts(made, said)
    made.set_items(_tag("ConceptNameCodeSequence"), [_code(OBSERVER)])
    return made


def _item() -> DataSet:
    """Begin an item: its texts are encoded as the data set around it says (PS3.5 6.1.2.3)."""
    return DataSet(outer=character_set(UTF_8))


def _code(code: Code) -> DataSet:
    made = _item()
    value, scheme, meaning = code
    _texts(made, {"CodeValue": value, "CodingSchemeDesignator": scheme, "CodeMeaning": meaning})
    return made


def _texts(made: DataSet, texts: Mapping[str, str]) -> None:
    for keyword, text in texts.items():
        made.set_text(_tag(keyword), text)


def _tag(keyword: str) -> int:
    tag = tag_of(keyword)
    if tag is None:
        raise LookupError(f"the dictionary has no {keyword}")
    return tag
