"""Sign a report, undo it within seconds, and release it when that time has passed.

A signature makes a document (`reading.document`) of the draft that was seen. For `UNDO` nobody is
told and the signer may take it back; then it is released, which is the fact all others hear.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from archipel.access.model import Action, AuditEntry, Organisation, Person
from archipel.access.ports import Audit, Organisations
from archipel.kernel.actors import Scope
from archipel.kernel.errors import Conflict, Malformed, NotFound, Refused
from archipel.kernel.identifiers import TenantId
from archipel.reading import canonical
from archipel.reading.checks import Check, Looked, checks, open_rules
from archipel.reading.compose import Act, Before, compose
from archipel.reading.document import Document, Signer, Version
from archipel.reading.errors import ChecksOpen, DraftOutdated, ReportClosed, TooLateToUndo
from archipel.reading.events import ClaimChanged, ReportReleased, ReportSigned, ReportWithdrawn
from archipel.reading.model import (
    LEASE,
    Claim,
    Draft,
    Exam,
    ExamId,
    Purpose,
    ReportState,
    SectionCode,
)
from archipel.reading.ports import Claims, Documents, Drafts, Exams
from archipel.reading.request.carried import carried

UNDO = timedelta(seconds=10)
TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What signing needs at hand, for one actor on one node."""

    exams: Exams
    drafts: Drafts
    documents: Documents
    claims: Claims
    organisations: Organisations
    audit: Audit
    scope: Scope
    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be signed: the draft's version as seen, under which lease, how.

    `accepted` names the warnings that the signer saw and accepts.
    """

    version: int
    fence: int
    preliminary: bool = False
    accepted: frozenset[str] = frozenset()
    language: str = "fr"
    request: str | None = None  # of tele-reading, which this answers
    custodian: str = ""  # name of the exam's owner, where it is not of this node


@dataclass(frozen=True, slots=True)
class _Signing:
    desk: Desk
    signer: Person
    now: datetime


def look(
    exam: ExamId, fence: int, *, signer: Person, desk: Desk, now: datetime
) -> Sequence[Check]:
    """Apply the checks to the draft as it stands. Raises `NotFound`: also where there is none."""
    found = desk.exams.exam(exam, scope=desk.scope, now=now)
    draft = desk.drafts.current(exam, scope=desk.scope)
    if draft is None or draft.head.signed is not None:
        raise NotFound(f"nothing is being written for {exam}")
    return _look(found, draft, _lease(exam, fence, signer, desk, now), signer, desk)


def draft_document(
    exam: ExamId, *, signer: Person, desk: Desk, now: datetime, custodian: str = ""
) -> tuple[Document, int]:
    """Make the document that the draft would become, and its draft version; nothing is kept.

    `custodian` is the name of the exam's owner, where that is not of this node.
    Raises `NotFound` where nothing is being written.
    """
    found = desk.exams.exam(exam, scope=desk.scope, now=now)
    draft = desk.drafts.current(exam, scope=desk.scope)
    if draft is None or draft.head.signed is not None:
        raise NotFound(f"nothing is being written for {exam}")
    order = Order(version=draft.head.version, fence=0, custodian=custodian)
    document = _composed(found, draft, order, None, _Signing(desk, signer, now))
    return replace(document, stale=False), order.version  # under which lease is said when signed


def sign(exam: ExamId, order: Order, *, signer: Person, desk: Desk, now: datetime) -> Version:
    """Sign the draft. It can be undone until the version's `release_at`.

    A validated report ends the lease. Signed under a lost lease (accepted by name) it is kept and
    never principal by itself. Raises `DraftOutdated`, `ReportClosed`, `ChecksOpen`, `NotFound`,
    `Malformed` (a preliminary addendum), `ReportTooLong` (for the other nodes).
    """
    for _ in range(TRIES):
        found = desk.exams.exam(exam, scope=desk.scope, now=now)
        draft = desk.drafts.current(exam, scope=desk.scope)
        if draft is None or draft.head.version != order.version:
            raise DraftOutdated(exam, held=draft, offered=order.version)
        if draft.head.signed is not None:
            raise ReportClosed(exam)
        if order.preliminary and draft.purpose is not Purpose.REPORT:
            raise Malformed("only a report is told as preliminary, not what is added to one")
        lease = _lease(exam, order.fence, signer, desk, now)
        against = open_rules(_look(found, draft, lease, signer, desk), accepted=order.accepted)
        if against:
            raise ChecksOpen(exam, against)
        document = _composed(found, draft, order, lease, _Signing(desk, signer, now))
        carried(canonical.write(document))  # other nodes can be told, or it is not signed
        version = version_of(document, release_at=now + UNDO)
        desk.audit.record([_entry(exam, desk.scope, f"signed {_named(version)}", now)])
        signed = ReportSigned(
            tenant=exam.tenant,
            at=now,
            study=exam.study,
            digest=version.digest,
            state=version.state.value,
            login=signer.login,
            release_at=now + UNDO,
        )
        facts: list[ReportSigned | ClaimChanged] = [signed]
        if lease is not None and not order.preliminary:
            facts.append(_claimed(replace(lease, until=now), now))
        if desk.documents.sign(
            document, version, over=order.version, lease=lease, facts=facts, scope=desk.scope
        ):
            return version
    raise Conflict(f"the report of {exam} changes faster than it can be signed: try again")


def undo(exam: ExamId, digest: str, *, signer: Person, desk: Desk, now: datetime) -> Claim | None:
    """Take a signature back within its time; returns the lease that begins again, if one does.

    Only who signed may. Raises `NotFound`, `Refused`, `TooLateToUndo`.
    """
    desk.exams.exam(exam, scope=desk.scope, now=now)
    kept = desk.documents.document(exam, digest, scope=desk.scope)
    if kept is None:
        raise NotFound(f"no version {digest[:12]} of the report of {exam}")
    version = kept.version
    if version.signer.login != signer.login:
        raise Refused("only who signed a report may undo it")
    if version.release_at is None or now >= version.release_at or version.withdrawn_at:
        raise TooLateToUndo(exam)
    claim = _again(exam, kept.document, desk, now)
    desk.audit.record([_entry(exam, desk.scope, f"undone {_named(version)}", now)])
    facts: list[ReportWithdrawn | ClaimChanged] = [
        ReportWithdrawn(
            tenant=exam.tenant, at=now, study=exam.study, digest=digest, login=signer.login
        )
    ]
    if claim is not None:
        facts.append(_claimed(claim, now))
    if not desk.documents.withdraw(exam, digest, claim=claim, facts=facts, scope=desk.scope):
        raise TooLateToUndo(exam)
    return claim


def release(signed: ReportSigned, *, documents: Documents, now: datetime) -> timedelta | None:
    """Release a version when its time to undo has passed; else say how long that still is.

    Done again it changes nothing; an undone version is never released.
    """
    if now < signed.release_at:
        return signed.release_at - now
    exam = ExamId(signed.tenant, signed.study)
    kept = documents.of_node(exam, signed.digest, tenant=signed.tenant)
    if kept is None:
        raise NotFound(f"no version {signed.digest[:12]} of the report of {exam}")
    document, version = kept.document, kept.version
    if version.released_at or version.withdrawn_at:
        return None
    fact = ReportReleased(
        tenant=exam.tenant,
        at=now,
        study=exam.study,
        digest=version.digest,
        parents=version.parents,
        state=version.state.value,
        fence=document.fence,
        stale=document.stale,
        request=document.request,
        login=document.signer.login,
        signer_tenant=document.signer.organisation,
        signed_at=document.signed_at,
        conclusion_length=len(document.words(SectionCode.CONCLUSION)),
        important=document.important,
    )
    documents.release(exam, fact, tenant=exam.tenant)
    return None


def version_of(document: Document, *, release_at: datetime | None = None) -> Version:
    """Return the head of a document: its digest is the identity of the version."""
    return Version(
        digest=canonical.digest_of(canonical.write(document)),
        state=document.state,
        parents=document.parents,
        signer=document.signer.reader,
        signed_at=document.signed_at,
        stale=document.stale,
        release_at=release_at,
    )


def _look(
    found: Exam, draft: Draft, lease: Claim | None, signer: Person, desk: Desk
) -> tuple[Check, ...]:
    seen = desk.drafts.preview_seen(found.id, login=signer.login, scope=desk.scope)
    looked = Looked(
        draft=draft,
        exam=found,
        series=desk.exams.series(found.id, scope=desk.scope),
        preview_seen=seen,
        holds_claim=lease is not None,
    )
    return checks(looked)


def _lease(exam: ExamId, fence: int, signer: Person, desk: Desk, now: datetime) -> Claim | None:
    """Return the lease of that fence where it is the signer's and runs."""
    last = desk.claims.latest(exam, scope=desk.scope)
    theirs = last is not None and last.reader.login == signer.login and last.held(now)
    return last if last is not None and theirs and last.fence == fence else None


