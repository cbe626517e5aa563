"""`archive.keeping.disposal.Register`: rules, holds, deaths, and the exams they bear on."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, case, delete, func, insert, or_, select, update

from archipel.archive.keeping.disposal import Hold
from archipel.archive.keeping.retention import Exam, Rule, rule_of, written
from archipel.archive.model import StudyKey
from archipel.kernel.errors import NotFound
from archipel.kernel.identifiers import Issuer, PatientIdentifier, TenantId
from archipel.kernel.uid import Uid
from archipel.stores.sql.archive.quarantine import DISCARDED
from archipel.stores.sql.schema.archive import quarantine, series, study
from archipel.stores.sql.schema.keeping import damage, legal_hold, patient_death, retention_rule
from archipel.stores.sql.schema.reading import exam_claim
from archipel.stores.sql.schema.requests import reading_request, reading_request_exam
from archipel.stores.sql.schema.transfers import provenance
from archipel.stores.sql.session import Database, upsert

_AT_ONCE = 500


class SqlRegister:
    """Rows of rules, holds and deaths; exams as rules see them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rules(self, *, tenant: TenantId) -> Sequence[Rule]:
        """See the port."""
        query = (
            select(retention_rule.c.body)
            .where(retention_rule.c.tenant == tenant.value)
            .order_by(retention_rule.c.name)
        )
        with self._database.read() as connection:
            return [rule_of(body) for body in connection.execute(query).scalars()]

    def set_rules(
        self, rules: Sequence[Rule], *, tenant: TenantId, by: str, now: datetime
    ) -> None:
        """See the port."""
        with self._database.write() as connection:
            connection.execute(
                delete(retention_rule).where(retention_rule.c.tenant == tenant.value)
            )
            for rule in rules:
                connection.execute(
                    insert(retention_rule),
                    {
                        "tenant": tenant.value,
                        "name": rule.name,
                        "body": written(rule),
                        "set_by": by,
                        "set_at": now,
                    },
                )

    def exams(
        self,
        *,
        tenant: TenantId,
        before: date,
        now: datetime,
        studies: Collection[Uid] | None = None,
    ) -> Sequence[Exam]:
        """See the port. The patient's contacts are all exams of the same person here."""
        query = select(study).where(study.c.tenant == tenant.value)
        if studies is not None:
            query = query.where(study.c.study_instance_uid.in_([one.value for one in studies]))
        if before < date.max:
            day = f"{before:%Y%m%d}"
            query = query.where(or_(study.c.moment < day, study.c.moment == ""))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(study.c.moment, study.c.id)).all()
            return _exams(connection, rows, tenant, now)

    def hold(self, wanted: Hold) -> Hold:
        """See the port. Node-wide: the hold names its tenant."""
        patient = wanted.patient
        row = {
            "tenant": wanted.tenant.value,
            "study_instance_uid": wanted.study.value if wanted.study else None,
            "patient_id": patient.value if patient else None,
            "patient_issuer": patient.issuer.namespace if patient else None,
            "reason": wanted.reason,
            "set_by": wanted.by,
            "set_at": wanted.at,
        }
        with self._database.write() as connection:
            laid = connection.execute(insert(legal_hold).returning(legal_hold), row).one()
        return _hold(laid)

    def holds(self, *, tenant: TenantId) -> Sequence[Hold]:
        """See the port."""
        query = select(legal_hold).where(legal_hold.c.tenant == tenant.value)
        with self._database.read() as connection:
            return [
                _hold(row) for row in connection.execute(query.order_by(legal_hold.c.id.desc()))
            ]

    def lift(self, number: int, *, tenant: TenantId, by: str, now: datetime) -> None:
        """See the port."""
        lifted = (
            update(legal_hold)
            .where(
                legal_hold.c.id == number,
                legal_hold.c.tenant == tenant.value,
                legal_hold.c.lifted_at.is_(None),
            )
            .values(lifted_by=by, lifted_at=now)
        )
        with self._database.write() as connection:
            if not connection.execute(lifted).rowcount:
                raise NotFound(f"no hold {number} of {tenant} that lies")

    def died(
        self, patient: PatientIdentifier, on: date, *, tenant: TenantId, by: str, now: datetime
    ) -> None:
        """See the port."""
        key = {
            "tenant": tenant.value,
            "patient_id": patient.value,
            "patient_issuer": patient.issuer.namespace,
        }
        said = {"died_on": f"{on:%Y%m%d}", "noted_by": by, "noted_at": now}
        with self._database.write() as connection:
            connection.execute(
                upsert(connection, patient_death)
                .values(**key, **said)
                .on_conflict_do_update(index_elements=list(key), set_=said)
            )


