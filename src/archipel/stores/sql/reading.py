"""Leases, urgencies and reports: what reading keeps of its own, and what happens to exams."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, get_args

from msgspec import convert, to_builtins
from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.engine import Row

from archipel.archive.events import InstancesStored, StudyCompleted, StudySettled
from archipel.exchange.events import StudyShownAgain, StudyWithheld
from archipel.identity.events import PersonChanged
from archipel.kernel.actors import Scope
from archipel.kernel.errors import NotFound
from archipel.kernel.identifiers import TenantId
from archipel.reading.answers import Change
from archipel.reading.events import (
    ClaimChanged,
    DraftSaved,
    ReadingChosen,
    ReportReceived,
    ReportReleased,
    ReportSigned,
    ReportWithdrawn,
    UrgencySet,
)
from archipel.reading.model import (
    Block,
    Claim,
    Draft,
    ExamId,
    KeyImage,
    Measurement,
    Purpose,
    Reader,
    ReportHead,
    Section,
    SectionCode,
    Text,
    Urgency,
)
from archipel.reading.request.events import RequestChanged
from archipel.stores.sql.archive.scope import within
from archipel.stores.sql.outbox import GONE, after, announce, kind_of, last_position, position_of
from archipel.stores.sql.schema.archive import study, study_organisation
from archipel.stores.sql.schema.events import outbox
from archipel.stores.sql.schema.reading import (
    exam_claim,
    exam_urgency,
    report,
    report_preview,
    report_version,
)
from archipel.stores.sql.schema.requests import reading_request_party
from archipel.stores.sql.session import Database, alone, upsert

KEPT_EVERY_S = 300
"""Of one author's versions in each span of this length only the last is kept."""


