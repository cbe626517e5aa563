"""Tell recipients by mail that something can be seen. No mail says about whom or what.

What is due follows from the links and the release as they stand; telling again tells nobody
twice, because each mail has a name of its own that is queued once.
"""

from datetime import datetime, timedelta

from archipel.access import secret
from archipel.kernel.errors import Malformed
from archipel.reading.model import ExamId
from archipel.results.model import Audience, Link, Mail, MailKind, Message, Release
from archipel.results.ports import Links, Mails, Post, Releases
from archipel.results.secrets import Secrets
from archipel.results.words import MAILS

_KIND = {Audience.REFERRER: MailKind.RESULT, Audience.PATIENT: MailKind.READY}


def tell(
    exam: ExamId, *, links: Links, releases: Releases, mails: Mails, now: datetime
) -> timedelta | None:
    """Queue every mail of an exam that is due; returns when to look again, None: all is told."""
    release = releases.release(exam)
    if release is None:
        return None
    waits = []
    for link in links.of_exam(exam):
        if not link.stands(now):
            continue
        at = release.told_at(link.audience)
        if at is None:
            continue
        if at > now:
            waits.append(at - now)
        else:
            mails.queue(_due(link, release, now))
    return min(waits, default=None)


def _due(link: Link, release: Release, now: datetime) -> Mail:
    kind = _KIND[link.audience]
    return Mail(
        id=secret.fresh_id(),
        once=f"{kind.value}/{link.id}/{link.generation}/{release.version}",
        link=link,
        kind=kind,
        created_at=now,
    )


def deliver(
    mail: str, *, mails: Mails, post: Post, secrets: Secrets, address: str, now: datetime
) -> timedelta | None:
    """Send one mail that is due, unless it was sent or its link was cut meanwhile.

    Returns when to look again, where another try runs or died.

    `address` is where the portal is reached from outside, as configured: never what a request
    said. Raises `Unavailable`: then it is tried again.
    """
    held = mails.begin(mail, now=now)
    if held is None or isinstance(held, timedelta):
        return held
    try:
        if held.link.stands(now):
            post.send(compose(held, secrets=secrets, address=address))
    except Exception:
        mails.failed(mail)
        raise
    mails.sent(mail, now=now)
    return None


def compose(mail: Mail, *, secrets: Secrets, address: str) -> Message:
    """Write a mail. The secret of a link stands in the fragment, which no browser sends."""
    words = MAILS[mail.link.recipient.language][mail.kind.value]
    there = f"{address.rstrip('/')}/portal/"
    said = {"address": there, "code": ""}
    if mail.kind is MailKind.RESULT:
        said["address"] = f"{there}#{mail.link.id}.{secrets.of_link(mail.link)}"
    elif mail.kind is MailKind.CODE:
        if mail.challenge is None:
            raise Malformed("a one-time code belongs to a challenge")
        said["code"] = secrets.one_time(mail.challenge)
    return Message(
        id=mail.id,
        to=mail.link.recipient.mail,
        subject=words["subject"],
        text=words["text"].format(**said),
    )
