"""Exams for the lists: filters, order and keyset pages over studies and what reading knows."""

import base64
import binascii
import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    func,
    literal,
    select,
    tuple_,
)

from archipel.kernel.actors import Scope
from archipel.kernel.errors import Malformed, NotFound
from archipel.kernel.identifiers import PatientIdentifier, TenantId
from archipel.reading.answers import Counts, ExamPage, PersonFound
from archipel.reading.events import UrgencySet
from archipel.reading.model import Exam, ExamId, Filters, SavedList, SeriesSummary, Urgency
from archipel.stores.sql.archive.scope import numbers, within
from archipel.stores.sql.reading import set_urgency
from archipel.stores.sql.reading_filters import (
    ACQUIRING,
    RANK,
    listed,
    narrowing,
    persons_matching,
)
from archipel.stores.sql.reading_rows import exams_of, joined, same_person, series_of, whose
from archipel.stores.sql.schema.archive import study, study_organisation
from archipel.stores.sql.schema.base import Instant
from archipel.stores.sql.session import Database

COUNTED_AT_MOST = 10_000
MOST_OF_A_PERSON = 500
AT_ONCE = 200
OPEN = "exam~"  # begins the key of a person while identity is open, see `Exam.person_key`
LAST = "￿"  # sorts after every text


