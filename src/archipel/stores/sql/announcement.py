"""The fact that a study of ours can be had: what others need to list it, order it and fetch it."""

from typing import Any

from sqlalchemy import Connection, select

from archipel.exchange.manifest import Layer, StudyManifest, digest_of
from archipel.exchange.model import Author, Draft
from archipel.kernel.errors import Unavailable
from archipel.stores.sql.archive.rows import attributes_of
from archipel.stores.sql.schema.archive import series, study

AVAILABLE = "study.available"
_STUDY = {
    "date": 0x00080020,
    "time": 0x00080030,
    "description": 0x00081030,
    "referring_physician": 0x00080090,
}
_PATIENT = {"name": 0x00100010, "birth_date": 0x00100030, "sex": 0x00100040}
_SERIES = {"modality": 0x00080060, "description": 0x0008103E, "body_part": 0x00180015}


def available(connection: Connection, manifest: StudyManifest) -> Draft:
    """Write the fact ``study.available``. Node-wide: the manifest names its tenant.

    Body: manifest, revision, size_bytes, low_bytes, study {...}, patient {id, issuer, ...},
    accession {number, issuer}, modalities, series [{uid, number, instances, size_bytes, roots,
    ...}].
    """
    key = manifest.key
    row = connection.execute(
        select(study).where(
            study.c.tenant == key.tenant.value, study.c.study_instance_uid == key.study.value
        )
    ).one_or_none()
    if row is None:
        raise Unavailable(f"study {key.study} is described but not there")
    said = attributes_of(row.attributes)
    body = {
        "manifest": digest_of(manifest.encoded()),
        "revision": manifest.revision,
        "size_bytes": manifest.size_bytes,
        "low_bytes": manifest.layer_bytes(Layer.METADATA) + manifest.layer_bytes(Layer.LOW),
        "study": {name: said[tag] for name, tag in _STUDY.items() if said.get(tag)},
        "patient": {
            "id": row.patient_id,
            "issuer": row.patient_issuer,
            **{name: said[tag] for name, tag in _PATIENT.items() if said.get(tag)},
        },
        "accession": {"number": row.accession_number, "issuer": row.accession_issuer},
        "modalities": [one for one in row.modalities.split("\\") if one],
        "instances": row.instance_count - row.hidden_instances_from_people,
        "series": _series(connection, row.id, manifest),
    }
    return Draft(
        kind=AVAILABLE,
        subject=f"study:{key.study}",
        tenant=key.tenant,
        body=body,
        author=Author(subject="system:archive", organisation=key.tenant.value),
        patient=f"patient:{row.patient_issuer}|{row.patient_id}",
    )


def _series(
    connection: Connection, study_id: int, manifest: StudyManifest
) -> list[dict[str, Any]]:
    rows = connection.execute(
        select(series)
        .where(series.c.study_id == study_id)
        .where(series.c.instance_count > series.c.hidden_instances_from_people)
        .order_by(series.c.number, series.c.series_instance_uid)
    )
    told = []
    for row in rows:
        packs = [p for p in manifest.packs if p.series.value == row.series_instance_uid]
        said = attributes_of(row.attributes)
        told.append(
            {
                "uid": row.series_instance_uid,
                "number": row.number,
                "instances": row.instance_count - row.hidden_instances_from_people,
                "size_bytes": sum(pack.size_bytes for pack in packs),
                "low_bytes": sum(pack.layer_bytes(Layer.LOW) for pack in packs),
                "roots": [pack.root for pack in packs],
                **{name: said[tag] for name, tag in _SERIES.items() if said.get(tag)},
            }
        )
    return told
