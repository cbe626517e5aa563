"""Leases, urgencies and reports: what reading keeps of its own, and what happens to exams."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import convert, to_builtins
from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.engine import Row

from archipel.archive.events import InstancesStored, StudyCompleted
from archipel.kernel.actors import Scope
from archipel.kernel.errors import NotFound
from archipel.kernel.identifiers import TenantId
from archipel.reading.events import ClaimChanged, DraftSaved, UrgencySet
from archipel.reading.model import (
    Block,
    Change,
    Claim,
    Draft,
    ExamId,
    KeyImage,
    Measurement,
    Reader,
    ReportHead,
    Section,
    SectionCode,
    Text,
    Urgency,
)
from archipel.stores.sql.outbox import after, announce, kind_of, last_position
from archipel.stores.sql.schema.archive import study, study_organisation
from archipel.stores.sql.schema.events import outbox
from archipel.stores.sql.schema.reading import exam_claim, exam_urgency, report, report_version
from archipel.stores.sql.session import Database, alone, upsert

KEPT_EVERY_S = 300
"""Of one author's versions in each span of this length only the last is kept."""


def visible(scope: Scope) -> ColumnElement[bool]:
    """Return the condition that a row of ``study`` is within `scope`: owned or shared."""
    tenants = [tenant.value for tenant in scope.tenants]
    held = exists().where(
        study_organisation.c.study_id == study.c.id, study_organisation.c.tenant.in_(tenants)
    )
    return held.correlate(study)


class SqlClaims:
    """`archipel.reading.ports.Claims`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def latest(self, exam: ExamId, *, scope: Scope) -> Claim | None:
        """See the port."""
        with self._database.read() as connection:
            _seen(connection, exam, scope)
            return _latest(connection, exam)

    def replace(
        self, claim: Claim, *, over: Claim | None, fact: ClaimChanged | None, scope: Scope
    ) -> bool:
        """See the port."""
        with self._database.write() as connection:
            _seen(connection, claim.exam, scope)
            alone(connection, str(claim.exam))
            last = _latest(connection, claim.exam)
            if last != over:
                return False
            if last is not None and last.fence == claim.fence:
                _until(connection, claim, claim.until)
            else:
                if last is not None and last.held(claim.since):
                    _until(connection, last, claim.since)
                connection.execute(insert(exam_claim), _claim_row(claim))
            if fact is not None:
                announce(connection, fact)
            return True


class SqlDrafts:
    """`archipel.reading.ports.Drafts`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def current(self, exam: ExamId, *, scope: Scope) -> Draft | None:
        """See the port."""
        with self._database.read() as connection:
            _seen(connection, exam, scope)
            query = select(report.c.version).where(_of(report, exam))
            version = connection.execute(query).scalar_one_or_none()
            return None if version is None else _draft(connection, exam, version)

    def save(
        self, exam: ExamId, draft: Draft, *, over: int, fact: DraftSaved, scope: Scope
    ) -> bool:
        """See the port."""
        with self._database.write() as connection:
            _seen(connection, exam, scope)
            alone(connection, str(exam))
            held = connection.execute(select(report).where(_of(report, exam))).one_or_none()
            if (held.version if held else 0) != over:
                return False
            if held is not None and _same_span(_head(held), draft.head):
                of_over = and_(_of(report_version, exam), report_version.c.version == over)
                connection.execute(delete(report_version).where(of_over))
            head = _head_row(exam, draft.head)
            sections = [_written(section) for section in draft.sections]
            key_images = [to_builtins(image) for image in draft.key_images]
            body = {
                **head,
                "template": draft.template,
                "sections": sections,
                "key_images": key_images,
            }
            connection.execute(insert(report_version), body)
            row = upsert(connection, report).values(head)
            keys = ["tenant", "study_instance_uid"]
            connection.execute(row.on_conflict_do_update(index_elements=keys, set_=head))
            announce(connection, fact)
            return True

    def versions(self, exam: ExamId, *, scope: Scope) -> Sequence[ReportHead]:
        """See the port."""
        query = (
            select(report_version)
            .where(_of(report_version, exam))
            .order_by(report_version.c.version.desc())
        )
        with self._database.read() as connection:
            _seen(connection, exam, scope)
            return [_head(row) for row in connection.execute(query)]

    def version(self, exam: ExamId, number: int, *, scope: Scope) -> Draft | None:
        """See the port."""
        with self._database.read() as connection:
            _seen(connection, exam, scope)
            return _draft(connection, exam, number)


Told = InstancesStored | StudyCompleted | ClaimChanged | DraftSaved | UrgencySet
KINDS = frozenset(
    kind_of(kind)
    for kind in (InstancesStored, StudyCompleted, ClaimChanged, DraftSaved, UrgencySet)
)


