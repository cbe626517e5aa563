"""Rows that answer a query, level by level, lazily and in a stable order.

What a column answers is asked of the database; the rest is tested on the attributes of each row,
and then the database cannot count off a window: the iterator is cut instead.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Row, Select, and_, func, or_, select

from archipel.archive.model import Held
from archipel.kernel.actors import Scope
from archipel.kernel.hierarchy import Level
from archipel.standards.dicom.attributes import INDEXED
from archipel.standards.dicom.matching import AnyOf, Matcher, matches_all
from archipel.stores.sql.archive import answers
from archipel.stores.sql.archive.match import SOP_INSTANCE_UID, Asked
from archipel.stores.sql.archive.quality import hidden_column, left
from archipel.stores.sql.archive.rows import uid_hash
from archipel.stores.sql.archive.scope import listed, number_in, visible, walked
from archipel.stores.sql.schema.archive import (
    instance,
    sealed_instance,
    series,
    study,
    study_organisation,
)

_AT_ONCE = 200
_SERIES_AT_ONCE = 16  # whose instances are read together
_OF_A_PATIENT = frozenset(t for t, known in INDEXED.items() if known.level is Level.PATIENT)

Found = tuple[Row[Any], dict[int, str]]
"""A row and what it says, as attributes of its level and the levels above."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which answers are wanted: from `first`, before `last`; studies `behind` one."""

    first: int = 0
    last: int | None = None
    behind: tuple[str, int] | None = None  # its moment and number


EVERYTHING = Window()


def studies(
    connection: Connection,
    asked: Asked,
    window: Window = EVERYTHING,
    *,
    scope: Scope,
    entries: bool = False,
) -> Iterator[Found]:
    """Give studies, newest first; `entries`: with what a line of a worklist tells."""
    columns = answers.study_columns(scope)
    columns = (*columns, *answers.ENTRY_COLUMNS) if entries else columns
    query = _ordered(select(*columns), asked, window, scope)
    rows = _rows(connection, query, window, exact=not asked.upper)
    found = ((row, answers.study_answer(row)) for row in rows)
    return _cut(_tested(found, asked.upper), window, exact=not asked.upper)


def series_of(
    connection: Connection, asked: Asked, window: Window = EVERYTHING, *, scope: Scope
) -> Iterator[Found]:
    """Give series, those of the newest study first, by number in each."""
    columns = (*answers.study_columns(scope), *answers.series_columns(scope))
    query = _with_series(select(*columns), asked, window, scope)
    rows = _rows(connection, query, window, exact=not asked.upper)
    found = ((row, answers.series_answer(row)) for row in rows)
    return _cut(_tested(found, asked.upper), window, exact=not asked.upper)


def images(
    connection: Connection, asked: Asked, *, scope: Scope
) -> Iterator[tuple[Row[Any], Held, dict[int, str]]]:
    """Give instances with what is said of each and of its series and study, series by series."""
    columns = _columns(scope)
    query = _with_series(select(*columns), asked, EVERYTHING, scope)
    wanted = asked.image.get(SOP_INSTANCE_UID)
    if wanted is not None and isinstance(wanted.criterion, AnyOf):
        query = query.where(holding(wanted.criterion.values))
    rows = _rows(connection, query, EVERYTHING, exact=True)
    while some := list(islice(rows, _SERIES_AT_ONCE)):
        upper = {row.series_key: answers.series_answer(row) for row in some}
        for row, held, said in answers.images(connection, some, scope=scope):
            above = upper[row.series_key]
            if matches_all(asked.upper, above) and matches_all(asked.image, said):
                yield row, held, above | said


def held(connection: Connection, asked: Asked, *, scope: Scope) -> Iterator[Held]:
    """Give instances alone, in the order of `images`; of `asked.image` only their UIDs count."""
    columns = _columns(scope)
    query = _with_series(select(*columns), asked, EVERYTHING, scope)
    wanted = asked.image.get(SOP_INSTANCE_UID)
    uids: frozenset[str] | None = None
    if wanted is not None and isinstance(wanted.criterion, AnyOf):
        uids = frozenset(wanted.criterion.values)
        query = query.where(holding(uids))
    rows = _rows(connection, query, EVERYTHING, exact=True)
    while some := list(islice(rows, _SERIES_AT_ONCE)):
        found = answers.held(connection, some, scope=scope)
        yield from (
            found if uids is None else (h for h in found if h.key.sop_instance.value in uids)
        )


