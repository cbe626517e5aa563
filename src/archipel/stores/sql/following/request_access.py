"""What a request let its readers see is hidden again in the transaction that folds its end.

Only the share goes: on a node that holds another's study nothing is deleted (the copy, its reports
and the audit stay), and a study that nobody of this node may see is in no list and behind no door.
A share that somebody has for another reason stays: another request, or a fetch of their own.
"""

from collections.abc import Collection

from sqlalchemy import Connection, delete, exists, select

from archipel.exchange.transfer import TransferState
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.reading.model import ExamId
from archipel.reading.request.model import Standing
from archipel.stores.sql.following import lending
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
    if not held.grants:
        _hide_all(connection, held, held.images)


def keep_images(connection: Connection, held: Standing) -> None:
    """Write down what a request lets its readers see; hide what it showed them and names no more.

    Node-wide: it names its parties.
    """
    named, request = reading_request_exam, held.request.id.value
    rows = connection.execute(
        select(named.c.tenant, named.c.study_instance_uid).where(named.c.request == request)
    )
    before = {ExamId(TenantId(row.tenant), Uid(row.study_instance_uid)) for row in rows}
    for exam in held.images:
        if exam not in before:
            connection.execute(named.insert().values(request=request, **_key(exam)))
    gone = before - set(held.images)
    for exam in gone:
        here = [named.c[name] == value for name, value in _key(exam).items()]
        connection.execute(delete(named).where(named.c.request == request, *here))
    _hide_all(connection, held, gone)


def _hide_all(connection: Connection, held: Standing, exams: Collection[ExamId]) -> None:
    for site in held.request.readers:
        for exam in exams:
            if site.tenant == exam.tenant or granted(connection, exam, to=site.tenant):
                continue
            if not _fetched_otherwise(connection, exam, site.tenant):
                _hide(connection, exam, site.tenant)


def _key(exam: ExamId) -> dict[str, str]:
    return {"tenant": exam.tenant.value, "study_instance_uid": exam.study.value}


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
    lending.take_back(connection, exam.study, tenant=exam.tenant, to=tenant)
