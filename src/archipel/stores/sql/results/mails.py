"""Mails that are due: each kept once, sent by one process at a time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, or_, select, update

from archipel.results.events import MailDue
from archipel.results.model import Link, Mail, MailKind
from archipel.stores.sql.outbox import announce
from archipel.stores.sql.results.links import link_of
from archipel.stores.sql.schema.results import outgoing_mail, result_link
from archipel.stores.sql.session import Database, upsert

GIVEN_UP = timedelta(minutes=5)
"""A try that began this long ago died with its process: longer than a mail server may take."""

_MAIL = [
    outgoing_mail.c[name].label(f"m_{name}")
    for name in ("id", "once", "kind", "challenge", "created_at", "sent_at")
]


class SqlMails:
    """`archipel.results.ports.Mails`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def queue(self, mail: Mail) -> None:
        """See the port. Node-wide: a mail names its link."""
        row = {
            "id": mail.id,
            "once": mail.once,
            "link": mail.link.id,
            "kind": mail.kind.value,
            "challenge": mail.challenge,
            "created_at": mail.created_at,
            "tries": 0,
        }
        fact = MailDue(tenant=mail.link.exam.tenant, at=mail.created_at, mail=mail.id)
        with self._database.write() as connection:
            kept = connection.execute(
                upsert(connection, outgoing_mail)
                .values(row)
                .on_conflict_do_nothing(index_elements=["once"])
            )
            if kept.rowcount == 1:
                announce(connection, fact)

    def begin(self, mail: str, *, now: datetime) -> Mail | timedelta | None:
        """See the port. Node-wide: the worker sends for every organisation."""
        free = or_(outgoing_mail.c.begun_at.is_(None), outgoing_mail.c.begun_at < now - GIVEN_UP)
        take = (
            update(outgoing_mail)
            .where(outgoing_mail.c.id == mail, outgoing_mail.c.sent_at.is_(None), free)
            .values(begun_at=now, tries=outgoing_mail.c.tries + 1)
        )
        with self._database.write() as connection:
            if connection.execute(take).rowcount != 1:
                held = connection.execute(
                    select(outgoing_mail).where(outgoing_mail.c.id == mail)
                ).one_or_none()
                if held is None or held.sent_at is not None or held.begun_at is None:
                    return None
                left: timedelta = held.begun_at + GIVEN_UP - now
                return left + timedelta(seconds=1)
            query = (
                select(result_link, *_MAIL)
                .join(outgoing_mail, outgoing_mail.c.link == result_link.c.id)
                .where(outgoing_mail.c.id == mail)
            )
            return _mail(connection.execute(query).one())

    def sent(self, mail: str, *, now: datetime) -> None:
        """See the port. Node-wide: the worker sends for every organisation."""
        self._set(mail, {"sent_at": now, "begun_at": None})

    def failed(self, mail: str) -> None:
        """See the port. Node-wide: the worker sends for every organisation."""
        self._set(mail, {"begun_at": None})

    def of_link(self, link: Link) -> Sequence[Mail]:
        """See the port. Node-wide: the link is named."""
        query = (
            select(result_link, *_MAIL)
            .join(outgoing_mail, outgoing_mail.c.link == result_link.c.id)
            .where(outgoing_mail.c.link == link.id)
            .order_by(outgoing_mail.c.created_at.desc())
        )
        with self._database.read() as connection:
            return [_mail(row) for row in connection.execute(query)]

    def _set(self, mail: str, values: dict[str, Any]) -> None:
        query = update(outgoing_mail).where(outgoing_mail.c.id == mail).values(values)
        with self._database.write() as connection:
            connection.execute(query)


def _mail(row: Row[Any]) -> Mail:
    return Mail(
        id=row.m_id,
        once=row.m_once,
        link=link_of(row),
        kind=MailKind(row.m_kind),
        challenge=row.m_challenge,
        created_at=row.m_created_at,
        sent_at=row.m_sent_at,
    )
