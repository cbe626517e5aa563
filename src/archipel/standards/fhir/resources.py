"""The FHIR R4 resources of an imaging report, each made from plain values.

Identifiers follow FR Core (fr-core-patient, RPPS and FINESS systems) and the conventions of the
imaging profiles: Study Instance UID under `urn:dicom:uid`, accession typed ACSN.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from hashlib import sha1
from html import escape
from typing import Any
from uuid import UUID

Resource = dict[str, Any]
LOINC, DICOM = "http://loinc.org", "http://dicom.nema.org/resources/ontology/DCM"
V2_0203 = "http://terminology.hl7.org/CodeSystem/v2-0203"
RPPS = "https://rpps.esante.gouv.fr"
FINESS = "https://finess.esante.gouv.fr"
IMAGING_REPORT = ("18748-4", "Diagnostic imaging study")
RADIOLOGY = "85430-7"


def urn(uuid: UUID) -> str:
    """Name an entry of a bundle (RFC 4122)."""
    return f"urn:uuid:{uuid}"


def instant(at: datetime) -> str:
    """Write an instant, UTC to the millisecond (R4 section 2.24.0.1)."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def concept(code: str, display: str, system: str = LOINC) -> Resource:
    """Make a CodeableConcept."""
    return {"coding": [{"system": system, "code": code, "display": display}]}


def patient(
    *, identifier: str, issuer: str, family: str, given: Sequence[str], sex: str, born: date | None
) -> Resource:
    """Make a Patient with its local identifier. `sex` is (0010,0040)."""
    made: Resource = {
        "resourceType": "Patient",
        "identifier": [
            {
                "use": "usual",
                "type": {"coding": [{"system": V2_0203, "code": "PI"}]},
                "system": namespace(issuer),
                "value": identifier,
            }
        ],
        "gender": {"F": "female", "M": "male", "O": "other"}.get(sex, "unknown"),
    }
    name = {"use": "official", "family": family, "given": list(given)}
    made["name"] = [{key: value for key, value in name.items() if value}]
    if born is not None:
        made["birthDate"] = born.isoformat()
    return made


def practitioner(*, name: str, rpps: str | None) -> Resource:
    """Make a Practitioner; with an RPPS number where one is known."""
    made: Resource = {"resourceType": "Practitioner", "name": [{"text": name}]}
    if rpps:
        made["identifier"] = [{"system": RPPS, "value": rpps}]
    return made


def organization(*, name: str, finess: str | None) -> Resource:
    """Make an Organization; with a FINESS number where one is known."""
    made: Resource = {"resourceType": "Organization", "name": name}
    if finess:
        made["identifier"] = [{"system": FINESS, "value": finess}]
    return made


def imaging_study(
    *, study_uid: str, patient_ref: str, modalities: Sequence[str], description: str
) -> Resource:
    """Make an ImagingStudy that names a study. Its local start time has no zone: left out."""
    made: Resource = {
        "resourceType": "ImagingStudy",
        "status": "available",
        "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:{study_uid}"}],
        "subject": {"reference": patient_ref},
    }
    if modalities:
        made["modality"] = [{"system": DICOM, "code": one} for one in modalities]
    if description:
        made["description"] = description
    return made


def service_request(*, accession: str, issuer: str, patient_ref: str) -> Resource:
    """Make a ServiceRequest that carries an accession number."""
    return {
        "resourceType": "ServiceRequest",
        "status": "completed",
        "intent": "order",
        "identifier": [
            {
                "type": {"coding": [{"system": V2_0203, "code": "ACSN"}]},
                "system": namespace(issuer),
                "value": accession,
            }
        ],
        "subject": {"reference": patient_ref},
    }


def attachment(content: bytes, media_type: str, title: str, language: str) -> Resource:
    """Make an Attachment with its data; the hash is SHA-1, as R4 asks."""
    digest = sha1(content, usedforsecurity=False).digest()
    return {
        "contentType": media_type,
        "language": language,
        "data": b64encode(content).decode(),
        "size": len(content),
        "hash": b64encode(digest).decode(),
        "title": title,
    }


def narrative(paragraphs: Sequence[str]) -> Resource:
    """Make a Narrative of plain paragraphs (XHTML, R4 section 2.4)."""
    lines = (escape(one, quote=False).replace("\n", "<br/>") for one in paragraphs)
    inside = "".join(f"<p>{one}</p>" for one in lines) or "<p/>"
    return {
        "status": "generated",
        "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{inside}</div>',
    }


def document_bundle(
    *, identifier: str, at: datetime, entries: Sequence[tuple[UUID, Mapping[str, Any]]]
) -> Resource:
    """Make a Bundle of type document (R4 section 3.3); its first entry is the Composition."""
    return {
        "resourceType": "Bundle",
        "type": "document",
        "identifier": {"system": "urn:ietf:rfc:3986", "value": identifier},
        "timestamp": instant(at),
        "entry": [
            {"fullUrl": urn(uuid), "resource": dict(resource)} for uuid, resource in entries
        ],
    }


def namespace(issuer: str) -> str:
    """Write the issuer of an identifier as a URI: an OID, or a name of this network."""
    if issuer.replace(".", "").isdigit() and "." in issuer:
        return f"urn:oid:{issuer}"
    return f"urn:archipel:issuer:{issuer}"
