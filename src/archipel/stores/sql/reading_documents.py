"""Signed versions of reports, and which of them stands for an exam.

A version is inserted once and never changed but for three times: when its time to undo ends, when
it was told, when it was undone. What stands is folded anew, in the same transaction, from all.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.engine import Row

from archipel.kernel.actors import Scope
from archipel.kernel.identifiers import TenantId
from archipel.reading import canonical
from archipel.reading.document import Choice, Document, KeptDocument, Standing, Version
from archipel.reading.events import (
    ClaimChanged,
    ReadingChosen,
    ReportReceived,
    ReportReleased,
    ReportSigned,
    ReportWithdrawn,
)
from archipel.reading.model import Claim, ExamId, Reader, ReportState
from archipel.reading.versions import fold
from archipel.stores.sql.outbox import announce
from archipel.stores.sql.reading import (
    claim_row,
    claim_until,
    key_of,
    latest_claim,
    of,
    seen,
)
from archipel.stores.sql.schema.reading import (
    exam_claim,
    report,
    report_choice,
    report_document,
    report_standing,
)
from archipel.stores.sql.session import Database, alone, upsert

_HEAD = [column for column in report_document.c if column.name != "content"]


class SqlDocuments:
    """`archipel.reading.ports.Documents`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def sign(
        self,
        document: Document,
        version: Version,
        *,
        over: int,
        lease: Claim | None,
        facts: Sequence[ReportSigned | ClaimChanged],
        scope: Scope,
    ) -> bool:
        """See the port."""
        exam = document.exam
        with self._database.write() as connection:
            seen(connection, exam, scope)
            alone(connection, str(exam))
            held = connection.execute(select(report).where(of(report, exam))).one_or_none()
            if held is None or held.version != over or held.signed is not None:
                return False
            if lease is not None:
                last = latest_claim(connection, exam)
                if last is None or last.fence != lease.fence or not last.held(version.signed_at):
                    return False
            _insert(connection, document, version)
            if version.state is not ReportState.PRELIMINARY and not version.stale:
                closed = update(report).where(of(report, exam)).values(signed=version.digest)
                connection.execute(closed)
                if lease is not None:
                    claim_until(connection, lease, version.signed_at)
            _stand(connection, exam)
            for fact in facts:
                announce(connection, fact)
            return True

    def withdraw(
        self,
        exam: ExamId,
        digest: str,
        *,
        claim: Claim | None,
        facts: Sequence[ReportWithdrawn | ClaimChanged],
        scope: Scope,
    ) -> bool:
        """See the port."""
        at = facts[0].at
        with self._database.write() as connection:
            seen(connection, exam, scope)
            alone(connection, str(exam))
            last = latest_claim(connection, exam)
            if claim is not None and (last is None or last.fence != claim.fence - 1):
                return False
            undone = connection.execute(
                update(report_document)
                .where(of(report_document, exam), report_document.c.digest == digest)
                .where(report_document.c.released_at.is_(None))
                .where(report_document.c.withdrawn_at.is_(None))
                .where(report_document.c.release_at > at)
                .values(withdrawn_at=at)
            )
            if not undone.rowcount:
                return False
            opened = update(report).where(of(report, exam), report.c.signed == digest)
            connection.execute(opened.values(signed=None))
            if claim is not None:
                connection.execute(insert(exam_claim), claim_row(claim))
            _stand(connection, exam)
            for fact in facts:
                announce(connection, fact)
            return True

    def release(self, exam: ExamId, fact: ReportReleased, *, tenant: TenantId) -> bool:
        """See the port."""
        if exam.tenant != tenant:
            return False
        with self._database.write() as connection:
            released = connection.execute(
                update(report_document)
                .where(of(report_document, exam), report_document.c.digest == fact.digest)
                .where(report_document.c.released_at.is_(None))
                .where(report_document.c.withdrawn_at.is_(None))
                .values(released_at=fact.at)
            )
            if released.rowcount:
                announce(connection, fact)
            return bool(released.rowcount)

    def receive(self, document: Document, content: bytes, fact: ReportReceived) -> bool:
        """See the port. Node-wide: the peer's agreement decided, the owner is in the document."""
        with self._database.write() as connection:
            return receive(connection, document, content, fact)

    def standing(self, exam: ExamId, *, scope: Scope) -> Standing:
        """See the port."""
        with self._database.read() as connection:
            seen(connection, exam, scope)
            return _folded(connection, exam)

    def document(self, exam: ExamId, digest: str, *, scope: Scope) -> KeptDocument | None:
        """See the port."""
        with self._database.read() as connection:
            seen(connection, exam, scope)
            return _kept(connection, exam, digest)

    def of_node(self, exam: ExamId, digest: str, *, tenant: TenantId) -> KeptDocument | None:
        """See the port."""
        if exam.tenant != tenant:
            return None
        with self._database.read() as connection:
            return _kept(connection, exam, digest)


