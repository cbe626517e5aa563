"""The archive's values as rows and back. Node-wide, all of it: it reads and writes no row."""

from hashlib import blake2b
from typing import Any

import msgspec
from sqlalchemy import Row

from archipel.archive.arrival import frames_of, number_of
from archipel.archive.drafts import MODALITY, image_attributes
from archipel.archive.model import (
    Arrival,
    Header,
    Quarantined,
    Series,
    SeriesKey,
    Study,
    StudyKey,
)
from archipel.archive.times import moment
from archipel.kernel.identifiers import AccessionNumber, Issuer, PatientIdentifier, TenantId
from archipel.kernel.uid import Uid
from archipel.reading.model import Urgency
from archipel.standards.dicom.matching import normalise_date, normalise_name, normalise_time

PATIENT_NAME = 0x00100010
SERIES_NUMBER = 0x00200011
PRIORITY = 0x00401003

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[int, str]).decode
Values = dict[str, Any]


def attributes_of(stored: bytes) -> dict[int, str]:
    """Read an attributes column. Node-wide: a value, not a row."""
    return _decode(stored)


def stored_attributes(attributes: Header) -> bytes:
    """Write an attributes column. Node-wide: a value, not a row."""
    return _encode(attributes)


def folded_name(study: Study) -> str:
    """Give the patient's name as it is searched. Node-wide: a value, not a row."""
    return normalise_name(study.attributes.get(PATIENT_NAME, ""))


def uid_hash(sop_instance_uid: str) -> int:
    """Hash a SOP Instance UID to 64 signed bits. Node-wide: a value, not a row."""
    digest = blake2b(sop_instance_uid.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


def study_values(study: Study, name_id: int) -> Values:
    """Give the columns of a study, its id apart. Node-wide: a value, not a row."""
    said = study.attributes
    accession = study.accession
    return {
        "tenant": study.key.tenant.value,
        "study_instance_uid": study.key.study.value,
        "person": study.person,
        "patient_id": study.patient.value,
        "patient_issuer": study.patient.issuer.namespace,
        "name_id": name_id,
        "patient_birth_date": normalise_date(said.get(0x00100030, "")),
        "patient_sex": said.get(0x00100040, ""),
        "study_time": normalise_time(said.get(0x00080030, "")),
        "accession_number": accession.value if accession else "",
        "accession_issuer": accession.issuer.namespace if accession else "",
        "study_id": said.get(0x00200010, ""),
        "description": said.get(0x00081030, ""),
        "referring_physician": normalise_name(said.get(0x00080090, "")),
        **study_listing(study),
        "said_urgency": int(Urgency.said(said.get(PRIORITY, ""))),
        "attributes": _encode(said),
        **study_counters(study),
    }


def study_counters(study: Study) -> Values:
    """Give the columns that change with every batch. Node-wide: a value, not a row."""
    return {
        "series_count": study.series,
        "instance_count": study.instances,
        "announced_count": study.announced,
        "announced_at": study.announced_at,
        "received_first_at": study.received_first,
        "received_last_at": study.received_last,
        "completed_at": study.completed_at,
    }


def study_listing(study: Study) -> Values:
    """Give what lists and counts go by, in each organisation's row too. Node-wide: a value."""
    return {"moment": study_moment(study), "modalities": _listed(study.modalities)}


def study_moment(study: Study) -> str:
    """Give the date and time a study is listed under. Node-wide: a value, not a row."""
    return moment(study.attributes.get(0x00080020, ""), study.attributes.get(0x00080030, ""))


def study_of(row: Row[Any]) -> Study:
    """Read a study. Node-wide: a value, not a query."""
    accession = (
        AccessionNumber(row.accession_number, Issuer(row.accession_issuer))
        if row.accession_number
        else None
    )
    return Study(
        key=StudyKey(TenantId(row.tenant), Uid(row.study_instance_uid)),
        patient=PatientIdentifier(row.patient_id, Issuer(row.patient_issuer)),
        person=row.person,
        accession=accession,
        attributes=_decode(row.attributes),
        modalities=frozenset(m for m in row.modalities.split("\\") if m),
        series=row.series_count,
        instances=row.instance_count,
        announced=row.announced_count,
        announced_at=row.announced_at,
        received_first=row.received_first_at,
        received_last=row.received_last_at,
        completed_at=row.completed_at,
    )


def series_values(series: Series) -> Values:
    """Give the columns of a series that ingest sets. Node-wide: a value, not a row."""
    return {
        "modality": series.attributes.get(MODALITY, ""),
        "number": number_of(series.attributes, SERIES_NUMBER),
        "sop_classes": "\\".join(sorted(uid.value for uid in series.sop_classes)),
        "instance_count": series.instances,
        "generation": series.generation,
        "sealed": series.sealed,
        "received_first_at": series.received_first,
        "received_last_at": series.received_last,
        "attributes": _encode(series.attributes),
    }


def series_of(row: Row[Any], key: SeriesKey) -> Series:
    """Read a series. Node-wide: a value, not a query."""
    return Series(
        key=key,
        attributes=_decode(row.attributes),
        sop_classes=frozenset(Uid(u) for u in row.sop_classes.split("\\") if u),
        instances=row.instance_count,
        generation=row.generation,
        sealed=row.sealed,
        received_first=row.received_first_at,
        received_last=row.received_last_at,
    )


def instance_values(arrival: Arrival, series_id: int) -> Values:
    """Give the columns of an open instance."""
    receipt = arrival.receipt
    return {
        "tenant": receipt.tenant.value,
        "sop_instance_uid": arrival.key.sop_instance.value,
        "series_id": series_id,
        "sop_class": receipt.sop_class.value,
        "transfer_syntax": receipt.transfer_syntax.value,
        "size_bytes": arrival.size_bytes,
        "digest": receipt.digest,
        "number": number_of(receipt.header),
        "frames": frames_of(receipt.header),
        "received_at": receipt.received_at,
        "source": receipt.source,
        "segment": arrival.place.segment,
        "offset": arrival.place.offset,
        "attributes": _encode(image_attributes(receipt.header)),
    }


def quarantine_values(quarantined: Quarantined) -> Values:
    """Give the columns of a record set aside. Node-wide: a value, not a row."""
    receipt = quarantined.receipt
    return {
        "segment": quarantined.place.segment,
        "offset": quarantined.place.offset,
        "tenant": receipt.tenant.value,
        "reason": quarantined.reason.value,
        "study_instance_uid": quarantined.study.value if quarantined.study else None,
        "sop_instance_uid": receipt.sop_instance.value,
        "sop_class": receipt.sop_class.value,
        "transfer_syntax": receipt.transfer_syntax.value,
        "size_bytes": quarantined.size_bytes,
        "digest": receipt.digest,
        "received_at": receipt.received_at,
        "source": receipt.source,
        "association": receipt.association,
        "detail": quarantined.detail,
    }


def _listed(values: frozenset[str]) -> str:
    return "\\" + "".join(f"{value}\\" for value in sorted(values)) if values else ""
