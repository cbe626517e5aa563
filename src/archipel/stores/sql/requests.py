"""Requests for reading: each change is a fact and a row folded again, in one transaction."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select, tuple_

from archipel.exchange import hlc
from archipel.exchange.fold.requests import SIGNED
from archipel.exchange.model import Author, Draft, NodeName
from archipel.kernel.actors import Scope
from archipel.kernel.errors import Conflict, NotFound
from archipel.kernel.identifiers import TenantId
from archipel.reading.document import Choice
from archipel.reading.events import ReadingChosen
from archipel.reading.model import ExamId
from archipel.reading.request.body import placed, read, subject_of, written
from archipel.reading.request.events import AgreementKept, RequestChanged, RequestPlaced
from archipel.reading.request.lifecycle import PLACED, standing
from archipel.reading.request.model import Agreement, Request, RequestId, Stage, Standing
from archipel.reading.request.ports import SignedFact, Telling
from archipel.stores.sql import facts
from archipel.stores.sql.following.request_access import granted, keep_images, take_back
from archipel.stores.sql.outbox import announce
from archipel.stores.sql.reading_documents import choose
from archipel.stores.sql.schema.requests import (
    reading_agreement,
    reading_request,
    reading_request_party,
)
from archipel.stores.sql.session import Database, alone, upsert

MOST = 500
STILL_SHOWN = timedelta(days=1)
_CLOSED = frozenset({Stage.ACKNOWLEDGED, Stage.CANCELLED})


class SqlRequests:
    """`archipel.reading.request.ports.Requests` and `Room`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def place(self, request: Request, *, scope: Scope) -> Standing:
        """See the port. Raises `NotFound` for another organisation than the scope's."""
        tenant = request.asking.tenant
        if not scope.sees(tenant):
            raise NotFound(f"no organisation {tenant} in scope")
        at = request.placed_at
        told = Telling(kind=PLACED, body=placed(request), login=request.asked_by.login, at=at)
        with self._database.write() as connection:
            self._append(connection, request, told)
            held = _refold(connection, request.id, tenant, at)
            if held is None:
                raise Conflict("the request does not read back as it was written")
            announce(connection, RequestPlaced(tenant=tenant, at=at, request=request.id.value))
            return held

    def tell(self, request: RequestId, told: Telling, *, scope: Scope) -> Standing:
        """See the port."""
        with self._database.write() as connection:
            held = _seen(connection, request, scope)
            return self._tell(connection, held, told)

    def standing(self, request: RequestId, *, scope: Scope) -> Standing:
        """See the port."""
        with self._database.read() as connection:
            return _seen(connection, request, scope)

    def board(self, *, scope: Scope, now: datetime) -> Sequence[Standing]:
        """See the port."""
        shown = or_(reading_request.c.is_open, reading_request.c.changed_at >= now - STILL_SHOWN)
        query = (
            select(reading_request.c.standing)
            .where(_visible(scope), shown)
            .order_by(reading_request.c.due)
            .limit(MOST)
        )
        return self._standings(query)

    def of_exam(self, exam: ExamId, *, scope: Scope) -> Sequence[Standing]:
        """See the port."""
        query = (
            select(reading_request.c.standing)
            .where(_visible(scope), _about(exam))
            .order_by(reading_request.c.id.desc())
        )
        return self._standings(query)

    def by_exam(self, exams: Collection[ExamId], *, scope: Scope) -> Mapping[ExamId, Standing]:
        """See the port."""
        if not exams:
            return {}
        row = reading_request.c
        named = [(exam.tenant.value, exam.study.value) for exam in exams]
        query = (
            select(row.standing)
            .where(
                tuple_(row.exam_tenant, row.study_instance_uid).in_(named),
                row.stage != Stage.CANCELLED.value,
                _visible(scope),
            )
            .order_by(row.changed_at)
        )
        return {held.exam: held for held in self._standings(query) if held.exam is not None}

    def node_standing(self, request: RequestId, *, tenant: TenantId) -> Standing | None:
        """See the port."""
        with self._database.read() as connection:
            return standing(facts.of_subject(connection, subject_of(request), tenant=tenant))

    def refold(self, request: RequestId, *, tenant: TenantId, now: datetime) -> Standing | None:
        """See the port."""
        with self._database.write() as connection:
            return _refold(connection, request, tenant, now)

    def node_tell(self, request: RequestId, told: Telling, *, tenant: TenantId) -> Standing:
        """See the port."""
        with self._database.write() as connection:
            held = standing(facts.of_subject(connection, subject_of(request), tenant=tenant))
            if held is None:
                raise NotFound(f"no request {request} of {tenant}")
            return self._tell(connection, held, told)

    def signed_versions(self, request: RequestId, *, tenant: TenantId) -> Sequence[SignedFact]:
        """See the port."""
        with self._database.read() as connection:
            stated = facts.of_subject(connection, subject_of(request), tenant=tenant)
        return [
            SignedFact(node=one.log.node.value, body=one.body, at=hlc.moment_of(one.clock))
            for one in stated
            if one.kind == SIGNED
        ]

    def open_for(self, exam: ExamId, *, tenant: TenantId) -> Sequence[Standing]:
        """See the port."""
        query = select(reading_request.c.standing).where(
            _about(exam), reading_request.c.is_open, reading_request.c.tenant == tenant.value
        )
        return self._standings(query)

    def awaiting(self, *, tenant: TenantId) -> Sequence[Standing]:
        """See the port."""
        row = reading_request.c
        query = select(row.standing).where(
            row.tenant == tenant.value,
            row.stage == Stage.PLACED.value,
            row.study_instance_uid.is_(None),
        )
        return self._standings(query)

    def answered(self, *, tenant: TenantId) -> Sequence[Standing]:
        """See the port."""
        query = select(reading_request.c.standing).where(
            reading_request.c.tenant == tenant.value,
            reading_request.c.stage == Stage.ACKNOWLEDGED.value,
            reading_request.c.grants,
        )
        return self._standings(query)

    def granted(self, exam: ExamId, *, to: TenantId, tenant: TenantId) -> bool:
        """Tell whether a request lets `to` see an exam of `tenant`."""
        with self._database.read() as connection:
            return exam.tenant == tenant and granted(connection, exam, to=to)

    def _standings(self, query: Any) -> Sequence[Standing]:
        with self._database.read() as connection:
            return [read(row.standing, Standing) for row in connection.execute(query)]

    def _tell(self, connection: Connection, held: Standing, told: Telling) -> Standing:
        self._append(connection, held.request, told)
        tenant = held.request.asking.tenant
        after = _refold(connection, held.request.id, tenant, told.at)
        if after is None:
            raise NotFound(f"no request {held.request.id} of {tenant}")
        return after

    @staticmethod
    def _append(connection: Connection, request: Request, told: Telling) -> None:
        tenant = request.asking.tenant
        identifier = request.subject.identifier
        draft = Draft(
            kind=told.kind,
            subject=subject_of(request.id),
            tenant=tenant,
            body=told.body,
            author=Author(subject=told.login, organisation=tenant.value),
            home=NodeName(request.id.home),
            patient=f"patient:{identifier.issuer.namespace}|{identifier.value}",
        )
        facts.append(connection, draft, now=told.at)