def patients(connection: Connection, asked: Asked, *, scope: Scope) -> Iterator[Found]:
    """Give patients, one for each identifier with its issuer, as their newest study says."""
    newest = func.max(study.c.id).label("newest")
    grouped = (
        select(newest)
        .where(visible(scope), study.c.patient_id != "", *asked.clauses)
        .group_by(study.c.patient_id, study.c.patient_issuer)
        .order_by(study.c.patient_id, study.c.patient_issuer)
    )
    numbers = iter(connection.execute(grouped).scalars().all())
    while some := list(islice(numbers, _AT_ONCE)):
        columns = answers.study_columns(scope)
        query: Select[Any] = select(*columns).where(study.c.id.in_(some))
        rows: dict[int, Row[Any]] = {row.study_key: row for row in connection.execute(query)}
        for number in some:
            row = rows[number]
            said = patient_answer(row)
            if matches_all(asked.upper, said):
                yield row, said


def patient_answer(row: Row[Any]) -> dict[int, str]:
    """Say of a patient what a study says. Node-wide: of a row already found."""
    said = answers.study_answer(row)
    kept = {tag: value for tag, value in said.items() if tag in _OF_A_PATIENT}
    return kept | {answers.INSTANCE_AVAILABILITY: "ONLINE"}


def rows_of(
    connection: Connection, level: Level, asked: Asked, window: Window, *, scope: Scope
) -> list[Row[Any]]:
    """Give rows of studies (STUDY) or series (SERIES, IMAGE) as the database alone finds them.

    `window` counts rows, not answers: `said_of` tells which of them are.
    """
    if level is Level.STUDY:
        query = _ordered(select(*answers.study_columns(scope)), asked, window, scope)
        return list(_rows(connection, query, window, exact=True))
    columns = (*answers.study_columns(scope), *answers.series_columns(scope))
    packs = answers.PACK_COLUMNS if level is Level.IMAGE else ()
    query = _with_series(select(*columns, *packs), asked, window, scope)
    wanted = asked.image.get(SOP_INSTANCE_UID)
    if wanted is not None and isinstance(wanted.criterion, AnyOf):
        query = query.where(holding(wanted.criterion.values))
    return list(_rows(connection, query, window, exact=True))


def said_of(
    connection: Connection, level: Level, rows: Sequence[Row[Any]], asked: Asked, *, scope: Scope
) -> Iterator[Found]:
    """Give the answers among rows of `rows_of`."""
    if level is not Level.IMAGE:
        answer = answers.study_answer if level is Level.STUDY else answers.series_answer
        yield from _tested(((row, answer(row)) for row in rows), asked.upper)
        return
    above = {row.series_key: answers.series_answer(row) for row in rows}
    wanted = [row for row in rows if matches_all(asked.upper, above[row.series_key])]
    for row, _held, said in answers.images(connection, wanted, scope=scope):
        if matches_all(asked.image, said):
            yield row, above[row.series_key] | said


def computed(
    connection: Connection, found: Iterable[Found], wanted: frozenset[int], *, scope: Scope
) -> Iterator[Found]:
    """Add those wanted attributes that need a query of their own."""
    counts = bool(wanted & answers.PATIENT_COUNTS)
    classes = answers.SOP_CLASSES_IN_STUDY in wanted
    if not (counts or classes):
        yield from found
        return
    remaining = iter(found)
    while some := list(islice(remaining, _AT_ONCE)):
        held = (
            answers.sop_classes(connection, [row.study_key for row, _ in some], scope=scope)
            if classes
            else {}
        )
        related = (
            patient_counts(connection, [row for row, _ in some], scope=scope) if counts else {}
        )
        for row, said in some:
            if classes:
                said[answers.SOP_CLASSES_IN_STUDY] = held[row.study_key]
            said.update(related.get((row.patient_id, row.patient_issuer), {}))
            yield row, said


