"""`archive.settle.Differences`: what instances of one study say differently, and who decided.

A decision rewrites the study's row as the index writer does, in one transaction with the mark.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, delete, exists, select, update

from archipel.archive.drafts import traits_of
from archipel.archive.events import StudySettled
from archipel.archive.model import StudyKey
from archipel.archive.ports import Changes
from archipel.archive.settle import Difference, Kept
from archipel.identity.model import Standing
from archipel.identity.resolve import Sighting, resolve
from archipel.kernel.actors import Scope
from archipel.kernel.errors import Conflict, NotFound
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.sql.archive.scope import visible
from archipel.stores.sql.archive.writer import SqlIndexTransaction
from archipel.stores.sql.schema.archive import study, study_conflict
from archipel.stores.sql.schema.identity import source_patient
from archipel.stores.sql.session import Database, upsert

ACCESSION_NUMBER = 0x00080050


class SqlDifferences:
    """Reads and decides rows of ``study_conflict``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, *, scope: Scope, limit: int) -> Sequence[Difference]:
        """See the port. Only of studies that an organisation in scope owns."""
        owned = study.c.tenant.in_([tenant.value for tenant in scope.tenants])
        query = _rows(scope).where(study_conflict.c.kept.is_(None), owned)
        query = query.order_by(study_conflict.c.at.desc(), study_conflict.c.tag).limit(limit)
        with self._database.read() as connection:
            return [_difference(row) for row in connection.execute(query)]

    def of_study(self, key: StudyKey, *, scope: Scope) -> Sequence[Difference]:
        """See the port."""
        query = _rows(scope).where(_is(key)).order_by(study_conflict.c.tag, study_conflict.c.at)
        with self._database.read() as connection:
            return [_difference(row) for row in connection.execute(query)]

    def unidentified(self, *, scope: Scope, limit: int) -> Sequence[StudyKey]:
        """See the port."""
        known = exists().where(
            source_patient.c.person == study.c.person,
            source_patient.c.standing != Standing.UNIDENTIFIED.value,
        )
        query = (
            select(study.c.tenant, study.c.study_instance_uid)
            .where(study.c.patient_id == "", visible(scope), ~known)
            .order_by(study.c.received_first_at.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            return [StudyKey(TenantId(t), Uid(uid)) for t, uid in connection.execute(query)]

    def decide(self, one: Difference, kept: Kept, *, by: str, scope: Scope, now: datetime) -> None:
        """See the port."""
        settled = {"settled_by": by, "settled_at": now}
        with self._database.write() as connection:
            number = _number(connection, one.key, scope)
            this = _this(number, one)
            marked = connection.execute(
                update(study_conflict)
                .where(this, study_conflict.c.kept.is_(None))
                .values(kept=kept.value, **settled)
            )
            if not marked.rowcount:
                raise Conflict("somebody decided it meanwhile: load it again")
            if kept is Kept.OFFERED:
                _become(connection, one.key, one.tag, one.offered, now=now)
                _others_hold(connection, number, one, one.offered)
                # The value that lost is known too: it does not ask again when it comes again.
                reverse = upsert(connection, study_conflict).values(
                    study_id=number,
                    tag=one.tag,
                    offered=one.held,
                    held=one.offered,
                    source="",
                    at=now,
                    kept=Kept.HELD.value,
                    **settled,
                )
                connection.execute(reverse.on_conflict_do_nothing())

    def undo(self, one: Difference, *, scope: Scope, now: datetime) -> None:
        """See the port."""
        with self._database.write() as connection:
            number = _number(connection, one.key, scope)
            if one.kept is Kept.OFFERED:
                if _value(connection, one.key, one.tag) != one.offered:
                    raise Conflict("another value was chosen since: undo that first")
                _become(connection, one.key, one.tag, one.held, now=now)
                _others_hold(connection, number, one, one.held)
                connection.execute(
                    delete(study_conflict).where(
                        study_conflict.c.study_id == number,
                        study_conflict.c.tag == one.tag,
                        study_conflict.c.offered == one.held,
                        study_conflict.c.source == "",
                    )
                )
            connection.execute(
                update(study_conflict)
                .where(_this(number, one))
                .values(kept=None, settled_by=None, settled_at=None)
            )


def _become(connection: Any, key: StudyKey, tag: int, value: str, *, now: datetime) -> None:
    """Give a study another value, its derived columns and its person with it."""
    index = SqlIndexTransaction(connection)
    known = index.studies([key])[key]
    changed = replace(known, attributes={**known.attributes, tag: value})
    if tag == ACCESSION_NUMBER and known.accession is not None:
        changed = replace(changed, accession=replace(known.accession, value=value))
    traits = traits_of(changed.attributes)
    if traits != traits_of(known.attributes):
        sighting = Sighting(
            tenant=key.tenant, study=key.study, identifier=known.patient, traits=traits
        )
        changed = replace(changed, person=resolve(sighting, persons=index, now=now))
    told = StudySettled(tenant=key.tenant, at=now, study=key.study)
    index.write(Changes(studies=[changed], events=[told]))


def _value(connection: Any, key: StudyKey, tag: int) -> str:
    return SqlIndexTransaction(connection).studies([key])[key].attributes.get(tag, "")


def _others_hold(connection: Any, number: int, one: Difference, value: str) -> None:
    connection.execute(
        update(study_conflict)
        .where(
            study_conflict.c.study_id == number,
            study_conflict.c.tag == one.tag,
            study_conflict.c.offered != one.offered,
            study_conflict.c.kept.is_(None),
        )
        .values(held=value)
    )


def _number(connection: Any, key: StudyKey, scope: Scope) -> int:
    number = connection.scalar(select(study.c.id).where(_is(key), visible(scope)))
    if number is None:
        raise NotFound("there is no such study within your organisations")
    return int(number)


def _rows(scope: Scope) -> Select[Any]:
    return (
        select(study_conflict, study.c.tenant, study.c.study_instance_uid)
        .join(study, study.c.id == study_conflict.c.study_id)
        .where(visible(scope), study_conflict.c.source != "")
    )


def _is(key: StudyKey) -> Any:
    return and_(study.c.tenant == key.tenant.value, study.c.study_instance_uid == key.study.value)


def _this(number: int, one: Difference) -> Any:
    return and_(
        study_conflict.c.study_id == number,
        study_conflict.c.tag == one.tag,
        study_conflict.c.offered == one.offered,
    )


def _difference(row: Any) -> Difference:
    return Difference(
        key=StudyKey(TenantId(row.tenant), Uid(row.study_instance_uid)),
        tag=row.tag,
        held=row.held,
        offered=row.offered,
        source=row.source,
        at=row.at,
        kept=Kept(row.kept) if row.kept else None,
        settled_by=row.settled_by,
        settled_at=row.settled_at,
    )
