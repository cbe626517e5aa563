"""`archive.keeping.disposal.Disposals`: the book of disposals, and the hand that erases."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from archipel.access.model import Action, AuditEntry
from archipel.archive.events import StudyDisposed
from archipel.archive.keeping.disposal import Disposal, Item, Outcome, Stage
from archipel.archive.keeping.retention import Exam
from archipel.exchange.model import Author
from archipel.kernel.actors import Actor, ActorKind
from archipel.kernel.errors import Conflict, NotFound
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.sql.audit import append
from archipel.stores.sql.following.withholding import recall
from archipel.stores.sql.keeping.register import exam_of
from archipel.stores.sql.outbox import announce
from archipel.stores.sql.schema.archive import (
    instance,
    reception,
    sealed_instance,
    segment,
    series,
    study,
    study_conflict,
    study_organisation,
)
from archipel.stores.sql.schema.keeping import disposal, disposal_item
from archipel.stores.sql.schema.quality import (
    correction,
    hidden_instance,
    rejection_note,
    rejection_note_instance,
)
from archipel.stores.sql.schema.transfers import offered_pack, offered_study
from archipel.stores.sql.session import Database

_ERASER = Actor(ActorKind.NODE, "retention")
_OF_STUDY = (reception, study_conflict, study_organisation)
_BY_UID = (hidden_instance, offered_pack, offered_study)


class SqlDisposals:
    """Opened `FULL`: what was erased must not come back, nor its certificate be lost."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def propose(
        self, items: Sequence[Item], *, tenant: TenantId, by: str, why: str, now: datetime
    ) -> Disposal:
        """See the port."""
        row = {
            "tenant": tenant.value,
            "stage": Stage.PROPOSED.value,
            "proposed_by": by,
            "proposed_at": now,
            "why": why[:500],
        }
        with self._database.write() as connection:
            number = connection.execute(
                insert(disposal).returning(disposal.c.id), row
            ).scalar_one()
            connection.execute(
                insert(disposal_item),
                [
                    {
                        "disposal_id": number,
                        "study_instance_uid": one.study.value,
                        "rule": one.rule,
                        "keep_until": f"{one.until:%Y%m%d}",
                        "size_bytes": one.size_bytes,
                        "instance_count": one.instances,
                        "detail": "",
                    }
                    for one in items
                ],
            )
        made = self.disposal(number, tenant=tenant)
        if made is None:
            raise NotFound(f"no disposal {number}")
        return made

    def disposal(self, number: int, *, tenant: TenantId) -> Disposal | None:
        """See the port."""
        with self._database.read() as connection:
            row = connection.execute(
                select(disposal).where(disposal.c.id == number, disposal.c.tenant == tenant.value)
            ).one_or_none()
            return _disposal(row, _items(connection, number)) if row else None

    def listed(self, *, tenant: TenantId, limit: int = 50) -> Sequence[Disposal]:
        """See the port."""
        query = select(disposal).where(disposal.c.tenant == tenant.value)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(disposal.c.id.desc()).limit(limit))
            return [_disposal(row, ()) for row in rows]

    def approved(self) -> Sequence[Disposal]:
        """See the port. Node-wide: the node carries out what every organisation approved."""
        query = select(disposal).where(disposal.c.stage == Stage.APPROVED.value)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(disposal.c.id)).all()
            return [_disposal(row, _items(connection, row.id)) for row in rows]

    def decide(
        self, number: int, stage: Stage, *, tenant: TenantId, by: str, now: datetime
    ) -> None:
        """See the port."""
        decided = (
            update(disposal)
            .where(
                disposal.c.id == number,
                disposal.c.tenant == tenant.value,
                disposal.c.stage == Stage.PROPOSED.value,
            )
            .values(stage=stage.value, decided_by=by, decided_at=now)
        )
        with self._database.write() as connection:
            if not connection.execute(decided).rowcount:
                raise Conflict(f"disposal {number} was decided meanwhile")

    def erase(self, of: Disposal, exam: Exam, *, now: datetime) -> Collection[str]:
        """See the port. Node-wide: the exam names its tenant."""
        key = exam.key
        with self._database.write() as connection:
            if exam_of(connection, key, now=now) != exam:
                raise Conflict("it changed while it was judged")
            packs = _forget(connection, exam)
            try:
                author = Author(subject="system:retention", organisation=key.tenant.value)
                recall(connection, key, reason="retention policy expired", author=author, now=now)
            except NotFound:  # no other node ever heard of it
                pass
            announce(
                connection,
                StudyDisposed(tenant=key.tenant, at=now, study=key.study, disposal=of.number),
            )
            _outcome(connection, of, key.study, Outcome.GONE, "", now=now)
            append(connection, [_audited(of, exam, now)])
        return packs

    def note(
        self, of: Disposal, study_uid: Uid, outcome: Outcome, why: str, *, now: datetime
    ) -> None:
        """See the port. Node-wide: the disposal names its tenant."""
        with self._database.write() as connection:
            _outcome(connection, of, study_uid, outcome, why[:500], now=now)

    def end(self, of: Disposal, *, now: datetime) -> None:
        """See the port. Node-wide: the disposal names its tenant."""
        with self._database.write() as connection:
            connection.execute(
                update(disposal)
                .where(disposal.c.id == of.number)
                .values(stage=Stage.DONE.value, ended_at=now)
            )


