"""Fictional patients: plausible names of the islands with their accents, all marked as tests."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """One invented patient. `identifier` is local to the hospital that makes the exam."""

    identifier: str
    family: str
    given: str
    birth: date
    sex: str  # F, M or O, as (0010,0040)
    weight_kg: float = 72.0

    @property
    def dicom_name(self) -> str:
        """Return the name as value representation PN (PS3.5 section 6.2.1)."""
        return f"{self.family}^{self.given}"


HIBISCUS = Patient(
    identifier="MQ-000417",
    family="TEST-HIBISCUS",
    given="Josiane",
    birth=date(1960, 3, 12),
    sex="F",
    weight_kg=64,
)
BALISIER = Patient(
    identifier="MQ-000882",
    family="TEST-BALISIER",
    given="Raymond",
    birth=date(1959, 7, 2),
    sex="M",
    weight_kg=81,
)
FRANGIPANE = Patient(
    identifier="MQ-001204",
    family="TEST-FRANGIPANE",
    given="Zoé",
    birth=date(1952, 11, 23),
    sex="F",
    weight_kg=70,
)
VETIVER = Patient(
    identifier="MQ-001533",
    family="TEST-VÉTIVER",
    given="Solange",
    birth=date(1968, 1, 30),
    sex="F",
    weight_kg=68,
)
TAMARIN = Patient(
    identifier="GP-004410",
    family="TEST-TAMARIN",
    given="Auguste",
    birth=date(1946, 5, 17),
    sex="M",
    weight_kg=77,
)
GOMMIER = Patient(
    identifier="GP-004871",
    family="TEST-GOMMIER",
    given="Ti-Jo Éloïse",
    birth=date(2017, 9, 8),
    sex="F",
    weight_kg=27,
)