def patient_counts(
    connection: Connection, rows: Iterable[Row[Any]], *, scope: Scope
) -> Mapping[tuple[str, str], Mapping[int, str]]:
    """Count what is visible of the patients of studies already found."""
    query = (
        select(
            study.c.patient_id,
            study.c.patient_issuer,
            func.count(),
            func.sum(study.c.series_count - hidden_column(study, "series", scope=scope)),
            func.sum(study.c.instance_count - hidden_column(study, "instances", scope=scope)),
        )
        .where(visible(scope), study.c.patient_id.in_({row.patient_id for row in rows}))
        .group_by(study.c.patient_id, study.c.patient_issuer)
    )
    return {
        (value, issuer): {
            answers.PATIENT_RELATED_STUDIES: str(of_studies),
            answers.PATIENT_RELATED_SERIES: str(of_series),
            answers.PATIENT_RELATED_INSTANCES: str(of_instances),
        }
        for value, issuer, of_studies, of_series, of_instances in connection.execute(query)
        if value
    }


def counted(
    connection: Connection, level: Level, asked: Asked, *, most: int, scope: Scope
) -> int | None:
    """Count answers up to `most` in the database alone; None where rows must be looked at."""
    if asked.upper or asked.image or level is Level.PATIENT:
        return None
    if level is Level.STUDY and len(scope.tenants) == 1 and not asked.clauses:
        (tenant,) = scope.tenants
        within = asked.listed(study_organisation)
        one = select(study_organisation.c.study_id).where(*listed(tenant, scope=scope), *within)
        few = one.limit(most).subquery()
        return connection.execute(select(func.count()).select_from(few)).scalar_one()
    if level is Level.STUDY:
        few = _ordered(select(study.c.id), asked, EVERYTHING, scope).limit(most).subquery()
        return connection.execute(select(func.count()).select_from(few)).scalar_one()
    hidden = hidden_column(series, "instances", scope=scope)
    counts = select((series.c.instance_count - hidden).label("instance_count"))
    few = _with_series(counts, asked, EVERYTHING, scope).limit(most).subquery()
    # Every series shows an instance: `most` series are enough to know of `most` instances.
    what = func.sum(few.c.instance_count) if level is Level.IMAGE else func.count()
    return min(most, connection.execute(select(what).select_from(few)).scalar_one() or 0)


def holding(sop_instances: Iterable[str]) -> ColumnElement[bool]:
    """Say that `series` may hold one of these. Node-wide: it only narrows a bounded query."""
    uids = list(sop_instances)
    opened = select(instance.c.series_id).where(instance.c.sop_instance_uid.in_(uids))
    hashes = [uid_hash(uid) for uid in uids]
    sealed = select(sealed_instance.c.series_id).where(sealed_instance.c.uid_hash.in_(hashes))
    return or_(series.c.id.in_(opened), series.c.id.in_(sealed))


def _ordered(query: Select[Any], asked: Asked, window: Window, scope: Scope) -> Select[Any]:
    query = query.where(*asked.clauses)
    listing: FromClause = study
    if asked.keyed:
        query = query.where(visible(scope))
    else:
        query, listing = walked(query, scope)
    query = query.where(*asked.listed(listing))
    moment: ColumnElement[str] = listing.c.moment
    number = number_in(listing)
    if window.behind is not None:
        at, last = window.behind
        further = or_(moment < at, and_(moment == at, number < last))
        query = query.where(moment <= at, further)  # the first alone bounds a walk of the index
    return query.order_by(moment.desc(), number.desc())


def _columns(scope: Scope) -> tuple[ColumnElement[Any], ...]:
    return (
        *answers.study_columns(scope),
        *answers.series_columns(scope),
        *answers.PACK_COLUMNS,
    )


def _with_series(query: Select[Any], asked: Asked, window: Window, scope: Scope) -> Select[Any]:
    query = query.select_from(study.join(series, series.c.study_id == study.c.id))
    query = query.where(left(series, scope=scope))
    return _ordered(query, asked, window, scope).order_by(
        series.c.number.is_(None), series.c.number, series.c.series_instance_uid
    )


def _rows(
    connection: Connection, query: Select[Any], window: Window, *, exact: bool
) -> Iterator[Row[Any]]:
    """Stream rows; the cursor closes with this generator, so that must not outlive its query."""
    if exact and window.first:
        query = query.offset(window.first)
    if exact and window.last is not None:
        query = query.limit(max(0, window.last - window.first))
    with connection.execute(query.execution_options(yield_per=_AT_ONCE)) as result:
        yield from result


def _cut(found: Iterator[Found], window: Window, *, exact: bool) -> Iterator[Found]:
    return found if exact else islice(found, window.first, window.last)


def _tested(found: Iterable[Found], conditions: Mapping[int, Matcher]) -> Iterator[Found]:
    return ((row, said) for row, said in found if matches_all(conditions, said))