class SqlExams:
    """`archipel.reading.ports.Exams`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self,
        filters: Filters,
        *,
        scope: Scope,
        now: datetime,
        after: str | None = None,
        limit: int = 50,
    ) -> ExamPage:
        """See the port. `total` and `hidden` count up to 10,000."""
        of_list = listed(filters, now)
        narrowed = [of_list, *narrowing(filters)]
        urgent_first = filters.saved_list is SavedList.TO_READ
        query = _ordered(
            joined(now, scope=scope).where(*narrowed), after, urgent_first=urgent_first
        )
        everything = joined(now, scope=scope).with_only_columns(study.c.id)
        with self._database.read() as connection:
            rows = connection.execute(query.limit(limit + 1)).all()
            shown = rows[:limit]
            exams = exams_of(connection, shown, scope=scope, marks=True)
            archived = filters.saved_list is SavedList.ALL
            every = numbers(scope) if archived else everything.where(of_list)
            all_of_it = _count(connection, every)
            total = (
                _count(connection, everything.where(*narrowed)) if filters.narrowed else all_of_it
            )
            acquiring = _count(connection, everything.where(ACQUIRING))
        cursor = _cursor(shown[-1]) if len(rows) > limit else None
        return ExamPage(
            exams=exams, after=cursor, total=total, hidden=all_of_it - total, acquiring=acquiring
        )

    def counts(self, login: str, *, scope: Scope, now: datetime) -> Counts:
        """See the port. Each figure counts up to 10,000."""
        every = joined(now, scope=scope).with_only_columns(study.c.id)
        lists = {one: listed(Filters(saved_list=one, login=login), now) for one in SavedList}
        stat = RANK.in_([int(Urgency.STAT)])
        with self._database.read() as connection:
            return Counts(
                lists={one: _count(connection, every.where(it)) for one, it in lists.items()},
                stat=_count(connection, every.where(lists[SavedList.TO_READ], stat)),
                acquiring=_count(connection, every.where(ACQUIRING)),
            )

    def exam(self, exam: ExamId, *, scope: Scope, now: datetime) -> Exam:
        """See the port."""
        with self._database.read() as connection:
            row = _row(connection, exam, scope, now)
            return exams_of(connection, [row], scope=scope, marks=True)[0]

    def priors(self, exam: ExamId, *, scope: Scope, now: datetime) -> Sequence[Exam]:
        """See the port."""
        with self._database.read() as connection:
            row = _row(connection, exam, scope, now)
            query = joined(now, scope=scope)
            query = query.where(same_person([row], scope=scope), study.c.id != row.id)
            query = query.order_by(study.c.moment.desc(), study.c.id.desc()).limit(200)
            rows = connection.execute(query).all()
            return exams_of(connection, rows, scope=scope, marks=False)

    def of_person(self, person: str, *, scope: Scope, now: datetime) -> Sequence[Exam]:
        """See the port."""
        with self._database.read() as connection:
            theirs: ColumnElement[bool] = study.c.person == person
            if person.startswith(OPEN):
                try:
                    row = _row(connection, ExamId.parse(person.removeprefix(OPEN)), scope, now)
                except (Malformed, NotFound):
                    return []
                theirs = same_person([row], scope=scope)
            query = joined(now, scope=scope).where(theirs)
            query = query.order_by(study.c.moment.desc(), study.c.id.desc())
            rows = connection.execute(query.limit(MOST_OF_A_PERSON)).all()
            return exams_of(connection, rows, scope=scope, marks=True)

    def of_patient(
        self, patient: PatientIdentifier, *, scope: Scope, now: datetime
    ) -> Sequence[Exam]:
        """See the port."""
        query = (
            joined(now, scope=scope)
            .where(
                study.c.patient_id == patient.value,
                study.c.patient_issuer == patient.issuer.namespace,
            )
            .order_by(study.c.moment.desc(), study.c.id.desc())
            .limit(AT_ONCE)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
            return exams_of(connection, rows, scope=scope, marks=False)

    def persons(
        self, text: str, *, scope: Scope, now: datetime, limit: int
    ) -> Sequence[PersonFound]:
        """See the port."""
        with self._database.read() as connection:
            matching = persons_matching(connection, text, scope=scope)
            found = _first_of_each(connection, matching, limit)
            where: dict[Any, set[str]] = defaultdict(set)
            counts: dict[Any, int] = defaultdict(int)
            whole = (
                study.c.tenant,
                study.c.person,
                study.c.patient_id,
                study.c.patient_issuer,
            )
            theirs = select(*whole, func.count().label("exams"))
            theirs = theirs.where(same_person(found, scope=scope)).group_by(*whole)
            for row in connection.execute(theirs):
                where[whose(row)].add(row.tenant)
                counts[whose(row)] += row.exams
            latest = joined(now, scope=scope).where(study.c.id.in_([one.id for one in found]))
            rows = connection.execute(latest).all()
            exams = exams_of(connection, rows, scope=scope, marks=False)
            by_id = {row.id: exam for row, exam in zip(rows, exams, strict=True)}
            return [
                PersonFound(
                    latest=by_id[one.id],
                    exams=counts[whose(one)],
                    tenants=tuple(TenantId(key) for key in sorted(where[whose(one)])),
                )
                for one in found
                if one.id in by_id
            ]

    def series(self, exam: ExamId, *, scope: Scope) -> Sequence[SeriesSummary]:
        """See the port."""
        with self._database.read() as connection:
            return series_of(connection, exam, scope=scope)

    def holders(self, exam: ExamId, *, scope: Scope) -> Sequence[str]:
        """See the port."""
        tenants = [tenant.value for tenant in scope.tenants]
        query = (
            select(study_organisation.c.tenant)
            .join(study, study.c.id == study_organisation.c.study_id)
            .where(study.c.tenant == exam.tenant.value)
            .where(study.c.study_instance_uid == exam.study.value)
            .where(study_organisation.c.tenant.in_(tenants), within(scope))
            .order_by(study_organisation.c.role, study_organisation.c.tenant)
        )
        with self._database.read() as connection:
            return [tenant for (tenant,) in connection.execute(query)]

    def set_urgency(self, fact: UrgencySet, urgency: Urgency, *, scope: Scope) -> None:
        """See the port."""
        with self._database.write() as connection:
            set_urgency(connection, fact, urgency, scope=scope)


def _first_of_each(connection: Connection, query: Select[Any], limit: int) -> list[Any]:
    """Read studies until there are `limit` persons; returns the first study of each."""
    found: dict[Any, Any] = {}
    with connection.execute(query.execution_options(yield_per=AT_ONCE)) as rows:
        for row in rows:
            found.setdefault(whose(row), row)
            if len(found) == limit:
                break
    return list(found.values())


def _row(connection: Connection, exam: ExamId, scope: Scope, now: datetime) -> Any:
    this = and_(
        study.c.tenant == exam.tenant.value, study.c.study_instance_uid == exam.study.value
    )
    row = connection.execute(joined(now, scope=scope).where(this)).one_or_none()
    if row is None:
        raise NotFound(f"no exam {exam} within your organisations")
    return row


def _count(connection: Connection, found: Select[Any]) -> int:
    found = found.limit(COUNTED_AT_MOST)
    figure: int = connection.execute(
        select(func.count()).select_from(found.subquery())
    ).scalar_one()
    return figure


def _ordered(query: Select[Any], after: str | None, *, urgent_first: bool) -> Select[Any]:
    arrived, row_id = study.c.received_first_at, study.c.id
    if urgent_first:
        query = query.order_by(RANK, arrived, row_id)
        if after is not None:
            rank, at, last = _position(after)
            query = query.where(
                tuple_(RANK, arrived, row_id)
                > tuple_(literal(rank), literal(at, Instant), literal(last))
            )
        return query
    query = query.order_by(arrived.desc(), row_id.desc())
    if after is not None:
        _, at, last = _position(after)
        query = query.where(tuple_(arrived, row_id) < tuple_(literal(at, Instant), literal(last)))
    return query


def _cursor(row: Any) -> str:
    rank = row.said_urgency if row.urgency is None else row.urgency
    where = json.dumps([rank, row.received_first_at.isoformat(), row.id])
    return base64.urlsafe_b64encode(where.encode()).decode().rstrip("=")


def _position(cursor: str) -> tuple[int, datetime, int]:
    """Read a cursor. Raises `Malformed`."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        rank, at, row_id = json.loads(text)
        moment = datetime.fromisoformat(at)
    except (ValueError, TypeError, binascii.Error):
        raise Malformed("not a cursor of this list: begin again without `after`") from None
    if not (isinstance(rank, int) and isinstance(row_id, int) and moment.tzinfo):
        raise Malformed("not a cursor of this list: begin again without `after`")
    return rank, moment, row_id