class SqlChanges:
    """`archipel.reading.ports.Changes`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def last_position(self) -> int:
        """See the port. Node-wide: a position says nothing of anybody."""
        with self._database.read() as connection:
            return last_position(connection)

    def oldest_position(self) -> int:
        """See the port. Node-wide: a position says nothing of anybody."""
        with self._database.read() as connection:
            return connection.execute(select(func.min(outbox.c.id))).scalar() or 0

    def after(self, position: int, *, limit: int) -> tuple[Sequence[Change], int]:
        """See the port. Node-wide: each stream shows what `audience` allows."""
        with self._database.read() as connection:
            rows = after(connection, position, limit=limit, kinds=KINDS)
        found = []
        for row in rows:
            fact = row.event()
            if isinstance(fact, Told):
                exam = ExamId(fact.tenant, fact.study)
                found.append(Change(position=row.position, exam=exam, kind=row.kind, at=row.at))
        return found, rows[-1].position if rows else position

    def audience(self, exam: ExamId) -> frozenset[str]:
        """See the port. Node-wide: it is the boundary that each stream is held against."""
        query = (
            select(study_organisation.c.tenant)
            .join(study, study.c.id == study_organisation.c.study_id)
            .where(study.c.tenant == exam.tenant.value)
            .where(study.c.study_instance_uid == exam.study.value)
        )
        with self._database.read() as connection:
            return frozenset(tenant for (tenant,) in connection.execute(query))


def set_urgency(
    connection: Connection, fact: UrgencySet, urgency: Urgency, *, scope: Scope
) -> None:
    """Keep the urgency and announce `fact`. Raises `NotFound`."""
    exam = ExamId(fact.tenant, fact.study)
    _seen(connection, exam, scope)
    change = {"urgency": int(urgency), "set_by": fact.login, "set_at": fact.at}
    row = upsert(connection, exam_urgency).values(**_key(exam), **change)
    keys = ["tenant", "study_instance_uid"]
    connection.execute(row.on_conflict_do_update(index_elements=keys, set_=change))
    announce(connection, fact)


def _seen(connection: Connection, exam: ExamId, scope: Scope) -> None:
    """Raise `NotFound` unless the exam is there and within `scope`."""
    here = and_(
        study.c.tenant == exam.tenant.value, study.c.study_instance_uid == exam.study.value
    )
    found = connection.execute(select(study.c.id).where(here, visible(scope))).first()
    if found is None:
        raise NotFound(f"no exam {exam} within your organisations")


def _of(table: Table, exam: ExamId) -> ColumnElement[bool]:
    return and_(
        table.c.tenant == exam.tenant.value, table.c.study_instance_uid == exam.study.value
    )


def _key(exam: ExamId) -> dict[str, str]:
    return {"tenant": exam.tenant.value, "study_instance_uid": exam.study.value}


def _latest(connection: Connection, exam: ExamId) -> Claim | None:
    query = (
        select(exam_claim)
        .where(_of(exam_claim, exam))
        .order_by(exam_claim.c.fence.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    reader = Reader(login=row.login, name=row.name, tenant=TenantId(row.reader_tenant))
    return Claim(
        exam=exam,
        reader=reader,
        since=row.since,
        until=row.until,
        fence=row.fence,
        reason=row.reason,
    )


def _until(connection: Connection, claim: Claim, until: datetime) -> None:
    this = and_(_of(exam_claim, claim.exam), exam_claim.c.fence == claim.fence)
    connection.execute(update(exam_claim).where(this).values(until=until))


def _claim_row(claim: Claim) -> dict[str, Any]:
    return {
        **_key(claim.exam),
        "fence": claim.fence,
        "login": claim.reader.login,
        "name": claim.reader.name,
        "reader_tenant": claim.reader.tenant.value,
        "since": claim.since,
        "until": claim.until,
        "reason": claim.reason,
    }


def _head_row(exam: ExamId, head: ReportHead) -> dict[str, Any]:
    return {
        **_key(exam),
        "version": head.version,
        "author_login": head.author.login,
        "author_name": head.author.name,
        "author_tenant": head.author.tenant.value,
        "saved_at": head.saved_at,
    }


def _head(row: Row[Any] | Any) -> ReportHead:
    author = Reader(
        login=row.author_login, name=row.author_name, tenant=TenantId(row.author_tenant)
    )
    return ReportHead(version=row.version, author=author, saved_at=row.saved_at)


def _draft(connection: Connection, exam: ExamId, version: int) -> Draft | None:
    this = and_(_of(report_version, exam), report_version.c.version == version)
    row = connection.execute(select(report_version).where(this)).one_or_none()
    if row is None:
        return None
    sections = tuple(_section(written) for written in row.sections)
    return Draft(
        head=_head(row),
        sections=sections,
        template=row.template,
        key_images=convert(row.key_images, tuple[KeyImage, ...]),
    )


def _same_span(former: ReportHead, later: ReportHead) -> bool:
    spans = [int(head.saved_at.timestamp()) // KEPT_EVERY_S for head in (former, later)]
    return former.author.login == later.author.login and spans[0] == spans[1]


def _written(section: Section) -> dict[str, Any]:
    blocks = [
        {"kind": "measurement" if isinstance(b, Measurement) else "text", **to_builtins(b)}
        for b in section.blocks
    ]
    return {"code": section.code.value, "blocks": blocks}


def _section(written: dict[str, Any]) -> Section:
    kinds: dict[str, type[Block]] = {"measurement": Measurement, "text": Text}
    blocks: tuple[Block, ...] = tuple(convert(b, kinds[b["kind"]]) for b in written["blocks"])
    return Section(code=SectionCode(written["code"]), blocks=blocks)
