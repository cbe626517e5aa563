"""Imaging report as CDA R2 (PS3.20; French volet IMG-CR-IMG 2024.01), body structured.

Template identifiers, codes and their places are those of the French volet; what this node does
not know (a national identity, a coded act, the treating physician) is left out or said as
unknown by `nullFlavor`, never invented. Not validated by the schematrons of the ANS.
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from xml.etree.ElementTree import Element

from archipel.standards.cda.xml import (
    code,
    element,
    identifier,
    paragraphs,
    time,
    written,
)

LOINC, DCM = "2.16.840.1.113883.6.1", "1.2.840.10008.2.16.4"
CONFIDENTIALITY, GENDER = "2.16.840.1.113883.5.25", "2.16.840.1.113883.5.1"
PROFESSIONALS, STRUCTURES = "1.2.250.1.71.4.2.1", "1.2.250.1.71.4.2.2"
DOCUMENT_TEMPLATES = (
    ("2.16.840.1.113883.2.8.2.1", None),
    ("1.2.250.1.213.1.1.1.1", None),
    ("1.2.840.10008.9.1", None),
    ("1.2.840.10008.9.20", None),
    ("1.2.840.10008.9.21", None),
    ("1.2.250.1.213.1.1.1.45", "2024.01"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A professional and the organisation they act for."""

    identifier: str
    name: str
    rpps: str | None
    organisation: str
    finess: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """Whose report it is. `root` is the OID under which `identifier` was given."""

    root: str
    identifier: str
    family: str
    given: str
    sex: str
    born: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What was read."""

    uid: str
    accession: str
    accession_root: str
    description: str
    modalities: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section: LOINC code with its name, template identifiers, heading, text."""

    code: str
    name: str
    templates: Sequence[str]
    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagingReport:
    """All that the document says. OIDs name it; `replaces` are the versions before it."""

    oid: str
    set_oid: str
    version: int
    replaces: Sequence[str]
    appends: bool
    language: str
    title: str
    at: datetime
    patient: Patient
    author: Party
    custodian: str
    custodian_finess: str | None
    custodian_oid: str
    authenticated: bool
    study: Study
    sections: Sequence[Section]
    pdf: bytes


def write(report: ImagingReport) -> bytes:
    """Write the clinical document."""
    root = element(
        "ClinicalDocument",
        *_header(report),
        *_people(report),
        *_context(report),
        element("component", _body(report)),
        xmlns="urn:hl7-org:v3",
    )
    root.set("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")
    root.set("xmlns:ps3-20", "urn:dicom-org:ps3-20")
    return written(root)


def _header(report: ImagingReport) -> list[Element]:
    return [
        element("realmCode", code="FR"),
        element("typeId", root="2.16.840.1.113883.1.3", extension="POCD_HD000040"),
        *(_template(oid, extension) for oid, extension in DOCUMENT_TEMPLATES),
        identifier(report.oid),
        code("18748-4", LOINC, "CR d'imagerie médicale"),
        element("title", report.title),
        time(report.at),
        code("N", CONFIDENTIALITY, "Normal", tag="confidentialityCode"),
        element("languageCode", code=report.language),
        identifier_set(report.set_oid),
        element("versionNumber", value=str(report.version)),
    ]


def identifier_set(oid: str) -> Element:
    """Name what all versions share."""
    return element("setId", root=oid)


def _people(report: ImagingReport) -> list[Element]:
    patient = report.patient
    said = {"value": f"{patient.born:%Y%m%d}"} if patient.born else {"nullFlavor": "UNK"}
    birth = element("birthTime", **said)
    gender = (
        code(patient.sex, GENDER, tag="administrativeGenderCode")
        if patient.sex in {"F", "M"}
        else element("administrativeGenderCode", nullFlavor="UNK")
    )
    given = [element("given", one) for one in patient.given.split()]
    target = element(
        "recordTarget",
        element(
            "patientRole",
            identifier(patient.root, patient.identifier),
            element("addr", nullFlavor="UNK"),
            element("telecom", nullFlavor="UNK"),
            element(
                "patient",
                element("name", element("family", patient.family, qualifier="BR"), *given),
                gender,
                birth,
            ),
        ),
    )
    author = element("author", time(report.at, "time"), _assigned(report.author, "assignedAuthor"))
    custodian = element(
        "custodian",
        element(
            "assignedCustodian",
            element(
                "representedCustodianOrganization",
                _structure(report.custodian_finess, report.custodian_oid),
                element("name", report.custodian),
            ),
        ),
    )
    people = [target, author, custodian]
    if report.authenticated:
        people.append(
            element(
                "legalAuthenticator",
                time(report.at, "time"),
                element("signatureCode", code="S"),
                _assigned(report.author, "assignedEntity"),
            )
        )
    return people


def _assigned(party: Party, tag: str) -> Element:
    person = (
        identifier(PROFESSIONALS, f"8{party.rpps}") if party.rpps else identifier(party.identifier)
    )
    name = element("name", element("family", party.name))
    kind = "representedOrganization"
    return element(
        tag,
        person,
        element("addr", nullFlavor="UNK"),
        element("telecom", nullFlavor="UNK"),
        element("assignedPerson", name),
        element(
            kind,
            identifier(STRUCTURES, f"1{party.finess}") if party.finess else None,
            element("name", party.organisation),
        ),
    )


def _structure(finess: str | None, oid: str) -> Element:
    return identifier(STRUCTURES, f"1{finess}") if finess else identifier(oid)


def _context(report: ImagingReport) -> list[Element]:
    study = report.study
    made = []
    if study.accession:
        order = element(
            "order",
            identifier(study.accession_root, study.accession),
            element(
                "ps3-20:accessionNumber", root=study.accession_root, extension=study.accession
            ),
        )
        made.append(element("inFulfillmentOf", order))
    qualifier = element("qualifier", code("121139", DCM, "Modality", tag="name"))
    translations = [code(one, DCM, one, qualifier, tag="translation") for one in study.modalities]
    event = element(
        "serviceEvent",
        identifier(study.uid),
        code("18748-4", LOINC, study.description, *translations),
        element("effectiveTime", element("low", nullFlavor="UNK")),
        element("performer", _assigned(report.author, "assignedEntity"), typeCode="PRF"),
        classCode="ACT",
        moodCode="EVN",
    )
    made.append(element("documentationOf", event))
    kind = "APND" if report.appends else "RPLC"
    for former in report.replaces:
        parent = element("parentDocument", identifier(former))
        made.append(element("relatedDocument", parent, typeCode=kind))
    return made


def _body(report: ImagingReport) -> Element:
    sections = [_section(one) for one in report.sections]
    copy = element(
        "section",
        _template("1.2.250.1.213.1.1.2.37"),
        identifier(f"{report.oid}.1"),
        code("55107-7", LOINC, "Documents liés"),
        element("title", "PDF"),
        element("text", element("paragraph", report.title)),
        element("entry", _pdf(report.pdf)),
    )
    components = (element("component", one) for one in (*sections, copy))
    return element("structuredBody", *components)


def _section(section: Section) -> Element:
    return element(
        "section",
        *(_template(one) for one in section.templates),
        code(section.code, LOINC, section.name),
        element("title", section.title),
        element("text", *paragraphs(section.text)),
    )


def _pdf(content: bytes) -> Element:
    value = element(
        "value", b64encode(content).decode(), representation="B64", mediaType="application/pdf"
    )
    return element("observationMedia", value, classCode="OBS", moodCode="EVN")


def _template(oid: str, extension: str | None = None) -> Element:
    if extension is None:
        return element("templateId", root=oid)
    return element("templateId", root=oid, extension=extension)
