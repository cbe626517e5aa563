"""What happens to exams, read from the outbox for the live streams."""

from collections.abc import Sequence

from sqlalchemy import func, select

from archipel.archive.events import InstancesStored, StudyCompleted
from archipel.reading.events import ClaimChanged, DraftSaved, UrgencySet
from archipel.reading.model import Change, ExamId
from archipel.stores.sql.outbox import after, kind_of, last_position
from archipel.stores.sql.schema.archive import study, study_organisation
from archipel.stores.sql.schema.events import outbox
from archipel.stores.sql.session import Database

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
