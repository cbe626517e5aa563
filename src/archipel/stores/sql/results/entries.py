"""Who stands at the portal: challenges, sessions, wrong tries."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update

from archipel.results.model import Challenge, Link, PortalSession
from archipel.results.ports import Limit
from archipel.stores.sql.results.links import link_of
from archipel.stores.sql.schema.results import (
    portal_challenge,
    portal_session,
    portal_try,
    result_link,
)
from archipel.stores.sql.session import Database, alone, upsert

TRIES_KEPT = timedelta(days=90)
_SESSION = [
    portal_session.c[name].label(f"s_{name}")
    for name in portal_session.c.keys()  # noqa: SIM118 (columns are no dictionary)
]


class SqlEntries:
    """`archipel.results.ports.Entries`. Node-wide throughout: nobody is known yet."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def challenge(self, challenge: Challenge) -> None:
        """See the port. Node-wide: nobody is known yet."""
        row = {
            "key": challenge.key,
            "link": challenge.link,
            "generation": challenge.generation,
            "created_at": challenge.created_at,
            "expires_at": challenge.expires_at,
            "tries": 0,
        }
        former = delete(portal_challenge).where(portal_challenge.c.link == challenge.link)
        with self._database.write() as connection:
            connection.execute(former)
            connection.execute(insert(portal_challenge), row)

    def tried(self, key: bytes, *, most: int, now: datetime) -> Challenge | None:
        """See the port. Node-wide: nobody is known yet."""
        query = (
            update(portal_challenge)
            .where(portal_challenge.c.key == key, portal_challenge.c.tries < most)
            .where(portal_challenge.c.expires_at > now)
            .values(tries=portal_challenge.c.tries + 1)
            .returning(portal_challenge)
        )
        with self._database.write() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return Challenge(
            key=row.key,
            link=row.link,
            generation=row.generation,
            created_at=row.created_at,
            expires_at=row.expires_at,
            tries=row.tries,
        )

    def pass_(self, key: bytes) -> bool:
        """See the port. Node-wide: nobody is known yet."""
        with self._database.write() as connection:
            gone = connection.execute(
                delete(portal_challenge).where(portal_challenge.c.key == key)
            )
            return gone.rowcount == 1

    def open(self, digest: bytes, session: PortalSession) -> None:
        """See the port. Node-wide: the guest has just been recognised."""
        row = {
            "digest": digest,
            "id": session.id,
            "link": session.link,
            "generation": session.generation,
            "created_at": session.created_at,
            "last_seen_at": session.last_seen_at,
            "expires_at": session.expires_at,
            "address": session.address,
            "agent": session.agent,
        }
        with self._database.write() as connection:
            connection.execute(insert(portal_session), row)

    def session(self, digest: bytes) -> tuple[PortalSession, Link] | None:
        """See the port. Node-wide: it says who asks."""
        query = (
            select(result_link, *_SESSION)
            .join(portal_session, portal_session.c.link == result_link.c.id)
            .where(portal_session.c.digest == digest)
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return (_session(row), link_of(row)) if row else None

    def seen(self, digest: bytes, *, now: datetime) -> None:
        """See the port. Node-wide: the session names its link."""
        query = update(portal_session).where(portal_session.c.digest == digest)
        with self._database.write() as connection:
            connection.execute(query.values(last_seen_at=now))

    def end(self, digest: bytes) -> PortalSession | None:
        """See the port. Node-wide: the session names its link."""
        gone = delete(portal_session).where(portal_session.c.digest == digest).returning(*_SESSION)
        with self._database.write() as connection:
            row = connection.execute(gone).one_or_none()
        return _session(row) if row else None

    def sweep(self, *, now: datetime) -> int:
        """See the port. Node-wide: a chore of the node."""
        stale = [
            delete(portal_session).where(portal_session.c.expires_at < now),
            delete(portal_challenge).where(portal_challenge.c.expires_at < now),
            delete(portal_try).where(portal_try.c.last_at < now - TRIES_KEPT),
        ]
        with self._database.write() as connection:
            return sum(connection.execute(query).rowcount for query in stale)


class SqlTries:
    """`archipel.results.ports.Tries`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, subject: bytes, *, limit: Limit, now: datetime) -> tuple[int, datetime | None]:
        """See the port. Node-wide: nobody is known yet."""
        this = portal_try.c.subject == subject
        with self._database.write() as connection:
            alone(connection, "portal-try")
            row = connection.execute(select(portal_try).where(this)).one_or_none()
            runs = row is not None and now < row.since + limit.window
            since: datetime = row.since if row is not None and runs else now
            failures = row.failures if row is not None and runs else 0
            in_all = row.in_all if row is not None else 0
            if failures >= limit.free:
                return 0, since + limit.window
            if limit.in_all is not None and in_all >= limit.in_all:
                return 0, now + TRIES_KEPT
            counted = {
                "since": since,
                "failures": failures + 1,
                "in_all": in_all + 1,
                "last_at": now,
            }
            connection.execute(
                upsert(connection, portal_try)
                .values(subject=subject, **counted)
                .on_conflict_do_update(index_elements=["subject"], set_=counted)
            )
        return limit.free - failures - 1, None

    def forgive(self, subject: bytes) -> None:
        """See the port. Node-wide: the try was right."""
        this = (portal_try.c.subject == subject) & (portal_try.c.failures > 0)
        one_less = {
            "failures": portal_try.c.failures - 1,
            "in_all": portal_try.c.in_all - 1,
        }
        with self._database.write() as connection:
            connection.execute(update(portal_try).where(this).values(one_less))


def _session(row: Any) -> PortalSession:
    return PortalSession(
        id=row.s_id,
        link=row.s_link,
        generation=row.s_generation,
        created_at=row.s_created_at,
        last_seen_at=row.s_last_seen_at,
        expires_at=row.s_expires_at,
        address=row.s_address,
        agent=row.s_agent,
    )
