"""Answers of a query page by page, each page read in a snapshot of its own (PS3.4 C.4.1).

A reader may take minutes over 100,000 answers, and stop at any of them: nothing is held open
between two pages, and a page looks at a bounded number of rows, whether they match or not. What
comes meanwhile is newer and stands before the answers given; none is given twice unless its date
is changed meanwhile.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, or_, select

from archipel.archive.model import Match, Query
from archipel.kernel.actors import Scope
from archipel.kernel.hierarchy import Level
from archipel.kernel.identifiers import TenantId
from archipel.standards.dicom.matching import matches_all
from archipel.stores.sql.archive import answers, finder
from archipel.stores.sql.archive.finder import Found, Window
from archipel.stores.sql.archive.match import Asked, asked_of
from archipel.stores.sql.archive.scope import visible
from archipel.stores.sql.schema.archive import study
from archipel.stores.sql.session import Database

ROWS = 500  # studies, series or patients looked at in one snapshot
_SERIES_OF_IMAGES = 4  # series whose instances are read in one snapshot


@dataclass(frozen=True, slots=True)
class _Place:
    """Behind which study a page begins and how many rows on; or behind which patient."""

    behind: tuple[str, int] | None = None  # moment and number
    passed: int = 0
    patient: tuple[str, str] | None = None  # identifier and issuer


def pages(
    database: Database, level: Level, keys: Query, *, scope: Scope, rows: int = ROWS
) -> Iterator[list[Match]]:
    """Give every answer, in the order of `find`, some at once; a page may be empty.

    `keys.limit` and `keys.offset` play no part. Raises `Malformed` at the first page.
    """
    asked = asked_of(keys, level, engine_name=database.engine_name)
    if not scope.tenants:
        return
    at_once = min(rows, _SERIES_OF_IMAGES) if level is Level.IMAGE else rows
    place = _Place()
    while True:
        with database.read() as connection:
            asked.settle(connection)
            if level is Level.PATIENT:
                found = _patients(connection, asked, place, at_once, scope=scope)
                said = _of_patients(found, asked)
            else:
                window = Window(place.passed, place.passed + at_once, place.behind)
                found = finder.rows_of(connection, level, asked, window, scope=scope)
                said = finder.said_of(connection, level, found, asked, scope=scope)
            given = finder.computed(connection, said, keys.wanted, scope=scope)
            matches = [Match(tenant=TenantId(row.tenant), attributes=one) for row, one in given]
        yield matches
        if len(found) < at_once:
            return
        if level is Level.PATIENT:
            place = _Place(patient=(found[-1].patient_id, found[-1].patient_issuer))
        else:
            place = _behind(place, found)


def _behind(place: _Place, rows: Sequence[Row[Any]]) -> _Place:
    """Say where the next page begins: within a study, where this one ends within it."""
    last = rows[-1].study_key
    of_last = sum(1 for row in rows if row.study_key == last)
    if of_last == len(rows):
        return _Place(place.behind, place.passed + of_last)
    before = rows[-of_last - 1]
    return _Place((before.moment, before.study_key), of_last)


def _patients(
    connection: Connection, asked: Asked, place: _Place, rows: int, *, scope: Scope
) -> list[Row[Any]]:
    """Give the newest study of each patient, of those behind one."""
    column, issuer = study.c.patient_id, study.c.patient_issuer
    grouped = (
        select(func.max(study.c.id))
        .where(visible(scope), column != "", *asked.clauses)
        .group_by(column, issuer)
        .order_by(column, issuer)
        .limit(rows)
    )
    if place.patient is not None:
        value, of = place.patient
        further = or_(column > value, and_(column == value, issuer > of))
        grouped = grouped.where(column >= value, further)
    numbers = connection.execute(grouped).scalars().all()
    query: Select[Any] = select(*answers.study_columns(scope)).where(study.c.id.in_(numbers))
    by_number = {row.study_key: row for row in connection.execute(query)}
    return [by_number[number] for number in numbers]


def _of_patients(rows: Sequence[Row[Any]], asked: Asked) -> Iterator[Found]:
    said = ((row, finder.patient_answer(row)) for row in rows)
    return ((row, one) for row, one in said if matches_all(asked.upper, one))
