"""Share the result of an exam: make a link, see who looked, cut it, take that back."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, cast

from fastapi import APIRouter, Path

from archipel.access.model import Action, AuditEntry, Permission
from archipel.protocols.web.models.base import Problem
from archipel.protocols.web.models.sharing import (
    KnownReferrer,
    Language,
    ReferrerAddress,
    ShareMade,
    ShareMail,
    ShareRequest,
    SharesView,
    ShareView,
)
from archipel.protocols.web.routes.exams import exam_id
from archipel.protocols.web.services import DOOR, Services, WebServices
from archipel.protocols.web.visitors import SharesResults, SignedIn
from archipel.protocols.web.words import readable
from archipel.results import enter, share
from archipel.results.correspond import invite, know_of, referrer_of
from archipel.results.model import (
    Audience,
    Content,
    Correspondent,
    Link,
    MailAddress,
    MailKind,
    Recipient,
)
from archipel.results.share import UNDO, Shared, Wish
from archipel.results.visits import by_link, visits

routes = APIRouter(tags=["sharing"])
LinkName = Annotated[str, Path(max_length=64)]


@routes.get("/exams/{exam}/shares", operation_id="list_shares")
def list_shares(exam: str, visitor: SharesResults, services: Services) -> SharesView:
    """List the links to an exam and who looked through them; audited."""
    now, named = services.clock(), exam_id(exam)
    links = share.links_of(named, counter=services.counter(visitor), now=now)
    said = AuditEntry(
        tenant=named.tenant,
        at=now,
        actor=visitor.scope.actor,
        action=Action.QUERY,
        subject=named.study.value,
        door=DOOR,
        detail="links to the result",
    )
    services.desk.audit.record([said])
    rows = visits(named, trail=services.sharing.trail, scope=visitor.scope, door=enter.DOOR)
    seen = by_link(rows, links, services.sharing.links)
    known = referrer_of(
        named,
        exams=services.exams,
        correspondents=services.sharing.correspondents,
        now=now,
    )
    release = services.sharing.releases.release(named)
    return SharesView(
        shares=[share_view(one, services, seen, now) for one in links],
        referrer=_known(known) if known else None,
        referring_physician=readable(
            services.exams.exam(named, scope=visitor.scope, now=now).referring_physician
        ),
        released_at=release.told_at(Audience.REFERRER) if release else None,
        patient_at=release.told_at(Audience.PATIENT) if release else None,
        mailed=services.sharing.mailed,
        server_time=now,
    )


@routes.post("/exams/{exam}/shares", operation_id="make_share", status_code=201)
def make_share(
    exam: str, wanted: ShareRequest, visitor: SharesResults, services: Services
) -> ShareMade:
    """Make a link; a patient's code comes back once. A mail follows when there is a result."""
    wish = Wish(
        audience=Audience(wanted.audience),
        recipient=Recipient(
            name=wanted.name.strip(),
            mail=MailAddress(wanted.mail.strip()),
            language=wanted.language,
        ),
        content=Content(wanted.content),
        lasts=timedelta(days=wanted.days),
    )
    now = services.clock()
    made = share.share(exam_id(exam), wish, counter=services.counter(visitor), now=now)
    return _made(made, services, now)


@routes.post("/exams/{exam}/shares/{link}/renewal", operation_id="renew_share", status_code=201)
def renew_share(
    exam: str, link: LinkName, visitor: SharesResults, services: Services
) -> ShareMade:
    """Send a link again, or give the patient a new code: the former opens nothing any more."""
    now = services.clock()
    made = share.send_again(exam_id(exam), link, counter=services.counter(visitor), now=now)
    return _made(made, services, now)


@routes.delete("/exams/{exam}/shares/{link}", operation_id="cut_share")
def cut_share(exam: str, link: LinkName, visitor: SharesResults, services: Services) -> ShareView:
    """Cut a link: whoever came through it is out at their next request."""
    now = services.clock()
    ended = share.revoke(exam_id(exam), link, counter=services.counter(visitor), now=now)
    return share_view(ended, services, {}, now)


@routes.post("/exams/{exam}/shares/{link}/restoration", operation_id="restore_share")
def restore_share(
    exam: str, link: LinkName, visitor: SharesResults, services: Services
) -> ShareView:
    """Take a cut back, a short while after; never a patient's own cut."""
    now = services.clock()
    standing = share.restore(exam_id(exam), link, counter=services.counter(visitor), now=now)
    return share_view(standing, services, {}, now)


@routes.get("/referrers", operation_id="list_referrers")
def list_referrers(visitor: SignedIn, services: Services) -> list[KnownReferrer]:
    """Referrers whose address the visitor's organisation knows: for who asks or shares."""
    if not visitor.may(Permission.SHARE_RESULTS):
        visitor.require(Permission.ASK_READING)
    held = services.sharing.correspondents.of(tenant=visitor.person.tenant)
    return [_known(one) for one in held]


@routes.put(
    "/exams/{exam}/referrer",
    operation_id="know_referrer",
    responses={409: {"model": Problem}},
)
def know_referrer(
    exam: str, wanted: ReferrerAddress, visitor: SharesResults, services: Services
) -> KnownReferrer:
    """Keep the address of the physician whom an exam names, for this result and those to come.

    Audited. They are told when the report is released, or now where it is. 409: it names nobody.
    """
    named, now = exam_id(exam), services.clock()
    known = know_of(
        services.exams.exam(named, scope=visitor.scope, now=now),
        MailAddress(wanted.mail.strip()),
        language=wanted.language,
        correspondents=services.sharing.correspondents,
        audit=services.desk.audit,
        scope=visitor.scope,
        now=now,
    )
    if services.sharing.releases.release(named) is not None:
        invite(
            named,
            exams=services.exams,
            correspondents=services.sharing.correspondents,
            links=services.sharing.links,
            audit=services.desk.audit,
            now=now,
        )
    return _known(known)


def share_view(
    link: Link, services: WebServices, seen: Mapping[str, Sequence[datetime]], now: datetime
) -> ShareView:
    """Return one link."""
    by_patient = share.cut_by_guest(link)
    undo = link.revoked_at + UNDO if link.revoked_at and not by_patient else None
    return ShareView(
        link=link.id,
        audience=link.audience.value,
        name=link.recipient.name,
        mail=link.recipient.mail.value,
        language=cast("Language", link.recipient.language),
        content=link.content.value,
        created_by=link.created_by,
        created_at=link.created_at,
        expires_at=link.expires_at,
        state="stands" if link.stands(now) else "cut" if link.revoked_at else "expired",
        cut_at=link.revoked_at,
        cut_by_patient=by_patient,
        undo_until=undo if undo is not None and undo > now else None,
        acknowledged_at=link.acknowledged_at,
        visits=list(seen.get(link.id, ())),
        mails=[
            ShareMail(
                kind="result" if one.kind is MailKind.RESULT else "ready",
                created_at=one.created_at,
                sent_at=one.sent_at,
            )
            for one in services.sharing.mails.of_link(link)
            if one.kind is not MailKind.CODE
        ],
    )


def _known(one: Correspondent) -> KnownReferrer:
    return KnownReferrer(
        name=one.recipient.name,
        mail=one.mail.value,
        language=cast("Language", one.language),
    )


def _made(made: Shared, services: WebServices, now: datetime) -> ShareMade:
    return ShareMade(
        share=share_view(made.link, services, {}, now),
        code=made.code,
        address=services.sharing.address,
        server_time=now,
    )