def exam_of(connection: Connection, key: StudyKey, *, now: datetime) -> Exam | None:
    """Give one exam as it is now, in the caller's transaction, locked where that is needed."""
    query = select(study).where(
        study.c.tenant == key.tenant.value, study.c.study_instance_uid == key.study.value
    )
    rows = connection.execute(query.with_for_update()).all()
    found = _exams(connection, rows, key.tenant, now)
    return found[0] if found else None


def _exams(
    connection: Connection, rows: Sequence[Row[Any]], tenant: TenantId, now: datetime
) -> list[Exam]:
    found: list[Exam] = []
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        facts = _Facts(connection, some, tenant, now)
        found += (facts.exam(row) for row in some)
    return found


class _Facts:
    """What is known besides of some studies of one organisation."""

    def __init__(
        self, connection: Connection, rows: Sequence[Row[Any]], tenant: TenantId, now: datetime
    ) -> None:
        self._connection, self._tenant, self._now = connection, tenant, now
        self._ids = [row.id for row in rows]
        self._uids = [row.study_instance_uid for row in rows]
        self._persons = {row.person for row in rows if row.person}
        self._patients = {(row.patient_id, row.patient_issuer) for row in rows}
        self._contacts = self._last_contacts()
        self._sizes = self._packed()
        self._marked = {
            "held": self._held(),
            "asked": self._asked(),
            "doubtful": self._doubtful(),
            "foreign": self._named(provenance),
        }
        self._damaged = set(
            connection.execute(
                select(damage.c.study_id).where(
                    damage.c.study_id.in_(self._ids), damage.c.mended_at.is_(None)
                )
            ).scalars()
        )
        self._deaths = self._died()

    def exam(self, row: Row[Any]) -> Exam:
        """Put one together. Node-wide: of a row already found."""
        uid, received = row.study_instance_uid, row.received_last_at.date()
        studied = _day(row.moment[:8]) or row.received_first_at.date()
        size_bytes, unsealed = self._sizes.get(row.id, (0, 0))
        contact = max(self._contacts.get(_who(row), studied), studied)
        marked = {name: uid in uids for name, uids in self._marked.items()}
        return Exam(
            key=StudyKey(self._tenant, Uid(uid)),
            studied_on=studied,
            last_contact=max(contact, received if not row.moment else contact),
            born_on=_day(row.patient_birth_date),
            died_on=self._deaths.get(_who(row)),
            modalities=frozenset(word for word in row.modalities.split("\\") if word),
            size_bytes=size_bytes,
            instances=row.instance_count,
            ours=not marked["foreign"],
            complete=row.completed_at is not None and not unsealed,
            held=marked["held"],
            asked=marked["asked"],
            doubtful=marked["doubtful"],
            damaged=row.id in self._damaged,
        )

    def _same_people(self) -> list[Row[Any]]:
        """Give patient, person and moment of every exam of these people in this organisation."""
        ids = [one for one, _issuer in self._patients]
        return list(
            self._connection.execute(
                select(
                    study.c.person,
                    study.c.patient_id,
                    study.c.patient_issuer,
                    func.max(study.c.moment).label("moment"),
                )
                .where(
                    study.c.tenant == self._tenant.value,
                    or_(study.c.person.in_(self._persons), study.c.patient_id.in_(ids)),
                )
                .group_by(study.c.person, study.c.patient_id, study.c.patient_issuer)
            )
        )

    def _last_contacts(self) -> dict[str, date]:
        latest: dict[str, date] = {}
        self._people = self._same_people()
        for row in self._people:
            day = _day(row.moment[:8])
            if day is not None:
                latest[_who(row)] = max(day, latest.get(_who(row), day))
        return latest

    def _died(self) -> dict[str, date]:
        rows = self._connection.execute(
            select(patient_death).where(patient_death.c.tenant == self._tenant.value)
        )
        by_patient = {(row.patient_id, row.patient_issuer): _day(row.died_on) for row in rows}
        found: dict[str, date] = {}
        for row in self._people:
            day = by_patient.get((row.patient_id, row.patient_issuer))
            if day is not None:
                found[_who(row)] = max(day, found.get(_who(row), day))
        return found

    def _packed(self) -> dict[int, tuple[int, int]]:
        open_series = func.sum(case((series.c.sealed, 0), else_=1))
        query = (
            select(series.c.study_id, func.coalesce(func.sum(series.c.pack_bytes), 0), open_series)
            .where(series.c.study_id.in_(self._ids))
            .group_by(series.c.study_id)
        )
        return {
            number: (int(size), int(unsealed))
            for number, size, unsealed in self._connection.execute(query)
        }

    def _held(self) -> set[str]:
        lying = and_(legal_hold.c.tenant == self._tenant.value, legal_hold.c.lifted_at.is_(None))
        held = set(
            self._connection.execute(
                select(legal_hold.c.study_instance_uid).where(
                    lying, legal_hold.c.study_instance_uid.in_(self._uids)
                )
            ).scalars()
        )
        patients = {
            (patient, issuer)
            for patient, issuer in self._connection.execute(
                select(legal_hold.c.patient_id, legal_hold.c.patient_issuer).where(
                    lying, legal_hold.c.patient_id.is_not(None)
                )
            )
        }
        people = {
            _who(row) for row in self._people if (row.patient_id, row.patient_issuer) in patients
        }
        mine = self._connection.execute(select(study).where(study.c.id.in_(self._ids)))
        return held | {row.study_instance_uid for row in mine if _who(row) in people}

    def _asked(self) -> set[str]:
        mine = reading_request.c.exam_tenant == self._tenant.value
        asked = select(reading_request.c.study_instance_uid).where(
            mine, reading_request.c.is_open, reading_request.c.study_instance_uid.in_(self._uids)
        )
        shown = (
            select(reading_request_exam.c.study_instance_uid)
            .join(reading_request, reading_request.c.id == reading_request_exam.c.request)
            .where(
                reading_request.c.is_open,
                reading_request_exam.c.tenant == self._tenant.value,
                reading_request_exam.c.study_instance_uid.in_(self._uids),
            )
        )
        claimed = select(exam_claim.c.study_instance_uid).where(
            exam_claim.c.tenant == self._tenant.value,
            exam_claim.c.study_instance_uid.in_(self._uids),
            exam_claim.c.until > self._now,
        )
        return {
            uid
            for query in (asked, shown, claimed)
            for uid in self._connection.execute(query).scalars()
        }

    def _doubtful(self) -> set[str]:
        return set(
            self._connection.execute(
                select(quarantine.c.study_instance_uid).where(
                    quarantine.c.tenant == self._tenant.value,
                    quarantine.c.study_instance_uid.in_(self._uids),
                    quarantine.c.decision.is_distinct_from(DISCARDED),
                )
            ).scalars()
        )

    def _named(self, table: Any) -> set[str]:
        return set(
            self._connection.execute(
                select(table.c.study_instance_uid).where(
                    table.c.tenant == self._tenant.value,
                    table.c.study_instance_uid.in_(self._uids),
                )
            ).scalars()
        )


def _who(row: Row[Any]) -> str:
    return row.person or f"{row.patient_id}\n{row.patient_issuer}"


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007  (a calendar day)
    except ValueError:
        return None


def _hold(row: Row[Any]) -> Hold:
    patient = None
    if row.patient_id is not None:
        patient = PatientIdentifier(row.patient_id, Issuer(row.patient_issuer))
    return Hold(
        number=row.id,
        tenant=TenantId(row.tenant),
        study=Uid(row.study_instance_uid) if row.study_instance_uid else None,
        patient=patient,
        reason=row.reason,
        by=row.set_by,
        at=row.set_at,
        lifted_by=row.lifted_by,
        lifted_at=row.lifted_at,
    )