class SqlClaims:
    """`archipel.reading.ports.Claims`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def latest(self, exam: ExamId, *, scope: Scope) -> Claim | None:
        """See the port."""
        with self._database.read() as connection:
            seen(connection, exam, scope)
            return latest_claim(connection, exam)

    def replace(
        self, claim: Claim, *, over: Claim | None, fact: ClaimChanged | None, scope: Scope
    ) -> bool:
        """See the port."""
        with self._database.write() as connection:
            seen(connection, claim.exam, scope)
            alone(connection, str(claim.exam))
            last = latest_claim(connection, claim.exam)
            if last != over:
                return False
            if last is not None and last.fence == claim.fence:
                claim_until(connection, claim, claim.until)
            else:
                if last is not None and last.held(claim.since):
                    claim_until(connection, last, claim.since)
                connection.execute(insert(exam_claim), claim_row(claim))
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
            seen(connection, exam, scope)
            query = select(report.c.version, report.c.signed).where(of(report, exam))
            row = connection.execute(query).one_or_none()
            found = None if row is None else _draft(connection, exam, row.version)
            if row is None or found is None or row.signed is None:
                return found
            return replace(found, head=replace(found.head, signed=row.signed))

    def save(
        self, exam: ExamId, draft: Draft, *, over: int, fact: DraftSaved, scope: Scope
    ) -> bool:
        """See the port."""
        with self._database.write() as connection:
            seen(connection, exam, scope)
            alone(connection, str(exam))
            held = connection.execute(select(report).where(of(report, exam))).one_or_none()
            if (held.version if held else 0) != over:
                return False
            if held is not None and not held.signed and _same_span(_head(held), draft.head):
                of_over = and_(of(report_version, exam), report_version.c.version == over)
                connection.execute(delete(report_version).where(of_over))
            head = _head_row(exam, draft.head)
            connection.execute(insert(report_version), head | _body(draft))
            head |= {"signed": None}
            row = upsert(connection, report).values(head)
            keys = ["tenant", "study_instance_uid"]
            connection.execute(row.on_conflict_do_update(index_elements=keys, set_=head))
            announce(connection, fact)
            return True

    def previewed(self, exam: ExamId, *, version: int, login: str, scope: Scope) -> None:
        """See the port."""
        with self._database.write() as connection:
            seen(connection, exam, scope)
            row = upsert(connection, report_preview).values(
                **key_of(exam), login=login, version=version
            )
            keys = ["tenant", "study_instance_uid", "login"]
            change = row.on_conflict_do_update(index_elements=keys, set_={"version": version})
            connection.execute(change)

    def preview_seen(self, exam: ExamId, *, login: str, scope: Scope) -> int:
        """See the port."""
        query = select(report_preview.c.version).where(
            of(report_preview, exam), report_preview.c.login == login
        )
        with self._database.read() as connection:
            seen(connection, exam, scope)
            return connection.execute(query).scalar_one_or_none() or 0

    def versions(self, exam: ExamId, *, scope: Scope) -> Sequence[ReportHead]:
        """See the port."""
        query = (
            select(report_version)
            .where(of(report_version, exam))
            .order_by(report_version.c.version.desc())
        )
        with self._database.read() as connection:
            seen(connection, exam, scope)
            return [_head(row) for row in connection.execute(query)]

    def version(self, exam: ExamId, number: int, *, scope: Scope) -> Draft | None:
        """See the port."""
        with self._database.read() as connection:
            seen(connection, exam, scope)
            return _draft(connection, exam, number)


Arrived = InstancesStored | StudyCompleted | StudySettled
Told = (
    Arrived
    | PersonChanged
    | ClaimChanged
    | DraftSaved
    | UrgencySet
    | ReportSigned
    | ReportWithdrawn
    | ReportReleased
    | ReportReceived
    | ReadingChosen
    | StudyWithheld
    | StudyShownAgain
)
KINDS = frozenset(kind_of(kind) for kind in (*get_args(Told), RequestChanged))


_OLDEST = select(func.min(outbox.c.id))


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
            gone = position_of(connection, GONE)  # what the feed tells is kept longer
            return gone + 1 if gone else connection.execute(_OLDEST).scalar() or 0

    def after(self, position: int, *, limit: int) -> tuple[Sequence[Change], int]:
        """See the port. Node-wide: each stream shows what `audience` allows."""
        with self._database.read() as connection:
            rows = after(connection, position, limit=limit, kinds=KINDS)
        found = []
        for row in rows:
            fact = row.event()
            if isinstance(fact, RequestChanged):
                found.append(
                    Change(
                        position=row.position,
                        exam=ExamId.parse(fact.exam) if fact.exam else None,
                        kind=row.kind,
                        at=row.at,
                        request=fact.request,
                        stage=fact.stage,
                    )
                )
            elif isinstance(fact, Told):
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

    def parties(self, request: str) -> frozenset[str]:
        """See the port. Node-wide: as `audience`."""
        party = reading_request_party.c
        query = select(party.tenant).where(party.request == request)
        with self._database.read() as connection:
            return frozenset(tenant for (tenant,) in connection.execute(query))


def set_urgency(
    connection: Connection, fact: UrgencySet, urgency: Urgency, *, scope: Scope
) -> None:
    """Keep the urgency and announce `fact`. Raises `NotFound`."""
    exam = ExamId(fact.tenant, fact.study)
    seen(connection, exam, scope)
    change = {"urgency": int(urgency), "set_by": fact.login, "set_at": fact.at}
    row = upsert(connection, exam_urgency).values(**key_of(exam), **change)
    keys = ["tenant", "study_instance_uid"]
    connection.execute(row.on_conflict_do_update(index_elements=keys, set_=change))
    announce(connection, fact)


def seen(connection: Connection, exam: ExamId, scope: Scope) -> None:
    """Raise `NotFound` unless the exam is there and within `scope`."""
    here = and_(
        study.c.tenant == exam.tenant.value, study.c.study_instance_uid == exam.study.value
    )
    found = connection.execute(select(study.c.id).where(here, within(scope))).first()
    if found is None:
        raise NotFound(f"no exam {exam} within your organisations")


def of(table: Table, exam: ExamId) -> ColumnElement[bool]:
    """Return the condition of one exam. Node-wide: it queries nothing."""
    return and_(
        table.c.tenant == exam.tenant.value, table.c.study_instance_uid == exam.study.value
    )


def key_of(exam: ExamId) -> dict[str, str]:
    """Return the columns that name an exam. Node-wide: it queries nothing."""
    return {"tenant": exam.tenant.value, "study_instance_uid": exam.study.value}


def latest_claim(connection: Connection, exam: ExamId) -> Claim | None:
    """Return the last lease given. Node-wide: the caller asked `seen`."""
    query = (
        select(exam_claim).where(of(exam_claim, exam)).order_by(exam_claim.c.fence.desc()).limit(1)
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


def claim_until(connection: Connection, claim: Claim, until: datetime) -> None:
    """Prolong or end a lease. Node-wide: the caller asked `seen`."""
    this = and_(of(exam_claim, claim.exam), exam_claim.c.fence == claim.fence)
    connection.execute(update(exam_claim).where(this).values(until=until))


def claim_row(claim: Claim) -> dict[str, Any]:
    """Return a lease as its row. Node-wide: it queries nothing."""
    return {
        **key_of(claim.exam),
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
        **key_of(exam),
        "version": head.version,
        "author_login": head.author.login,
        "author_name": head.author.name,
        "author_tenant": head.author.tenant.value,
        "saved_at": head.saved_at,
    }


def _body(draft: Draft) -> dict[str, Any]:
    return {
        "template": draft.template,
        "sections": [_written(section) for section in draft.sections],
        "key_images": [to_builtins(one) for one in draft.key_images],
        "plain_words": draft.plain_words,
        "important": draft.important,
        "purpose": draft.purpose.value,
        "reason": draft.reason,
    }


def _head(row: Row[Any] | Any) -> ReportHead:
    author = Reader(
        login=row.author_login, name=row.author_name, tenant=TenantId(row.author_tenant)
    )
    return ReportHead(version=row.version, author=author, saved_at=row.saved_at)


def _draft(connection: Connection, exam: ExamId, version: int) -> Draft | None:
    this = and_(of(report_version, exam), report_version.c.version == version)
    row = connection.execute(select(report_version).where(this)).one_or_none()
    if row is None:
        return None
    return Draft(
        head=_head(row),
        sections=tuple(_section(written) for written in row.sections),
        template=row.template,
        key_images=tuple(convert(one, KeyImage) for one in row.key_images),
        plain_words=row.plain_words,
        important=row.important,
        purpose=Purpose(row.purpose),
        reason=row.reason,
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
