"""Which other organisations see a study: rows of ``study_organisation`` beside its owner's.

While the patient opposes sharing, what is lent waits (`following.lending`).
"""

from archipel.kernel.errors import NotFound
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.sql.following import lending
from archipel.stores.sql.session import Database


def share(database: Database, uid: Uid, *, tenant: TenantId, to: TenantId) -> None:
    """Let `to` see a study that `tenant` owns; again changes nothing. Raises `NotFound`."""
    with database.write() as connection:
        if not lending.lend(connection, uid, tenant=tenant, to=to):
            raise NotFound(f"{tenant} owns no study {uid}")


def unshare(database: Database, uid: Uid, *, tenant: TenantId, to: TenantId) -> None:
    """Let `to` no longer see a study that `tenant` owns; its owner always does."""
    with database.write() as connection:
        lending.take_back(connection, uid, tenant=tenant, to=to)
