"""Make a link to an exam's result, send it again, cut it: by those who work on the exam."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from archipel.access import secret
from archipel.access.model import Action, AuditEntry
from archipel.access.ports import Audit
from archipel.kernel.actors import Actor, Scope
from archipel.kernel.errors import Conflict, Malformed, NotFound, Refused
from archipel.reading.model import Exam, ExamId
from archipel.reading.ports import Exams
from archipel.results.events import LinkRevoked, LinkShared
from archipel.results.model import LONGEST, Audience, Content, Link, Recipient, link_id
from archipel.results.ports import Links
from archipel.results.secrets import Secrets, birth_date, fresh_code

UNDO = timedelta(minutes=10)
MOST_USES = 1000
MOST_LINKS = 50
"""Standing links to one exam: whoever asks for more has lost sight of who looks."""
_GUESTS = tuple(f"{audience.value}/" for audience in Audience)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """What sharing needs at hand, for one actor of the workstation."""

    exams: Exams
    links: Links
    secrets: Secrets
    audit: Audit
    scope: Scope
    door: str = "web"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for. `uses_allowed` None: as often as wanted until it expires."""

    audience: Audience
    recipient: Recipient
    content: Content = Content.KEY_IMAGES
    lasts: timedelta = timedelta(days=30)
    uses_allowed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """A link, and the patient's code: shown this once, to be handed over on paper."""

    link: Link
    code: str | None


def share(exam: ExamId, wish: Wish, *, counter: Counter, now: datetime) -> Shared:
    """Make a link. What is to be mailed follows from `LinkShared` (`notify.tell`).

    Raises `NotFound` outside the scope, `Malformed` for a wish beyond the bounds, `Conflict`
    where the exam has no whole birth date to ask a patient for, or too many links.
    """
    if not timedelta(minutes=1) <= wish.lasts <= LONGEST:
        raise Malformed("a link lasts a minute to 90 days")
    if wish.uses_allowed is not None and not 1 <= wish.uses_allowed <= MOST_USES:
        raise Malformed(f"a link is used 1 to {MOST_USES} times, or as often as wanted")
    found = _owned(exam, counter, now)
    standing = [link for link in counter.links.of_exam(exam) if link.stands(now)]
    if len(standing) >= MOST_LINKS:
        raise Conflict(f"{len(standing)} links to this exam stand: cut some first")
    link = Link(
        id=secret.fresh_id(),
        exam=exam,
        audience=wish.audience,
        recipient=wish.recipient,
        created_by=counter.scope.actor.name,
        created_at=now,
        expires_at=now + wish.lasts,
        content=wish.content,
        uses_allowed=wish.uses_allowed,
    )
    link, code = _with_code(link, found, counter.secrets)
    note(link, counter.scope.actor, "link made", counter=counter, now=now)
    fact = LinkShared(tenant=exam.tenant, at=now, study=exam.study, link=link.id)
    counter.links.add(link, fact=fact)
    return Shared(link=link, code=code)


def links_of(exam: ExamId, *, counter: Counter, now: datetime) -> Sequence[Link]:
    """Return every link to an exam, newest first. Raises `NotFound` outside the scope."""
    _owned(exam, counter, now)
    return counter.links.of_exam(exam)


def send_again(exam: ExamId, link: str, *, counter: Counter, now: datetime) -> Shared:
    """Give a standing link a new secret or code: the former one opens nothing any more.

    Raises `NotFound` (also for a link of another exam), `Conflict` for one that was cut.
    """
    held = _of(exam, link, counter=counter, now=now)
    if not held.stands(now):
        raise Conflict("this link was cut or has expired: make a new one")
    found = _owned(exam, counter, now)
    renewed, code = _with_code(
        replace(held, generation=held.generation + 1), found, counter.secrets
    )
    note(held, counter.scope.actor, "link sent again", counter=counter, now=now)
    fact = LinkShared(tenant=exam.tenant, at=now, study=exam.study, link=held.id)
    counter.links.change(renewed, fact=fact)
    return Shared(link=renewed, code=code)


def revoke(exam: ExamId, link: str, *, counter: Counter, now: datetime) -> Link:
    """Cut a link: whoever came through it is out at the next request. Again changes nothing."""
    return cut(
        _of(exam, link, counter=counter, now=now),
        by=counter.scope.actor,
        links=counter.links,
        audit=counter.audit,
        door=counter.door,
        now=now,
    )


def restore(exam: ExamId, link: str, *, counter: Counter, now: datetime) -> Link:
    """Take a cut back, within `UNDO` of it. A patient's own cut is not ours to take back.

    Raises `NotFound`, `Conflict`. A link that stands is left as it is.
    """
    held = _of(exam, link, counter=counter, now=now)
    if held.revoked_at is None:
        return held
    if cut_by_guest(held):
        raise Conflict("this link was cut by the patient: make a new one if they agree")
    if now >= held.revoked_at + UNDO:
        raise Conflict("this link was cut too long ago: make a new one")
    note(held, counter.scope.actor, "link restored", counter=counter, now=now)
    standing = replace(held, revoked_at=None, revoked_by="")
    fact = LinkShared(tenant=exam.tenant, at=now, study=exam.study, link=held.id)
    counter.links.change(standing, fact=fact)
    return standing


def cut_by_guest(link: Link) -> bool:
    """Tell whether a link was cut from the portal: by the patient."""
    return link.revoked_by.startswith(_GUESTS)


def cut(link: Link, *, by: Actor, links: Links, audit: Audit, door: str, now: datetime) -> Link:
    """Cut a link that the caller may cut."""
    if link.revoked_at is not None:
        return link
    ended = replace(link, revoked_at=now, revoked_by=by.name)
    audit.record([entry(link, by, "link cut", door=door, now=now)])
    fact = LinkRevoked(tenant=link.exam.tenant, at=now, study=link.exam.study, link=link.id)
    links.change(ended, fact=fact)
    return ended


def entry(link: Link, by: Actor, what: str, *, door: str, now: datetime) -> AuditEntry:
    """Write what was done to a link: the audit names it by its id."""
    return AuditEntry(
        tenant=link.exam.tenant,
        at=now,
        actor=by,
        action=Action.SHARE,
        subject=link.exam.study.value,
        door=door,
        detail=f"{what}: {link.audience.value} {link.id}",
    )


def note(link: Link, by: Actor, what: str, *, counter: Counter, now: datetime) -> None:
    """Put it into the audit, before it happens."""
    counter.audit.record([entry(link, by, what, door=counter.door, now=now)])


def _owned(exam: ExamId, counter: Counter, now: datetime) -> Exam:
    """Find the exam. An organisation that it is only shared with hands it on to nobody."""
    found = counter.exams.exam(exam, scope=counter.scope, now=now)
    if exam.tenant not in counter.scope.tenants:
        raise Refused("only the organisation whose exam this is shares its result")
    return found


def _of(exam: ExamId, link: str, *, counter: Counter, now: datetime) -> Link:
    _owned(exam, counter, now)
    held = counter.links.link(link_id(link))
    if held is None or held.exam != exam:
        raise NotFound("this exam has no such link")
    return held


def _with_code(link: Link, exam: Exam, secrets: Secrets) -> tuple[Link, str | None]:
    if link.audience is not Audience.PATIENT:
        return link, None
    born = birth_date(exam.birth_date)
    if born is None:
        raise Conflict(
            "the exam holds no whole birth date (0010,0030), which a patient is asked for: "
            "correct the identity first"
        )
    code = fresh_code()
    kept = replace(link, code=secrets.of_code(code), birth=secrets.of_birth(link.id, born))
    return kept, code
