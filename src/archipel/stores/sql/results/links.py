"""Links to results, and what is released."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, insert, or_, select, update

from archipel.kernel.errors import NotFound
from archipel.kernel.events import Event
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.reading.model import ExamId
from archipel.results.model import (
    Audience,
    Concern,
    Content,
    Link,
    MailAddress,
    Recipient,
    Release,
    ReleaseRule,
)
from archipel.stores.sql.outbox import announce
from archipel.stores.sql.schema.results import (
    questioned_access,
    release_rule,
    result_link,
    result_release,
)
from archipel.stores.sql.session import Database, alone, upsert

OF_ONE_RECIPIENT = 200
_EXAM_KEYS = ("tenant", "study_instance_uid")


class SqlLinks:
    """`archipel.results.ports.Links`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, link: Link, *, fact: Event) -> None:
        """See the port. Node-wide: a link names its exam."""
        with self._database.write() as connection:
            connection.execute(insert(result_link), link_row(link))
            announce(connection, fact)

    def change(self, link: Link, *, fact: Event | None) -> None:
        """See the port. Node-wide: a link names its exam."""
        counted = ("id", "uses", "opened_at")
        row = {name: value for name, value in link_row(link).items() if name not in counted}
        with self._database.write() as connection:
            changed = connection.execute(
                update(result_link).where(result_link.c.id == link.id).values(row)
            )
            if changed.rowcount != 1:
                raise NotFound(f"no link {link.id}")
            if fact is not None:
                announce(connection, fact)

    def link(self, link: str) -> Link | None:
        """See the port. Node-wide: nobody is known yet."""
        return self._one(result_link.c.id == link)

    def by_code(self, code: bytes) -> Link | None:
        """See the port. Node-wide: nobody is known yet."""
        return self._one(result_link.c.code == code)

    def of_exam(self, exam: ExamId) -> Sequence[Link]:
        """See the port. Node-wide: the caller has seen the exam within a scope."""
        query = select(result_link).where(of_exam(result_link, exam))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(result_link.c.created_at.desc()))
            return [link_of(row) for row in rows]

    def of_recipient(self, mail: MailAddress, *, now: datetime) -> Sequence[Link]:
        """See the port. Node-wide: the recipient has proven the address."""
        query = (
            select(result_link)
            .where(result_link.c.mail == mail.value.lower())
            .where(result_link.c.audience == Audience.REFERRER.value)
            .where(result_link.c.revoked_at.is_(None), result_link.c.expires_at > now)
            .order_by(result_link.c.created_at.desc())
            .limit(OF_ONE_RECIPIENT)
        )
        with self._database.read() as connection:
            return [link_of(row) for row in connection.execute(query)]

    def used(self, link: str, *, now: datetime) -> bool:
        """See the port. Node-wide: the guest has proven the link."""
        left = or_(
            result_link.c.uses_allowed.is_(None), result_link.c.uses < result_link.c.uses_allowed
        )
        query = (
            update(result_link)
            .where(result_link.c.id == link, result_link.c.revoked_at.is_(None))
            .where(result_link.c.expires_at > now, left)
            .values(uses=result_link.c.uses + 1)
        )
        with self._database.write() as connection:
            return connection.execute(query).rowcount == 1

    def opened(self, link: str, *, now: datetime) -> None:
        """See the port. Node-wide: the guest has proven the link."""
        query = update(result_link).where(result_link.c.id == link).values(opened_at=now)
        with self._database.write() as connection:
            connection.execute(query)

    def _one(self, condition: ColumnElement[bool]) -> Link | None:
        query = select(result_link).where(condition).order_by(result_link.c.created_at.desc())
        with self._database.read() as connection:
            row = connection.execute(query.limit(1)).one_or_none()
        return link_of(row) if row else None


