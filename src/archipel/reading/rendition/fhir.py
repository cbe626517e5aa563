"""The report as a FHIR R4 document: Composition, DiagnosticReport and what they refer to.

Shape: EU imaging report level 2 and IHE IMR (Composition with a narrative for each section,
DiagnosticReport with the PDF as `presentedForm`). Ids derive from the version: the same version
gives the same bytes.
"""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from archipel.reading.document import KeptDocument, uid_of
from archipel.reading.model import LOINC, ReportState, SectionCode
from archipel.reading.rendition.people import day, name_parts
from archipel.reading.rendition.words import words_of
from archipel.standards.fhir import resources as fhir

STATUS = {
    ReportState.PRELIMINARY: ("preliminary", "preliminary"),
    ReportState.FINAL: ("final", "final"),
    ReportState.ADDENDUM: ("appended", "amended"),
    ReportState.CORRECTED: ("corrected", "amended"),
}
"""DiagnosticReport.status and Composition.status of each state."""

MEDICAL_IMAGING = {
    "system": "http://hl7.eu/fhir/health-data-api/CodeSystem/eehrxf-document-priority-category-cs",
    "code": "Medical-Imaging",
}


@dataclass(frozen=True, slots=True)
class _Names:
    """The entries' ids, made from the version."""

    digest: str

    def of(self, use: str) -> UUID:
        return UUID(int=int(uid_of(self.digest, f"fhir {use}").value.removeprefix("2.25.")))

    def ref(self, use: str) -> dict[str, str]:
        return {"reference": fhir.urn(self.of(use))}


def document_bundle(kept: KeptDocument, pdf: bytes) -> bytes:
    """Write the report as a FHIR document Bundle, JSON, with `pdf` inside."""
    document, names = kept.document, _Names(kept.version.digest)
    subject, examination, signer = document.subject, document.examination, document.signer
    family, given = name_parts(subject.name)
    patient = fhir.patient(
        identifier=subject.identifier.value,
        issuer=subject.identifier.issuer.namespace,
        family=family,
        given=given.split(),
        sex=subject.sex,
        born=day(subject.birth_date),
    )
    study = fhir.imaging_study(
        study_uid=document.exam.study.value,
        patient_ref=fhir.urn(names.of("patient")),
        modalities=examination.modalities,
        description=examination.description,
    )
    custodian = fhir.organization(
        name=examination.custodian_name, finess=examination.custodian_finess
    )
    entries: list[tuple[str, fhir.Resource]] = [
        ("composition", _composition(kept, names)),
        ("report", _diagnostic_report(kept, names, pdf)),
        ("patient", patient),
        ("practitioner", fhir.practitioner(name=signer.name, rpps=signer.rpps)),
        ("signer", fhir.organization(name=signer.organisation_name, finess=signer.finess)),
        ("custodian", custodian),
        ("study", study),
    ]
    if examination.accession is not None:
        request = fhir.service_request(
            accession=examination.accession.value,
            issuer=examination.accession.issuer.namespace,
            patient_ref=fhir.urn(names.of("patient")),
        )
        entries.append(("request", request))
    bundle = fhir.document_bundle(
        identifier=fhir.urn(names.of("bundle")),
        at=document.signed_at,
        entries=[(names.of(use), resource) for use, resource in entries],
    )
    return json.dumps(bundle, ensure_ascii=False, separators=(",", ":")).encode()


def _composition(kept: KeptDocument, names: _Names) -> fhir.Resource:
    document, words = kept.document, words_of(kept.document.language)
    made: fhir.Resource = {
        "resourceType": "Composition",
        "status": STATUS[document.state][1],
        "identifier": _identifier(names),
        "type": fhir.concept(*fhir.IMAGING_REPORT),
        "category": [
            {"coding": [{"system": fhir.LOINC, "code": fhir.RADIOLOGY}, MEDICAL_IMAGING]}
        ],
        "subject": names.ref("patient"),
        "date": fhir.instant(document.signed_at),
        "author": [names.ref("practitioner")],
        "title": document.examination.description or words.report,
        "language": document.language,
        "confidentiality": "N",
        "custodian": names.ref("custodian"),
        "section": _sections(kept, names),
    }
    if document.state is not ReportState.PRELIMINARY:
        made["attester"] = [
            {
                "mode": "legal",
                "time": fhir.instant(document.signed_at),
                "party": names.ref("practitioner"),
            }
        ]
    if document.parents:
        code = "appends" if document.state is ReportState.ADDENDUM else "replaces"
        made["relatesTo"] = [
            {
                "code": code,
                "targetIdentifier": _identifier(_Names(parent)),
            }
            for parent in document.parents
        ]
    return made


def _sections(kept: KeptDocument, names: _Names) -> list[fhir.Resource]:
    document, words = kept.document, words_of(kept.document.language)
    made = [
        {
            "title": words.sections[section.code],
            "code": fhir.concept(*LOINC[section.code]),
            "text": fhir.narrative([section.words.strip()]),
        }
        for section in document.sections
    ]
    made += [
        {
            "title": words.addendum,
            "code": fhir.concept(*LOINC[SectionCode.ADDENDUM]),
            "text": fhir.narrative(
                [one.words.strip(), f"{one.signer.name}, {fhir.instant(one.signed_at)}"]
            ),
        }
        for one in document.addenda
    ]
    if document.plain_words:
        made.append(
            {
                "title": words.plain,
                "code": fhir.concept("34895-3", "Education note"),
                "text": fhir.narrative([document.plain_words]),
            }
        )
    study: Any = {
        "title": words.report,
        "code": fhir.concept("18726-0", "Radiology studies (set)"),
        "text": fhir.narrative([document.examination.description or words.report]),
        "entry": [names.ref("study"), names.ref("report")],
    }
    return [study, *made]


def _diagnostic_report(kept: KeptDocument, names: _Names, pdf: bytes) -> fhir.Resource:
    document, words = kept.document, words_of(kept.document.language)
    made: fhir.Resource = {
        "resourceType": "DiagnosticReport",
        "identifier": [_identifier(names)],
        "status": STATUS[document.state][0],
        "category": [fhir.concept(fhir.RADIOLOGY, "Medical imaging")],
        "code": fhir.concept(*fhir.IMAGING_REPORT),
        "subject": names.ref("patient"),
        "issued": fhir.instant(document.signed_at),
        "performer": [names.ref("signer")],
        "resultsInterpreter": [names.ref("practitioner")],
        "imagingStudy": [names.ref("study")],
        "presentedForm": [
            fhir.attachment(pdf, "application/pdf", words.report, document.language)
        ],
    }
    if document.examination.accession is not None:
        made["basedOn"] = [names.ref("request")]
    conclusion = document.words(SectionCode.CONCLUSION).strip()
    if conclusion:
        made["conclusion"] = conclusion
    return made


def _identifier(names: _Names) -> dict[str, str]:
    return {"system": "urn:ietf:rfc:3986", "value": fhir.urn(names.of("document"))}