def receive(
    connection: Connection, document: Document, content: bytes, fact: ReportReceived
) -> bool:
    """Keep a version signed elsewhere in the caller's transaction; False where it is held.

    Node-wide: the peer's agreement decided, and the owner is in the document. What stands for
    the exam is folded anew and `fact` announced, with what it says of the exam set here.
    """
    exam, digest = document.exam, canonical.digest_of(content)
    alone(connection, str(exam))
    held = select(report_document.c.digest).where(
        of(report_document, exam), report_document.c.digest == digest
    )
    if connection.execute(held).first() is not None:
        return False
    version = Version(
        digest=digest,
        state=document.state,
        parents=document.parents,
        signer=document.signer.reader,
        signed_at=document.signed_at,
        stale=document.stale,
        released_at=fact.at,
    )
    _insert(connection, document, version)
    _stand(connection, exam)
    announce(connection, fact)
    return True


def choose(
    connection: Connection, exam: ExamId, choice: Choice, fact: ReadingChosen, *, tenant: TenantId
) -> None:
    """Keep which reading answers a request that `tenant` made, in the caller's transaction.

    What stands for the exam is folded anew, and `fact` announced, where that changes anything.
    """
    if exam.tenant != tenant:
        return
    alone(connection, str(exam))
    held = connection.execute(select(report_choice).where(of(report_choice, exam))).one_or_none()
    row = {"digest": choice.digest, "settled": choice.settled}
    if held is not None and {"digest": held.digest, "settled": held.settled} == row:
        return
    change = upsert(connection, report_choice).values(**key_of(exam), **row)
    keys = ["tenant", "study_instance_uid"]
    connection.execute(change.on_conflict_do_update(index_elements=keys, set_=row))
    _stand(connection, exam)
    announce(connection, fact)


def content_of(connection: Connection, digest: str, *, tenant: TenantId) -> bytes | None:
    """Return the canonical bytes of a version that was told, of an exam of `tenant`."""
    query = select(report_document.c.content).where(
        report_document.c.digest == digest,
        report_document.c.tenant == tenant.value,
        report_document.c.released_at.is_not(None),
    )
    content: bytes | None = connection.execute(query).scalar()
    return content


def _insert(connection: Connection, document: Document, version: Version) -> None:
    row = {
        **key_of(document.exam),
        "digest": version.digest,
        "state": version.state.value,
        "parents": list(version.parents),
        "signer_login": version.signer.login,
        "signer_name": version.signer.name,
        "signer_tenant": version.signer.tenant.value,
        "signed_at": version.signed_at,
        "stale": version.stale,
        "release_at": version.release_at,
        "released_at": version.released_at,
        "withdrawn_at": version.withdrawn_at,
        "content": canonical.write(document),
    }
    connection.execute(insert(report_document), row)


def _stand(connection: Connection, exam: ExamId) -> None:
    """Fold the versions of an exam and keep what stands for the lists."""
    standing = _folded(connection, exam)
    principal = standing.principal
    if principal is None:
        connection.execute(delete(report_standing).where(of(report_standing, exam)))
        return
    row = {
        **key_of(exam),
        "digest": principal.digest,
        "state": principal.state.value,
        "signer_login": principal.signer.login,
        "signer_name": principal.signer.name,
        "signer_tenant": principal.signer.tenant.value,
        "signed_at": principal.signed_at,
        "contested": standing.contested,
    }
    keys = ["tenant", "study_instance_uid"]
    change = upsert(connection, report_standing).values(row)
    connection.execute(change.on_conflict_do_update(index_elements=keys, set_=row))


def _folded(connection: Connection, exam: ExamId) -> Standing:
    row = connection.execute(select(report_choice).where(of(report_choice, exam))).one_or_none()
    choice = Choice(digest=row.digest, settled=row.settled) if row else None
    return fold(_versions(connection, exam), choice=choice)


def _versions(connection: Connection, exam: ExamId) -> list[Version]:
    query = select(*_HEAD).where(of(report_document, exam))
    return [_version(row) for row in connection.execute(query)]


def _kept(connection: Connection, exam: ExamId, digest: str) -> KeptDocument | None:
    query = select(report_document).where(
        of(report_document, exam), report_document.c.digest == digest
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    document = canonical.read(row.content)
    return KeptDocument(document=document, version=_version(row), content=row.content)


def _version(row: Row[Any]) -> Version:
    return Version(
        digest=row.digest,
        state=ReportState(row.state),
        parents=tuple(row.parents),
        signer=Reader(
            login=row.signer_login, name=row.signer_name, tenant=TenantId(row.signer_tenant)
        ),
        signed_at=row.signed_at,
        stale=row.stale,
        release_at=row.release_at,
        released_at=row.released_at,
        withdrawn_at=row.withdrawn_at,
    )
