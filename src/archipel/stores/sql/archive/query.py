"""`archive.ports.Catalogue` on the index: C-FIND, QIDO-RS, the worklist, and what to retrieve.

Studies come newest first, series of a study by number, instances of a series by number; equal
ones by UID. A patient is one identifier with its issuer.
"""

import base64
import binascii
import re
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, select

from archipel.archive.model import Held, Match, Page, Query, StudyEntry
from archipel.kernel.actors import Scope
from archipel.kernel.errors import Conflict, Malformed
from archipel.kernel.hierarchy import Level
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.standards.dicom.matching import AnyOf, Matcher
from archipel.stores.sql.archive import finder
from archipel.stores.sql.archive.finder import Found, Window
from archipel.stores.sql.archive.match import SOP_INSTANCE_UID, Asked, asked_of
from archipel.stores.sql.archive.quality import refused
from archipel.stores.sql.archive.scope import visible
from archipel.stores.sql.archive.streaming import pages
from archipel.stores.sql.schema import archive as tables
from archipel.stores.sql.session import Database

_LONGEST_CURSOR = 128
_CURSOR = re.compile(r"([0-9]{0,20})\|([0-9]{1,18})")


class SqlCatalogue:
    """Read side of the index. Every call, and every page of `answers`, is one short snapshot."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, level: Level, keys: Query, *, scope: Scope) -> Sequence[Match]:
        """Answer a query at one level. Raises `Malformed` for a key that makes no sense."""
        last = None if keys.limit is None else keys.offset + keys.limit
        window = Window(keys.offset, last)
        asked = asked_of(keys, level, engine_name=self._database.engine_name)
        with self._database.read() as connection:
            asked.settle(connection)
            # Inline, here and below: what streams must be gone before its connection is.
            return [
                Match(tenant=TenantId(row.tenant), attributes=said)
                for row, said in finder.computed(
                    connection,
                    _found(connection, level, asked, window, scope),
                    keys.wanted,
                    scope=scope,
                )
            ]

    def answers(self, level: Level, keys: Query, *, scope: Scope) -> Iterator[Sequence[Match]]:
        """Answer page by page, see `streaming.pages`."""
        return pages(self._database, level, keys, scope=scope)

    def count(self, level: Level, keys: Query, *, scope: Scope, cap: int = 1000) -> int:
        """Count answers, up to `cap` + 1."""
        asked = asked_of(keys, level, engine_name=self._database.engine_name)
        with self._database.read() as connection:
            if not scope.tenants:
                return 0
            asked.settle(connection)
            known = finder.counted(connection, level, asked, most=cap + 1, scope=scope)
            if known is not None:
                return known
            return sum(1 for _ in _found(connection, level, asked, Window(0, cap + 1), scope))

    def page(
        self, keys: Query, *, scope: Scope, after: str | None = None, limit: int = 50
    ) -> Page:
        """Give one page of studies, newest first. Raises `Malformed` for a false cursor."""
        window = Window(0, limit + 1, _read_cursor(after) if after is not None else None)
        asked = asked_of(keys, Level.STUDY, engine_name=self._database.engine_name)
        with self._database.read() as connection:
            asked.settle(connection)
            found = list(
                finder.computed(
                    connection,
                    finder.studies(connection, asked, window, scope=scope, entries=True),
                    keys.wanted,
                    scope=scope,
                )
            )
        return Page(
            entries=[_entry(row, said, scope) for row, said in found[:limit]],
            after=_cursor(found[limit - 1][0]) if len(found) > limit else None,
        )

    def instances(
        self,
        *,
        scope: Scope,
        study: Uid | None = None,
        series: Uid | None = None,
        sop_instance: Uid | None = None,
        patient_id: str | None = None,
    ) -> Sequence[Held]:
        """Give everything held below the named level.

        Raises `Conflict` when `patient_id` names several patients of different issuers, of whom
        none or more than one is a patient of the organisations in `scope`.
        """
        asked = Asked()
        if study is not None:
            asked.clauses.append(tables.study.c.study_instance_uid == study.value)
        if series is not None:
            asked.clauses.append(tables.series.c.series_instance_uid == series.value)
        if sop_instance is not None:
            asked.image[SOP_INSTANCE_UID] = Matcher("UI", AnyOf((sop_instance.value,)))
        with self._database.read() as connection:
            if patient_id is not None:
                issuer = _issuer_of(connection, patient_id, scope)
                asked.clauses.append(tables.study.c.patient_id == patient_id)
                asked.clauses.append(tables.study.c.patient_issuer == issuer)
            if not (asked.clauses or asked.image):
                return []
            asked.keyed = True
            return list(finder.held(connection, asked, scope=scope))

    def refused(self, study: Uid, *, tenant: TenantId) -> Collection[Uid]:
        """Give held instances of a study that are not taken once more."""
        with self._database.read() as connection:
            return refused(connection, study, tenant=tenant)


def _found(
    connection: Connection, level: Level, asked: Asked, window: Window, scope: Scope
) -> Iterator[Found]:
    if not scope.tenants:
        return iter(())
    if level is Level.STUDY:
        return finder.studies(connection, asked, window, scope=scope)
    if level is Level.SERIES:
        return finder.series_of(connection, asked, window, scope=scope)
    if level is Level.PATIENT:
        found = finder.patients(connection, asked, scope=scope)
    else:
        images = finder.images(connection, asked, scope=scope)
        found = ((row, said) for row, _held, said in images)
    return islice(found, window.first, window.last)


def _issuer_of(connection: Connection, patient_id: str, scope: Scope) -> str | None:
    """Choose the issuer of an identifier that came without one: our own before a neighbour's."""
    query = (
        select(tables.study.c.patient_issuer, tables.study.c.tenant)
        .where(tables.study.c.patient_id == patient_id, visible(scope))
        .distinct()
    )
    found = [
        (issuer, scope.sees(TenantId(tenant))) for issuer, tenant in connection.execute(query)
    ]
    issuers = {issuer for issuer, own in found if own} or {issuer for issuer, _own in found}
    if len(issuers) > 1:
        raise Conflict(
            f"this patient identifier is used by {len(issuers)} issuers: ask by Study Instance UID"
        )
    return next(iter(issuers), None)


def _entry(row: Row[Any], said: dict[int, str], scope: Scope) -> StudyEntry:
    tenant = TenantId(row.tenant)
    return StudyEntry(
        match=Match(tenant=tenant, attributes=said),
        received_first=row.received_first_at,
        received_last=row.received_last_at,
        completed_at=row.completed_at,
        person=row.person,
        shared=not scope.sees(tenant),
    )


def _cursor(row: Row[Any]) -> str:
    return base64.urlsafe_b64encode(f"{row.moment}|{row.study_key}".encode("ascii")).decode(
        "ascii"
    )


def _read_cursor(text: str) -> tuple[str, int]:
    try:
        told = base64.b64decode(text[:_LONGEST_CURSOR], b"-_", validate=True).decode("ascii")
    except (ValueError, binascii.Error):
        told = ""
    shape = _CURSOR.fullmatch(told)
    if shape is None:
        raise Malformed("this page cursor was not made here: ask for the first page")
    return shape[1], int(shape[2])
