"""What a guest sees and does: the result, its images, who looked, the links.

Every function takes the guest and the id of a link, and reaches the exam of that link only. A
referrer also reaches what other standing links to the same mail address open: the second proof
has shown that the address is theirs. A patient reaches the one exam: families share addresses.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from archipel.access.model import Action, AuditEntry, AuditQuery, AuditRow
from archipel.access.ports import Accounts, Audit, AuditTrail, Organisations
from archipel.kernel.actors import ActorKind
from archipel.kernel.errors import Conflict, Malformed, NotFound, Refused
from archipel.reading import rendition
from archipel.reading.document import KeptDocument
from archipel.reading.model import Exam, ReportState
from archipel.reading.ports import Documents, Exams, Pictures
from archipel.results.enter import DOOR
from archipel.results.events import AccessQuestioned, ResultAcknowledged, ResultAnnounced
from archipel.results.model import (
    LONGEST,
    Audience,
    Concern,
    Content,
    Guest,
    Link,
    Look,
    Release,
)
from archipel.results.ports import Links, Releases
from archipel.results.publish import standing
from archipel.results.share import cut, entry
from archipel.results.visits import link_of, visits

EXTENSION = timedelta(days=30)
CONCERN_LENGTH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """What the portal needs at hand; wired once."""

    links: Links
    releases: Releases
    documents: Documents
    pictures: Pictures
    exams: Exams
    audit: Audit
    trail: AuditTrail
    accounts: Accounts
    organisations: Organisations


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """One result as a guest may see it now. `report` None: not (yet) released to them."""

    link: Link
    exam: Exam
    organisation: str
    release: Release | None
    report: KeptDocument | None


def reachable(guest: Guest, *, portal: Portal, now: datetime) -> Sequence[Link]:
    """Return the standing links that this guest reaches, the own one among them."""
    if guest.link.audience is Audience.PATIENT:
        return [guest.link]
    others = portal.links.of_recipient(guest.link.recipient.mail, now=now)
    # A link with a count of uses is entered by itself: here nobody would count.
    return [one for one in others if one.id == guest.link.id or one.uses_allowed is None]


def glance(guest: Guest, *, portal: Portal, now: datetime) -> Sequence[Opened]:
    """Return the list of a guest's exams, without any report; audited."""
    found = []
    for link in reachable(guest, portal=portal, now=now):
        with suppress(NotFound):  # an exam that was withdrawn meanwhile is not listed
            found.append(_opened(link, None, portal, now))
    rows = [row(guest, one.link, Action.QUERY, "list of results", now) for one in found]
    portal.audit.record(rows)
    return found


def look(guest: Guest, link: str, *, portal: Portal, now: datetime) -> Opened:
    """Open one result; audited before it is read. Raises `NotFound`."""
    held = reached(guest, link, portal=portal, now=now)
    portal.audit.record([row(guest, held, Action.READ, "result", now)])
    opened = _opened(held, _shown(held, portal, now), portal, now)
    if opened.report is not None:
        portal.links.opened(held.id, now=now)
    return opened


def document(guest: Guest, link: str, *, portal: Portal, now: datetime) -> rendition.Rendition:
    """Return the report as PDF; audited before. Raises `NotFound`, also while unreleased."""
    held, kept = _report(guest, link, portal, now)
    portal.audit.record([row(guest, held, Action.READ, "result as PDF", now)])
    return rendition.render(kept, rendition.Format.PDF, pictures=portal.pictures, scope=held.scope)


def key_image(guest: Guest, link: str, number: int, *, portal: Portal, now: datetime) -> bytes:
    """Return the key image of this number, 0 first, as a picture; audited before.

    Raises `NotFound`, also while the result is not released to this guest.
    """
    held, kept = _report(guest, link, portal, now)
    if not held.content.holds(Content.KEY_IMAGES):
        raise NotFound("this link opens the report only")
    images = kept.document.key_images
    if not 0 <= number < len(images):
        raise NotFound("there is no such image")
    portal.audit.record([row(guest, held, Action.READ, f"key image {number + 1}", now)])
    # A key image may be of a prior: the organisation's scope still bounds what is drawn.
    drawn = portal.pictures.picture(images[number], scope=held.scope)
    if drawn is None:
        raise NotFound("this image cannot be drawn here")
    return drawn


