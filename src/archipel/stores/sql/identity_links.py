"""Whose each source and each study is, after a link was made or taken back."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, FromClause, Label, Row, Select, or_, select, update

from archipel.identity.events import PersonChanged
from archipel.identity.link import joined_with
from archipel.identity.model import Link, SourceKey
from archipel.kernel.actors import Scope
from archipel.kernel.identifiers import Issuer, PatientIdentifier, TenantId
from archipel.kernel.uid import Uid
from archipel.stores.sql.outbox import announce
from archipel.stores.sql.schema.archive import study
from archipel.stores.sql.schema.identity import appearance, source_link, source_patient


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


def links_of(connection: Connection, person: str, *, scope: Scope) -> Sequence[Link]:
    """List the links that stand between sources of `person`, both seen within `scope`."""
    visible = sources_in(scope)
    one, other = source_patient.alias("one"), source_patient.alias("other")
    query = (
        select(source_link, *_named(one, "one"), *_named(other, "other"))
        .join(one, one.c.id == source_link.c.one_id)
        .join(other, other.c.id == source_link.c.other_id)
        .where(
            source_link.c.undone_at.is_(None),
            one.c.person == person,
            one.c.id.in_(visible),
            other.c.id.in_(visible),
        )
        .order_by(source_link.c.id)
    )
    return [
        Link(
            one=SourceKey(PatientIdentifier(row.one_value, Issuer(row.one_issuer)), row.one_alone),
            other=SourceKey(
                PatientIdentifier(row.other_value, Issuer(row.other_issuer)), row.other_alone
            ),
            by=row.by,
            basis=row.basis,
            at=row.at,
        )
        for row in connection.execute(query)
    ]


def sources_in(scope: Scope) -> Select[Any]:
    """Select the ids of the sources that were seen in an organisation of `scope`."""
    tenants = [tenant.value for tenant in scope.tenants]
    return select(appearance.c.source_id).where(appearance.c.tenant.in_(tenants))


def _named(source: FromClause, side: str) -> list[Label[Any]]:
    return [source.c[name].label(f"{side}_{name}") for name in ("value", "issuer", "alone")]


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
