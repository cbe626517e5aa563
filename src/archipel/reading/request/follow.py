"""What a node does by itself about requests, on facts that came and on what happened here.

The asking node confirms claims; a reader's node has the images fetched, says when they are there,
and turns the lease on the exam and its signed reports into facts; every node concerned keeps the
signed versions that facts carry. Done again, each changes nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from archipel.exchange.fold.requests import CLAIMED, CONFIRMED, RELEASED, SIGNED
from archipel.kernel.errors import Malformed
from archipel.kernel.identifiers import TenantId
from archipel.reading.events import ClaimChanged, ReportReceived
from archipel.reading.model import Claim, Exam, ExamId, Reader
from archipel.reading.ports import Documents
from archipel.reading.request.awaited import awaiting
from archipel.reading.request.body import request_of, written
from archipel.reading.request.carried import carried, document_of
from archipel.reading.request.lifecycle import ARRIVED, ATTACHED
from archipel.reading.request.model import (
    Professional,
    ReadingClaim,
    RequestId,
    Site,
    Stage,
    Standing,
)
from archipel.reading.request.ports import Room, Telling, Travel, Wishes

SIGNING_TAKES = timedelta(seconds=15)
"""A lease that ends by a signature ends before the signature can be told (undo)."""

_OPEN_FOR_IMAGES = frozenset({Stage.PLACED, Stage.TRAVELLING, Stage.READING})
_CLOSED = frozenset({Stage.CANCELLED, Stage.DECLINED, Stage.ACKNOWLEDGED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """The node that follows; `node` is its short name."""

    node: str
    room: Room
    wishes: Wishes
    documents: Documents
    travel: Travel


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedReport:
    """A released version, as the reports' room tells it."""

    exam: ExamId
    document: str
    content: bytes  # canonical
    parents: tuple[str, ...]
    status: str
    fence: int
    stale: bool  # that lease was no longer the signer's
    signer: Professional
    at: datetime


def placed(request: RequestId, *, tenant: TenantId, here: Here, now: datetime) -> None:
    """Care for a request that was placed here: its reader may be at home here too."""
    held = here.room.node_standing(request, tenant=tenant)
    if held is not None:
        _care(held, tenant, here, now)


def facts_came(subject: str, *, tenant: TenantId, here: Here, now: datetime) -> None:
    """Fold a subject again and do what falls to this node. Others' subjects are left alone."""
    try:
        request = request_of(subject)
    except Malformed:
        return
    held = here.room.refold(request, tenant=tenant, now=now)
    if held is not None:
        _keep_reports(held, tenant, here)
        _care(held, tenant, here, now)


def changed(request: RequestId, *, tenant: TenantId, here: Here, now: datetime) -> None:
    """Follow a change made here: let go of what was closed, hand over what was attached."""
    held = here.room.node_standing(request, tenant=tenant)
    if held is None or not _at_home(held, here):
        return
    if held.stage in _CLOSED:
        here.wishes.let_go(held.request, now=now)
    elif held.request.exam is None:
        _care(held, tenant, here, now)


def acquired(exam: Exam, *, here: Here, now: datetime) -> None:
    """Attach an exam that is complete to the request that awaits it, where the number says so."""
    tenant = exam.id.tenant
    held = awaiting(exam, here.room.awaiting(tenant=tenant))
    if held is None or held.request.id.home != here.node:
        return
    if here.room.open_for(exam.id, tenant=tenant):
        return  # asked from its own page meanwhile
    body = {"exam": str(exam.id), "priors": [str(one) for one in held.request.priors]}
    told = Telling(kind=ATTACHED, body=body, login="system:exchange", at=now)
    here.room.node_tell(held.request.id, told, tenant=tenant)


def arrived(exam: ExamId, *, here: Here, now: datetime) -> None:
    """Say that images are here, for every request that waits for them."""
    for held in here.room.open_for(exam, tenant=exam.tenant):
        _say_arrived(held, exam.tenant, here, now)


def lease_changed(
    event: ClaimChanged, holder: Claim | None, *, here: Here, now: datetime
) -> timedelta | None:
    """State that an exam under request was claimed or given back; or say when to look again.

    `holder` is the lease that changed; None where it has passed on since. Who took it from a
    reader of another node, which asks a reason, says so: the asking node then confirms the later.
    """
    exam = ExamId(event.tenant, event.study)
    claim = f"{here.node}-{event.fence}"
    for held in here.room.open_for(exam, tenant=exam.tenant):
        if event.held:
            if holder is not None and _reads(held, holder.reader, here.node):
                by = written(_professional(holder.reader))
                body: dict[str, Any] = {"claim": claim, "by": by}
                if holder.reason and held.claim and held.claim.node != here.node:
                    body["over"] = held.claim.claim
                if here.travel.line(held.request.id.home).cut:
                    body["alone"] = True
                told = Telling(kind=CLAIMED, body=body, login=event.login, at=now)
                if not _mine(held, claim):
                    here.room.node_tell(held.request.id, told, tenant=exam.tenant)
        elif now - event.at < SIGNING_TAKES:
            return SIGNING_TAKES - (now - event.at)
        elif _mine(held, claim) and not held.answers:
            told = Telling(kind=RELEASED, body={"claim": claim}, login=event.login, at=now)
            here.room.node_tell(held.request.id, told, tenant=exam.tenant)
        current = here.room.node_standing(held.request.id, tenant=exam.tenant)
        if current is not None:
            _confirm(current, exam.tenant, here, now)
    return None


