"""An index with very many studies, written straight into the tables: for timings of queries."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

from sqlalchemy import insert

from archipel.archive.model import Study, StudyKey
from archipel.kernel.identifiers import AccessionNumber, Issuer, PatientIdentifier, TenantId
from archipel.kernel.uid import Uid
from archipel.stores.sql.archive import rows
from archipel.stores.sql.archive.names import name_ids
from archipel.stores.sql.archive.statements import OWNER
from archipel.stores.sql.schema.archive import series, study, study_organisation
from archipel.stores.sql.session import Database

ORGANISATIONS = 12
_FIRST = datetime(2016, 1, 1, tzinfo=UTC)
_MODALITIES = ("CT", "CT", "MR", "DX", "DX", "DX", "US", "MG", "PT", "XA")
_SYLLABLES = ("ba", "cor", "del", "é", "fon", "gui", "jar", "lou", "mar", "nel", "ri", "tin", "vé")
_AT_ONCE = 5000


def tenant(number: int) -> TenantId:
    """Give organisation `number`, 0 first."""
    return TenantId(f"site-{number:02d}")


def fill(
    database: Database, studies: int, *, seed: int = 1, owner: TenantId | None = None
) -> None:
    """Write studies of 12 organisations, or of `owner`, over ten years, with two series each."""
    chance = random.Random(seed)  # noqa: S311  (sizes and names, nothing secret)
    made = _studies(chance, studies, owner)
    for start in range(0, studies, _AT_ONCE):
        some = list(islice(made, _AT_ONCE))
        with database.write() as connection:
            names = name_ids(connection, [rows.folded_name(one) for one in some])
            numbers = [start + n + 1 for n in range(len(some))]
            values = [
                rows.study_values(one, names[rows.folded_name(one)]) | {"id": number}
                for number, one in zip(numbers, some, strict=True)
            ]
            connection.execute(insert(study), values)
            connection.execute(
                insert(study_organisation),
                [
                    {
                        "study_id": one["id"],
                        "tenant": one["tenant"],
                        "role": OWNER,
                        "moment": one["moment"],
                        "modalities": one["modalities"],
                    }
                    for one in values
                ],
            )
            connection.execute(insert(series), [_series(one, n) for one in values for n in (1, 2)])


def _studies(chance: random.Random, count: int, only: TenantId | None) -> Iterator[Study]:
    families = ["".join(chance.choices(_SYLLABLES, k=chance.randint(2, 4))) for _ in range(7500)]
    for number in range(count):
        drawn = tenant(min(int(chance.expovariate(0.3)), ORGANISATIONS - 1))
        owner = only or drawn
        day = _FIRST + timedelta(minutes=chance.randrange(10 * 365 * 24 * 60))
        name = f"TEST-{chance.choice(families)}^{chance.choice(families)}".title()
        modality = chance.choice(_MODALITIES)
        patient = f"P{chance.randrange(count // 2)}"
        yield Study(
            key=StudyKey(owner, Uid(f"2.25.7{number}")),
            patient=PatientIdentifier(patient, Issuer(f"{owner}-ids")),
            person=f"{owner}~{patient}",
            accession=AccessionNumber(f"A{number:08d}", Issuer(f"{owner}-ids")),
            attributes={
                0x00080020: f"{day:%Y%m%d}",
                0x00080030: f"{day:%H%M%S}",
                0x00080050: f"A{number:08d}",
                0x00080090: f"TEST-{chance.choice(families)}^DR".title(),
                0x00081030: chance.choice(("Thorax", "Abdomen", "Crâne", "Genou")),
                0x00100010: name,
                0x00100020: patient,
                0x00100030: f"19{chance.randrange(30, 99)}0{chance.randrange(1, 9)}15",
                0x00100040: chance.choice("FM"),
                0x0020000D: f"2.25.7{number}",
                0x00200010: str(number),
            },
            modalities=frozenset({modality}),
            series=2,
            instances=200,
            announced=200,
            announced_at=day,
            received_first=day,
            received_last=day,
            completed_at=day,
        )


def _series(values: rows.Values, number: int) -> rows.Values:
    modality = values["modalities"].strip("\\")
    said = {0x00080060: modality, 0x00200011: str(number)}
    uid = f"{values['study_instance_uid']}.{number}"
    return {
        "study_id": values["id"],
        "tenant": values["tenant"],
        "series_instance_uid": uid,
        "modality": modality,
        "number": number,
        "sop_classes": "1.2.840.10008.5.1.4.1.1.2",
        "instance_count": 100,
        "generation": 1,
        "sealed": True,
        "received_first_at": values["received_first_at"],
        "received_last_at": values["received_last_at"],
        "attributes": rows.stored_attributes(said | {0x0020000E: uid}),
    }
