"""Exams for tests: drawn plausibly, and written into the index by the index writer's own hand.

Every name is invented and says so (TEST-).
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import delete, insert, select

from archipel.archive.model import (
    JournalPlace,
    Quarantined,
    QuarantineReason,
    Receipt,
    Series,
    SeriesKey,
    Study,
    StudyKey,
)
from archipel.archive.ports import Changes
from archipel.kernel.identifiers import Issuer, PatientIdentifier, TenantId
from archipel.kernel.uid import Uid
from archipel.reading.model import Exam, ExamId, SeriesSummary, Urgency
from archipel.stores.sql.archive.writer import SqlIndex
from archipel.stores.sql.schema.archive import study, study_organisation
from archipel.stores.sql.schema.reading import (
    exam_urgency,
    report,
    report_choice,
    report_document,
    report_preview,
    report_standing,
    report_version,
)
from archipel.stores.sql.session import Database


def drawing(owner: TenantId, *, now: datetime) -> Callable[..., Exam]:
    """Return a function that draws exams with what is said, the rest being plausible."""
    numbers = count(1)

    def exam(**said: Any) -> Exam:
        number = next(numbers)
        arrived = said.get("arrived_at", now - timedelta(hours=2) + timedelta(minutes=number))
        return Exam(
            id=ExamId(said.get("tenant", owner), Uid(said.get("study", f"1.2.3.{number}"))),
            person=said.get("person"),
            patient=PatientIdentifier(
                said.get("patient_id", f"P{number}"), Issuer(said.get("issuer", owner.value))
            ),
            patient_name=said.get("name", "TEST-BALISIER^Eléonore"),
            sex="F",
            birth_date=said.get("birth_date", "19580414"),
            accession=None,
            modalities=said.get("modalities", ("CT",)),
            description="Scanner thoracique",
            body_part=said.get("body_part", "CHEST"),
            referring_physician="TEST-POMMIER^Guy",
            studied=said.get("studied", datetime(2026, 11, 24, 9, 30)),  # noqa: DTZ001  (local)
            arrived_at=arrived,
            last_received_at=arrived + timedelta(minutes=1),
            completed_at=said.get("completed_at", arrived + timedelta(minutes=2)),
            series=1,
            instances=3,
            urgency=said.get("urgency", Urgency.ROUTINE),
            claim=None,
            report=None,
        )

    return exam


def hold(
    database: Database,
    exam: Exam,
    shared_with: Sequence[TenantId] = (),
    summaries: Sequence[SeriesSummary] = (),
) -> None:
    """Write an exam into the index by the index writer's own hand."""
    own = SeriesSummary(
        series=Uid(f"{exam.id.study}.1"),
        number=1,
        modality=exam.modalities[0],
        description="",
        body_part=exam.body_part,
        instances=exam.instances,
    )
    changes = Changes(
        studies=[_study(exam)], series=[_series(exam, one) for one in summaries or [own]]
    )
    with SqlIndex(database).transaction() as index:
        index.write(changes)
    this = (study.c.tenant == exam.id.tenant.value) & (
        study.c.study_instance_uid == exam.id.study.value
    )
    with database.write() as connection:
        wanted = select(study.c.id, study.c.moment, study.c.modalities)
        row = connection.execute(wanted.where(this)).one()
        for tenant in shared_with:
            shared = {"tenant": tenant.value, "role": "shared"}
            listing = {"moment": row.moment, "modalities": row.modalities}
            connection.execute(
                insert(study_organisation), {"study_id": row.id, **listing, **shared}
            )
        if exam.urgency is not Urgency.ROUTINE:
            named = {"tenant": exam.id.tenant.value, "study_instance_uid": exam.id.study.value}
            set_at = {"set_by": "", "set_at": exam.arrived_at}
            connection.execute(
                insert(exam_urgency), {**named, **set_at, "urgency": int(exam.urgency)}
            )


def forget_reports(database: Database, exam: ExamId) -> None:
    """Take every draft and signed version of an exam away, so that a test begins anew."""
    tables = (
        report,
        report_version,
        report_preview,
        report_document,
        report_choice,
        report_standing,
    )
    with database.write() as connection:
        for table in tables:
            of_exam = (table.c.tenant == exam.tenant.value) & (
                table.c.study_instance_uid == exam.study.value
            )
            connection.execute(delete(table).where(of_exam))


def set_aside(database: Database, tenant: TenantId, place: JournalPlace, *, at: datetime) -> None:
    """Put a record into quarantine by the index writer's own hand: other bytes under one UID."""
    receipt = Receipt(
        tenant=tenant,
        patient_issuer=tenant.value,
        source="CT1",
        peer="127.0.0.1",
        door="dimse",
        association="a1",
        sop_class=Uid("1.2.840.10008.5.1.4.1.1.2"),
        sop_instance=Uid("1.2.3.4"),
        transfer_syntax=Uid("1.2.840.10008.1.2.1"),
        digest=bytes(32),
        received_at=at,
        header={},
    )
    quarantined = Quarantined(
        reason=QuarantineReason.OTHER_BYTES,
        receipt=receipt,
        study=Uid("1.2.3"),
        size_bytes=512,
        place=place,
        detail="other bytes are held",
    )
    with SqlIndex(database).transaction() as index:
        index.write(Changes(quarantined=[quarantined]))


def _study(exam: Exam) -> Study:
    attributes = {
        0x00100010: exam.patient_name,
        0x00100020: exam.patient.value,
        0x00100030: exam.birth_date,
        0x00100040: exam.sex,
        0x00081030: exam.description,
        0x00080090: exam.referring_physician,
        0x0020000D: exam.id.study.value,
    }
    if exam.studied:
        attributes[0x00080020] = exam.studied.strftime("%Y%m%d")
        attributes[0x00080030] = exam.studied.strftime("%H%M%S.%f")
    return Study(
        key=StudyKey(exam.id.tenant, exam.id.study),
        patient=exam.patient,
        person=exam.person,
        accession=exam.accession,
        attributes=attributes,
        modalities=frozenset(exam.modalities),
        series=exam.series,
        instances=exam.instances,
        announced=exam.instances,
        announced_at=exam.last_received_at,
        received_first=exam.arrived_at,
        received_last=exam.last_received_at,
        completed_at=exam.completed_at,
    )


def _series(exam: Exam, summary: SeriesSummary) -> Series:
    return Series(
        key=SeriesKey(exam.id.tenant, exam.id.study, summary.series),
        attributes={
            0x00080060: summary.modality,
            0x0008103E: summary.description,
            0x00180015: summary.body_part,
            0x00200011: str(summary.number),
        },
        sop_classes=frozenset(),
        instances=summary.instances,
        generation=1,
        sealed=False,
        received_first=exam.arrived_at,
        received_last=exam.last_received_at,
    )
