"""What a request let its readers see is hidden again in the transaction that folds its end.

Only the share goes: on a node that holds another's study nothing is deleted (the copy, its reports
and the audit stay), and a study that nobody of this node may see is in no list and behind no door.
A share that somebody has for another reason stays: another request, or a fetch of their own.
"""

from sqlalchemy import Connection, delete, exists, select

from archipel.exchange.transfer import TransferState
from archipel.kernel.identifiers import TenantId
from archipel.reading.model import ExamId
from archipel.reading.request.model import Standing
from archipel.stores.sql.archive.statements import OWNER
from archipel.stores.sql.schema.archive import study, study_organisation
from archipel.stores.sql.schema.requests import (
    reading_request,
    reading_request_exam,
    reading_request_party,
)
from archipel.stores.sql.schema.transfers import transfer


def take_back(connection: Connection, held: Standing) -> None:
    """Hide the images of a request that grants nothing any more. Node-wide: it names its parties.

    Its own row must have been written before.
    """
    if held.grants:
        return
    for site in held.request.readers:
        for exam in held.images:
            if site.tenant == exam.tenant or granted(connection, exam, to=site.tenant):
                continue
            if not _fetched_otherwise(connection, exam, site.tenant):
                _hide(connection, exam, site.tenant)


def granted(connection: Connection, exam: ExamId, *, to: TenantId) -> bool:
    """Tell whether a request lets `to` see an exam. Node-wide: it names both organisations."""
    named, party = reading_request_exam, reading_request_party
    query = select(
        exists()
        .where(
            named.c.tenant == exam.tenant.value,
            named.c.study_instance_uid == exam.study.value,
            reading_request.c.id == named.c.request,
            reading_request.c.grants,
            party.c.request == named.c.request,
            party.c.tenant == to.value,
        )
        .select_from(named, reading_request, party)
    )
    return bool(connection.execute(query).scalar())


def _fetched_otherwise(connection: Connection, exam: ExamId, tenant: TenantId) -> bool:
    """Tell whether an organisation had it fetched for a reason of its own: a login, no request."""
    query = select(transfer.c.reason).where(
        transfer.c.tenant == exam.tenant.value,
        transfer.c.study_instance_uid == exam.study.value,
        transfer.c.wanted_by == tenant.value,
        transfer.c.state == TransferState.PUBLISHED.value,
    )
    return any("~" not in reason for reason in connection.execute(query).scalars())


def _hide(connection: Connection, exam: ExamId, tenant: TenantId) -> None:
    this = select(study.c.id).where(
        study.c.tenant == exam.tenant.value, study.c.study_instance_uid == exam.study.value
    )
    connection.execute(
        delete(study_organisation).where(
            study_organisation.c.study_id.in_(this),
            study_organisation.c.tenant == tenant.value,
            study_organisation.c.role != OWNER,
        )
    )
