"""Who looked at an exam, read from the audit: requests that follow closely are one visit."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice

from archipel.access.model import Action, AuditQuery, AuditRow
from archipel.access.ports import AuditTrail
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.reading.model import ExamId
from archipel.results.model import Link
from archipel.results.ports import Links

MOST = 100
ONE_VISIT = timedelta(minutes=30)
LOOKED = frozenset({Action.READ, Action.SEND, Action.REPORT})


def visits(exam: ExamId, *, trail: AuditTrail, scope: Scope, door: str = "") -> list[AuditRow]:
    """Return the latest row of each visit to an exam, newest first."""
    wanted = AuditQuery(subject=exam.study.value, door=door, limit=MOST * 4)
    rows = trail.search(wanted, scope=scope, node=False)
    return list(islice(folded(one for one in rows if one.entry.action in LOOKED), MOST))


def folded(rows: Iterable[AuditRow], *, by_action: bool = False) -> Iterator[AuditRow]:
    """Keep the latest row of each visit: an actor's requests that follow within `ONE_VISIT`.

    `by_action`: what was done apart, so that one who read and wrote stands there twice.
    """
    earliest: dict[tuple[Actor, Action | None], datetime] = {}
    for one in rows:
        visit = one.entry.actor, one.entry.action if by_action else None
        before = earliest.get(visit)
        earliest[visit] = one.entry.at
        if before is None or before - one.entry.at > ONE_VISIT:
            yield one


def by_link(
    rows: Iterable[AuditRow], exam: Sequence[Link], links: Links
) -> Mapping[str, list[datetime]]:
    """Sort visits by the link of this exam that opened it."""
    found: dict[str, list[datetime]] = {}
    for one in rows:
        link = link_of(one.entry.actor, exam, links)
        if link is not None:
            found.setdefault(link.id, []).append(one.entry.at)
    return found


def link_of(actor: Actor, exam: Sequence[Link], links: Links) -> Link | None:
    """Return the link of this exam by which a guest saw it.

    A referrer who came in through a link to another exam reached it by the one of this exam that
    has the same mail address.
    """
    if actor.kind is not ActorKind.GUEST:
        return None
    for one in exam:
        if one.actor == actor:
            return one
    entered = links.link(actor.name.rpartition("/")[2])
    if entered is None:
        return None
    mail = entered.recipient.mail.value.lower()
    return next((one for one in exam if one.recipient.mail.value.lower() == mail), None)
