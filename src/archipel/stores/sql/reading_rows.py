"""Rows of the index read as exams: attributes decoded, priors and body parts gathered."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from msgspec import msgpack
from sqlalchemy import ColumnElement, Connection, Select, Table, and_, func, or_, select, tuple_

from archipel.archive.settle import PATIENT_TAGS
from archipel.identity.model import Standing
from archipel.kernel.actors import Scope
from archipel.kernel.identifiers import AccessionNumber, Issuer, PatientIdentifier, TenantId
from archipel.kernel.uid import Uid
from archipel.reading.model import (
    Claim,
    Exam,
    ExamId,
    Prior,
    Reader,
    ReportHead,
    ReportState,
    SeriesSummary,
    SignedMark,
    Urgency,
)
from archipel.stores.sql.archive.scope import within
from archipel.stores.sql.identity import standings
from archipel.stores.sql.schema.archive import series, study, study_conflict
from archipel.stores.sql.schema.reading import (
    exam_claim,
    exam_urgency,
    report,
    report_standing,
)

PATIENT_NAME, BIRTH_DATE, SEX = 0x00100010, 0x00100030, 0x00100040
STUDY_DESCRIPTION, REFERRING_PHYSICIAN = 0x00081030, 0x00080090
REQUESTED_PROCEDURE_DESCRIPTION = 0x00321060
SERIES_DESCRIPTION, BODY_PART = 0x0008103E, 0x00180015
MOST_MARKS = 200  # priors gathered for one page, newest first

_attributes = msgpack.Decoder(dict[int, str])


def joined(now: datetime, *, scope: Scope) -> Select[Any]:
    """Return the query of every study in scope with its running lease, urgency and report."""
    running = and_(_same(exam_claim), exam_claim.c.until > now)
    columns = select(
        study,
        exam_urgency.c.urgency,
        *[exam_claim.c[name].label(f"claim_{name}") for name in _CLAIM],
        *[report.c[name].label(f"report_{name}") for name in _REPORT],
        *[report_standing.c[name].label(f"standing_{name}") for name in _STANDING],
    )
    return columns.select_from(
        study.outerjoin(exam_urgency, _same(exam_urgency))
        .outerjoin(exam_claim, running)
        .outerjoin(report, _same(report))
        .outerjoin(report_standing, _same(report_standing))
    ).where(within(scope))


_CLAIM = ("fence", "login", "name", "reader_tenant", "since", "until", "reason")
_REPORT = ("version", "author_login", "author_name", "author_tenant", "saved_at", "signed")
_STANDING = (
    *("digest", "state", "signer_login", "signer_name", "signer_tenant", "signed_at", "contested"),
)
_BESIDE = frozenset({"DOC", "KO", "SR", "PR"})
"""Modalities of what is said about images (PS3.3 section C.7.3.1.1.1)."""
_SHOWN = series.c.instance_count > series.c.hidden_instances_from_people


def _same(table: Table) -> ColumnElement[bool]:
    return and_(
        table.c.tenant == study.c.tenant,
        table.c.study_instance_uid == study.c.study_instance_uid,
    )


def exams_of(
    connection: Connection, rows: Sequence[Any], *, scope: Scope, marks: bool
) -> list[Exam]:
    """Read rows of `joined`; with `marks`, gather the priors of each."""
    priors = _others(connection, rows, scope) if marks else {}
    known = standings(connection, {row.person for row in rows if row.person})
    doubted = _doubted(connection, {row.id for row in rows})
    parts = _body_parts(
        connection, {row.id for row in rows} | {p.id for found in priors.values() for p in found}
    )
    return [
        replace(
            _exam(row, parts.get(row.id, ""), _marks(row, priors.get(whose(row), ()), parts)),
            identity=Standing.CONFLICT
            if row.id in doubted
            else known.get(row.person, Standing.PROVISIONAL),
        )
        for row in rows
    ]


def _doubted(connection: Connection, studies: set[int]) -> set[int]:
    """Tell whose instances name two patients, or say two things of one, and nobody decided."""
    query = select(study_conflict.c.study_id).where(
        study_conflict.c.study_id.in_(studies),
        study_conflict.c.tag.in_(PATIENT_TAGS),
        study_conflict.c.kept.is_(None),
    )
    return set(connection.scalars(query))


def series_of(connection: Connection, exam: ExamId, *, scope: Scope) -> list[SeriesSummary]:
    """Read the series of one exam, by number."""
    query = (
        select(series)
        .join(study, study.c.id == series.c.study_id)
        .where(study.c.tenant == exam.tenant.value)
        .where(study.c.study_instance_uid == exam.study.value, within(scope))
        .where(_SHOWN)
        .order_by(series.c.number, series.c.id)
    )
    return [_series(row) for row in connection.execute(query)]


def _studied(moment: str) -> datetime | None:
    """Read `study.moment`: local time as DICOM says it, without a zone."""
    try:
        return datetime.fromisoformat(f"{moment[:8]}T{moment[8:14]}.{moment[14:]}")
    except ValueError:
        return None


def _exam(row: Any, body_part: str, priors: tuple[Prior, ...]) -> Exam:
    attributes = _attributes.decode(row.attributes)
    accession = (
        AccessionNumber(row.accession_number, Issuer(row.accession_issuer))
        if row.accession_number
        else None
    )
    described = attributes.get(STUDY_DESCRIPTION) or attributes.get(
        REQUESTED_PROCEDURE_DESCRIPTION, ""
    )
    exam = ExamId(TenantId(row.tenant), Uid(row.study_instance_uid))
    return Exam(
        id=exam,
        person=row.person,
        patient=PatientIdentifier(row.patient_id, Issuer(row.patient_issuer)),
        patient_name=attributes.get(PATIENT_NAME, ""),
        sex=attributes.get(SEX, ""),
        birth_date=attributes.get(BIRTH_DATE, ""),
        accession=accession,
        modalities=_modalities(row),
        description=described,
        body_part=body_part,
        referring_physician=attributes.get(REFERRING_PHYSICIAN, ""),
        studied=_studied(row.moment),
        arrived_at=row.received_first_at,
        last_received_at=row.received_last_at,
        completed_at=row.completed_at,
        series=row.series_count - row.hidden_series_from_people,
        instances=row.instance_count - row.hidden_instances_from_people,
        urgency=Urgency(row.said_urgency if row.urgency is None else row.urgency),
        claim=_claim(row, exam),
        report=_report(row),
        signed=_signed(row),
        priors=priors,
    )


def _claim(row: Any, exam: ExamId) -> Claim | None:
    if row.claim_fence is None:
        return None
    reader = Reader(
        login=row.claim_login, name=row.claim_name, tenant=TenantId(row.claim_reader_tenant)
    )
    return Claim(
        exam=exam,
        reader=reader,
        since=row.claim_since,
        until=row.claim_until,
        fence=row.claim_fence,
        reason=row.claim_reason,
    )


def _report(row: Any) -> ReportHead | None:
    if row.report_version is None:
        return None
    author = Reader(
        login=row.report_author_login,
        name=row.report_author_name,
        tenant=TenantId(row.report_author_tenant),
    )
    return ReportHead(
        version=row.report_version,
        author=author,
        saved_at=row.report_saved_at,
        signed=row.report_signed,
    )


def _signed(row: Any) -> SignedMark | None:
    if row.standing_digest is None:
        return None
    return SignedMark(
        digest=row.standing_digest,
        state=ReportState(row.standing_state),
        signer=Reader(
            login=row.standing_signer_login,
            name=row.standing_signer_name,
            tenant=TenantId(row.standing_signer_tenant),
        ),
        signed_at=row.standing_signed_at,
        contested=row.standing_contested,
    )


def _modalities(row: Any) -> tuple[str, ...]:
    """Read the modalities of the images; those of reports and marks only where nothing else is."""
    every = set(filter(None, row.modalities.split("\\")))
    return tuple(sorted(every - _BESIDE or every))


def whose(row: Any) -> tuple[str, ...]:
    """Tell whose exam it is. Node-wide: it reads a row that was found, and finds none."""
    return (row.person,) if row.person else (row.patient_id, row.patient_issuer)


def same_person(rows: Sequence[Any], *, scope: Scope) -> ColumnElement[bool]:
    """Return the condition that a study in scope is of one of the persons of `rows`."""
    persons = {row.person for row in rows if row.person}
    open_ones = {(row.patient_id, row.patient_issuer) for row in rows if not row.person}
    theirs = or_(
        study.c.person.in_(persons),
        and_(
            func.coalesce(study.c.person, "") == "",  # or all that are open would be gone through
            study.c.patient_id.in_({value for value, _issuer in open_ones}),  # what an index finds
            tuple_(study.c.patient_id, study.c.patient_issuer).in_(open_ones),
        ),
    )
    return and_(theirs, within(scope))


def _others(
    connection: Connection, rows: Sequence[Any], scope: Scope
) -> Mapping[tuple[str, ...], Sequence[Any]]:
    query = (
        select(
            study.c.id,
            study.c.tenant,
            study.c.study_instance_uid,
            study.c.person,
            study.c.patient_id,
            study.c.patient_issuer,
            study.c.moment,
            study.c.modalities,
        )
        .where(same_person(rows, scope=scope))
        .order_by(study.c.moment.desc(), study.c.id.desc())
        .limit(MOST_MARKS + len(rows))
    )
    found: dict[tuple[str, ...], list[Any]] = defaultdict(list)
    for row in connection.execute(query):
        found[whose(row)].append(row)
    return found


def _marks(row: Any, others: Sequence[Any], parts: Mapping[int, str]) -> tuple[Prior, ...]:
    """Keep the exams that came before this one."""
    return tuple(
        Prior(
            id=ExamId(TenantId(other.tenant), Uid(other.study_instance_uid)),
            studied=_studied(other.moment),
            modalities=_modalities(other),
            body_part=parts.get(other.id, ""),
        )
        for other in others
        if other.id != row.id and (other.moment, other.id) < (row.moment, row.id)
    )


def _body_parts(connection: Connection, studies: set[int]) -> dict[int, str]:
    query = (
        select(series.c.study_id, series.c.attributes)
        .where(series.c.study_id.in_(studies), _SHOWN)
        .order_by(series.c.study_id, series.c.number, series.c.id)
    )
    found: dict[int, str] = {}
    for study_id, attributes in connection.execute(query):
        part = _attributes.decode(attributes).get(BODY_PART, "")
        if part and not found.get(study_id):
            found[study_id] = part
    return found


def _series(row: Any) -> SeriesSummary:
    attributes = _attributes.decode(row.attributes)
    return SeriesSummary(
        series=Uid(row.series_instance_uid),
        number=row.number,
        modality=row.modality,
        description=attributes.get(SERIES_DESCRIPTION, ""),
        body_part=attributes.get(BODY_PART, ""),
        instances=row.instance_count - row.hidden_instances_from_people,
    )
