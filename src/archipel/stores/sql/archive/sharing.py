"""Which other organisations see a study: rows of ``study_organisation`` beside its owner's."""

from sqlalchemy import Connection, Row, delete, select

from archipel.kernel.errors import NotFound
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.sql.archive.statements import OWNER, SHARED
from archipel.stores.sql.schema.archive import study, study_organisation
from archipel.stores.sql.session import Database, upsert


def share(database: Database, uid: Uid, *, tenant: TenantId, to: TenantId) -> None:
    """Let `to` see a study that `tenant` owns; again changes nothing. Raises `NotFound`."""
    with database.write() as connection:
        owned = _owned(connection, uid, tenant=tenant)
        connection.execute(
            upsert(connection, study_organisation).on_conflict_do_nothing(),
            {
                "study_id": owned.id,
                "tenant": to.value,
                "role": SHARED,
                "moment": owned.moment,
                "modalities": owned.modalities,
            },
        )


def unshare(database: Database, uid: Uid, *, tenant: TenantId, to: TenantId) -> None:
    """Let `to` no longer see a study that `tenant` owns; its owner always does."""
    with database.write() as connection:
        number = _owned(connection, uid, tenant=tenant).id
        connection.execute(
            delete(study_organisation).where(
                study_organisation.c.study_id == number,
                study_organisation.c.tenant == to.value,
                study_organisation.c.role != OWNER,
            )
        )


def _owned(connection: Connection, uid: Uid, *, tenant: TenantId) -> Row[int, str, str]:
    row = connection.execute(
        select(study.c.id, study.c.moment, study.c.modalities)
        .where(study.c.tenant == tenant.value, study.c.study_instance_uid == uid.value)
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound(f"{tenant} owns no study {uid}")
    return row