def _again(exam: ExamId, document: Document, desk: Desk, now: datetime) -> Claim | None:
    """Return the lease to begin again: none where the signature ended none or it is taken."""
    last = desk.claims.latest(exam, scope=desk.scope)
    if document.state is ReportState.PRELIMINARY or document.stale or last is None:
        return None
    if last.held(now) or last.fence != document.fence:
        return None
    reader = document.signer.reader
    return Claim(exam=exam, reader=reader, since=now, until=now + LEASE, fence=last.fence + 1)


def _composed(
    found: Exam, draft: Draft, order: Order, lease: Claim | None, signing: "_Signing"
) -> Document:
    desk, signer = signing.desk, signing.signer
    before = before_of(found.id, desk)
    act = Act(
        signer=_signer(signer, _organisation(signer.tenant, desk)),
        at=signing.now,
        preliminary=order.preliminary,
        fence=order.fence,
        stale=lease is None,
        accepted=tuple(sorted(order.accepted)),
        language=order.language,
        node=desk.node,
        request=order.request,
    )
    owner = _owner(found, order.custodian, desk)
    return compose(found, draft, act, before=before, owner=owner)


def before_of(exam: ExamId, desk: Desk) -> Before:
    """Read what was signed before. Raises `NotFound` out of scope."""
    standing = desk.documents.standing(exam, scope=desk.scope)
    documents = {}
    for head in standing.heads:
        kept = desk.documents.document(exam, head.digest, scope=desk.scope)
        if kept is not None:
            documents[head.digest] = kept.document
    return Before(standing=standing, documents=documents)


