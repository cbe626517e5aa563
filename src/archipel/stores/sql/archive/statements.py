"""Statements of the index writer, built once: building one costs more than running it.

Node-wide, all of them: the writer's keys name their tenant.
"""

from functools import lru_cache
from typing import cast

from sqlalchemy import BindParameter, Insert, Table, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from archipel.stores.sql.schema.archive import (
    instance,
    quarantine,
    reception,
    sealed_instance,
    segment,
    series,
    study,
    study_conflict,
    study_organisation,
)

OWNER, SHARED = "owner", "shared"
_SWEEP = 1000
_UIDS: BindParameter[list[str]] = bindparam("uids", expanding=True)
_TENANT: BindParameter[str] = bindparam("tenant")

APPLIED = select(segment.c.id, segment.c.applied).where(
    segment.c.id.in_(bindparam("segments", expanding=True))
)
STUDIES = select(study).where(study.c.tenant == _TENANT, study.c.study_instance_uid.in_(_UIDS))
SERIES = (
    select(series, study.c.study_instance_uid)
    .join(study, study.c.id == series.c.study_id)
    .where(series.c.tenant == _TENANT, series.c.series_instance_uid.in_(_UIDS))
    .with_for_update(of=series)  # nothing on SQLite, where a writer is alone
)
DIGESTS = select(instance.c.sop_instance_uid, instance.c.digest).where(
    instance.c.tenant == _TENANT, instance.c.sop_instance_uid.in_(_UIDS)
)
SEALED_SERIES = select(sealed_instance.c.series_id).where(
    sealed_instance.c.uid_hash.in_(bindparam("hashes", expanding=True))
)
HEARD = select(reception.c.study_id, reception.c.association).where(
    reception.c.study_id.in_(bindparam("studies", expanding=True)),
    reception.c.association.in_(bindparam("associations", expanding=True)),
)
INCOMPLETE = (
    select(study)
    .where(study.c.completed_at.is_(None))
    .order_by(study.c.received_first_at)
    .limit(_SWEEP)
    .with_for_update()
)
INSERT_STUDY = insert(study).returning(study.c.id)
INSERT_OWNER = insert(study_organisation)
INSERT_SERIES = insert(series).returning(series.c.id)
INSERT_INSTANCE = insert(instance)
INSERT_QUARANTINE = insert(quarantine)
UPDATE_STUDY = update(study).where(study.c.id == bindparam("number"))
UPDATE_LISTING = update(study_organisation).where(
    study_organisation.c.study_id == bindparam("number")
)
UPDATE_SERIES = update(series).where(series.c.id == bindparam("series_key"))


@lru_cache
def conflict(engine_name: str) -> Insert:
    """Note a conflict once. Node-wide: the study's number bounds it."""
    return _insert(engine_name, study_conflict).on_conflict_do_nothing()


@lru_cache
def reception_counts(engine_name: str) -> Insert:
    """Add to what an association brought. Node-wide: the study's number bounds it."""
    new = _insert(engine_name, reception)
    names = ("instance_count", "duplicate_count", "quarantined_count")
    added = {name: reception.c[name] + new.excluded[name] for name in names}
    return new.on_conflict_do_update(
        index_elements=["study_id", "association"],
        set_={**added, "last_at": new.excluded.last_at},
    )


@lru_cache
def segment_applied(engine_name: str) -> Insert:
    """Move a segment on. Node-wide: a segment serves every organisation."""
    new = _insert(engine_name, segment)
    return new.on_conflict_do_update(
        index_elements=["id"],
        set_={"applied": new.excluded.applied, "live": segment.c.live + new.excluded.live},
    )


def _insert(engine_name: str, table: Table) -> sqlite.Insert:
    if engine_name == "postgresql":
        # The two engines' classes offer the same methods; the annotation names one of them.
        return cast("sqlite.Insert", postgresql.insert(table))
    return sqlite.insert(table)