class SqlReadingAgreements:
    """`archipel.reading.request.ports.Agreements`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, asking: TenantId, *, scope: Scope) -> Sequence[Agreement]:
        """See the port."""
        if not scope.sees(asking):
            return []
        query = (
            select(reading_agreement.c.agreement)
            .where(reading_agreement.c.asking == asking.value)
            .order_by(reading_agreement.c.key)
        )
        with self._database.read() as connection:
            return [read(row.agreement, Agreement) for row in connection.execute(query)]

    def keep(self, agreement: Agreement, *, scope: Scope, now: datetime) -> None:
        """See the port."""
        if not scope.sees(agreement.asking):
            raise NotFound(f"no organisation {agreement.asking} in scope")
        kept = AgreementKept(
            tenant=agreement.asking, at=now, key=agreement.key, ends=agreement.ends
        )
        row = {"name": agreement.partner.name, "agreement": written(agreement)}
        with self._database.write() as connection:
            connection.execute(
                upsert(connection, reading_agreement)
                .values(asking=agreement.asking.value, key=agreement.key, **row)
                .on_conflict_do_update(index_elements=["asking", "key"], set_=row)
            )
            announce(connection, kept)


def _refold(
    connection: Connection, request: RequestId, tenant: TenantId, now: datetime
) -> Standing | None:
    alone(connection, str(request))
    held = standing(facts.of_subject(connection, subject_of(request), tenant=tenant))
    if held is None:
        return None
    body = written(held)
    former = connection.execute(
        select(reading_request.c.standing).where(reading_request.c.id == request.value)
    ).scalar_one_or_none()
    if former == body:
        return held
    exam = held.exam
    row = {
        "tenant": tenant.value,
        "exam_tenant": exam.tenant.value if exam else None,
        "study_instance_uid": exam.study.value if exam else None,
        "stage": held.stage.value,
        "is_open": held.stage not in _CLOSED,
        "grants": held.grants,
        "due": held.due,
        "changed_at": held.changed_at,
        "standing": body,
    }
    connection.execute(
        upsert(connection, reading_request)
        .values(id=request.value, **row)
        .on_conflict_do_update(index_elements=["id"], set_=row)
    )
    parties = {tenant, *(site.tenant for site in held.request.readers)}
    for party in sorted(parties):
        connection.execute(
            upsert(connection, reading_request_party).on_conflict_do_nothing(),
            {"request": request.value, "tenant": party.value},
        )
    keep_images(connection, held)
    take_back(connection, held)
    _choose(connection, held, now)
    announce(
        connection,
        RequestChanged(
            tenant=tenant,
            at=now,
            request=request.value,
            stage=held.stage.value,
            exam=str(exam) if exam else None,
        ),
    )
    return held


def _choose(connection: Connection, held: Standing, now: datetime) -> None:
    """Let the reading that answers be the one that stands for the exam, here as everywhere."""
    first = next((one for one in held.answers if one.principal), None)
    exam = held.exam
    if first is None or exam is None:
        return
    choice = Choice(digest=first.document, settled=not held.conflict)
    fact = ReadingChosen(tenant=exam.tenant, at=now, study=exam.study, digest=first.document)
    choose(connection, exam, choice, fact, tenant=held.request.asking.tenant)


def _seen(connection: Connection, request: RequestId, scope: Scope) -> Standing:
    query = select(reading_request.c.standing).where(
        reading_request.c.id == request.value, _visible(scope)
    )
    body = connection.execute(query).scalar_one_or_none()
    if body is None:
        raise NotFound(f"no request {request} within your organisations")
    return read(body, Standing)


def _visible(scope: Scope) -> ColumnElement[bool]:
    tenants = [tenant.value for tenant in scope.tenants]
    party = reading_request_party
    return (
        exists()
        .where(party.c.request == reading_request.c.id, party.c.tenant.in_(tenants))
        .correlate(reading_request)
    )


def _about(exam: ExamId) -> ColumnElement[bool]:
    return and_(
        reading_request.c.exam_tenant == exam.tenant.value,
        reading_request.c.study_instance_uid == exam.study.value,
    )