def _organisation(tenant: TenantId, desk: Desk) -> Organisation:
    found = desk.organisations.organisation(tenant=tenant)
    if found is None:
        raise NotFound(f"no organisation {tenant} on this node")
    return found


def _owner(exam: Exam, name: str, desk: Desk) -> Organisation:
    """Return whose exam it is; of another node only what its images and the request say."""
    tenant = exam.id.tenant
    return desk.organisations.organisation(tenant=tenant) or Organisation(
        key=tenant,
        name=name or tenant.value,
        issuer=exam.patient.issuer,
        finess=None,
        ae_titles=(),
    )


def _signer(person: Person, organisation: Organisation) -> Signer:
    return Signer(
        login=person.login,
        name=person.name,
        organisation=organisation.key,
        organisation_name=organisation.name,
        rpps=person.rpps,
        finess=organisation.finess,
    )


def _claimed(claim: Claim, now: datetime) -> ClaimChanged:
    return ClaimChanged(
        tenant=claim.exam.tenant,
        at=now,
        study=claim.exam.study,
        login=claim.reader.login,
        held=claim.held(now),
        fence=claim.fence,
    )


def _named(version: Version) -> str:
    return f"{version.state.value} report {version.digest[:12]}"


def _entry(exam: ExamId, scope: Scope, detail: str, now: datetime) -> AuditEntry:
    return AuditEntry(
        tenant=exam.tenant,
        at=now,
        actor=scope.actor,
        action=Action.REPORT,
        subject=exam.study.value,
        door="web",
        detail=detail,
    )
