"""Whose each source and each study is, after a link was made or taken back."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from archipel.identity.events import PersonChanged
from archipel.identity.link import joined_with
from archipel.identity.model import SourceKey
from archipel.kernel.identifiers import Issuer, PatientIdentifier, TenantId
from archipel.kernel.uid import Uid
from archipel.stores.sql.outbox import announce
from archipel.stores.sql.schema.archive import study
from archipel.stores.sql.schema.identity import source_link, source_patient


def regroup(
    connection: Connection, starts: Sequence[int], *, now: datetime
) -> Sequence[SourceKey]:
    """Give every source of these groups its person; returns those that changed, as studies did.

    Node-wide: whoever links has shown that both sources are in scope.
    """
    moved: list[SourceKey] = []
    for start in starts:
        together = joined_with(start, lambda ids: _neighbours(connection, ids))
        rows = connection.execute(
            select(source_patient)
            .where(source_patient.c.id.in_(together))
            .order_by(source_patient.c.id)
        ).all()
        person = rows[0].own_person
        for row in rows:
            if row.person != person:
                moved.append(key_of(row))
                connection.execute(
                    update(source_patient)
                    .where(source_patient.c.id == row.id)
                    .values(person=person)
                )
                _studies_follow(connection, row, person, now)
    return moved


def _studies_follow(connection: Connection, source: Row[Any], person: str, now: datetime) -> None:
    """Give the studies of a source to another person, and tell of each.

    Studies are the index writer's (ADR 0030); whose they are is identity's, and changes under the
    lock that a new study takes too (ADR 0093).
    """
    theirs = (study.c.patient_id == source.value) & (study.c.patient_issuer == source.issuer)
    if source.alone:
        tenant, _, uid = source.alone.partition("/")
        theirs = (study.c.tenant == tenant) & (study.c.study_instance_uid == uid)
    moved = connection.execute(
        update(study)
        .where(theirs)
        .values(person=person)
        .returning(study.c.tenant, study.c.study_instance_uid)
    ).all()
    for tenant, uid in moved:
        announce(connection, PersonChanged(tenant=TenantId(tenant), at=now, study=Uid(uid)))


def _neighbours(connection: Connection, ids: Iterable[int]) -> set[int]:
    known = list(ids)
    query = select(source_link.c.one_id, source_link.c.other_id).where(
        source_link.c.undone_at.is_(None),
        or_(source_link.c.one_id.in_(known), source_link.c.other_id.in_(known)),
    )
    return {number for row in connection.execute(query) for number in row}


def key_of(row: Row[Any]) -> SourceKey:
    """Name the source of a row. Node-wide: a value, not a query."""
    return SourceKey(PatientIdentifier(row.value, Issuer(row.issuer)), row.alone)
