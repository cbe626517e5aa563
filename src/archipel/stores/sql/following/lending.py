"""What organisations of one node lend each other is hidden while the patient opposes sharing.

Guests of other nodes are hidden by `withholding`; here it is a study at home on this node that
another organisation of the node was let see. In the transaction that states the opposition such
shares are set aside, in the one that lifts it they are given back; what is lent meanwhile waits.
The owner, who treats the patient, goes on seeing its own.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from archipel.exchange.fold import policy
from archipel.kernel.errors import NotFound
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.sql import facts
from archipel.stores.sql.archive.statements import OWNER, SHARED
from archipel.stores.sql.peering.homes import home_of
from archipel.stores.sql.schema.archive import study, study_organisation, withheld_share
from archipel.stores.sql.session import Database, upsert

PATIENT = "patient:"


def opposed(connection: Connection, subject: str) -> bool:
    """Tell whether a patient opposes sharing. Node-wide: `subject` names who."""
    kinds = (policy.DENIED, policy.GRANTED)
    return policy.denied(facts.of_subjects(connection, [subject], kinds=kinds))


def settle_lent(connection: Connection, subject: str) -> None:
    """Set aside or give back what others of this node see of a patient's studies.

    Node-wide: it is the patient's word, whichever organisation of this node owns a study.
    """
    withheld = opposed(connection, subject)
    for one in _studies(connection, subject):
        if withheld:
            _set_aside(connection, one)
        else:
            _give_back(connection, one)


def share(database: Database, uid: Uid, *, tenant: TenantId, to: TenantId) -> None:
    """Let `to` see a study that `tenant` owns; again changes nothing. Raises `NotFound`."""
    with database.write() as connection:
        one = connection.execute(
            _rows()
            .where(study.c.tenant == tenant.value, study.c.study_instance_uid == uid.value)
            .with_for_update()
        ).one_or_none()
        if one is None:
            raise NotFound(f"{tenant} owns no study {uid}")
        if opposed(connection, f"{PATIENT}{one.patient_issuer}|{one.patient_id}"):
            _remember(connection, one, to.value)
        else:
            _let_in(connection, one, to.value)


def unshare(database: Database, uid: Uid, *, tenant: TenantId, to: TenantId) -> None:
    """Let `to` no longer see a study that `tenant` owns; its owner always does."""
    with database.write() as connection:
        take_back(connection, uid, tenant=tenant, to=to)


def take_back(connection: Connection, uid: Uid, *, tenant: TenantId, to: TenantId) -> None:
    """Let `to` no longer see a study that `tenant` owns, nor later; its owner always does."""
    this = select(study.c.id).where(
        study.c.tenant == tenant.value, study.c.study_instance_uid == uid.value
    )
    connection.execute(
        delete(study_organisation).where(
            study_organisation.c.study_id.in_(this),
            study_organisation.c.tenant == to.value,
            study_organisation.c.role != OWNER,
        )
    )
    connection.execute(
        delete(withheld_share).where(
            withheld_share.c.owner == tenant.value,
            withheld_share.c.study_instance_uid == uid.value,
            withheld_share.c.tenant == to.value,
        )
    )


def _rows() -> Any:
    return select(
        study.c.id,
        study.c.tenant,
        study.c.study_instance_uid,
        study.c.patient_id,
        study.c.patient_issuer,
        study.c.moment,
        study.c.modalities,
    )


def _studies(connection: Connection, subject: str) -> Sequence[Row[Any]]:
    """Return the patient's studies that are at home on this node."""
    issuer, _, value = subject.removeprefix(PATIENT).partition("|")
    query = _rows().where(study.c.patient_id == value, study.c.patient_issuer == issuer)
    here = {None, facts.own(connection).node}
    return [
        one
        for one in connection.execute(query).all()
        if home_of(connection, tenant=TenantId(one.tenant)) in here
    ]


def _set_aside(connection: Connection, one: Row[Any]) -> None:
    lent = [
        study_organisation.c.study_id == one.id,
        study_organisation.c.role == SHARED,
    ]
    for to in connection.execute(select(study_organisation.c.tenant).where(*lent)).scalars().all():
        _remember(connection, one, to)
    connection.execute(delete(study_organisation).where(*lent))


def _give_back(connection: Connection, one: Row[Any]) -> None:
    held = [
        withheld_share.c.owner == one.tenant,
        withheld_share.c.study_instance_uid == one.study_instance_uid,
    ]
    for to in connection.execute(select(withheld_share.c.tenant).where(*held)).scalars().all():
        _let_in(connection, one, to)
    connection.execute(delete(withheld_share).where(*held))


def _remember(connection: Connection, one: Row[Any], to: str) -> None:
    connection.execute(
        upsert(connection, withheld_share).on_conflict_do_nothing(),
        {"owner": one.tenant, "study_instance_uid": one.study_instance_uid, "tenant": to},
    )


def _let_in(connection: Connection, one: Row[Any], to: str) -> None:
    connection.execute(
        upsert(connection, study_organisation).on_conflict_do_nothing(),
        {
            "study_id": one.id,
            "tenant": to,
            "role": SHARED,
            "moment": one.moment,
            "modalities": one.modalities,
        },
    )