def acknowledge(guest: Guest, link: str, *, portal: Portal, now: datetime) -> Link:
    """Take note of a result as its referrer. Again changes nothing. Raises `Refused`."""
    held = _as_referrer(guest, link, portal, now)
    if held.acknowledged_at is not None:
        return held
    portal.audit.record([entry(held, guest.link.actor, "acknowledged", door=DOOR, now=now)])
    noted = replace(held, acknowledged_at=now)
    fact = ResultAcknowledged(tenant=held.exam.tenant, at=now, study=held.exam.study, link=held.id)
    portal.links.change(noted, fact=fact)
    return noted


def announce(guest: Guest, link: str, *, portal: Portal, now: datetime) -> Release:
    """Say, as the referrer, that the patient was spoken with: the result is theirs to see."""
    held = _as_referrer(guest, link, portal, now)
    release = told(held, portal, now)
    if release.announced_at is not None:
        return release
    actor = guest.link.actor
    portal.audit.record([entry(held, actor, "announced to the patient", door=DOOR, now=now)])
    said = replace(release, announced_at=now, announced_by=held.id)
    fact = ResultAnnounced(tenant=held.exam.tenant, at=now, study=held.exam.study, link=held.id)
    portal.releases.keep(said, fact=fact)
    return said


def who_looked(guest: Guest, *, portal: Portal, now: datetime) -> Sequence[Look]:
    """Return who looked at the patient's exam, latest first. Raises `Refused` (a referrer)."""
    link = _as_patient(guest)
    found = visits(link.exam, trail=portal.trail, scope=link.scope)
    portal.audit.record([row(guest, link, Action.QUERY, "who looked", now)])
    links = portal.links.of_exam(link.exam)
    return [_look(one, link, links, portal) for one in found]


def links_of(guest: Guest, *, portal: Portal, now: datetime) -> Sequence[Link]:
    """Return the standing links to the patient's exam, the own one included."""
    link = _as_patient(guest)
    return [one for one in portal.links.of_exam(link.exam) if one.stands(now)]


def cut_link(guest: Guest, link: str, *, portal: Portal, now: datetime) -> Link:
    """Cut a link to one's exam, also the own one: then this page is closed."""
    return cut(
        _of_patient(guest, link, portal),
        by=guest.link.actor,
        links=portal.links,
        audit=portal.audit,
        door=DOOR,
        now=now,
    )


def extend_link(guest: Guest, link: str, *, portal: Portal, now: datetime) -> Link:
    """Let a standing link live 30 days more, 90 from now at most. Raises `Conflict`."""
    held = _of_patient(guest, link, portal)
    if not held.stands(now):
        raise Conflict("this link was cut or has expired")
    longer = replace(held, expires_at=min(held.expires_at + EXTENSION, now + LONGEST))
    portal.audit.record([entry(held, guest.link.actor, "link extended", door=DOOR, now=now)])
    portal.links.change(longer, fact=None)
    return longer


def question(guest: Guest, sequence: int, words: str, *, portal: Portal, now: datetime) -> Concern:
    """Say that an access (a row of `who_looked`) was not expected. Raises `NotFound`."""
    link = _as_patient(guest)
    if len(words) > CONCERN_LENGTH:
        raise Malformed(f"at most {CONCERN_LENGTH} characters")
    wanted = AuditQuery(subject=link.exam.study.value, before=sequence + 1, limit=1)
    rows = portal.trail.search(wanted, scope=link.scope, node=False)
    if not rows or rows[0].sequence != sequence:
        raise NotFound("there is no such access")
    concern = Concern(exam=link.exam, link=link.id, sequence=sequence, words=words.strip(), at=now)
    said = f"access questioned: row {sequence}"
    portal.audit.record([entry(link, link.actor, said, door=DOOR, now=now)])
    fact = AccessQuestioned(
        tenant=link.exam.tenant, at=now, study=link.exam.study, link=link.id, sequence=sequence
    )
    portal.releases.question(concern, fact=fact)
    return concern


