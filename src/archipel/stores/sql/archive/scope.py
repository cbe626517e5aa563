"""Which studies a scope sees: those its organisations own and those shared with them.

Two organisations may hold the same Study UID, and one may see the other's by sharing: then the
copy it owns is shown, or else the one known longer. A study of which all is rejected is seen by
nobody.
"""

from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    exists,
    literal_column,
    not_,
    or_,
    select,
    tuple_,
)

from archipel.kernel.actors import Scope
from archipel.kernel.identifiers import TenantId
from archipel.stores.sql.archive.quality import left
from archipel.stores.sql.archive.statements import OWNER
from archipel.stores.sql.schema.archive import study, study_organisation, withheld_study

Clause = ColumnElement[bool]
KNOWN = 256  # scopes whose conditions are kept: to build them costs more than the query itself

_OTHER = study.alias("other_study")
_THEIRS = study_organisation.alias("other_organisation")
_THIS = study.alias("this_study")
_WITHHELD = select(_THIS.c.id).where(  # from the few withheld, never from every study
    tuple_(_THIS.c.tenant, _THIS.c.study_instance_uid).in_(
        select(withheld_study.c.tenant, withheld_study.c.study_instance_uid)
    )
)


@lru_cache(maxsize=KNOWN)
def visible(scope: Scope) -> Clause:
    """Say that `study` is within `scope`, and not hidden by a nearer copy of the same study."""
    tenants = [tenant.value for tenant in sorted(scope.tenants)]
    seen = exists().where(
        study_organisation.c.study_id == study.c.id, study_organisation.c.tenant.in_(tenants)
    )
    nearer = _nearer_copy(study, tenants, scope)
    return and_(seen, shown(study), left(study, scope=scope), not_(nearer))


@lru_cache(maxsize=KNOWN)
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


def walked(query: Select[Any], scope: Scope) -> tuple[Select[Any], FromClause]:
    """Bound `query` by `scope` along the worklist's own index.

    Returns it and the table whose moment, modalities and number of the study that index holds.
    Only one organisation has such an index; for several, `visible` bounds a walk through all
    studies.
    """
    if len(scope.tenants) != 1:
        return query.where(visible(scope)), study
    query = query.join(study_organisation, study_organisation.c.study_id == study.c.id)
    return query.where(*_walk(scope)), study_organisation


@lru_cache(maxsize=KNOWN)
def _walk(scope: Scope) -> tuple[Clause, ...]:
    (tenant,) = scope.tenants
    return (
        study_organisation.c.tenant == tenant.value,
        shown(study),
        left(study, scope=scope),
        # What it owns itself is never the farther copy.
        or_(study.c.tenant == tenant.value, not_(_nearer_copy(study, [tenant.value], scope))),
    )


def number_in(listing: FromClause) -> ColumnElement[int]:
    """Give the number of the study in what `walked` returns. Node-wide: it reads no row."""
    return study.c.id if listing is study else study_organisation.c.study_id


@lru_cache(maxsize=KNOWN)
def listed(tenant: TenantId, *, scope: Scope) -> tuple[Clause, ...]:
    """Say that a row of ``study_organisation`` is a study that one organisation sees.

    The same studies as `walked`, told by the worklist's index alone: for counting many.
    """
    farther = exists().where(
        _THIS.c.id == study_organisation.c.study_id, _nearer_copy(_THIS, [tenant.value], scope)
    )
    return (
        study_organisation.c.tenant == tenant.value,
        *_not_hidden(scope),
        or_(study_organisation.c.role == OWNER, not_(farther)),
    )


@lru_cache(maxsize=KNOWN)
def numbers(scope: Scope) -> Select[Any]:
    """Give the number of each study `within` a scope, by the worklist's index alone: to count."""
    tenants = [tenant.value for tenant in scope.tenants]
    query = select(study_organisation.c.study_id).where(
        study_organisation.c.tenant.in_(tenants), *_not_hidden(scope)
    )
    return query if len(tenants) == 1 else query.distinct()


def _not_hidden(scope: Scope) -> tuple[Clause, ...]:
    """Leave out of ``study_organisation`` the few studies of which nothing may be shown."""
    emptied = select(_THIS.c.id).where(  # found by an index of those of which any is hidden
        _THIS.c.hidden_instances_from_people > literal_column("0"),
        not_(left(_THIS, scope=scope)),
    )
    return (
        study_organisation.c.study_id.not_in(_WITHHELD),
        study_organisation.c.study_id.not_in(emptied),
    )


def _nearer_copy(one: FromClause, tenants: list[str], scope: Scope) -> Clause:
    other, theirs = _OTHER, _THEIRS
    other_owned, owned = other.c.tenant.in_(tenants), one.c.tenant.in_(tenants)
    return exists().where(
        other.c.study_instance_uid == one.c.study_instance_uid,
        other.c.id != one.c.id,
        or_(
            and_(other_owned, not_(owned)),
            and_(or_(other_owned, not_(owned)), other.c.id < one.c.id),
        ),
        shown(other),
        left(other, scope=scope),
        theirs.c.study_id == other.c.id,
        theirs.c.tenant.in_(tenants),
    )
