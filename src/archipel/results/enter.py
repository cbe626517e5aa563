"""Come in through a link: two proofs, then a session of one's own.

A referrer holds the secret of the link, a patient a code and a birth date; then both type the
one-time code that was sent to the recipient's address, which no visitor chooses. Wrong tries are
counted for each code or link and for each network address, whether or not such a code exists, so
that an answer tells nothing (OWASP ASVS 2.2, 6.3; CWE-204, CWE-208).
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network

from archipel.access import secret
from archipel.access.model import Action, AuditEntry, Seat
from archipel.access.ports import Audit
from archipel.kernel.actors import Actor, ActorKind
from archipel.results.errors import CodeRefused, EntryDelayed, EntryRefused, NotEntered
from archipel.results.model import (
    Audience,
    Challenge,
    Guest,
    Link,
    Mail,
    MailKind,
    PortalSession,
)
from archipel.results.ports import Entries, Limit, Links, Mails, Tries
from archipel.results.secrets import Secrets, normal

DOOR = "portal"
CODE_LASTS = timedelta(minutes=10)
CODE_TRIES = 5
IDLE = timedelta(minutes=20)
ABSOLUTE = timedelta(hours=8)
PER_CODE = Limit(free=5, window=timedelta(minutes=15), in_all=25)
PER_ADDRESS = Limit(free=20, window=timedelta(hours=1))
MAILS = Limit(free=5, window=timedelta(minutes=15))
"""One-time codes sent for one link: nobody's mailbox is flooded through this door."""
_TOUCH = timedelta(seconds=30)
_AGENT_LENGTH = 200
_STRANGER = Actor(ActorKind.GUEST, "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What coming in needs; wired once."""

    links: Links
    entries: Entries
    tries: Tries
    mails: Mails
    secrets: Secrets
    audit: Audit


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The second proof was asked for: the browser's secret meanwhile, and where it was sent."""

    challenge: str
    sent_to: str  # masked
    expires_at: datetime


def knock_patient(code: str, birth_date: str, *, seat: Seat, door: Door, now: datetime) -> Asked:
    """Take a patient's code and birth date (YYYYMMDD), and mail a one-time code.

    Raises `EntryRefused`, `EntryDelayed`.
    """
    digest = door.secrets.of_code(code)
    left = _begin(digest, seat, door, now)
    link = door.links.by_code(digest)
    right = door.secrets.born(birth_date, link)
    if not right or link is None or not link.admits(now):
        _refuse(seat, door, now, link)
        raise EntryRefused(left)
    return _ask(link, digest, seat, door, now)


def knock_referrer(link: str, said: str, *, seat: Seat, door: Door, now: datetime) -> Asked:
    """Take a link and its secret, and mail a one-time code. Raises as `knock_patient`."""
    subject = door.secrets.of_code(normal(link) + "LINK")
    left = _begin(subject, seat, door, now)
    held = door.links.link(link[:16])
    if held is not None and held.audience is not Audience.REFERRER:
        held = None
    right = door.secrets.opens(said, held)
    if not right or held is None or not held.admits(now):
        _refuse(seat, door, now, held)
        raise EntryRefused(left)
    return _ask(held, subject, seat, door, now)


def confirm(
    challenge: str, code: str, *, seat: Seat, door: Door, now: datetime
) -> tuple[str, Guest]:
    """Take the one-time code; returns the cookie of a new session and who it stands for.

    The cookie that the browser came with is ended. Raises `CodeRefused`, `EntryDelayed`.
    """
    address = door.secrets.of_address(network_of(seat.address))
    _unless_delayed(door.tries.begin(address, limit=PER_ADDRESS, now=now), now)
    key = secret.digest(challenge)
    held = door.entries.tried(key, most=CODE_TRIES, now=now)
    right = door.secrets.one_time_is(code, key)
    link = door.links.link(held.link) if held else None
    if held is None or link is None or not right or held.generation != link.generation:
        if link is not None:
            _note(link, Action.SIGN_IN_FAILED, "one-time code", seat=seat, door=door, now=now)
        raise CodeRefused(max(0, CODE_TRIES - held.tries) if held else 0)
    if not door.entries.pass_(key) or not door.links.used(link.id, now=now):
        raise CodeRefused(0)
    door.tries.forgive(address)
    if seat.cookie:
        door.entries.end(secret.digest(seat.cookie))
    return _open(link, seat, door, now)


def guest_of(cookie: str | None, *, door: Door, now: datetime) -> Guest:
    """Recognise who asks. The link is looked at each time: once cut, it opens nothing.

    Raises `NotEntered`.
    """
    found = door.entries.session(secret.digest(cookie)) if cookie else None
    if cookie is None or found is None:
        raise NotEntered
    session, link = found
    outdated = session.generation != link.generation
    ends = min(session.expires_at, session.last_seen_at + IDLE)
    if outdated or not link.stands(now) or now >= ends:
        raise NotEntered
    if now - session.last_seen_at >= _TOUCH:
        door.entries.seen(secret.digest(cookie), now=now)
    return _guest(session, link, cookie)


def leave(cookie: str, *, door: Door, now: datetime) -> None:
    """End a session. One that has ended already is no error."""
    ended = door.entries.end(secret.digest(cookie))
    link = door.links.link(ended.link) if ended else None
    if link is not None:
        seat = Seat(address=ended.address if ended else "")
        _note(link, Action.SIGN_OUT, "", seat=seat, door=door, now=now)


def network_of(address: str) -> str:
    """Return what counts as one address: an IPv6 customer has a /64 to play with."""
    try:
        prefix = 64 if ":" in address else 32
        return str(ip_network(f"{address}/{prefix}", strict=False).network_address)
    except ValueError:
        return address[:64]


def _begin(subject: bytes, seat: Seat, door: Door, now: datetime) -> int:
    """Count a try for the address, then for the code. Returns how many are left for the code."""
    address = door.secrets.of_address(network_of(seat.address))
    _unless_delayed(door.tries.begin(address, limit=PER_ADDRESS, now=now), now)
    return _unless_delayed(door.tries.begin(subject, limit=PER_CODE, now=now), now)


def _unless_delayed(counted: tuple[int, datetime | None], now: datetime) -> int:
    left, until = counted
    if until is not None:
        raise EntryDelayed(max(1, math.ceil((until - now).total_seconds())))
    return left


def _ask(link: Link, subject: bytes, seat: Seat, door: Door, now: datetime) -> Asked:
    _unless_delayed(
        door.tries.begin(door.secrets.of_code(f"{link.id}MAIL"), limit=MAILS, now=now), now
    )
    challenge = secret.fresh("pc")
    key = secret.digest(challenge)
    until = now + CODE_LASTS
    door.entries.challenge(
        Challenge(
            key=key,
            link=link.id,
            generation=link.generation,
            created_at=now,
            expires_at=until,
        )
    )
    door.mails.queue(
        Mail(
            id=secret.fresh_id(),
            once=f"code/{key.hex()}",
            link=link,
            kind=MailKind.CODE,
            challenge=key,
            created_at=now,
        )
    )
    door.tries.forgive(subject)
    door.tries.forgive(door.secrets.of_address(network_of(seat.address)))
    _note(
        link,
        Action.SIGN_IN,
        "first proof right, one-time code sent",
        seat=seat,
        door=door,
        now=now,
    )
    return Asked(challenge=challenge, sent_to=link.recipient.mail.masked, expires_at=until)


def _open(link: Link, seat: Seat, door: Door, now: datetime) -> tuple[str, Guest]:
    cookie = secret.fresh("ap")
    session = PortalSession(
        id=secret.fresh_id(),
        link=link.id,
        generation=link.generation,
        created_at=now,
        last_seen_at=now,
        expires_at=min(now + ABSOLUTE, link.expires_at),
        address=seat.address[:64],
        agent="".join(c for c in seat.agent if c.isprintable())[:_AGENT_LENGTH],
    )
    _note(link, Action.SIGN_IN, "came in", seat=seat, door=door, now=now)
    door.entries.open(secret.digest(cookie), session)
    return cookie, _guest(session, link, cookie)


def _guest(session: PortalSession, link: Link, cookie: str) -> Guest:
    return Guest(
        session=session.id,
        link=link,
        csrf=secret.csrf_of(cookie),
        expires_at=min(session.expires_at, link.expires_at),
    )


def _refuse(seat: Seat, door: Door, now: datetime, link: Link | None) -> None:
    """Put a wrong try into the audit: of the organisation when the link is known."""
    said = AuditEntry(
        tenant=link.exam.tenant if link else None,
        at=now,
        actor=link.actor if link else _STRANGER,
        action=Action.SIGN_IN_FAILED,
        subject=link.exam.study.value if link else "unknown",
        door=DOOR,
        detail=f"first proof, from {network_of(seat.address)}",
    )
    door.audit.record([said])


def _note(link: Link, action: Action, what: str, *, seat: Seat, door: Door, now: datetime) -> None:
    said = AuditEntry(
        tenant=link.exam.tenant,
        at=now,
        actor=link.actor,
        action=action,
        subject=link.exam.study.value,
        door=DOOR,
        detail=f"{what}, from {network_of(seat.address)}",
    )
    door.audit.record([said])