class SqlReleases:
    """`archipel.results.ports.Releases`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rule(self, *, tenant: TenantId) -> ReleaseRule:
        """See the port."""
        query = select(release_rule).where(release_rule.c.tenant == tenant.value)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return ReleaseRule()
        after = row.patient_after_s
        return ReleaseRule(patient_after=None if after is None else timedelta(seconds=after))

    def set_rule(self, rule: ReleaseRule, *, tenant: TenantId) -> None:
        """See the port."""
        after = rule.patient_after
        kept = {"patient_after_s": None if after is None else int(after.total_seconds())}
        with self._database.write() as connection:
            row = upsert(connection, release_rule).values(tenant=tenant.value, **kept)
            connection.execute(row.on_conflict_do_update(index_elements=["tenant"], set_=kept))

    def release(self, exam: ExamId) -> Release | None:
        """See the port. Node-wide: the caller has seen the exam within a scope."""
        query = select(result_release).where(of_exam(result_release, exam))
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return _release(row) if row else None

    def keep(self, release: Release, *, fact: Event) -> None:
        """See the port. Node-wide: a release names its exam."""
        kept = {
            "version": release.version,
            "final": release.final,
            "released_at": release.released_at,
            "patient_at": release.patient_at,
            "announced_at": release.announced_at,
            "announced_by": release.announced_by,
        }
        with self._database.write() as connection:
            alone(connection, f"release {release.exam}")
            held = connection.execute(
                select(result_release).where(of_exam(result_release, release.exam))
            ).one_or_none()
            if held is not None and held.announced_at is not None:
                kept["announced_at"], kept["announced_by"] = held.announced_at, held.announced_by
            row = upsert(connection, result_release).values(**exam_row(release.exam), **kept)
            connection.execute(row.on_conflict_do_update(index_elements=_EXAM_KEYS, set_=kept))
            announce(connection, fact)

    def question(self, concern: Concern, *, fact: Event) -> None:
        """See the port. Node-wide: a concern names its exam."""
        row = {
            **exam_row(concern.exam),
            "link": concern.link,
            "sequence": concern.sequence,
            "words": concern.words,
            "at": concern.at,
        }
        with self._database.write() as connection:
            connection.execute(insert(questioned_access), row)
            announce(connection, fact)

    def questioned(self, exam: ExamId) -> Sequence[Concern]:
        """See the port. Node-wide: the caller has seen the exam within a scope."""
        query = select(questioned_access).where(of_exam(questioned_access, exam))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(questioned_access.c.id.desc()))
            return [
                Concern(
                    exam=exam, link=row.link, sequence=row.sequence, words=row.words, at=row.at
                )
                for row in rows
            ]


def of_exam(table: Table, exam: ExamId) -> ColumnElement[bool]:
    """Return the condition that a row belongs to one exam. Node-wide: the exam is named."""
    return (table.c.tenant == exam.tenant.value) & (table.c.study_instance_uid == exam.study.value)


def exam_row(exam: ExamId) -> dict[str, Any]:
    """Return the columns that name an exam. Node-wide: no query."""
    return {"tenant": exam.tenant.value, "study_instance_uid": exam.study.value}


def link_row(link: Link) -> dict[str, Any]:
    """Write a link as columns. Node-wide: no query."""
    return {
        "id": link.id,
        **exam_row(link.exam),
        "audience": link.audience.value,
        "name": link.recipient.name,
        "mail": link.recipient.mail.value.lower(),
        "language": link.recipient.language,
        "created_by": link.created_by,
        "created_at": link.created_at,
        "expires_at": link.expires_at,
        "content": link.content.value,
        "generation": link.generation,
        "code": link.code,
        "birth": link.birth,
        "uses": link.uses,
        "uses_allowed": link.uses_allowed,
        "revoked_at": link.revoked_at,
        "revoked_by": link.revoked_by,
        "opened_at": link.opened_at,
        "acknowledged_at": link.acknowledged_at,
    }


def link_of(row: Row[Any]) -> Link:
    """Read a link from its columns. Node-wide: no query."""
    return Link(
        id=row.id,
        exam=ExamId(TenantId(row.tenant), Uid(row.study_instance_uid)),
        audience=Audience(row.audience),
        recipient=Recipient(name=row.name, mail=MailAddress(row.mail), language=row.language),
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        content=Content(row.content),
        generation=row.generation,
        code=row.code,
        birth=row.birth,
        uses=row.uses,
        uses_allowed=row.uses_allowed,
        revoked_at=row.revoked_at,
        revoked_by=row.revoked_by,
        opened_at=row.opened_at,
        acknowledged_at=row.acknowledged_at,
    )


def _release(row: Row[Any]) -> Release:
    return Release(
        exam=ExamId(TenantId(row.tenant), Uid(row.study_instance_uid)),
        version=row.version,
        final=row.final,
        released_at=row.released_at,
        patient_at=row.patient_at,
        announced_at=row.announced_at,
        announced_by=row.announced_by,
    )
