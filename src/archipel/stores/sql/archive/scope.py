"""Which studies a scope sees: those its organisations own and those shared with them.

Two organisations may hold the same Study UID, and one may see the other's by sharing: then the
copy it owns is shown, or else the one known longer. A study of which all is rejected is seen by
nobody.
"""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, exists, not_, or_

from archipel.kernel.actors import Scope
from archipel.stores.sql.archive.quality import left
from archipel.stores.sql.schema.archive import study, study_organisation, withheld_study

Clause = ColumnElement[bool]


def visible(scope: Scope) -> Clause:
    """Say that `study` is within `scope`, and not hidden by a nearer copy of the same study."""
    tenants = [tenant.value for tenant in sorted(scope.tenants)]
    seen = exists().where(
        study_organisation.c.study_id == study.c.id, study_organisation.c.tenant.in_(tenants)
    )
    return and_(seen, shown(study), left(study, scope=scope), not_(_nearer_copy(tenants, scope)))


def within(scope: Scope) -> Clause:
    """Say that `study` is within `scope` and not withheld, whichever nearer copy there is."""
    tenants = [tenant.value for tenant in scope.tenants]
    held = exists().where(
        study_organisation.c.study_id == study.c.id, study_organisation.c.tenant.in_(tenants)
    )
    return and_(held.correlate(study), shown(study), left(study, scope=scope))


def shown(one: FromClause) -> Clause:
    """Say that a row of ``study`` is not withheld. Node-wide: hidden to all."""
    return ~exists().where(
        withheld_study.c.tenant == one.c.tenant,
        withheld_study.c.study_instance_uid == one.c.study_instance_uid,
    )


def walked(
    query: Select[Any], scope: Scope
) -> tuple[Select[Any], ColumnElement[str], ColumnElement[int]]:
    """Bound `query` by `scope` along the worklist's own index.

    Returns it and the columns to order by, moment and number of the study. Only one organisation
    has such an index; for several, `visible` bounds a walk through all studies.
    """
    if len(scope.tenants) != 1:
        return query.where(visible(scope)), study.c.moment, study.c.id
    (tenant,) = scope.tenants
    query = query.join(study_organisation, study_organisation.c.study_id == study.c.id).where(
        study_organisation.c.tenant == tenant.value,
        shown(study),
        left(study, scope=scope),
        not_(_nearer_copy([tenant.value], scope)),
    )
    return query, study_organisation.c.moment, study_organisation.c.study_id


def _nearer_copy(tenants: list[str], scope: Scope) -> Clause:
    other, theirs = study.alias("other_study"), study_organisation.alias("other_organisation")
    other_owned, owned = other.c.tenant.in_(tenants), study.c.tenant.in_(tenants)
    return exists().where(
        other.c.study_instance_uid == study.c.study_instance_uid,
        other.c.id != study.c.id,
        or_(
            and_(other_owned, not_(owned)),
            and_(or_(other_owned, not_(owned)), other.c.id < study.c.id),
        ),
        shown(other),
        left(other, scope=scope),
        theirs.c.study_id == other.c.id,
        theirs.c.tenant.in_(tenants),
    )