def signed(report: SignedReport, request: RequestId, *, here: Here, now: datetime) -> None:
    """State that a report answers: it travels whole, being what everybody waits for.

    Raises `Malformed` for a report that is too long for a fact.
    """
    tenant = report.exam.tenant
    held = here.room.node_standing(request, tenant=tenant)
    if held is None or held.exam != report.exam:
        return
    if report.signer.tenant not in {site.tenant for site in _at_home(held, here)}:
        return
    if any(answer.document == report.document for answer in held.answers):
        return
    body = {
        **carried(report.content),
        "document": report.document,
        "parents": list(report.parents),
        "status": report.status,
        "stale": report.stale,
        "claim": f"{here.node}-{report.fence}",
        "by": written(report.signer),
    }
    told = Telling(kind=SIGNED, body=body, login=report.signer.login, at=now)
    here.room.node_tell(request, told, tenant=tenant)


def _keep_reports(held: Standing, tenant: TenantId, here: Here) -> None:
    """Keep what other nodes signed, where it is what it says and its signer was asked."""
    exam = held.exam
    if exam is None:
        return
    readers = {(site.node, site.tenant) for site in held.request.readers}
    for told in here.room.signed_versions(held.request.id, tenant=tenant):
        if told.node == here.node:
            continue
        try:
            document, content = document_of(told.body)
        except Malformed:
            continue
        if document.exam != exam or (told.node, document.signer.organisation) not in readers:
            continue
        fact = ReportReceived(
            tenant=exam.tenant,
            at=told.at,
            study=exam.study,
            digest=str(told.body["document"]),
            state=document.state.value,
            contested=held.conflict,
        )
        here.documents.receive(document, content, fact)


def _care(held: Standing, tenant: TenantId, here: Here, now: datetime) -> None:
    _confirm(held, tenant, here, now)
    reads = _at_home(held, here)
    if not reads:
        return
    if held.stage in _CLOSED or not held.grants:
        here.wishes.let_go(held.request, now=now)
        return
    if here.node == held.request.id.home:
        if held.exam is not None:
            here.wishes.hand_over(held.exam, request=held.request, now=now)
        return
    if held.request.exam is None:  # another one may have been attached by mistake
        here.wishes.let_go(held.request, now=now, but=held.images)
    if held.stage in _OPEN_FOR_IMAGES:
        _fetch(held, reads[0].tenant, tenant, here, now)


def _fetch(held: Standing, reader: TenantId, tenant: TenantId, here: Here, now: datetime) -> None:
    """Have the images fetched; the priors of an exam that is awaited come before it."""
    if held.exam is not None and here.wishes.is_here(held.exam, tenant=reader):
        _say_arrived(held, tenant, here, now)
    elif held.exam is not None:
        here.wishes.want(held.exam, request=held.request, reader=reader, now=now)
    for prior in held.priors:
        if not here.wishes.is_here(prior, tenant=reader):
            here.wishes.want(prior, request=held.request, reader=reader, now=now)


def _say_arrived(held: Standing, tenant: TenantId, here: Here, now: datetime) -> None:
    if here.node == held.request.id.home or held.stage not in _OPEN_FOR_IMAGES:
        return
    reads = _at_home(held, here)
    if held.exam is None or not reads or _said_arrived(held, here):
        return
    if not here.wishes.is_here(held.exam, tenant=reads[0].tenant):
        return
    here.wishes.hand_over(held.exam, request=held.request, now=now)
    told = Telling(kind=ARRIVED, body={"exam": str(held.exam)}, login="system:exchange", at=now)
    here.room.node_tell(held.request.id, told, tenant=tenant)


def _said_arrived(held: Standing, here: Here) -> bool:
    """Tell whether this node said so of the images that are attached now."""
    said = False
    for step in held.log:
        if step.kind == ATTACHED:
            said = False
        elif step.kind == ARRIVED and step.node == here.node:
            said = True
    return said


def _at_home(held: Standing, here: Here) -> tuple[Site, ...]:
    """Return the readers whose node this is, the one that was asked first."""
    return tuple(site for site in held.request.readers if site.node == here.node)


def _confirm(held: Standing, tenant: TenantId, here: Here, now: datetime) -> None:
    """Confirm at home the claim that wins, or the later one that took over from it.

    A fence is higher than every other before it, also than those of claims that were given back:
    a late report under one of them is told by it.
    """
    if here.node != held.request.id.home or held.claim is None:
        return
    candidate = _to_confirm(held)
    if candidate is None:
        return
    fence = held.fences + 1
    told = Telling(
        kind=CONFIRMED,
        body={"claim": candidate.claim, "fence": fence},
        login="system:exchange",
        at=now,
    )
    here.room.node_tell(held.request.id, told, tenant=tenant)


def _to_confirm(held: Standing) -> ReadingClaim | None:
    claim = held.claim
    if claim is None or claim.fence is None:
        return claim
    later = [
        one
        for one in held.superseded
        if not one.released
        and (one.over == claim.claim or (one.node == claim.node and one.at > claim.at))
    ]
    return max(later, key=lambda one: one.at, default=None)


def _mine(held: Standing, claim: str) -> bool:
    every = [held.claim, *held.superseded]
    return any(one is not None and one.claim == claim for one in every)


def _reads(held: Standing, reader: Reader, node: str) -> bool:
    return any(site.tenant == reader.tenant and site.node == node for site in held.request.readers)


def _professional(reader: Reader) -> Professional:
    return Professional(login=reader.login, name=reader.name, tenant=reader.tenant)