def reached(guest: Guest, link: str, *, portal: Portal, now: datetime) -> Link:
    """Find a link that this guest reaches. Raises `NotFound`: absent and hidden are the same."""
    for one in reachable(guest, portal=portal, now=now):
        if one.id == link and one.stands(now):
            return one
    raise NotFound("there is no such result here")


def _shown(link: Link, portal: Portal, now: datetime) -> KeptDocument | None:
    release = portal.releases.release(link.exam)
    if release is None or not release.told(link.audience, now):
        return None
    return _for(link, standing(link.exam, documents=portal.documents))


def _opened(link: Link, report: KeptDocument | None, portal: Portal, now: datetime) -> Opened:
    exam = portal.exams.exam(link.exam, scope=link.scope, now=now)
    found = portal.organisations.organisation(tenant=link.exam.tenant)
    return Opened(
        link=link,
        exam=exam,
        organisation=found.name if found else link.exam.tenant.value,
        release=portal.releases.release(link.exam),
        report=report,
    )


def _report(guest: Guest, link: str, portal: Portal, now: datetime) -> tuple[Link, KeptDocument]:
    held = reached(guest, link, portal=portal, now=now)
    told(held, portal, now)
    kept = _for(held, standing(held.exam, documents=portal.documents))
    if kept is None:
        raise NotFound("this result is not released yet")
    return held, kept


def _for(link: Link, kept: KeptDocument | None) -> KeptDocument | None:
    """Keep a preliminary report from a patient."""
    early = kept is not None and kept.document.state is ReportState.PRELIMINARY
    return None if link.audience is Audience.PATIENT and early else kept


def told(link: Link, portal: Portal, now: datetime) -> Release:
    """Return the release of a link's exam. Raises `NotFound` while this audience is not told."""
    release = portal.releases.release(link.exam)
    if release is None or not release.told(link.audience, now):
        raise NotFound("this result is not released yet")
    return release


def _as_referrer(guest: Guest, link: str, portal: Portal, now: datetime) -> Link:
    if guest.link.audience is not Audience.REFERRER:
        raise Refused("only the referrer may do this")
    return reached(guest, link, portal=portal, now=now)


def _as_patient(guest: Guest) -> Link:
    if guest.link.audience is not Audience.PATIENT:
        raise Refused("only the patient may see this")
    return guest.link


def _of_patient(guest: Guest, link: str, portal: Portal) -> Link:
    mine = _as_patient(guest)
    held = next((one for one in portal.links.of_exam(mine.exam) if one.id == link), None)
    if held is None:
        raise NotFound("there is no such link here")
    return held


def row(guest: Guest, link: Link, action: Action, what: str, now: datetime) -> AuditEntry:
    """Write what a guest does as the audit keeps it."""
    return AuditEntry(
        tenant=link.exam.tenant,
        at=now,
        actor=guest.link.actor,
        action=action,
        subject=link.exam.study.value,
        door=DOOR,
        detail=what,
    )


def _look(found: AuditRow, mine: Link, links: Sequence[Link], portal: Portal) -> Look:
    actor = found.entry.actor
    who, what, organisation = actor.name, actor.kind.value, ""
    if actor.kind is ActorKind.GUEST:
        link = link_of(actor, links, portal.links)
        who = link.recipient.name if link else ""
        what = link.audience.value if link else Audience.REFERRER.value
    elif actor.kind is ActorKind.PERSON and (account := portal.accounts.account(actor.name)):
        who, what = account.person.name, account.person.role.value
        at = portal.organisations.organisation(tenant=account.person.tenant)
        organisation = at.name if at else account.person.tenant.value
    return Look(
        sequence=found.sequence,
        at=found.entry.at,
        who=who,
        what=what,
        organisation=organisation,
        mine=actor == mine.actor,
    )