def _forget(connection: Connection, exam: Exam) -> list[str]:
    """Delete every row of a study; give its packs."""
    key = exam.key
    number = connection.execute(
        select(study.c.id).where(
            study.c.tenant == key.tenant.value, study.c.study_instance_uid == key.study.value
        )
    ).scalar_one()
    mine = connection.execute(
        select(series.c.id, series.c.pack_key).where(series.c.study_id == number).with_for_update()
    ).all()
    ids = [row.id for row in mine]
    gone = connection.execute(
        delete(instance).where(instance.c.series_id.in_(ids)).returning(instance.c.segment)
    ).scalars()
    for place, records in Counter(gone).items():
        connection.execute(
            update(segment).where(segment.c.id == place).values(live=segment.c.live - records)
        )
    connection.execute(delete(sealed_instance).where(sealed_instance.c.series_id.in_(ids)))
    connection.execute(delete(series).where(series.c.study_id == number))
    for table in _OF_STUDY:
        connection.execute(delete(table).where(table.c.study_id == number))
    named = {"tenant": key.tenant.value, "study_instance_uid": key.study.value}
    notes = select(rejection_note.c.id).where(
        *(rejection_note.c[name] == value for name, value in named.items())
    )
    connection.execute(
        delete(rejection_note_instance).where(rejection_note_instance.c.note_id.in_(notes))
    )
    for by_uid in (rejection_note, *_BY_UID):
        connection.execute(
            delete(by_uid).where(*(by_uid.c[name] == value for name, value in named.items()))
        )
    uid = key.study.value
    connection.execute(
        delete(correction)  # what was typed of the patient goes with the exam it was typed for
        .where(correction.c.tenant == key.tenant.value)
        .where(or_(correction.c.source == uid, correction.c.target == uid))
    )
    connection.execute(delete(study).where(study.c.id == number))
    return [row.pack_key for row in mine if row.pack_key is not None]


def _outcome(
    connection: Connection,
    of: Disposal,
    study_uid: Uid,
    outcome: Outcome,
    why: str,
    *,
    now: datetime,
) -> None:
    connection.execute(
        update(disposal_item)
        .where(
            disposal_item.c.disposal_id == of.number,
            disposal_item.c.study_instance_uid == study_uid.value,
        )
        .values(outcome=outcome.value, detail=why, at=now)
    )


def _audited(of: Disposal, exam: Exam, now: datetime) -> AuditEntry:
    return AuditEntry(
        tenant=exam.key.tenant,
        at=now,
        actor=_ERASER,
        action=Action.CHANGE,
        subject=exam.key.study.value,
        door="worker",
        detail=(
            f"destroyed by disposal {of.number}, proposed by {of.proposed_by}, approved by "
            f"{of.decided_by}: {exam.instances} instances"
        )[:200],
    )


def _items(connection: Connection, number: int) -> tuple[Item, ...]:
    query = select(disposal_item).where(disposal_item.c.disposal_id == number)
    return tuple(
        Item(
            study=Uid(row.study_instance_uid),
            rule=row.rule,
            until=_day(row.keep_until),
            size_bytes=row.size_bytes,
            instances=row.instance_count,
            outcome=Outcome(row.outcome) if row.outcome else None,
            detail=row.detail,
            at=row.at,
        )
        for row in connection.execute(query.order_by(disposal_item.c.study_instance_uid))
    )


def _day(text: str) -> date:
    return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007  (a calendar day)


def _disposal(row: Row[Any], items: tuple[Item, ...]) -> Disposal:
    return Disposal(
        number=row.id,
        tenant=TenantId(row.tenant),
        stage=Stage(row.stage),
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        why=row.why,
        ended_at=row.ended_at,
        items=items,
    )
